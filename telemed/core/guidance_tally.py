"""What discussions and guided operations count: their indicators, and what each fact adds.

As in `indicators` and `tally`, each number's written definition stands here once.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from telemed.core.activity import Activity, Kind
from telemed.core.indicator import Better, Indicator, Side
from telemed.core.indicator import count as _count
from telemed.core.indicator import share as _share

Found = Iterable[tuple[str, float | None]]
_HARD: Final = frozenset({"3", "4"})
"""三级 and 四级: the levels that 手术分级管理 keeps for higher titles."""

GUIDANCE_ROWS: tuple[Indicator, ...] = (
    _count(
        "deidentified", "去标识化资料数", "Cases de-identified", Side.REQUESTER,
        Kind.REQUEST_DEIDENTIFIED,
        "资料复制为去标识化副本的申请；同一申请恢复后再次去标识，再计一次。",
        "Drafts whose material was copied without identity; done again, it counts again.",
    ),
    _count(
        "advice_given", "术中指导建议数", "Advice given", Side.BOTH, Kind.GUIDANCE_ENTERED,
        "指导方在手术指导中登记的建议；更正不重复计。",
        "Advice the guiding side entered; a correction is not counted again.",
    ),
    _count(
        "advice_marked", "登记采纳情况的建议数", "Advice with a mark", Side.BOTH,
        Kind.GUIDANCE_MARKED,
        "操作方登记了已采纳或未采纳的建议。",
        "Advice of which the operating side said whether it was taken.",
    ),
    _count(
        "advice_taken", "采纳的建议数", "Advice taken", Side.BOTH, Kind.GUIDANCE_MARKED,
        "操作方登记为已采纳的建议。",
        "Advice that the operating side said was taken.",
    ),
    _share(
        "advice_taken_share", "建议采纳率", "Advice taken, share", Side.BOTH, "advice_taken",
        "advice_marked",
        "采纳的建议数 ÷ 登记采纳情况的建议数。",
        "Advice taken over advice with a mark.",
        None,
    ),
    _count(
        "operations_guided", "手术指导例数", "Operations guided", Side.BOTH,
        Kind.GUIDANCE_OUTCOME_SET,
        "登记了手术结局的手术指导；重新登记不重复计。",
        "Guided operations with an outcome; entered again, it is not counted again.",
    ),
    _count(
        "operations_guided_hard", "三四级手术指导例数", "Operations guided, levels 3 and 4",
        Side.BOTH, Kind.GUIDANCE_OUTCOME_SET,
        "其中手术级别为三级或四级的。",
        "Of these, those of levels 3 and 4.",
    ),
    _count(
        "operations_as_planned", "按计划完成的手术数", "Done as planned", Side.BOTH,
        Kind.GUIDANCE_OUTCOME_SET,
        "首次登记的结局为按计划完成的手术指导。",
        "Guided operations first entered as done as planned.",
    ),
    _share(
        "as_planned_share", "按计划完成率", "Done as planned, share", Side.BOTH,
        "operations_as_planned", "operations_guided",
        "按计划完成的手术数 ÷ 手术指导例数。",
        "Done as planned over operations guided.",
        Better.HIGHER,
    ),
    _count(
        "operations_complicated", "有并发症的手术数", "With complications", Side.BOTH,
        Kind.GUIDANCE_OUTCOME_SET,
        "首次登记的结局有并发症（轻、重或死亡）的手术指导。",
        "Guided operations first entered with a complication, minor, major or death.",
    ),
)  # fmt: skip


def _entered(activity: Activity) -> Found:
    data = activity.data
    if data.get("entry") == "advice" and data.get("corrects") is not True:
        yield "advice_given", None


def _marked(activity: Activity) -> Found:
    yield "advice_marked", None
    if activity.data.get("taken") is True:
        yield "advice_taken", None


def _ended(activity: Activity) -> Found:
    data = activity.data
    if data.get("again") is True:
        return
    yield "operations_guided", None
    if data.get("level") in _HARD:
        yield "operations_guided_hard", None
    if data.get("course") == "planned":
        yield "operations_as_planned", None
    if data.get("complication") not in (None, "none"):
        yield "operations_complicated", None


GUIDANCE_FOLDS: Mapping[str, Callable[[Activity], Found]] = MappingProxyType(
    {
        Kind.REQUEST_DEIDENTIFIED: lambda _: (("deidentified", None),),
        Kind.GUIDANCE_ENTERED: _entered,
        Kind.GUIDANCE_MARKED: _marked,
        Kind.GUIDANCE_OUTCOME_SET: _ended,
    }
)
