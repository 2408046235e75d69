"""The only room that knows aiohttp: JSON API, DICOMweb, live sockets, sign-in."""
