"""Files of the world's first patient, to be sent again with other content or another identity."""

from collections.abc import Callable
from io import BytesIO

from pydicom import dcmread
from pydicom.dataset import FileDataset

from dicom_samples.base import Person
from dicom_samples.tiny import make_tiny_ct
from tests.server.imaging_house import multipart_body
from tests.world import Client, Reply, canary_of

KIND = 'multipart/related; type="application/dicom"; boundary=stowed'


def files_of(place: str, patient: int = 1, slices: int = 2) -> list[bytes]:
    """The files that the world was built with, and further slices of the same series."""
    mark = canary_of(place, patient)
    person = Person(mark.upper(), f"Zhang^{mark}=张^{mark}", "F", "19800101")
    return make_tiny_ct(slices, patient=person, key=mark, accession=mark[:16])


def changed(raw: bytes, change: Callable[[FileDataset], None]) -> bytes:
    """A file with some attributes changed."""
    dataset = dcmread(BytesIO(raw))
    change(dataset)
    out = BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def inverted(raw: bytes) -> bytes:
    """The same instance with other pixels."""

    def turn(dataset: FileDataset) -> None:
        dataset.PixelData = bytes(255 - b for b in dataset.PixelData)

    return changed(raw, turn)


def renamed(raw: bytes, patient_id: str, name: str = "Lu^Fang=陆^芳") -> bytes:
    """The same instance as of another patient."""

    def turn(dataset: FileDataset) -> None:
        dataset.PatientID = patient_id
        dataset.PatientName = name

    return changed(raw, turn)


async def stow(client: Client, *files: bytes) -> Reply:
    """Store files as a device of the client's institution does."""
    sent = {**client.identity(), "Content-Type": KIND}
    url = client.world.base + "/dicom-web/studies"
    body = BytesIO(multipart_body(*files))
    async with client.world.http.post(url, headers=sent, data=body) as response:
        return Reply(response.status, dict(response.headers), await response.read())
