"""Whether what a notice of an appointment leads to opens for somebody.

Asked of the doors that the pages go through, as the one who would be told: a notice of what one may
not read tells that there is something, and then says that there is nothing. Knows no rule of its
own.
"""

from collections.abc import Sequence
from dataclasses import replace

from telemed.actions import appointments, minutes
from telemed.actions.accounts import subject_of
from telemed.actions.act import Act
from telemed.core.errors import Problem
from telemed.core.escalation import Occasion
from telemed.store import accounts


def to_whom(
    act: Act, appointment_id: str, occasion: Occasion, account_ids: Sequence[str]
) -> list[str]:
    """Those of these accounts for whom the page opens, in their order."""
    show = minutes.load if occasion is Occasion.MINUTES_TO_SIGN else appointments.show
    rows = accounts.by_ids(act.tx, account_ids)
    found = []
    for key in account_ids:
        try:
            show(replace(act, subject=subject_of(rows[key])), appointment_id)
        except Problem:
            continue
        found.append(key)
    return found
