"""Words people meet on the screen, in both languages, each read where the program reads it.

The state tables and the indicators have their words in `telemed/core/`, services and reasons in
`configs/`, roles and tags in the client's own tables of words. Knows where words are, not how
a page shows them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from telemed.core import report, request, workitem
from telemed.core.access import Role
from telemed.core.catalogue import Catalogue, Words
from telemed.core.indicators import INDICATORS
from telemed.settings import CONFIGS, ROOT, load_catalogue

Row = tuple[str, ...]
STEPS: Mapping[str, tuple[str, str]] = {
    "return": ("退回", "return"),
    "decline": ("婉拒", "decline"),
    "withdraw": ("撤回", "withdraw"),
    "release": ("释放", "release"),
    "takeover": ("接手", "take over"),
    "redirect": ("转送", "redirect"),
    "amend": ("修订", "amend"),
    "hide": ("隐藏影像", "hide images"),
    "quarantine": ("隔离处理", "resolve the quarantine"),
    "cancel-appointment": ("取消预约", "cancel an appointment"),
    "reschedule-appointment": ("改约", "reschedule"),
    "miss-appointment": ("爽约", "no-show"),
    "not-adopted": ("未采纳", "not adopted"),
    "waive-charge": ("减免", "waive a charge"),
    "refund-charge": ("退费", "refund a charge"),
    "decline-seat": ("受邀人谢绝", "decline an invitation"),
    "reject-approval": ("院内审批不同意", "not approve in house"),
    "decline-opinion": ("谢绝发表意见", "decline to give an opinion"),
    "withdraw-opinion": ("撤销专家邀请", "ask an expert no longer"),
    "identified-material": ("资料不去标识", "tell who the patient is"),
    "return-course": ("退回课程申请", "return a course"),
    "cancel-course": ("取消课程", "cancel a course"),
    "cancel-lecture": ("取消场次", "cancel a lecture"),
    "emergency-waiver": ("紧急豁免", "emergency waiver of consent"),
}
"""What the reasons of a step are reasons for; a test compares the keys with the catalogue."""


def client_words(path: str) -> dict[str, tuple[str, str]]:
    """A table of words of the client; sentences that fill several lines are left out."""
    text = (ROOT / "web" / "src" / path).read_text("utf-8")
    rows = re.findall(r"^  (\w+): \['([^']*)', ['\"]([^'\"]*)['\"]\],$", text, re.MULTILINE)
    return {key: (zh, en) for key, zh, en in rows}


def catalogue() -> Catalogue:
    """The catalogue as a server loads it."""
    return load_catalogue(CONFIGS)


def states() -> Iterator[Row]:
    """Noun, code, state or event, and both words, of the three state tables."""
    for machine in (request.MACHINE, workitem.MACHINE, report.MACHINE):
        for key, (zh, en) in machine.words.items():
            yield machine.name, key.value, "state" if key in machine.table else "event", zh, en


def roles() -> list[Row]:
    """Code and both words of each role, as the client shows them."""
    words = client_words("session/words.ts")
    return [(role.value, *words[role.value]) for role in Role]


def tags() -> list[Row]:
    """The words of the coloured tags beside a case: its state, urgency and marks."""
    return [(code, *words) for code, words in client_words("shared/tags.tsx").items()]


def services() -> list[Row]:
    """Code, both words, and whether it can be asked for today."""
    return [
        (s.code, *_both(s.label), "open" if s.live else "announced")
        for s in catalogue().services.values()
    ]


def indicators() -> list[Row]:
    """Code and both names of each indicator."""
    return [(row.code, row.zh, row.en) for row in INDICATORS.values()]


def reasons() -> list[Row]:
    """Step, code, both words, and the services a reason is for (none named: any)."""
    return [
        (_step(r.step), r.code, *_both(r.label), _services(r.services)) for r in catalogue().reasons
    ]


def critical_findings() -> list[Row]:
    """Service, code and both words of each finding that must be told at once."""
    return [(f.service, f.code, *_both(f.label)) for f in catalogue().critical_findings]


def _step(step: str) -> str:
    zh, en = STEPS[step]
    return f"{en} {zh}"


def _both(words: Words) -> tuple[str, str]:
    return words.zh, words.en


def _services(codes: Sequence[str]) -> str:
    return ", ".join(codes) or "any"
