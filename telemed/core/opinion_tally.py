"""What goes before an answer and beside it, counted: approval in house, experts, minutes.

As in `indicators` and `tally`, each number's written definition stands here once.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from telemed.core.activity import Activity, Kind
from telemed.core.fact_times import moment_of, spent_since
from telemed.core.indicator import Better, Indicator, Side
from telemed.core.indicator import count as _count
from telemed.core.indicator import duration as _duration
from telemed.core.indicator import share as _share

Found = Iterable[tuple[str, float | None]]

OPINION_ROWS: tuple[Indicator, ...] = (
    _count(
        "approvals_bypassed", "紧急先行发送数", "Sent before approval", Side.REQUESTER,
        Kind.APPROVAL_BYPASSED,
        "紧急先行发送、院内审批事后补办的申请。",
        "Urgent requests sent at once, whose approval in house was owed.",
    ),
    _count(
        "approvals_rejected", "院内审批不同意数", "Not approved in house", Side.REQUESTER,
        Kind.APPROVAL_REJECTED,
        "院内审批某一步不同意、申请退回草稿的次数；补批不同意的不计。",
        "Times a step of the approval was refused and the request became a draft again; what was"
        " not approved afterwards is outside.",
    ),
    _count(
        "approvals_denied", "补批不同意数", "Not approved afterwards", Side.REQUESTER,
        Kind.APPROVAL_DENIED,
        "先行发送的申请补批时某一步不同意的次数。",
        "Steps of requests sent before approval that were not approved afterwards.",
    ),
    replace(
        _count(
            "experts_asked", "邀请专家人次", "Experts asked", Side.BOTH, Kind.OPINION_ASKED,
            "为病例邀请专家出具意见的人次，含主持人和改邀的专家。",
            "Experts asked for an opinion on a case, chairs and those asked instead of others"
            " included.",
        ),
        unit="人次",
    ),
    _count(
        "opinions_signed", "专家意见数", "Opinions signed", Side.BOTH, Kind.OPINION_SIGNED,
        "专家签名的意见；主持人的综合意见即报告，计于报告数。",
        "Opinions that experts signed; the chair's is the report and counted as such.",
    ),
    _duration(
        "opinion_writing", "专家意见用时", "Time to an opinion", Side.PROVIDER,
        Kind.OPINION_SIGNED,
        "自邀请至专家签名。",
        "From when the expert was asked to their signature.",
    ),
    _count(
        "opinions_on_time", "按时专家意见数", "Opinions on time", Side.PROVIDER,
        Kind.OPINION_SIGNED,
        "其中在答复时限前签名的。",
        "Those of them that were signed by their due time.",
    ),
    _share(
        "opinions_on_time_share", "专家意见按时率", "Opinions on time, share", Side.PROVIDER,
        "opinions_on_time", "opinions_signed",
        "按时专家意见数 ÷ 专家意见数。",
        "Opinions on time over opinions signed.",
        Better.HIGHER,
    ),
    _count(
        "experts_declined", "专家谢绝数", "Experts who declined", Side.PROVIDER,
        Kind.OPINION_DECLINED,
        "专家谢绝邀请的次数。",
        "Times an expert declined.",
    ),
    _count(
        "experts_lapsed", "专家逾期未复数", "Experts who did not answer", Side.PROVIDER,
        Kind.OPINION_LAPSED,
        "到时限仍未回复、邀请失效的次数。",
        "Times an expert had neither accepted nor declined by the due time.",
    ),
    _count(
        "minutes_archived", "签名归档的记录数", "Minutes archived", Side.BOTH,
        Kind.MINUTES_ARCHIVED,
        "签名完成并由双方各自归档的会诊、讨论、手术指导记录。",
        "Minutes that were signed and archived by both institutions.",
    ),
)  # fmt: skip


def _one(code: str) -> Callable[[Activity], Found]:
    return lambda activity: ((code, None),)


def _signed(activity: Activity) -> Found:
    yield "opinions_signed", None
    yield "opinion_writing", spent_since(activity, "asked_at")
    due = moment_of(activity, "due_at")
    if due is not None and activity.at <= due:
        yield "opinions_on_time", None


OPINION_FOLDS: Mapping[str, Callable[[Activity], Found]] = MappingProxyType(
    {
        Kind.APPROVAL_BYPASSED: _one("approvals_bypassed"),
        Kind.APPROVAL_REJECTED: _one("approvals_rejected"),
        Kind.APPROVAL_DENIED: _one("approvals_denied"),
        Kind.OPINION_ASKED: _one("experts_asked"),
        Kind.OPINION_SIGNED: _signed,
        Kind.OPINION_DECLINED: _one("experts_declined"),
        Kind.OPINION_LAPSED: _one("experts_lapsed"),
        Kind.MINUTES_ARCHIVED: _one("minutes_archived"),
    }
)
