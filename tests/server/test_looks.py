"""Looking at another institution's images leaves one line in the audit."""

from telemed.store import tables as t
from tests.world import World


async def test_a_look_at_anothers_images_is_audited_once_and_ones_own_never(world: World) -> None:
    """The reader's first fetch of a case's study is written down; the next hundred are the same
    look, and the owner's own looks are not audited."""
    await world.sent()
    study = await world.study("county")
    path = f"/dicom-web/studies/{study['study_uid']}/metadata"
    for _ in range(3):
        await world.client("hub-reader").ok("GET", path)
    await world.client("county-requester").ok("GET", path)
    looks = await world.rows(t.audit, t.audit.c.event == "instances-accessed")
    assert [(r["object_id"], r["institution_id"]) for r in looks] == [(study["id"], "hub")]
