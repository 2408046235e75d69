"""What each occasion is called, on the page and where the page is not: no name, no number, no
finding (WS-13).

The worker of pushes has its own copy, which browsers fetch (`web/public/notices-sw.js`); a test
holds the two together.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from telemed.core.escalation import Occasion

OCCASION_WORDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        Occasion.ASSIGNED: ("有申请指派给您", "A request was assigned to you"),
        Occasion.OVERFLOW_ASKED: (
            "有申请等您决定是否转送",
            "A request waits for your word to pass it on",
        ),
        Occasion.UNCLAIMED: ("有申请等待领取", "A request waits to be claimed"),
        Occasion.DEADLINE: ("有申请临近或超过时限", "A request nears or is past its due time"),
        Occasion.RETURNED: ("有退回的申请等待补充", "A returned request waits for more material"),
        Occasion.CRITICAL_UNACKNOWLEDGED: (
            "有危急值等待确认",
            "A critical finding waits to be acknowledged",
        ),
        Occasion.CRITICAL_NOT_ACTED: (
            "有危急值等待登记处置",
            "What was done about a critical finding is to be entered",
        ),
        Occasion.INVITED: ("有预约邀请您参加", "You are invited to a session"),
        Occasion.TO_CONFIRM: ("有预约等待确认", "An appointment waits to be confirmed"),
        Occasion.SET: ("有预约已确认", "An appointment is confirmed"),
        Occasion.OFF: ("有预约已取消", "An appointment is off"),
        Occasion.NEAR: ("有预约即将开始", "An appointment begins soon"),
        Occasion.SEAT_DECLINED: (
            "有受邀人谢绝，席位空缺",
            "Somebody invited will not come: their seat is empty",
        ),
        Occasion.GIVEN_AWAY: ("您在预约中的席位已由他人接替", "Somebody else has your seat"),
        Occasion.SEAT_LEFT: (
            "您已谢绝预约，日历中的安排随之取消",
            "You declined: it leaves your calendar",
        ),
        Occasion.WATCH_SET: ("您可观摩的预约已确认", "A session that you may watch is confirmed"),
        Occasion.WATCH_MOVED: (
            "您可观摩的预约改期，待确认",
            "A session that you may watch is moved",
        ),
        Occasion.WATCH_OFF: ("您可观摩的预约已取消", "A session that you may watch is off"),
        Occasion.UNLISTED: (
            "您已不在一场预约的观摩名单中",
            "You are no longer listed to watch a session",
        ),
        Occasion.TIME_OFFERED: (
            "候补的预约时间有了，请尽快提交",
            "A time you waited for is free: propose it soon",
        ),
        Occasion.FOLLOW_UP_DUE: ("有患者随访到期，请反馈", "A patient is to be followed up"),
        Occasion.APPROVAL_WAITING: ("有申请等您审批", "A request waits for your approval"),
        Occasion.EXPERT_ASKED: ("邀请您出具专家意见", "You are asked for an opinion"),
        Occasion.MINUTES_TO_SIGN: ("有记录等待签名", "Minutes wait for a signature"),
        Occasion.COURSE_TO_REVIEW: ("有培训课程等您审核", "A course waits for your review"),
        Occasion.COURSE_REVIEWED: (
            "您申请的培训课程已审核",
            "The course you applied with was reviewed",
        ),
        Occasion.MOVED_UP: ("您候补的培训有名额了", "You have a place in a lecture you waited for"),
        Occasion.LECTURE_NEAR: ("您报名的培训即将开始", "A lecture you enrolled in begins soon"),
        Occasion.LECTURE_MOVED: (
            "您报名的培训时间或地点有变",
            "A lecture you enrolled in has another time or place",
        ),
        Occasion.LECTURE_OFF: ("您报名的培训已取消", "A lecture you enrolled in is off"),
        Occasion.CREDIT_GIVEN: ("您获得了培训学分", "You were given a course's credit"),
    }
)
