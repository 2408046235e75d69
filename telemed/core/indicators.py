"""The indicators of the tally: each number's name, its side and its written definition.

This is the page an assessor reads: what a number counts is said here once, in both languages, and
the screen, the workbook and the documentation print it from here. How facts become entries and
entries become numbers is `tally`'s business.
"""

from collections.abc import Mapping
from types import MappingProxyType

from telemed.core.activity import Kind
from telemed.core.care_indicators import CARE_ROWS
from telemed.core.guidance_tally import GUIDANCE_ROWS
from telemed.core.indicator import Better, Indicator, Measure, Side
from telemed.core.indicator import count as _count
from telemed.core.indicator import duration as _duration
from telemed.core.indicator import share as _share
from telemed.core.opinion_tally import OPINION_ROWS
from telemed.core.urgent_tally import URGENT_ROWS

__all__ = ["INDICATORS", "Better", "Indicator", "Measure", "Side"]

_OWED = (
    Kind.REQUEST_CONFIRMED,
    Kind.REQUEST_WITHDRAWN,
    Kind.REPORT_ADDENDED,
    Kind.REPORT_AMENDED,
    Kind.REQUEST_OVERFLOW_SETTLED,
)
"""What ends something that the requester owed, beside sending again."""

_ROWS: tuple[Indicator, ...] = (
    _count(
        "submitted", "申请数", "Requests submitted", Side.BOTH, Kind.REQUEST_SUBMITTED,
        "首次发送的申请；补充资料后的再次发送不重复计。",
        "Requests sent for the first time; sending again after a return is not counted.",
    ),
    _count(
        "issued", "报告数", "Reports issued", Side.BOTH, Kind.REPORT_ISSUED,
        "最终签名发出的首份报告；补充报告与修订报告另计。",
        "First reports released by their final signature; addenda and amendments count apart.",
    ),
    _duration(
        "turnaround", "报告用时", "Turnaround", Side.PROVIDER, Kind.REPORT_ISSUED,
        "自首次发送申请至报告最终签名，扣除退回申请方等待补充资料的时间。",
        "From first submission to final signature, less the time spent waiting for the requester.",
    ),
    _count(
        "due", "有时限报告数", "Reports with a due time", Side.PROVIDER, Kind.REPORT_ISSUED,
        "签发时载有应完成时间的报告。",
        "Issued reports that had a due time.",
    ),
    _count(
        "on_time", "按时报告数", "Reports on time", Side.PROVIDER, Kind.REPORT_ISSUED,
        "最终签名不晚于应完成时间的报告（恰在该时刻算按时）。",
        "Reports finally signed no later than the due time; exactly at it is on time.",
    ),
    _share(
        "on_time_share", "按时率", "On-time share", Side.PROVIDER, "on_time", "due",
        "按时报告数 ÷ 有时限报告数；尚未签发的申请不在其内。",
        "Reports on time over reports with a due time; requests not yet answered are outside it.",
        Better.HIGHER,
    ),
    _count(
        "judged", "已判阴阳性报告数", "Reports judged", Side.BOTH, Kind.REPORT_ISSUED,
        "标明阳性或阴性的报告；未标明的不计入。",
        "Reports marked positive or negative; unmarked ones are outside.",
    ),
    _count(
        "positive", "阳性报告数", "Positive reports", Side.BOTH, Kind.REPORT_ISSUED,
        "标明阳性的报告。",
        "Reports marked positive.",
    ),
    _share(
        "positive_share", "阳性率", "Positive share", Side.BOTH, "positive", "judged",
        "阳性报告数 ÷ 已判阴阳性报告数。",
        "Positive reports over reports judged.",
        None,
    ),
    _count(
        "critical", "危急值数", "Critical findings", Side.BOTH, Kind.CRITICAL_RAISED,
        "发出的危急值通知。",
        "Critical findings notified.",
    ),
    _count(
        "acknowledged", "危急值确认数", "Critical findings acknowledged", Side.REQUESTER,
        Kind.CRITICAL_ACKNOWLEDGED,
        "申请方确认收到的危急值；按确认时间计月。",
        "Critical findings acknowledged by the requester, in the month of acknowledgement.",
    ),
    _duration(
        "acknowledging", "危急值确认用时", "Time to acknowledge", Side.REQUESTER,
        Kind.CRITICAL_ACKNOWLEDGED,
        "自危急值通知发出至申请方确认收到。",
        "From the notice of a critical finding to its acknowledgement.",
    ),
    _count(
        "acknowledged_due", "有时限危急值确认数", "Acknowledgements with a due time",
        Side.REQUESTER, Kind.CRITICAL_ACKNOWLEDGED,
        "载有确认时限的危急值确认。",
        "Acknowledgements that had a due time.",
    ),
    _count(
        "acknowledged_on_time", "危急值按时确认数", "Acknowledged on time", Side.REQUESTER,
        Kind.CRITICAL_ACKNOWLEDGED,
        "不晚于确认时限的危急值确认。",
        "Acknowledgements no later than their due time.",
    ),
    _count(
        "acted", "危急值处置数", "Critical findings acted on", Side.REQUESTER,
        Kind.CRITICAL_ACTED_ON,
        "申请方已登记处置措施与时间的危急值；按登记时间计月。",
        "Critical findings whose action and time the requester entered, in the month of entry.",
    ),
    _duration(
        "acting", "危急值处置用时", "Time to act", Side.REQUESTER,
        Kind.CRITICAL_ACTED_ON,
        "自危急值通知发出至申请方登记的处置时间。",
        "From the notice of a critical finding to the time of the action that was entered.",
    ),
    _share(
        "acknowledged_on_time_share", "危急值按时确认率", "On-time acknowledgement share",
        Side.REQUESTER, "acknowledged_on_time", "acknowledged_due",
        "危急值按时确认数 ÷ 有时限危急值确认数；尚未确认的不在其内。",
        "Acknowledged on time over acknowledgements with a due time; open ones are outside it.",
        Better.HIGHER,
    ),
    _count(
        "returned", "退回次数", "Returns", Side.BOTH, Kind.REQUEST_RETURNED,
        "退回申请方补充资料的次数；同一申请可多次。",
        "Times a request went back for more material; one request may count several times.",
    ),
    _share(
        "return_rate", "退回率", "Return rate", Side.BOTH, "returned", "submitted",
        "同期退回次数 ÷ 同期申请数；因可多次退回，可能超过 100%。",
        "Returns over requests submitted in the same period; several returns may pass 100 %.",
        Better.LOWER, Side.REQUESTER,
    ),
    _count(
        "supplied", "补充数", "Material supplied", Side.REQUESTER, Kind.REQUEST_RESUBMITTED,
        "退回后补充资料并重新发送的次数；婉拒后改投不计。",
        "Returns answered by sending again; asking somebody else after a refusal is not counted.",
    ),
    _duration(
        "supplying", "补充用时", "Time to supply", Side.REQUESTER, Kind.REQUEST_RESUBMITTED,
        "自退回至重新发送，即申请方的钟所走的时间（钟表时间）。",
        "From the return to sending again: what the requester's clock ran, in clock time.",
    ),
    _count(
        "supplied_due", "有时限补充数", "Supplied with a due time", Side.REQUESTER,
        Kind.REQUEST_RESUBMITTED,
        "退回时载有补充时限的补充。",
        "Material supplied that had a due time when it was asked for.",
    ),
    _count(
        "supplied_on_time", "按时补充数", "Supplied on time", Side.REQUESTER,
        Kind.REQUEST_RESUBMITTED,
        "不晚于补充时限的补充。",
        "Material supplied no later than its due time.",
    ),
    _share(
        "supplied_on_time_share", "按时补充率", "On-time supply share", Side.REQUESTER,
        "supplied_on_time", "supplied_due",
        "按时补充数 ÷ 有时限补充数；尚未补充的不在其内。",
        "Supplied on time over supplied with a due time; what is still owed is outside it.",
        Better.HIGHER,
    ),
    _duration(
        "reading", "阅读用时", "Time to read", Side.REQUESTER, Kind.REQUEST_CONFIRMED,
        "自报告（或其后的补充、修订报告）签发至申请方反馈。",
        "From the report, or the addendum or amendment after it, to the requester's decision.",
    ),
    _count(
        "read_due", "有时限反馈数", "Decisions with a due time", Side.REQUESTER,
        Kind.REQUEST_CONFIRMED,
        "签发时载有阅读时限的反馈。",
        "Decisions on reports that had a time to be read by.",
    ),
    _count(
        "read_on_time", "按时反馈数", "Read on time", Side.REQUESTER, Kind.REQUEST_CONFIRMED,
        "不晚于阅读时限的反馈。",
        "Decisions given no later than the time to read.",
    ),
    _share(
        "read_on_time_share", "按时反馈率", "On-time reading share", Side.REQUESTER,
        "read_on_time", "read_due",
        "按时反馈数 ÷ 有时限反馈数；尚未反馈的不在其内。",
        "Read on time over decisions with a due time; reports not yet read are outside it.",
        Better.HIGHER,
    ),
    _count(
        "chosen", "另选数", "Chosen anew", Side.REQUESTER, Kind.REQUEST_RESUBMITTED,
        "婉拒后另选机构（或仍向原机构）重新发送的次数。",
        "Refusals answered by sending again, to another institution or to the same.",
    ),
    _duration(
        "choosing", "另选用时", "Time to choose anew", Side.REQUESTER, Kind.REQUEST_RESUBMITTED,
        "自婉拒至重新发送，即申请方的钟所走的时间（钟表时间）。",
        "From the refusal to sending again: what the requester's clock ran, in clock time.",
    ),
    _count(
        "chosen_due", "有时限另选数", "Chosen with a due time", Side.REQUESTER,
        Kind.REQUEST_RESUBMITTED,
        "婉拒时载有另选时限的另选。",
        "Choices that had a due time when the request was refused.",
    ),
    _count(
        "chosen_on_time", "按时另选数", "Chosen on time", Side.REQUESTER,
        Kind.REQUEST_RESUBMITTED,
        "不晚于另选时限的另选。",
        "Choices made no later than their due time.",
    ),
    _share(
        "chosen_on_time_share", "按时另选率", "On-time choice share", Side.REQUESTER,
        "chosen_on_time", "chosen_due",
        "按时另选数 ÷ 有时限另选数；尚未另选的不在其内。",
        "Chosen on time over chosen with a due time; what is still owed is outside it.",
        Better.HIGHER,
    ),
    _count(
        "settled", "是否转送询问数", "Questions of passing on", Side.REQUESTER,
        Kind.REQUEST_OVERFLOW_SETTLED,
        "受邀方无人可接、询问申请方是否转送的次数；按有结果的时刻计月，无论结果为何。",
        "Times the requester was asked whether to pass a request on, when it was settled, however.",
    ),
    _duration(
        "settling", "是否转送用时", "Time to settle passing on", Side.REQUESTER,
        Kind.REQUEST_OVERFLOW_SETTLED,
        "自询问至同意转送、撤回，或原机构已有医师接手。其间受邀方的钟照走。",
        "From the question to consent, withdrawal, or somebody taking it there."
        " The responding side's clock runs on meanwhile.",
    ),
    _duration(
        "owing", "申请方用时", "Requester's time", Side.REQUESTER, Kind.REQUEST_RESUBMITTED,
        "申请方每次应办事项（补充、另选、阅读反馈、是否转送）自开始至结束，无论如何结束（钟表时间）；"
        "按结束时刻计月，尚未结束的不在其内。",
        "Of each thing owed (material, choice, reading, passing on) from its beginning to its end,"
        " however it ended, in clock time and in the month of its end; what is still owed is"
        " outside it.",
        also=_OWED,
    ),
    Indicator(
        "owing_minutes", "申请方用时合计", "Requester's minutes, total", Measure.TOTAL,
        Side.REQUESTER, "分钟",
        "申请方用时之和，以分钟计；每次先四舍五入到分钟再相加，与所列病例逐例相加相符。",
        "The sum of the requester's times in minutes, each rounded before adding, so that the cases"
        " listed add up to it.",
        counts=Kind.REQUEST_RESUBMITTED, also=_OWED,
    ),
    _count(
        "withdrawn", "撤回数", "Withdrawn", Side.REQUESTER, Kind.REQUEST_WITHDRAWN,
        "申请方撤回的申请。",
        "Requests withdrawn by the requester.",
    ),
    _count(
        "declined", "婉拒数", "Declined", Side.PROVIDER, Kind.REQUEST_DECLINED,
        "受邀方婉拒的申请。",
        "Requests declined by the provider.",
    ),
    _count(
        "redirected", "转出数", "Redirected", Side.PROVIDER, Kind.REQUEST_REDIRECTED,
        "由原受邀方转至其他机构的申请，计于转出一方。",
        "Requests passed on to another institution, counted for the one that passed them on.",
    ),
    _count(
        "addended", "补充报告数", "Addenda", Side.PROVIDER, Kind.REPORT_ADDENDED,
        "签发的补充报告。",
        "Addenda issued.",
    ),
    _count(
        "amended", "修订报告数", "Amended reports", Side.PROVIDER, Kind.REPORT_AMENDED,
        "签发的修订报告。",
        "Amended reports issued.",
    ),
    _share(
        "amended_rate", "修订率", "Amendment rate", Side.PROVIDER, "amended", "issued",
        "同期修订报告数 ÷ 同期报告数；修订的可能是往月报告。",
        "Amendments over reports issued in the same period; older reports may be amended.",
        Better.LOWER,
    ),
    _count(
        "confirmed", "反馈数", "Decisions given", Side.REQUESTER, Kind.REQUEST_CONFIRMED,
        "申请方已阅报告并反馈采纳情况的申请。",
        "Requests whose requester has read the report and told what became of it.",
    ),
    _count(
        "adopted", "采纳数", "Adopted", Side.BOTH, Kind.REQUEST_CONFIRMED,
        "申请方反馈为采纳。",
        "The requester adopted the opinion.",
    ),
    _count(
        "partly_adopted", "部分采纳数", "Partly adopted", Side.BOTH, Kind.REQUEST_CONFIRMED,
        "申请方反馈为部分采纳。",
        "The requester adopted part of the opinion.",
    ),
    _count(
        "not_adopted", "未采纳数", "Not adopted", Side.BOTH, Kind.REQUEST_CONFIRMED,
        "申请方反馈为未采纳。",
        "The requester did not adopt the opinion.",
    ),
    _share(
        "adoption_share", "采纳率", "Adoption share", Side.BOTH, "adopted", "confirmed",
        "采纳数 ÷ 反馈数；部分采纳不计入分子。",
        "Adopted over decisions given; partly adopted is not in the numerator.",
        Better.HIGHER, Side.PROVIDER,
    ),
    Indicator(
        "lectures_held", "授课场次", "Lectures held", Measure.COUNT, Side.PROVIDER, "场",
        "本机构结束的授课场次；取消的不计。",
        "Lectures that ended; those called off are not counted.",
        counts=Kind.LECTURE_FINISHED,
    ),
    Indicator(
        "lecture_minutes", "授课时长合计", "Lecture minutes, total", Measure.TOTAL, Side.PROVIDER,
        "分钟",
        "授课场次的实际时长之和，以分钟计，不超过计划学时。",
        "How long the lectures held lasted, in minutes, none longer than planned.",
        counts=Kind.LECTURE_FINISHED,
    ),
    Indicator(
        "enrolments", "培训报名人次", "Enrolments", Measure.COUNT, Side.BOTH, "人次",
        "获得名额的报名，含候补转正和现场报名；后来退出的不扣减。",
        "Enrolments with a place, from the wait list and on the spot too; withdrawals are not taken"
        " off.",
        counts=Kind.ENROLMENT_MADE, also=(Kind.ENROLMENT_MOVED_UP,),
    ),
    Indicator(
        "check_ins", "培训签到人次", "Check-ins", Measure.COUNT, Side.BOTH, "人次",
        "凭签到码签到，含授课方代为签到；同一人同一场次计一次。",
        "Check-ins by the code or by those who give the lecture, one for each person and lecture.",
        counts=Kind.ENROLMENT_CHECKED_IN,
    ),
    Indicator(
        "attended", "培训参加人次", "Attendances", Measure.COUNT, Side.BOTH, "人次",
        "场次结束时已签到的人；点播另计。",
        "People who had checked in when a lecture ended; on demand counts apart.",
        counts=Kind.ENROLMENT_ATTENDED,
    ),
    Indicator(
        "expected_there", "培训应到人次", "Expected to attend", Measure.COUNT, Side.BOTH, "人次",
        "参加的和缺席的人次之和；缺席指有名额而未签到；点播没有应到。",
        "Attendances and absences together; absent is who had a place and did not check in. On"
        " demand nobody is expected.",
        counts=Kind.ENROLMENT_ATTENDED, also=(Kind.ENROLMENT_MISSED,),
    ),
    _share(
        "attendance_share", "培训到课率", "Attendance share", Side.BOTH, "attended",
        "expected_there",
        "培训参加人次 ÷ 培训应到人次。",
        "Attendances over those expected.",
        Better.HIGHER,
    ),
    Indicator(
        "studied", "点播学习人次", "Took part on demand", Measure.COUNT, Side.BOTH, "人次",
        "点播课程中看满要求时长的人；没有视频的课程，为打开全部资料并通过测验（如有）的人。"
        "计于达到要求之时。",
        "Who watched for the time that a course on demand asks for; of a course without films, who"
        " opened all its papers and passed its quiz, if any. Counted when that was reached.",
        counts=Kind.ENROLMENT_STUDIED,
    ),
    Indicator(
        "learning_minutes", "学习时长合计", "Learning minutes, total", Measure.TOTAL, Side.BOTH,
        "分钟",
        "参加者和点播学习者计入的学习时长之和，以分钟计，每人次不足一分钟的部分舍去。",
        "The time counted for those who attended or took part on demand, in whole minutes for"
        " each.",
        counts=Kind.ENROLMENT_ATTENDED, also=(Kind.ENROLMENT_STUDIED,),
    ),
    Indicator(
        "quiz_sat", "测验人数", "People who sat a quiz", Measure.COUNT, Side.BOTH, "人",
        "首次作答；同一课程同一人计一次。",
        "First sittings, one for each person and course.",
        counts=Kind.QUIZ_SAT,
    ),
    Indicator(
        "quiz_passed", "测验通过人数", "People who passed", Measure.COUNT, Side.BOTH, "人",
        "首次达到及格分；同一课程同一人计一次。",
        "First passes, one for each person and course.",
        counts=Kind.QUIZ_SAT,
    ),
    _share(
        "quiz_pass_share", "测验通过率", "Pass rate", Side.BOTH, "quiz_passed", "quiz_sat",
        "测验通过人数 ÷ 测验人数；补考在次月通过的计入次月分子。",
        "Passes over first sittings; a pass counts in the month of the pass.",
        Better.HIGHER,
    ),
    Indicator(
        "credits_given", "授予学分人次", "People given credit", Measure.COUNT, Side.BOTH, "人次",
        "授予学分的人次；不论分值多少，同一课程同一人计一次。",
        "Credits given, one for each person and course, whatever their number.",
        counts=Kind.CREDIT_GIVEN,
    ),
    Indicator(
        "credit_total", "授予学分合计", "Credit given, total", Measure.CREDIT, Side.BOTH, "分",
        "各人次授予的学分之和，与学分证书所载分值一致。",
        "What the credits given add up to, as their certificates say.",
        counts=Kind.CREDIT_GIVEN,
    ),
    *CARE_ROWS,
    *GUIDANCE_ROWS,
    *URGENT_ROWS,
    *OPINION_ROWS,
)  # fmt: skip

INDICATORS: Mapping[str, Indicator] = MappingProxyType({row.code: row for row in _ROWS})
