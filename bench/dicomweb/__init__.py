"""DICOMweb beside a peer: the same requests to telemed and to Orthanc in one run.

It drives both over HTTP and checks what they answer. What a server does inside it does not know.
"""
