"""The network's pages: summary, institutions, alliances and whom a service may be asked from."""

from typing import Annotated

from pydantic import Field

from telemed.actions import network as acts
from telemed.core.access import Permission
from telemed.server import network_schemas as ns
from telemed.server import schemas as s
from telemed.server.clock_schemas import LikelyOut
from telemed.server.routing import Call, Route
from telemed.store import network
from telemed.store.people import title_words
from telemed.store.tx import Row

Offset = Annotated[int, Field(ge=0, le=100_000)]
Limit = Annotated[int, Field(ge=1, le=500)]


class InstitutionQuery(s.In):
    """What a list of institutions is narrowed by; `city` is an area-code prefix."""

    q: s.Short = ""
    city: Annotated[str, Field(pattern=r"^(\d{2}|\d{4}|\d{6})?$")] = ""
    level: Annotated[str, Field(pattern=r"^[0-3]?$")] = ""
    connected: bool | None = None
    offset: Offset = 0
    limit: Limit = 50


class AllianceQuery(s.In):
    """What a list of alliances is narrowed by."""

    q: s.Short = ""
    form: s.Short = ""
    offset: Offset = 0
    limit: Limit = 50


class DestinationQuery(s.In):
    """A service, and the case that is to be redirected, if it is one."""

    service: s.Code
    request: s.Code | None = None


async def summary(call: Call) -> ns.NetworkSummary:
    """The network in numbers."""
    counted = await call.ask(lambda act: network.summary(act.tx, act.now))
    return ns.NetworkSummary(**counted)


async def institutions(call: Call) -> ns.InstitutionPage:
    """A page of institutions."""
    query = call.query(InstitutionQuery)
    narrow = network.InstitutionFilter(query.q, query.city, query.level, query.connected)
    rows, total = await call.ask(
        lambda act: acts.institution_page(act, narrow, query.offset, query.limit)
    )
    return ns.InstitutionPage(items=[ns.InstitutionOut(**row) for row in rows], total=total)


async def institution(call: Call) -> ns.InstitutionDetail:
    """One institution, as far as it concerns the caller."""
    view = await call.ask(lambda act: acts.institution_view(act, call.path("id")))
    now = call.services.clock()
    return ns.InstitutionDetail(
        institution=ns.InstitutionOut(**view.institution),
        memberships=[ns.MembershipOut(**row) for row in view.memberships],
        agreements=[
            ns.AgreementOut(
                **row,
                requester=s.InstitutionRef(**view.names[row["requester_id"]]),
                provider=s.InstitutionRef(**view.names[row["provider_id"]]),
                in_force=acts.in_force(row, now),
            )
            for row in view.agreements
        ],
        people=[_person_out(row) for row in view.people],
    )


def _person_out(row: Row) -> ns.PersonOut:
    """A person as colleagues elsewhere may know them: no licence number, no sex, no dates."""
    zh, en = title_words(row["title"])
    return ns.PersonOut(**{**row, "title": s.Words(zh=zh, en=en)})


async def alliances(call: Call) -> ns.AlliancePage:
    """A page of alliances."""
    query = call.query(AllianceQuery)
    rows, total = await call.ask(
        lambda act: acts.alliance_page(act, query.q, query.form, query.offset, query.limit)
    )
    items = [ns.AllianceOut(**row, lead=_ref(row, "lead_id", "lead")) for row in rows]
    return ns.AlliancePage(items=items, total=total)


async def destinations(call: Call) -> ns.DestinationList:
    """Whom a service may be asked from now."""
    query = call.query(DestinationQuery)
    offers = await call.ask(lambda act: acts.destinations(act, query.service, query.request))
    return ns.DestinationList(items=[_destination(offer) for offer in offers])


def _destination(offer: acts.Offer) -> ns.Destination:
    row = offer.agreement
    return ns.Destination(
        institution=_ref(row, "provider_id", "provider"),
        agreement_id=row["id"],
        rank=row["rank"],
        liability=row["liability"],
        until=row["until"],
        open_requests=row["open_requests"],
        typical_minutes=dict(offer.minutes),
        expected={u: LikelyOut.model_validate(r) for u, r in offer.likely.items()},
    )


def _ref(row: Row, id_key: str, prefix: str) -> s.InstitutionRef:
    return s.InstitutionRef(
        id=row[id_key], name=row[f"{prefix}_name"], short_name=row[f"{prefix}_short_name"]
    )


_SEE = Permission.SEE_NETWORK
ROUTES = (
    Route(
        "GET",
        "/api/destinations",
        destinations,
        Permission.SEE_CASES,
        "Whom a service may be asked from",
        query=DestinationQuery,
        returns=ns.DestinationList,
    ),
    Route(
        "GET",
        "/api/network/summary",
        summary,
        _SEE,
        "The network in numbers",
        returns=ns.NetworkSummary,
    ),
    Route(
        "GET",
        "/api/institutions",
        institutions,
        _SEE,
        "A page of institutions",
        query=InstitutionQuery,
        returns=ns.InstitutionPage,
    ),
    Route(
        "GET",
        "/api/institutions/{id}",
        institution,
        _SEE,
        "One institution",
        returns=ns.InstitutionDetail,
    ),
    Route(
        "GET",
        "/api/alliances",
        alliances,
        _SEE,
        "A page of alliances",
        query=AllianceQuery,
        returns=ns.AlliancePage,
    ),
)
