"""What may stay in a copy that tells nobody whose it is; everything else of its kind goes.

Keywords of PS3.6. Text stays by attribute and by pattern, sequences by name, codes of public
schemes alone: a local code's meaning is somebody's free text.
"""

import re
from typing import Final

PUBLIC: Final = frozenset(
    {"DCM", "SCT", "SRT", "SNM3", "UCUM", "MDC", "SCPECG", "FMA", "RADLEX", "LN"}
)
"""Coding schemes whose meanings are published (PS3.16 table 8-1)."""

_UNITS: Final = re.compile(r"HU|HU_MOD|US|OD|PCT|MGML|Z_EFF|ED|EDW|HNSFIELD")
TEXTS: Final = {
    "RescaleType": _UNITS,
    "ModalityLUTType": _UNITS,
    "ConvolutionKernel": re.compile(r"[A-Z]{1,2}[0-9]{1,3}[a-z]?|STANDARD|BONE|LUNG|SOFT|DETAIL"),
    "OpticalPathIdentifier": re.compile(r"[0-9]{1,4}"),
    "ChannelLabel": re.compile(r"I{1,3}|a?V[RLF]|AV[RLF]|V[1-9]R?|[XYZ]"),
}
"""Words without which a picture or tracing is drawn wrongly, as they are written."""

BODY_PARTS: Final = frozenset(
    {
        "ABDOMEN", "ABDOMENPELVIS", "ANKLE", "AORTA", "ARM", "BLADDER", "BRAIN", "BREAST",
        "CAROTID", "CHEST", "CHESTABDOMEN", "CHESTABDPELVIS", "CLAVICLE", "COLON",
        "CORONARYARTERY", "CSPINE", "ELBOW", "EXTREMITY", "EYE", "FEMUR", "FOOT", "FOREARM",
        "HAND", "HEAD", "HEADNECK", "HEART", "HIP", "HUMERUS", "IAC", "JAW", "KIDNEY", "KNEE",
        "LEG", "LIVER", "LSPINE", "LUNG", "NECK", "ORBIT", "PANCREAS", "PELVIS", "PROSTATE",
        "RIB", "SELLA", "SHOULDER", "SINUS", "SKULL", "SPINE", "SPLEEN", "SSPINE", "STERNUM",
        "STOMACH", "TESTIS", "THYROID", "TSPINE", "UTERUS", "WHOLEBODY", "WRIST",
    }
)  # fmt: skip
"""Body parts as PS3.16 annex L writes them; devices let people type another."""

DRAWN_BY: Final = frozenset(
    {
        "PixelData", "FloatPixelData", "DoubleFloatPixelData", "WaveformData",
        "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData",
        "BluePaletteColorLookupTableData", "SegmentedRedPaletteColorLookupTableData",
        "SegmentedGreenPaletteColorLookupTableData", "SegmentedBluePaletteColorLookupTableData",
        "LUTData", "ICCProfile", "ExtendedOffsetTable", "ExtendedOffsetTableLengths",
        "WaveformPaddingValue", "ChannelMinimumValue", "ChannelMaximumValue",
    }
)  # fmt: skip

SEQUENCES: Final = frozenset(
    {
        "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
        "PixelMeasuresSequence", "FrameContentSequence", "PlanePositionSequence",
        "PlaneOrientationSequence", "PlanePositionSlideSequence", "FrameVOILUTSequence",
        "PixelValueTransformationSequence", "FrameAnatomySequence", "CTImageFrameTypeSequence",
        "MRImageFrameTypeSequence", "XRay3DFrameTypeSequence", "PETFrameTypeSequence",
        "FramePixelDataPropertiesSequence", "CardiacSynchronizationSequence",
        "TemporalPositionSequence", "MREchoSequence", "MRTimingAndRelatedParametersSequence",
        "ModalityLUTSequence", "VOILUTSequence", "SequenceOfUltrasoundRegions",
        "WaveformSequence", "ChannelDefinitionSequence", "OpticalPathSequence",
        "OpticalPathIdentificationSequence", "WholeSlideMicroscopyImageFrameTypeSequence",
        "TotalPixelMatrixOriginSequence", "DimensionOrganizationSequence",
        "DimensionIndexSequence", "PaletteColorLookupTableSequence", "ReferencedImageSequence",
        "SourceImageSequence", "ReferencedSeriesSequence", "ReferencedInstanceSequence",
        "DerivationImageSequence",
    }
)  # fmt: skip

CODES: Final = frozenset(
    {
        "ChannelSourceSequence", "ChannelSourceModifiersSequence",
        "ChannelSensitivityUnitsSequence",
        "AnatomicRegionSequence", "AnatomicRegionModifierSequence", "ViewCodeSequence",
        "ViewModifierCodeSequence", "PrimaryAnatomicStructureSequence",
        "MeasurementUnitsCodeSequence", "IlluminationTypeCodeSequence",
        "IlluminationColorCodeSequence", "LensesCodeSequence", "PatientOrientationCodeSequence",
        "PatientGantryRelationshipCodeSequence",
    }
)  # fmt: skip

REMOVED: Final = frozenset(
    {
        # Of the person (PS3.15 table E.1-1), beside what goes by its kind.
        "PatientBirthDate", "PatientBirthTime", "PatientAge", "SmokingStatus", "PregnancyStatus",
        "PatientSexNeutered", "LastMenstrualDate", "QualityControlSubject", "ResponsiblePersonRole",
        # Told anew, or of the old file.
        "SpecificCharacterSet", "PatientIdentityRemoved", "DeidentificationMethodCodeSequence",
        "LongitudinalTemporalInformationModified", "InstanceCreatorUID", "DataSetTrailingPadding",
        "TimezoneOffsetFromUTC", "LossyImageCompressionMethod", "StudyStatusID", "StudyPriorityID",
        "ReasonForStudy", "InstanceCoercionDateTime", "StorageMediaFileSetUID",
    }
)  # fmt: skip
