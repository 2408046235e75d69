"""One act of one person in one transaction.

An action is a plain synchronous function of an `Act`. It loads through `actions.door`, asks
`core`, saves, and writes facts; all of it is kept or none. It never awaits, so nobody else's work
can come between its steps.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from telemed.core.access import Subject
from telemed.core.activity import Fact
from telemed.core.catalogue import Catalogue
from telemed.store import log
from telemed.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Act:
    """The transaction, who acts, when, and where ids come from."""

    tx: Tx
    subject: Subject
    now: datetime
    new_id: Callable[[], str]
    catalogue: Catalogue
    address: str = ""

    def tell(self, *facts: Fact) -> None:
        """Append facts to the log in this transaction."""
        log.append(self.tx, facts)
