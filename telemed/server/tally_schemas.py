"""The JSON contract of the tally and its boards."""

from datetime import datetime

from telemed.server.schemas import Out, Words


class IndicatorOut(Out):
    code: str
    label: Words
    definition: Words
    kind: str
    unit: str


class TallyRow(Out):
    """One line: `values` by indicator; null is missing, not zero."""

    key: str
    name: str
    area: str | None
    values: dict[str, float | None]
    previous_month: dict[str, float | None]
    previous_year: dict[str, float | None]


class TallyOut(Out):
    """A month by one dimension and side; of one urgency where that was asked for."""

    month: str
    by: str
    side: str
    urgency: str | None
    rows: list[TallyRow]
    total: TallyRow
    indicators: list[IndicatorOut]
    highlights: list[Words]
    rule: Words
    first_month: str | None
    as_of_seq: int
    log_seq: int


class AreaOfBoard(Out):
    """A city or county whose institutions may be put on a board."""

    code: str
    name: str


class BoardUnit(Out):
    """A ranked unit. `rests_on` is what its figure is computed from; `board` red, black or null."""

    key: str
    name: str
    rank: int
    from_last: int
    board: str | None
    value: float
    rests_on: int
    previous_month: float | None


class BoardAbsent(Out):
    """A unit that is not ranked, and why: nothing or too-few."""

    key: str
    name: str
    why: str
    rests_on: int


class BoardOut(Out):
    """Who stands where by one indicator; `choices` are the indicators that may rank."""

    month: str
    by: str
    side: str
    area: str | None
    areas: list[AreaOfBoard]
    indicator: IndicatorOut
    better: str
    choices: list[IndicatorOut]
    units: list[BoardUnit]
    absent: list[BoardAbsent]
    rule: Words
    as_of_seq: int
    log_seq: int


class TrendOut(Out):
    months: list[str]
    values: dict[str, list[float | None]]


class TallyCase(Out):
    """One counted fact. `weight` is below zero where it takes others back.

    Of a time that was booked for no case, `request_id` is its own id.
    """

    request_id: str
    number: str
    service: str
    urgency: str
    requester: str
    provider: str
    at: datetime
    counted_as: Words
    weight: int
    value: float | None
    seq: int
    visible: bool
    page: str = "request"
    """Where it opens: a request's page, a lecture's or an appointment's; an urgent call and a wait
    for no case (`call`, `waiting`) have none."""
    person: str = ""
    """Whom the fact counted, of training only; masked for supervision."""


class TallyCases(Out):
    indicator: IndicatorOut
    items: list[TallyCase]
    total: float
    next: str | None


class Carried(Out):
    """A number, time or reason that a fact carries."""

    words: Words
    value: Words


class CountedAs(Out):
    """What a fact counts as; below zero it takes back."""

    words: Words
    weight: int


class TallyFact(Out):
    """The fact behind a counted entry. Without `actor` it was done elsewhere, or by a clock."""

    seq: int
    kind: str
    label: Words
    at: datetime
    actor: str | None
    institution: str | None
    carries: list[Carried]
    counted: list[CountedAs]
