"""The closed vocabulary of facts, and the shape of one.

A fact is past tense, written in the transaction of the state change, never updated. `data`
carries ids, codes, times and numbers only: no names, no clinical text, so that a fact may travel
to a socket or a tally without a second look.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """Every kind of fact there is."""

    STUDY_RECEIVED = "study.received"
    STUDY_GREW = "study.grew"
    STUDY_CONFLICTED = "study.conflicted"
    CONFLICT_RESOLVED = "conflict.resolved"
    CONFLICT_REOPENED = "conflict.reopened"
    IMAGES_HIDDEN = "images.hidden"
    IMAGES_REPLACED = "images.replaced"
    IMAGES_RESTORED = "images.restored"
    IMAGES_DELETED = "images.deleted"
    IMAGES_HELD = "images.held"
    IMAGES_HOLD_ENDED = "images.hold_ended"
    PATIENTS_MERGED = "patient.merged"
    STUDY_MOVED = "study.moved"
    PATIENT_CHANGE_UNDONE = "patient.change_undone"
    REQUEST_DRAFTED = "request.drafted"
    APPROVAL_ASKED = "approval.asked"
    APPROVAL_GIVEN = "approval.given"
    APPROVAL_PASSED_ON = "approval.passed_on"
    APPROVAL_DENIED = "approval.denied"
    APPROVAL_REJECTED = "approval.rejected"
    APPROVAL_RECALLED = "approval.recalled"
    APPROVAL_BYPASSED = "approval.bypassed"
    REQUEST_DEIDENTIFIED = "request.deidentified"
    GUIDANCE_ACKNOWLEDGED = "guidance.acknowledged"
    GUIDANCE_ENTERED = "guidance.entered"
    GUIDANCE_MARKED = "guidance.marked"
    GUIDANCE_OUTCOME_SET = "guidance.outcome_set"
    REQUEST_SUBMITTED = "request.submitted"
    REQUEST_RETURNED = "request.returned"
    REQUEST_RESUBMITTED = "request.resubmitted"
    REQUEST_WITHDRAWN = "request.withdrawn"
    REQUEST_DECLINED = "request.declined"
    REQUEST_REDIRECTED = "request.redirected"
    REQUEST_OVERFLOW_ASKED = "request.overflow_asked"
    REQUEST_OVERFLOW_SETTLED = "request.overflow_settled"
    REQUEST_CONFIRMED = "request.confirmed"
    REQUEST_COUNTED_OUT = "request.counted_out"
    WORKITEM_ASSIGNED = "workitem.assigned"
    WORKITEM_UNASSIGNED = "workitem.unassigned"
    WORKITEM_CLAIMED = "workitem.claimed"
    WORKITEM_RELEASED = "workitem.released"
    WORKITEM_TAKEN_OVER = "workitem.taken_over"
    WORKITEM_EXPIRED = "workitem.expired"
    WORKITEM_PUT_ASIDE = "workitem.put_aside"
    WORKITEM_RESUMED = "workitem.resumed"
    ASSIGNMENT_MODE_SET = "assignment.mode_set"
    ASSIGNMENT_TERMS_SET = "assignment.terms_set"
    AGREEMENT_CHANGED = "agreement.changed"
    HANDOVER_SIGNED = "handover.signed"
    HANDOVER_ACCEPTED = "handover.accepted"
    DUTY_SET = "duty.set"
    DUTY_CANCELED = "duty.canceled"
    RESOURCE_SET = "resource.set"
    DIARY_HOURS_SET = "diary.hours_set"
    DIARY_EXCEPTION_SET = "diary.exception_set"
    DIARY_EXCEPTION_CANCELED = "diary.exception_canceled"
    DIARY_LINKED = "diary.linked"
    DIARY_UNLINKED = "diary.unlinked"
    APPOINTMENT_HELD = "appointment.held"
    APPOINTMENT_PROPOSED = "appointment.proposed"
    APPOINTMENT_CONFIRMED = "appointment.confirmed"
    APPOINTMENT_RESCHEDULED = "appointment.rescheduled"
    APPOINTMENT_BEGUN = "appointment.begun"
    APPOINTMENT_ENDED = "appointment.ended"
    APPOINTMENT_CANCELED = "appointment.canceled"
    APPOINTMENT_LAPSED = "appointment.lapsed"
    APPOINTMENT_MISSED = "appointment.missed"
    APPOINTMENT_ANSWERED = "appointment.answered"
    APPOINTMENT_REPLACED = "appointment.replaced"
    APPOINTMENT_SHARED = "appointment.shared"
    APPOINTMENT_ATTENDED = "appointment.attended"
    ACCOMPANIMENT_NAMED = "accompaniment.named"
    ACCOMPANIMENT_CONFIRMED = "accompaniment.confirmed"
    CONFERENCE_ENTERED = "conference.entered"
    CONFERENCE_LEFT = "conference.left"
    CONFERENCE_DROPPED = "conference.dropped"
    CONFERENCE_RETURNED = "conference.returned"
    CONFERENCE_MODE = "conference.mode"
    CONFERENCE_CHECKED = "conference.checked"
    MINUTES_CLOSED = "minutes.closed"
    MINUTES_REOPENED = "minutes.reopened"
    MINUTES_SIGNED = "minutes.signed"
    MINUTES_COMPLETED = "minutes.completed"
    MINUTES_ARCHIVED = "minutes.archived"
    MINUTES_CONSENT_SET = "minutes.consent_set"
    FOLLOWUP_DUE = "followup.due"
    FOLLOWUP_ANSWERED = "followup.answered"
    FOLLOWUP_CORRECTED = "followup.corrected"
    FOLLOWUP_LAPSED = "followup.lapsed"
    EVALUATION_GIVEN = "evaluation.given"
    EVALUATION_CHANGED = "evaluation.changed"
    EVALUATION_OPENED = "evaluation.opened"
    CHARGE_CHARGED = "charge.charged"
    CHARGE_SETTLED = "charge.settled"
    CHARGE_WAIVED = "charge.waived"
    CHARGE_REFUNDED = "charge.refunded"
    WAITING_BEGUN = "waiting.begun"
    WAITING_OFFERED = "waiting.offered"
    WAITING_ENDED = "waiting.ended"
    URGENT_CALL_BEGUN = "calling.begun"
    URGENT_CALL_RUNG = "calling.rung"
    URGENT_CALL_ANSWERED = "calling.answered"
    URGENT_CALL_EXHAUSTED = "calling.exhausted"
    URGENT_CALL_CANCELED = "calling.canceled"
    CHECKLIST_TICKED = "checklist.ticked"
    OPINION_ASKED = "opinion.asked"
    OPINION_ACCEPTED = "opinion.accepted"
    OPINION_DECLINED = "opinion.declined"
    OPINION_SIGNED = "opinion.signed"
    OPINION_CONSOLIDATED = "opinion.consolidated"
    OPINION_WITHDRAWN = "opinion.withdrawn"
    OPINION_LAPSED = "opinion.lapsed"
    COURSE_DRAFTED = "course.drafted"
    COURSE_APPLIED = "course.applied"
    COURSE_APPROVED = "course.approved"
    COURSE_RETURNED = "course.returned"
    COURSE_PUBLISHED = "course.published"
    COURSE_ARCHIVED = "course.archived"
    COURSE_CANCELED = "course.canceled"
    LECTURE_PLANNED = "lecture.planned"
    LECTURE_CHANGED = "lecture.changed"
    LECTURE_OPENED = "lecture.opened"
    LECTURE_CLOSED = "lecture.closed"
    LECTURE_BEGUN = "lecture.begun"
    LECTURE_FINISHED = "lecture.finished"
    LECTURE_CANCELED = "lecture.canceled"
    ENROLMENT_MADE = "enrolment.made"
    ENROLMENT_WAITING = "enrolment.waiting"
    ENROLMENT_MOVED_UP = "enrolment.moved_up"
    ENROLMENT_WITHDRAWN = "enrolment.withdrawn"
    ENROLMENT_CHECKED_IN = "enrolment.checked_in"
    ENROLMENT_CHECKED_OUT = "enrolment.checked_out"
    ENROLMENT_ATTENDED = "enrolment.attended"
    ENROLMENT_MISSED = "enrolment.missed"
    ENROLMENT_STUDIED = "enrolment.studied"
    ENROLMENT_RAN_OUT = "enrolment.ran_out"
    MATERIAL_ADDED = "material.added"
    MATERIAL_REMOVED = "material.removed"
    QUIZ_SAT = "quiz.sat"
    FEEDBACK_GIVEN = "feedback.given"
    CREDIT_GIVEN = "credit.given"
    REPORT_SIGNED = "report.signed"
    REPORT_SENT_BACK = "report.sent_back"
    REPORT_ISSUED = "report.issued"
    REPORT_ADDENDED = "report.addended"
    REPORT_AMENDED = "report.amended"
    REPORT_IMAGES_CHANGED = "report.images_changed"
    REPORT_CHECKED = "report.checked"
    CRITICAL_RAISED = "critical.raised"
    CRITICAL_ACKNOWLEDGED = "critical.acknowledged"
    UPS_CREATED = "ups.created"
    UPS_CHANGED = "ups.changed"
    UPS_MOVED = "ups.moved"
    UPS_PROGRESSED = "ups.progressed"
    UPS_CANCEL_REQUESTED = "ups.cancel_requested"
    UPS_SUBSCRIBED = "ups.subscribed"
    CRITICAL_ACTED_ON = "critical.acted_on"
    NOTICE_TOLD = "notice.told"
    NOTICE_GIVEN_UP = "notice.given_up"
    ESCALATION_ACKNOWLEDGED = "escalation.acknowledged"
    ESCALATION_EXHAUSTED = "escalation.exhausted"


WORDS: Mapping[Kind, tuple[str, str]] = {
    Kind.STUDY_RECEIVED: ("检查资料到达", "Study received"),
    Kind.STUDY_GREW: ("检查资料补充到达", "More images arrived"),
    Kind.STUDY_CONFLICTED: ("检查资料冲突，已隔离", "Conflicting images quarantined"),
    Kind.CONFLICT_RESOLVED: ("隔离影像已处理", "Quarantined images resolved"),
    Kind.CONFLICT_REOPENED: ("隔离影像处理已撤销", "Quarantined images taken up again"),
    Kind.IMAGES_HIDDEN: ("影像已隐藏", "Images hidden"),
    Kind.IMAGES_REPLACED: ("影像已更正", "Images replaced by corrected ones"),
    Kind.IMAGES_RESTORED: ("影像已恢复", "Images put back"),
    Kind.IMAGES_DELETED: ("影像已删除", "Images deleted"),
    Kind.IMAGES_HELD: ("影像已封存", "Images put under legal hold"),
    Kind.IMAGES_HOLD_ENDED: ("影像已解除封存", "Legal hold ended"),
    Kind.PATIENTS_MERGED: ("重复登记的患者已合并", "Patients merged"),
    Kind.STUDY_MOVED: ("检查已改归正确患者", "Study moved to the right patient"),
    Kind.PATIENT_CHANGE_UNDONE: ("患者合并或改归已撤销", "Merge or move taken back"),
    Kind.REQUEST_DRAFTED: ("新建草稿", "Draft begun"),
    Kind.APPROVAL_ASKED: ("送院内审批", "In-house approval asked for"),
    Kind.APPROVAL_GIVEN: ("院内审批同意", "Approved in house"),
    Kind.APPROVAL_PASSED_ON: ("轮到下一步审批", "The next step is asked"),
    Kind.APPROVAL_DENIED: ("补批不同意", "Not approved afterwards"),
    Kind.APPROVAL_REJECTED: ("院内审批不同意", "Not approved in house"),
    Kind.APPROVAL_RECALLED: ("取回院内审批", "Taken back from approval"),
    Kind.APPROVAL_BYPASSED: ("紧急先行发送，待补批", "Sent before approval: it is owed"),
    Kind.REQUEST_DEIDENTIFIED: ("资料已去标识化", "The material was de-identified"),
    Kind.GUIDANCE_ACKNOWLEDGED: ("责任提示已确认", "The responsibility note was acknowledged"),
    Kind.GUIDANCE_ENTERED: ("术中记录", "Entered during the operation"),
    Kind.GUIDANCE_MARKED: ("建议采纳情况", "Whether an advice was taken"),
    Kind.GUIDANCE_OUTCOME_SET: ("手术结局已登记", "The operation's outcome"),
    Kind.REQUEST_SUBMITTED: ("发送申请", "Request sent"),
    Kind.REQUEST_RETURNED: ("退回补充资料", "Returned for more material"),
    Kind.REQUEST_RESUBMITTED: ("补充后重新发送", "Sent again"),
    Kind.REQUEST_WITHDRAWN: ("撤回申请", "Request withdrawn"),
    Kind.REQUEST_DECLINED: ("婉拒申请", "Request declined"),
    Kind.REQUEST_REDIRECTED: ("转至其他机构", "Redirected to another institution"),
    Kind.REQUEST_OVERFLOW_ASKED: (
        "受邀机构暂无医师，请申请方决定是否转送",
        "Nobody there can take it: the requester is asked to pass it on",
    ),
    Kind.REQUEST_OVERFLOW_SETTLED: (
        "是否转送已有结果",
        "Whether to pass it on is settled",
    ),
    Kind.REQUEST_CONFIRMED: ("申请方已阅并反馈", "Report read, decision given"),
    Kind.REQUEST_COUNTED_OUT: ("剔除统计", "Taken out of the tally"),
    Kind.WORKITEM_ASSIGNED: ("指派或预留给专家", "Assigned or reserved"),
    Kind.WORKITEM_UNASSIGNED: ("取消指派或预留", "No longer assigned or reserved"),
    Kind.WORKITEM_CLAIMED: ("专家领取", "Claimed"),
    Kind.WORKITEM_RELEASED: ("释放回队列", "Released to the queue"),
    Kind.WORKITEM_TAKEN_OVER: ("他人接手", "Taken over"),
    Kind.WORKITEM_EXPIRED: ("离线超时自动释放", "Released: the holder went offline"),
    Kind.WORKITEM_PUT_ASIDE: ("暂放，先处理紧急病例", "Put aside for a more urgent case"),
    Kind.WORKITEM_RESUMED: ("继续处理暂放病例", "Taken up again"),
    Kind.ASSIGNMENT_MODE_SET: ("派单方式已更改", "Mode of assignment set"),
    Kind.ASSIGNMENT_TERMS_SET: ("医师派单条件已更改", "A reader's terms set"),
    Kind.AGREEMENT_CHANGED: ("协议条款已更改", "An agreement's terms changed"),
    Kind.HANDOVER_SIGNED: ("交班单已签名", "Hand-over signed"),
    Kind.HANDOVER_ACCEPTED: ("交班单已接班", "Hand-over accepted"),
    Kind.DUTY_SET: ("排班", "Put on the roster"),
    Kind.DUTY_CANCELED: ("撤销排班", "Taken off the roster"),
    Kind.RESOURCE_SET: ("会诊室或设备已登记", "A room or device was entered or changed"),
    Kind.DIARY_HOURS_SET: ("出诊时间已更改", "Weekly hours set"),
    Kind.DIARY_EXCEPTION_SET: ("请假、加诊或停用已登记", "An exception was entered"),
    Kind.DIARY_EXCEPTION_CANCELED: ("请假、加诊或停用已撤销", "An exception was taken back"),
    Kind.DIARY_LINKED: ("日历订阅链接已生成", "A calendar link was made"),
    Kind.DIARY_UNLINKED: ("日历订阅链接已停用", "A calendar link was revoked"),
    Kind.APPOINTMENT_HELD: ("预约时间已暂留", "A time was held"),
    Kind.APPOINTMENT_PROPOSED: ("预约已提交", "Appointment proposed"),
    Kind.APPOINTMENT_CONFIRMED: ("预约已确认", "Appointment confirmed"),
    Kind.APPOINTMENT_RESCHEDULED: ("预约已改期", "Appointment rescheduled"),
    Kind.APPOINTMENT_BEGUN: ("预约已开始", "Session begun"),
    Kind.APPOINTMENT_ENDED: ("预约已结束", "Session ended"),
    Kind.APPOINTMENT_CANCELED: ("预约已取消", "Appointment canceled"),
    Kind.APPOINTMENT_LAPSED: ("预约逾期自动释放", "Appointment lapsed"),
    Kind.APPOINTMENT_MISSED: ("爽约已登记", "No-show entered"),
    Kind.APPOINTMENT_ANSWERED: ("受邀人已回复", "Somebody invited answered"),
    Kind.APPOINTMENT_REPLACED: ("受邀人已替换", "Somebody invited was replaced"),
    Kind.APPOINTMENT_SHARED: ("预约涉及其他机构", "The appointment concerns further institutions"),
    Kind.APPOINTMENT_ATTENDED: ("机构已参加", "An institution took part"),
    Kind.ACCOMPANIMENT_NAMED: ("陪同医师已指定", "Accompanying doctor named"),
    Kind.ACCOMPANIMENT_CONFIRMED: ("陪同医师已确认在场", "Accompanying doctor confirmed present"),
    Kind.CONFERENCE_ENTERED: ("有人进入视频", "Somebody entered the conference"),
    Kind.CONFERENCE_LEFT: ("有人离开视频", "Somebody left the conference"),
    Kind.CONFERENCE_DROPPED: ("有人掉线", "Somebody's line was lost"),
    Kind.CONFERENCE_RETURNED: ("掉线后恢复", "Somebody's line is back"),
    Kind.CONFERENCE_MODE: ("参会方式已改变", "Somebody takes part in another way"),
    Kind.CONFERENCE_CHECKED: ("设备与线路已测试", "Devices and line were checked"),
    Kind.MINUTES_CLOSED: ("记录已定稿，待签名", "Minutes closed for signing"),
    Kind.MINUTES_REOPENED: ("记录已退回修改，签名作废", "Minutes reopened, signatures void"),
    Kind.MINUTES_SIGNED: ("记录已签名", "Minutes signed by somebody"),
    Kind.MINUTES_COMPLETED: ("记录签名完成", "Minutes signed by all"),
    Kind.MINUTES_ARCHIVED: ("记录已归档", "Minutes archived"),
    Kind.MINUTES_CONSENT_SET: (
        "录制或教学使用的同意意见已登记",
        "Consent to recording or teaching entered",
    ),
    Kind.FOLLOWUP_DUE: ("随访到期", "Follow-up due"),
    Kind.FOLLOWUP_ANSWERED: ("随访结果已反馈", "Follow-up answered"),
    Kind.FOLLOWUP_CORRECTED: ("随访结果已更正", "Follow-up corrected"),
    Kind.FOLLOWUP_LAPSED: ("随访逾期未反馈", "Follow-up lapsed unanswered"),
    Kind.EVALUATION_GIVEN: ("已作评价", "Evaluated"),
    Kind.EVALUATION_CHANGED: ("评价已修改", "Evaluation changed"),
    Kind.EVALUATION_OPENED: ("评价已公开", "Evaluation shown to both sides"),
    Kind.CHARGE_CHARGED: ("已计费", "Charged"),
    Kind.CHARGE_SETTLED: ("费用已结算", "Charge settled"),
    Kind.CHARGE_WAIVED: ("费用已减免", "Charge waived"),
    Kind.CHARGE_REFUNDED: ("费用已退", "Charge refunded"),
    Kind.WAITING_BEGUN: ("已进入候补", "Put on the wait list"),
    Kind.WAITING_OFFERED: ("候补已获得时间", "A freed time was offered to who waited"),
    Kind.WAITING_ENDED: ("候补已结束", "Taken off the wait list"),
    Kind.URGENT_CALL_BEGUN: ("急会诊呼叫", "Urgent call begun"),
    Kind.URGENT_CALL_RUNG: ("已呼叫一位专家", "The call rang somebody"),
    Kind.URGENT_CALL_ANSWERED: ("急会诊呼叫已接听", "Urgent call answered"),
    Kind.URGENT_CALL_EXHAUSTED: ("急会诊呼叫无人接听", "Nobody answered the urgent call"),
    Kind.URGENT_CALL_CANCELED: ("急会诊呼叫已取消", "Urgent call canceled"),
    Kind.CHECKLIST_TICKED: ("资料已核对", "The material was looked through"),
    Kind.OPINION_ASKED: ("邀请专家", "An expert was asked"),
    Kind.OPINION_ACCEPTED: ("专家已接受邀请", "An expert accepted"),
    Kind.OPINION_DECLINED: ("专家谢绝邀请", "An expert declined"),
    Kind.OPINION_SIGNED: ("专家意见已签名", "An expert signed their opinion"),
    Kind.OPINION_CONSOLIDATED: ("主持已综合意见", "The chair drew the opinions together"),
    Kind.OPINION_WITHDRAWN: ("专家邀请已撤销", "An expert is asked no longer"),
    Kind.OPINION_LAPSED: ("专家逾期未回复", "An expert did not answer in time"),
    Kind.COURSE_DRAFTED: ("课程草稿已建立", "Course drafted"),
    Kind.COURSE_APPLIED: ("课程已提交审核", "Course sent for review"),
    Kind.COURSE_APPROVED: ("课程审核通过", "Course approved"),
    Kind.COURSE_RETURNED: ("课程已退回修改", "Course returned"),
    Kind.COURSE_PUBLISHED: ("课程已发布", "Course published"),
    Kind.COURSE_ARCHIVED: ("课程已归档", "Course archived"),
    Kind.COURSE_CANCELED: ("课程已取消", "Course canceled"),
    Kind.LECTURE_PLANNED: ("课程场次已安排", "Lecture planned"),
    Kind.LECTURE_CHANGED: ("课程场次已更改", "Lecture changed"),
    Kind.LECTURE_OPENED: ("场次开放报名", "Enrolment opened"),
    Kind.LECTURE_CLOSED: ("场次截止报名", "Enrolment closed"),
    Kind.LECTURE_BEGUN: ("授课已开始", "Lecture begun"),
    Kind.LECTURE_FINISHED: ("授课已结束", "Lecture finished"),
    Kind.LECTURE_CANCELED: ("场次已取消", "Lecture canceled"),
    Kind.ENROLMENT_MADE: ("已报名", "Enrolled"),
    Kind.ENROLMENT_WAITING: ("已进入报名候补", "Put on a lecture's wait list"),
    Kind.ENROLMENT_MOVED_UP: ("报名候补转正", "Moved up from the wait list"),
    Kind.ENROLMENT_WITHDRAWN: ("已退出报名", "Enrolment withdrawn"),
    Kind.ENROLMENT_CHECKED_IN: ("已签到", "Checked in"),
    Kind.ENROLMENT_CHECKED_OUT: ("已签退", "Checked out"),
    Kind.ENROLMENT_ATTENDED: ("已参加学习", "Attended"),
    Kind.ENROLMENT_MISSED: ("缺席", "Absent"),
    Kind.ENROLMENT_STUDIED: ("已点播学习", "Took part on demand"),
    Kind.ENROLMENT_RAN_OUT: ("点播到期未完成", "On demand, not finished in time"),
    Kind.MATERIAL_ADDED: ("课程资料已上传", "Course material added"),
    Kind.MATERIAL_REMOVED: ("课程资料已移除", "Course material removed"),
    Kind.QUIZ_SAT: ("测验已作答", "Quiz sat"),
    Kind.FEEDBACK_GIVEN: ("课程评价已提交", "Feedback given"),
    Kind.CREDIT_GIVEN: ("学分已授予", "Credit given"),
    Kind.REPORT_SIGNED: ("书写医师签名，待审核", "Signed by the author, awaiting verification"),
    Kind.REPORT_SENT_BACK: ("审核退回修改", "Sent back by the verifier"),
    Kind.REPORT_ISSUED: ("报告签发", "Report issued"),
    Kind.REPORT_ADDENDED: ("补充报告签发", "Addendum issued"),
    Kind.REPORT_AMENDED: ("修订报告签发", "Amended report issued"),
    Kind.REPORT_IMAGES_CHANGED: ("签名后影像有变化，待核对", "Images changed after signing"),
    Kind.REPORT_CHECKED: ("已核对影像，报告不变", "Images checked, report unchanged"),
    Kind.CRITICAL_RAISED: ("危急值通知", "Critical finding notified"),
    Kind.CRITICAL_ACKNOWLEDGED: ("危急值已确认", "Critical finding acknowledged"),
    Kind.UPS_CREATED: ("本机构工作项已创建", "Own workitem created"),
    Kind.UPS_CHANGED: ("工作项内容已修改", "Workitem changed"),
    Kind.UPS_MOVED: ("本机构工作项状态变化", "Own workitem changed its state"),
    Kind.UPS_PROGRESSED: ("工作项进度已更新", "Workitem progress told"),
    Kind.UPS_CANCEL_REQUESTED: ("请求取消工作项", "Cancellation asked for"),
    Kind.UPS_SUBSCRIBED: ("订阅工作项", "Workitems subscribed to"),
    Kind.CRITICAL_ACTED_ON: ("危急值已处置", "Critical finding acted on"),
    Kind.NOTICE_TOLD: ("已发出提醒", "People were told"),
    Kind.NOTICE_GIVEN_UP: ("提醒未能送达", "A notice could not be delivered"),
    Kind.ESCALATION_ACKNOWLEDGED: ("提醒已有人接手", "Somebody took the escalation on"),
    Kind.ESCALATION_EXHAUSTED: (
        "逐级提醒已用尽，无人响应",
        "Escalation exhausted, nobody answered",
    ),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact before it has a place in the log.

    `parties` are the institutions it concerns (three at most); a socket or a list shows it to
    nobody else.
    """

    kind: Kind
    at: datetime
    actor_id: str | None
    institution_id: str | None
    parties: tuple[str, ...]
    request_id: str | None = None
    study_id: str | None = None
    report_id: str | None = None
    data: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """A fact in the log. `seq` order equals commit order."""

    seq: int
    kind: str
    at: datetime
    actor_id: str | None
    institution_id: str | None
    request_id: str | None
    study_id: str | None
    report_id: str | None
    data: Mapping[str, object]
    parties: tuple[str, ...] = ()
