"""What may be refused to somebody, in words: every permission, and the few deeds beside them.

Codes and words only. Who has a permission is `core.access`'s to say.
"""

from collections.abc import Mapping
from types import MappingProxyType

_WORDS = {
    "signed-in": ("登录", "sign in"),
    "see-cases": ("查看病例", "see cases"),
    "see-studies": ("查看影像", "see images"),
    "see-patients": ("查看本机构患者", "see the institution's patients"),
    "store-studies": ("上传检查资料", "store studies"),
    "correct-studies": ("更正影像与患者信息", "correct images and patients"),
    "delete-studies": ("删除影像", "delete images"),
    "write-requests": ("填写和发送申请", "write and send requests"),
    "approve-requests": ("审批申请", "approve requests"),
    "move-requests": ("退回、婉拒或转送申请", "return, decline or pass on requests"),
    "read-queue": ("查看待诊队列", "see the waiting queue"),
    "assign-work": ("派单", "assign cases"),
    "see-fairness": ("查看派单公平台账", "see the fairness ledger"),
    "work-items": ("使用 UPS 工作列表接口", "use the UPS worklist interface"),
    "write-reports": ("书写诊断报告", "write reports"),
    "verify-reports": ("审核报告", "verify reports"),
    "see-roster": ("查看值班表", "see the roster"),
    "keep-roster": ("排班", "keep the roster"),
    "see-calendars": ("查看日程与可预约时间", "see calendars and free times"),
    "book-appointments": ("预约", "book appointments"),
    "confirm-appointments": ("确认预约", "confirm appointments"),
    "see-training": ("参加教育培训", "take part in training"),
    "give-training": ("开设课程", "give courses"),
    "review-training": ("审核课程", "review courses"),
    "settle-charges": ("结算费用", "settle charges"),
    "see-tally": ("查看统计", "see the tally"),
    "export-tally": ("导出统计", "export the tally"),
    "see-network": ("查看网络与协议", "see the network and its agreements"),
    "keep-agreements": ("管理协议", "keep agreements"),
    "manage-accounts": ("管理账号", "manage accounts"),
    "grant-roles": ("授予角色", "grant roles"),
    "manage-sessions": ("管理会话", "manage sessions"),
    "see-audit": ("查看审计", "see the audit"),
    "see-system": ("查看系统状态", "see the system's state"),
    "ask-experts": ("邀请专家", "ask experts"),
    "print-report": ("打印报告", "print reports"),
    "hand-over": ("交班", "hand a shift over"),
    "accept-handover": ("接收交给他人的班", "accept what is handed over to somebody else"),
    "minutes-write": ("书写记录的这一部分", "write in this part of the minutes"),
    "minutes-close": ("记录定稿", "close the minutes"),
    "minutes-reopen": ("退回记录", "reopen the minutes"),
    "minutes-sign": ("签署记录", "sign the minutes"),
    "enter-consent": ("登记患者的同意意见", "enter what the patient consents to"),
    "send-streams": ("发送手术画面", "send the pictures of an operation"),
    "act-for-person": ("以医务人员身份操作", "act as a person of the register"),
    "act-for-institution": ("代表机构操作", "act for an institution"),
}
ACTION_WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {code: MappingProxyType({"zh": zh, "en": en}) for code, (zh, en) in _WORDS.items()}
)
"""By code; a permission without words fails a test."""
