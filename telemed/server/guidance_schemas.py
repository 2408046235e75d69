"""The JSON contract of guided operations and of the forms that name people."""

from telemed.server.calendar_schemas import NamedPerson
from telemed.server.schemas import Out


class StaffList(Out):
    """People of the own institution."""

    items: list[NamedPerson]
