"""DICOMweb under /dicom-web: the table of its routes (PS3.18 chapters 10 and 11).

Storing is in `stow.py`, searching in `qido.py`, retrieving in `wado.py`, `frames.py` and
`pictures.py`, and what they share in `imaging.py`.
"""

from aiohttp import web

from telemed.core.access import Permission
from telemed.core.errors import Problem
from telemed.dicom.media import DICOM, DICOM_JSON, DICOM_XML, JSON
from telemed.dicom.syntaxes import OCTETS
from telemed.server import bulkdata, capabilities, frames, pictures, qido, stow, wado
from telemed.server.routing import Call, Route
from telemed.server.workitems import WORKITEM_ROUTES

P = Permission
STUDY = "/dicom-web/studies/{study}"
SERIES = STUDY + "/series/{series}"
INSTANCE = SERIES + "/instances/{instance}"
FRAMES = INSTANCE + "/frames/{frames}"


async def nothing(call: Call) -> web.StreamResponse:
    """The answer of every other path."""
    raise Problem("not-found")


def _get(path: str, handler: object, summary: str, gives: tuple[str, ...]) -> Route:
    return Route(
        "GET", path, handler, P.SEE_STUDIES, summary, media=gives[0], gives=gives,  # type: ignore[arg-type]
    )  # fmt: skip


def _post(path: str) -> Route:
    return Route(
        "POST", path, stow.store, P.STORE_STUDIES, "Store instances (STOW-RS)",
        media=DICOM_JSON, csrf=False,
        takes=(_parts(DICOM), DICOM, _parts(DICOM_JSON), _parts(DICOM_XML)),
    )  # fmt: skip


def _options(path: str, handler: object, summary: str, gives: tuple[str, ...] = ()) -> Route:
    return Route("OPTIONS", path, handler, None, summary, gives=gives)  # type: ignore[arg-type]


def _parts(root: str) -> str:
    return f'multipart/related; type="{root}"'


_JSON = (DICOM_JSON, JSON, _parts(DICOM_XML))
_FILES = (_parts(DICOM), DICOM)
_VALUES = (_parts(OCTETS), OCTETS)
_PICTURE = ("image/jpeg", "image/png", "image/gif")
_RENDERED = (*_PICTURE, "video/mp4", "text/html", "text/plain", "text/xml", "application/pdf")

_SERVICES: tuple[Route, ...] = (
    _post("/dicom-web/studies"),
    _post(STUDY),
    _get("/dicom-web/studies", qido.studies, "Search studies", _JSON),
    _get("/dicom-web/series", qido.all_series, "Search series", _JSON),
    _get("/dicom-web/instances", qido.all_instances, "Search instances", _JSON),
    _get(f"{STUDY}/series", qido.series, "Search a study's series", _JSON),
    _get(f"{STUDY}/instances", qido.study_instances, "Search a study's instances", _JSON),
    _get(f"{SERIES}/instances", qido.instances, "Search a series' instances", _JSON),
    _get(STUDY, wado.retrieve, "Retrieve a study", _FILES),
    _get(SERIES, wado.retrieve, "Retrieve a series", _FILES),
    _get(INSTANCE, wado.retrieve, "Retrieve an instance", _FILES),
    _get(f"{STUDY}/metadata", wado.metadata, "Metadata of a study", _JSON),
    _get(f"{SERIES}/metadata", wado.metadata, "Metadata of a series", _JSON),
    _get(f"{INSTANCE}/metadata", wado.metadata, "Metadata of an instance", _JSON),
    _get(FRAMES, frames.frames, "Retrieve frames", _VALUES),
    _get(f"{INSTANCE}/bulkdata/{{path:.+}}", frames.bulkdata, "Retrieve bulk data", _VALUES),
    _get(f"{STUDY}/pixeldata", bulkdata.pixeldata, "Pixel data of a study", _VALUES[:1]),
    _get(f"{SERIES}/pixeldata", bulkdata.pixeldata, "Pixel data of a series", _VALUES[:1]),
    _get(f"{INSTANCE}/pixeldata", bulkdata.pixeldata, "Pixel data of an instance", _VALUES[:1]),
    _get(f"{STUDY}/bulkdata", bulkdata.bulkdata, "Bulk data of a study", _VALUES[:1]),
    _get(f"{SERIES}/bulkdata", bulkdata.bulkdata, "Bulk data of a series", _VALUES[:1]),
    _get(f"{INSTANCE}/bulkdata", bulkdata.bulkdata, "Bulk data of an instance", _VALUES[:1]),
    _get(f"{STUDY}/rendered", pictures.rendered, "A study's picture", _RENDERED),
    _get(f"{SERIES}/rendered", pictures.rendered, "A series' picture", _RENDERED),
    _get(f"{INSTANCE}/rendered", pictures.rendered, "An instance's picture", _RENDERED),
    _get(f"{FRAMES}/rendered", pictures.rendered, "A frame's picture", _RENDERED),
    _get(f"{STUDY}/thumbnail", pictures.thumbnail, "A study's thumbnail", _PICTURE),
    _get(f"{SERIES}/thumbnail", pictures.thumbnail, "A series' thumbnail", _PICTURE),
    _get(f"{INSTANCE}/thumbnail", pictures.thumbnail, "An instance's thumbnail", _PICTURE),
    _get(f"{FRAMES}/thumbnail", pictures.thumbnail, "A frame's thumbnail", _PICTURE),
    *WORKITEM_ROUTES,
)

_TELL = capabilities.teller(_SERVICES)

DICOMWEB_ROUTES: tuple[Route, ...] = (
    *_SERVICES,
    _options("/dicom-web", _TELL, "Capabilities", (capabilities.WADL, JSON)),
    _options("/dicom-web/", _TELL, "Capabilities", (capabilities.WADL, JSON)),
    _options("/dicom-web/{rest:.*}", capabilities.methods, "Methods of a path, and preflight"),
    # A viewer takes whatever comes with 200 for pixels, so no page may answer in our place.
    _get("/dicom-web/{rest:.*}", nothing, "What does not exist", (JSON,)),
)
