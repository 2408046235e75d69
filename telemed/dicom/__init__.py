"""DICOM encodings: bytes in, plain values and bytes out.

This room reads Part 10 files with a bounded scanner of its own, writes DICOM JSON,
multipart bodies, Explicit VR Little Endian files and rendered pictures, and reads the
query strings and Accept headers of PS3.18. It knows no network, no database and no
event loop; pydicom is imported only inside the render worker process, and none of its
objects leaves that process.
"""
