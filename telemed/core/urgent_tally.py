"""What urgent calls and the wait list count: their indicators, and what each fact adds.

As in `indicators` and `tally`, each number's written definition stands here once. Facts from before
they said how urgent it was, or who asks whom, are counted nowhere.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from telemed.core.activity import Activity, Kind
from telemed.core.indicator import Better, Indicator, Measure, Side
from telemed.core.indicator import count as _count
from telemed.core.indicator import duration as _duration
from telemed.core.indicator import share as _share
from telemed.core.waiting import State

Found = Iterable[tuple[str, float | None]]

URGENT_ROWS: tuple[Indicator, ...] = (
    _count(
        "calls_made",
        "急会诊呼叫数",
        "Urgent calls",
        Side.BOTH,
        Kind.URGENT_CALL_BEGUN,
        "发起的急会诊呼叫；同一事由仍在响铃时再次呼叫不重复计。",
        "Urgent calls that were made; calling again while it still rings is not counted.",
    ),
    Indicator(
        "calls_rung_out",
        "有结果的呼叫数",
        "Urgent calls that rang to an end",
        Measure.COUNT,
        Side.BOTH,
        "例",
        "有人应答或全部响过仍无人应答的急会诊呼叫；被取消的不计。",
        "Urgent calls that somebody answered, or that rang everybody in vain; canceled ones are"
        " outside.",
        counts=Kind.URGENT_CALL_ANSWERED,
        also=(Kind.URGENT_CALL_EXHAUSTED,),
    ),
    _count(
        "calls_answered",
        "急会诊应答数",
        "Urgent calls answered",
        Side.BOTH,
        Kind.URGENT_CALL_ANSWERED,
        "有人应答的急会诊呼叫。",
        "Urgent calls that somebody answered.",
    ),
    _share(
        "calls_answered_share",
        "急会诊应答率",
        "Urgent calls answered, share",
        Side.BOTH,
        "calls_answered",
        "calls_rung_out",
        "急会诊应答数 ÷ 有结果的呼叫数。",
        "Urgent calls answered over those that rang to an end.",
        Better.HIGHER,
        Side.PROVIDER,
    ),
    _duration(
        "call_answering",
        "急会诊应答用时",
        "Time to answer an urgent call",
        Side.PROVIDER,
        Kind.URGENT_CALL_ANSWERED,
        "自呼叫发起至有人应答，含依次响铃的时间。",
        "From the call to its answer, with all the ringing between.",
    ),
    _count(
        "waits_begun",
        "候补登记数",
        "Waits begun",
        Side.BOTH,
        Kind.WAITING_BEGUN,
        "登记候补的次数。",
        "Times somebody was put on the wait list.",
    ),
    _count(
        "waits_over",
        "有结果的候补数",
        "Waits that came to an end",
        Side.BOTH,
        Kind.WAITING_ENDED,
        "候补成功或过期未候补上的次数；自行退出的不计。",
        "Waits that were filled, or passed unfilled; those withdrawn are outside.",
    ),
    _count(
        "waits_filled",
        "候补成功数",
        "Waits filled",
        Side.BOTH,
        Kind.WAITING_ENDED,
        "等到空出的时段并提交预约的候补。",
        "Waits that got a time which became free, and proposed it.",
    ),
    _share(
        "waits_filled_share",
        "候补成功率",
        "Waits filled, share",
        Side.BOTH,
        "waits_filled",
        "waits_over",
        "候补成功数 ÷ 有结果的候补数。",
        "Waits filled over those that came to an end.",
        None,
    ),
)


def _answered(activity: Activity) -> Found:
    seconds = activity.data.get("seconds")
    yield "calls_rung_out", None
    yield "calls_answered", None
    yield "call_answering", seconds if isinstance(seconds, int) and seconds >= 0 else None


def _ended(activity: Activity) -> Found:
    state = activity.data.get("state")
    if state in (State.FILLED, State.PASSED):
        yield "waits_over", None
    if state == State.FILLED:
        yield "waits_filled", None


URGENT_FOLDS: Final[Mapping[str, Callable[[Activity], Found]]] = MappingProxyType(
    {
        Kind.URGENT_CALL_BEGUN: lambda _: (("calls_made", None),),
        Kind.URGENT_CALL_ANSWERED: _answered,
        Kind.URGENT_CALL_EXHAUSTED: lambda _: (("calls_rung_out", None),),
        Kind.WAITING_BEGUN: lambda _: (("waits_begun", None),),
        Kind.WAITING_ENDED: _ended,
    }
)
