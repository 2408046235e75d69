"""The cases of other suites about who may do what, and what is written down of it.

MS is Microsoft's dicom-server. What a stranger sees is in `test_dicomweb`, looks in `test_looks`.
"""

from pathlib import Path

from telemed.store import tables as t
from tests.server.imaging_house import house_at, multipart_body
from tests.store.files import ct_bytes
from tests.world import World

STOW = 'multipart/related; type="application/dicom"; boundary=stowed'


async def test_a_narrow_token_stores_nothing(world: World) -> None:
    """MS A2: a token that may only look is 403 for an upload, and nothing of it is kept."""
    before = len(await world.rows(t.instances))
    reply = await world.bearer("county-technician").call(
        "POST", "/dicom-web/studies", headers={"Content-Type": STOW},
        data=multipart_body(ct_bytes()),
    )  # fmt: skip
    assert (reply.status, reply.code) == (403, "forbidden")
    assert len(await world.rows(t.instances)) == before


async def test_a_look_is_in_the_audit_before_its_answer(world: World) -> None:
    """MS A3 has entries at the begin and the end of each transaction; here a look at another
    institution's study is one line, written before a byte of it leaves, and an upload is a fact
    of the log."""
    await world.sent()
    study = await world.study("county")
    path = f"/dicom-web/studies/{study['study_uid']}"
    reader = world.client("hub-reader")
    for tail in ("/metadata", "", "/thumbnail"):
        assert (await reader.call("GET", path + tail)).status == 200
    looks = await world.rows(t.audit, t.audit.c.event == "instances-accessed")
    assert [(r["object_id"], r["outcome"]) for r in looks] == [(study["id"], "success")]
    assert "study.received" in await world.log()


async def test_what_another_hospital_holds_is_not_there(tmp_path: Path) -> None:
    """A6: the same study UID in two hospitals is two studies; a third gets 404 and never 403, on
    every way to it, and its searches neither list nor count them."""
    path = "/dicom-web/studies/2.25.1"
    tails = ("", "/metadata", "/thumbnail", "/series/2.25.1.1/instances/2.25.1.1.1/frames/1")
    async with house_at(tmp_path) as house:
        for fill, who in ((1, "tiandong-technician"), (2, "tiane-technician")):
            assert (await house.store(who, ct_bytes(fill=fill))).status == 200
            assert (await house.get(who, f"{path}/metadata")).status == 200
        stranger = "hub-technician"
        assert {(await house.get(stranger, path + tail)).status for tail in tails} == {404}
        for search in ("/dicom-web/studies", f"{path}/series", "/dicom-web/instances?limit=1"):
            reply = await house.get(stranger, search)
            assert (reply.json, "Warning" in reply.headers) == ([], False)
