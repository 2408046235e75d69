"""Whether whoever was told of something can open it: what a notice leads to, asked as they ask."""

from typing import Any

from telemed.store import notice_tables as n
from tests.world import World


def leads_to(item: Any) -> str:
    """What the page that a notice opens asks for; see `pathOf` in web/src/notices/api.ts."""
    if item["lecture_id"] is not None:
        return f"/api/lectures/{item['lecture_id']}"
    if item["course_id"] is not None:
        return f"/api/courses/{item['course_id']}"
    if item["occasion"] == "minutes-to-sign":
        return f"/api/appointments/{item['appointment_id']}/minutes"
    if item["appointment_id"] is not None:
        return f"/api/appointments/{item['appointment_id']}"
    return "/api/appointments" if item["call_id"] else f"/api/requests/{item['request_id']}"


async def every_notice_opens(world: World) -> set[str]:
    """Each notice that anybody got opens for them; the occasions that there were."""
    told = {(row["account_id"], row["occasion"], leads_to(row)) for row in
            await world.rows(n.notices) if row["call_id"] is None}  # fmt: skip
    assert told
    for who, occasion, path in sorted(told):
        reply = await world.client(who).call("GET", path)
        assert reply.status == 200, f"{who} was told {occasion}, and {path} is {reply.status}"
    return {occasion for _, occasion, _ in told}
