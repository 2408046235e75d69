"""At which level of the query model an attribute stands: study, series or instance.

The modules of PS3.3 say it: what the Patient and Study entities have is the study's, what the
Series, Equipment and Frame of Reference entities have is the series', and everything else,
private attributes too, is the instance's. Composite instances carry all of it, so that one of
them tells what its study and its series are.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from telemed.dicom.dictionary import tag_of

LEVELS: Final = ("study", "series", "instance")

# PS3.3 C.7.1.1 and C.7.1.3 (patient), C.7.2.1 to C.7.2.3 (study and patient study).
_STUDY: Final = """
    PatientName PatientID IssuerOfPatientID IssuerOfPatientIDQualifiersSequence TypeOfPatientID
    PatientBirthDate PatientBirthTime PatientBirthDateInAlternativeCalendar
    PatientAlternativeCalendar
    PatientDeathDateInAlternativeCalendar PatientSex QualityControlSubject StrainDescription
    ReferencedPatientSequence ReferencedPatientPhotoSequence OtherPatientIDs OtherPatientIDsSequence
    OtherPatientNames PatientBirthName PatientMotherBirthName EthnicGroup EthnicGroupCodeSequence
    EthnicGroups PatientComments PatientSpeciesDescription PatientSpeciesCodeSequence
    PatientBreedDescription PatientBreedCodeSequence BreedRegistrationSequence ResponsiblePerson
    ResponsiblePersonRole ResponsibleOrganization PatientIdentityRemoved DeidentificationMethod
    DeidentificationMethodCodeSequence SourcePatientGroupIdentificationSequence
    GroupOfPatientsIdentificationSequence MilitaryRank BranchOfService PatientTelephoneNumbers
    PatientAddress CountryOfResidence RegionOfResidence PatientReligiousPreference
    PatientPrimaryLanguageCodeSequence
    ClinicalTrialSponsorName ClinicalTrialProtocolID ClinicalTrialProtocolName ClinicalTrialSiteID
    ClinicalTrialSiteName ClinicalTrialSubjectID ClinicalTrialSubjectReadingID
    ClinicalTrialProtocolEthicsCommitteeName ClinicalTrialProtocolEthicsCommitteeApprovalNumber
    ClinicalTrialTimePointID ClinicalTrialTimePointDescription
    LongitudinalTemporalOffsetFromEvent LongitudinalTemporalEventType
    ConsentForClinicalTrialUseSequence
    StudyInstanceUID StudyDate StudyTime ReferringPhysicianName
    ReferringPhysicianIdentificationSequence ConsultingPhysicianName
    ConsultingPhysicianIdentificationSequence StudyID AccessionNumber
    IssuerOfAccessionNumberSequence StudyDescription PhysiciansOfRecord
    PhysiciansOfRecordIdentificationSequence NameOfPhysiciansReadingStudy
    PhysiciansReadingStudyIdentificationSequence RequestingServiceCodeSequence
    ReferencedStudySequence ProcedureCodeSequence ReasonForPerformedProcedureCodeSequence
    RequestingService RequestingPhysician RequestedProcedureDescription
    RequestedProcedureCodeSequence RequestedProcedureComments
    AdmittingDiagnosesDescription AdmittingDiagnosesCodeSequence PatientAge PatientSize
    PatientWeight PatientBodyMassIndex MeasuredAPDimension MeasuredLateralDimension
    PatientSizeCodeSequence MedicalAlerts Allergies SmokingStatus PregnancyStatus
    LastMenstrualDate PatientState Occupation AdditionalPatientHistory AdmissionID
    IssuerOfAdmissionIDSequence ServiceEpisodeID IssuerOfServiceEpisodeIDSequence
    ServiceEpisodeDescription PatientSexNeutered ReasonForVisit ReasonForVisitCodeSequence
    StudyStatusID StudyPriorityID StudyComments TimezoneOffsetFromUTC SpecificCharacterSet
    InstitutionName
"""
# C.7.3.1, C.7.3.2 and the series modules of modalities, C.7.4.1, C.7.5.1 and C.7.5.2.
_SERIES: Final = """
    Modality SeriesInstanceUID SeriesNumber Laterality SeriesDate SeriesTime SeriesDescription
    SeriesDescriptionCodeSequence PerformingPhysicianName
    PerformingPhysicianIdentificationSequence ProtocolName OperatorsName
    OperatorIdentificationSequence ReferencedPerformedProcedureStepSequence
    RelatedSeriesSequence BodyPartExamined PatientPosition SmallestPixelValueInSeries
    LargestPixelValueInSeries RequestAttributesSequence PerformedProcedureStepID
    PerformedProcedureStepStartDate PerformedProcedureStepStartTime
    PerformedProcedureStepEndDate PerformedProcedureStepEndTime
    PerformedProcedureStepDescription PerformedProtocolCodeSequence
    CommentsOnThePerformedProcedureStep AnatomicalOrientationType TreatmentSessionUID
    ClinicalTrialCoordinatingCenterName ClinicalTrialSeriesID ClinicalTrialSeriesDescription
    ReferencedSeriesSequence SeriesType Units CountsSource CollimatorType
    ReprojectionMethod NumberOfSlices NumberOfTimeSlices DecayCorrection
    FrameOfReferenceUID PositionReferenceIndicator SynchronizationFrameOfReferenceUID
    SynchronizationTrigger AcquisitionTimeSynchronized
    Manufacturer InstitutionAddress InstitutionalDepartmentName
    InstitutionalDepartmentTypeCodeSequence StationName StationAETitle ManufacturerModelName
    DeviceSerialNumber SoftwareVersions GantryID UDISequence DeviceUID SpatialResolution
    DateOfManufacture DateOfInstallation DateOfLastCalibration TimeOfLastCalibration
    PixelPaddingValue
"""


@cache
def _upper() -> dict[int, str]:
    levels = (("series", _SERIES), ("study", _STUDY))
    named = {keyword: level for level, words in levels for keyword in words.split()}
    return {tag: level for keyword, level in named.items() if (tag := tag_of(keyword)) is not None}


def level_of(tag: int) -> str:
    """The level of an attribute, 'study', 'series' or 'instance'."""
    return _upper().get(tag, "instance")


def stands_at(tag: int, lowest: str) -> bool:
    """Whether a resource whose lowest level is this one has the attribute."""
    return LEVELS.index(level_of(tag)) <= LEVELS.index(lowest)
