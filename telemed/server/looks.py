"""Which looks at other institutions' images are new enough to be audited again.

A viewer fetches a study in hundreds of calls; the audit wants one line for the look. What is
remembered here is only what need not be written twice: losing it costs a line too many.
"""

from collections import OrderedDict
from datetime import datetime, timedelta

_REMEMBERED = 20_000


class Looks:
    """Who looked at which study lately."""

    def __init__(self, again_after: timedelta = timedelta(minutes=10)) -> None:
        self._again_after = again_after
        self._began: OrderedDict[tuple[str, str], datetime] = OrderedDict()

    def is_new(self, viewer: str, study_id: str, now: datetime) -> bool:
        """Whether a viewer (a session, or a token's account) begins to look at a study."""
        began = self._began.get((viewer, study_id))
        if began is not None and now - began < self._again_after:
            return False
        self._began[viewer, study_id] = now
        self._began.move_to_end((viewer, study_id))
        if len(self._began) > _REMEMBERED:
            self._began.popitem(last=False)
        return True

    def forget(self, viewer: str, study_id: str) -> None:
        """The look could not be audited: try again at the next call."""
        self._began.pop((viewer, study_id), None)
