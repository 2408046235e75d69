"""The JSON contract of presence."""

from telemed.server import schemas as s


class PresentPerson(s.Out):
    """Somebody of one's own institution who is connected, and the cases they show."""

    account_id: str
    person_id: str | None
    name: str
    cases: list[str]


class ShownCase(s.Out):
    """A case that is shown somewhere, and by whom; another institution's people are named too."""

    request_id: str
    account_id: str
    person_id: str | None
    name: str
    institution_id: str


class PresenceOut(s.Out):
    """Who is connected now. `whole` false: who is not here may be, at a server nobody hears."""

    whole: bool
    people: list[PresentPerson]
    cases: list[ShownCase]
