"""Synthetic DICOM studies with known answers, the same bytes every time.

Everything here is invented: the patients, the anatomy (drawn by arithmetic), the equipment.
The package needs numpy, pydicom and pillow only and knows nothing of the platform it feeds.
"""
