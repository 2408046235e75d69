"""The errors people meet, as one table.

Each error carries facts; the sentence is built from them in Chinese and English, so the wire,
the screen and the docs cannot drift apart. HTTP statuses live in `server/problems.py`.

    TelemedError
    ├── one code per row of ERRORS, raised as Problem(code, **facts)
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from telemed.core.action_words import ACTION_WORDS
from telemed.core.aftercare_errors import AFTERCARE_ROWS
from telemed.core.appointment_errors import APPOINTMENT_ROWS
from telemed.core.error_row import ErrorRow
from telemed.core.guidance_errors import GUIDANCE_ROWS
from telemed.core.training_errors import TRAINING_ROWS

ZONE = ZoneInfo("Asia/Shanghai")


_ROWS = (
    ErrorRow("not-signed-in", "请先登录。", "Please sign in first."),
    ErrorRow("wrong-credentials", "用户名或密码不正确。", "Wrong user name or password."),
    ErrorRow(
        "locked-out",
        "连续登录失败次数过多，请 {minutes} 分钟后再试，或联系安全管理员。",
        "Too many failed sign-ins. Try again in {minutes} minutes or ask the security"
        " administrator.",
    ),
    ErrorRow(
        "bad-origin",
        "请求来源不可信，已拒绝。请从平台页面重新操作。",
        "The request came from an untrusted page and was refused. Use the platform's own pages.",
    ),
    ErrorRow(
        "forbidden",
        "您的账号没有“{action}”的权限。工作需要时，请安全管理员为您授予有此权限的角色。",
        "Your account may not {action}. If your work needs it, ask the security administrator for"
        " a role that may.",
    ),
    ErrorRow(
        "not-found",
        "没有找到该内容，或您无权查看。",
        "Nothing found here, or it is not yours to see.",
    ),
    ErrorRow(
        "invalid",
        "提交的内容不符合要求：{detail}。",
        "The request is not well formed: {detail}.",
    ),
    ErrorRow(
        "unsigned",
        "回执签名无效或已过期。",
        "The call is not signed with our secret, or was signed too long ago.",
    ),
    ErrorRow(
        "already-acted",
        "该危急值的处置已经登记。",
        "What was done about this critical finding has been entered already.",
    ),
    ErrorRow(
        "not-to-take-on",
        "危急值须在病例中确认，不能只接手提醒。",
        "A critical finding is acknowledged on its case; the reminder cannot be taken on.",
    ),
    ErrorRow("too-large", "内容超过上限 {limit}。", "The body is over the limit of {limit}."),
    ErrorRow(
        "not-supported-media",
        "不支持的内容类型：{detail}。",
        "The content type is not supported: {detail}.",
    ),
    ErrorRow(
        "not-acceptable",
        "无法按请求的格式返回。可用：{supported}。",
        "None of the acceptable types can be given. Supported: {supported}.",
    ),
    ErrorRow("method-not-allowed", "不支持该操作方式。", "That method is not supported here."),
    ErrorRow(
        "stale",
        "内容已被他人更新（当前版本 {current}）。您的修改未丢失，请刷新后合并。",
        "Somebody else changed this first (now version {current}). Your text is kept; reload and"
        " merge.",
    ),
    ErrorRow(
        "illegal-transition",
        "当前状态“{state}”下不能执行“{event}”。",
        "“{event}” is not possible while it is “{state}”.",
    ),
    ErrorRow(
        "already-claimed",
        "该申请已由 {holder} 于 {since} 领取。",
        "{holder} claimed this request at {since}.",
    ),
    ErrorRow(
        "set-aside",
        "该申请已指派或预留给 {holder}，如需接手请选择原因。",
        "This request is assigned to or reserved by {holder}. Take it over with a reason.",
    ),
    ErrorRow(
        "not-claim-holder",
        "该申请目前不在您名下，操作未执行。您写的内容已保留。",
        "You do not hold this request now; nothing was done. What you wrote is kept.",
    ),
    ErrorRow(
        "not-qualified",
        "您不能领取该申请：{reason}。",
        "You may not take this request: {reason}.",
    ),
    ErrorRow(
        "not-asked",
        "没有待您同意的转送，或病例已有人处理。",
        "You were not asked to pass it on, or somebody has taken it meanwhile.",
    ),
    ErrorRow(
        "no-agreement",
        "与 {provider} 没有覆盖“{service}”的有效协议，不能发送。",
        "There is no agreement in force with {provider} for “{service}”.",
    ),
    ErrorRow(
        "consent-receiver",
        "知情同意书未同意转送其他机构，请婉拒并说明，由申请方重新选择。",
        "The consent does not allow passing on; decline with a reason so that they can choose.",
    ),
    ErrorRow(
        "out-of-scope",
        "{provider} 的诊疗科目不包含“{service}”。",
        "{provider} is not licensed for “{service}”.",
    ),
    ErrorRow(
        "service-not-live",
        "“{service}”即将开放，目前不能申请。",
        "“{service}” is not open yet.",
    ),
    ErrorRow(
        "incomplete",
        "还缺少 {count} 项内容，补齐后才能发送。",
        "{count} things are missing before this can be sent.",
    ),
    ErrorRow(
        "agreement-side",
        "时限由受邀方承诺、顺位由申请方排定，只能更改本方的部分。",
        "The responding side sets the deadlines and the requesting side the rank; each sets its"
        " own part only.",
    ),
    ErrorRow(
        "agreement-over",
        "协议已到期，不能再更改。",
        "The agreement has ended and is not changed any more.",
    ),
    ErrorRow(
        "deadline-refused",
        "第 {row} 条时限不能保存：{why}。",
        "Deadline {row} cannot be saved: {why}.",
    ),
    ErrorRow(
        "rank-refused",
        "顺位须在 1 至 {most} 之间。",
        "A rank is between 1 and {most}.",
    ),
    ErrorRow(
        "opinion-asked",
        "{name}已受邀对本例发表意见。",
        "{name} is asked for an opinion on this case already.",
    ),
    ErrorRow(
        "chair-taken",
        "本例已由{name}主持。如需更换，请先撤销对其的邀请。",
        "{name} chairs this case already. Withdraw that first.",
    ),
    ErrorRow("opinion-empty", "“意见”不能为空。", "The opinion must say something."),
    ErrorRow(
        "opinions-open",
        "还有 {count} 位专家尚未提交意见（{names}）。请等待，或说明为何不再等待。",
        "{count} experts have not given their opinion yet ({names}). Wait, or say why the report is"
        " written without them.",
    ),
    ErrorRow(
        "own-approval", "不能审批本人提交的申请。", "Nobody approves what they sent themselves."
    ),
    ErrorRow(
        "approval-needed",
        "该紧急程度须先经院内审批，不能先行发送。",
        "At this urgency it is approved in house first and cannot be sent before.",
    ),
    ErrorRow("reason-required", "请选择原因。", "A coded reason is needed for this step."),
    ErrorRow(
        "four-eyes",
        "书写与审核必须由不同医师完成。",
        "The verifier must be somebody other than the author.",
    ),
    ErrorRow(
        "signature-invalid",
        "第 {number} 版报告的签名校验未通过，已停止显示。请立即报告系统管理员。",
        "The signature of version {number} does not verify; it is not shown. Report this now.",
    ),
    ErrorRow(
        "report-empty",
        "检查所见和诊断意见不能为空。",
        "Findings and impression must not be empty.",
    ),
    ErrorRow(
        "report-incomplete",
        "报告还缺少：{fields}。",
        "The report still lacks: {fields}.",
    ),
    ErrorRow(
        "sign-again",
        "签名需要重新确认身份，请输入密码。",
        "Signing needs your password again.",
    ),
    ErrorRow(
        "study-conflict",
        "同一检查号已有不同内容，已隔离待处理。",
        "The same UID already holds other content; the new copy is quarantined.",
    ),
    ErrorRow(
        "gone",
        "该影像已按规定删除。",
        "These images were deleted.",
    ),
    ErrorRow(
        "study-in-use",
        "有申请正在使用该检查，报告签发或申请结束后才能操作。",
        "A request that is being read uses this study. Wait until it is answered or ended.",
    ),
    ErrorRow(
        "on-hold",
        "该检查已封存，不能删除。",
        "A legal hold is on this study; it may not be deleted.",
    ),
    ErrorRow(
        "retention",
        "保存期限至 {until}，期满前不能删除，只能隐藏。",
        "It must be kept until {until}. Before that it can be hidden, not deleted.",
    ),
    ErrorRow(
        "second-person",
        "隐藏与删除必须由不同的人完成。",
        "Somebody other than the one who hid it must delete it.",
    ),
    ErrorRow(
        "another-copy",
        "同一影像编号已有另一份在显示，不能恢复。",
        "Another copy under the same UID is shown now, so this one cannot be put back.",
    ),
    ErrorRow(
        "nothing-to-check",
        "没有待核对的影像变化。",
        "No changed images wait to be checked.",
    ),
    ErrorRow(
        "not-two-patients",
        "请选择两位不同的、未被合并的患者。",
        "Choose two different patients, neither of them merged already.",
    ),
    ErrorRow(
        "undo-elsewhere",
        "检查已改归另一位患者，请在患者页撤销改归。",
        "The study was moved to another patient; take that back on the patient's page.",
    ),
    ErrorRow(
        "upload-offset",
        "续传位置不一致，应从 {expected} 字节继续。",
        "The upload must go on from byte {expected}.",
    ),
    ErrorRow(
        "no-space",
        "服务器存储空间不足，文件未保存。请稍后重试或联系管理员。",
        "The server is short of disk space; nothing was stored. Try later.",
    ),
    ErrorRow(
        "too-many",
        "操作过于频繁，请 {seconds} 秒后再试。",
        "Too many requests. Try again in {seconds} seconds.",
    ),
    ErrorRow(
        "cannot-render",
        "该影像无法在服务器端显示：{detail}。",
        "This image cannot be rendered: {detail}.",
    ),
    ErrorRow(
        "roles-separate",
        "系统、安全、审计管理员三员分立，不能与其他角色兼任。",
        "System, security and audit administrators are separate people; such a role stands alone.",
    ),
    ErrorRow(
        "own-account",
        "不能修改自己的角色或停用自己的账号，请由另一位安全管理员操作。",
        "Nobody may change their own roles or disable themselves. Ask another security"
        " administrator.",
    ),
    ErrorRow(
        "username-taken",
        "用户名“{username}”已被使用。",
        "The user name “{username}” is taken.",
    ),
    ErrorRow(
        "weak-password",
        "密码太容易被猜到：{reason}。",
        "The password is too easy to guess: {reason}.",
    ),
    ErrorRow("wrong-password", "密码不正确，请重试。", "That is not your password. Try again."),
    ErrorRow(
        "ups-state",
        "工作项处于“{state}”状态，不能这样操作（{status}）。",
        "The workitem is “{state}”; this cannot be done to it ({status}).",
    ),
    ErrorRow(
        "ups-tuid-missing",
        "缺少事务 UID (0008,1195)（{status}）。",
        "The Transaction UID (0008,1195) is missing ({status}).",
    ),
    ErrorRow(
        "ups-tuid-wrong",
        "事务 UID (0008,1195) 与领取时不符（{status}）。",
        "The Transaction UID (0008,1195) is not that of the claim ({status}).",
    ),
    ErrorRow(
        "ups-unmet",
        "尚不能完成，还缺少：{missing}（{status}）。",
        "It cannot be completed yet; it lacks: {missing} ({status}).",
    ),
    ErrorRow(
        "ups-exists",
        "该工作项 UID 已被使用。",
        "The workitem UID is in use.",
    ),
    ErrorRow(
        "aet-taken",
        "AE 标题“{aet}”属于本机构的另一账号。",
        "The AE title “{aet}” belongs to another account of your institution.",
    ),
    ErrorRow(
        "list-moved",
        "列表已变化，请从头加载。",
        "The list has moved on; load it from the beginning.",
    ),
    ErrorRow(
        "too-many-filters",
        "最多保存 {most} 个筛选，请先删除不用的。",
        "You may keep {most} filters; delete one first.",
    ),
    ErrorRow(
        "shift-overlap",
        "{person} 在 {since} 至 {until} 已有“{kind}”，同一人同一类值班不能重叠。",
        "{person} is on “{kind}” from {since} to {until} already; one person has a duty once.",
    ),
    ErrorRow(
        "shift-over",
        "该班次已经结束，值班记录不能再改。",
        "That shift is over; what was on duty then is a record.",
    ),
    ErrorRow(
        "roster-line",
        "第 {line} 行的“{column}”无法识别，没有导入任何班次。",
        "“{column}” of line {line} cannot be understood; nothing was imported.",
    ),
    ErrorRow(
        "too-many-shifts",
        "一次最多排 {most} 个班次，请减少人数或周数。",
        "At most {most} shifts at once; take fewer people or weeks.",
    ),
    ErrorRow(
        "impossible-time",
        "时间不成立（应为 {detail}）。",
        "That cannot be a time; it must be {detail}.",
    ),
    ErrorRow(
        "time-past",
        "时间已过，请重新选择。",
        "That time is past; choose another.",
    ),
    ErrorRow(
        "time-refused",
        "该时间不能预约：{why}。",
        "That time cannot be booked: {why}.",
    ),
    ErrorRow(
        "slot-taken",
        "{who} 在该时间不能预约：{why}。请重新选择时间。",
        "{who} cannot be booked then: {why}. Choose another time.",
    ),
    ErrorRow(
        "hold-over",
        "暂留已过期，请重新选择时间。",
        "The hold has run out; choose a time again.",
    ),
    ErrorRow(
        "leave-overlap",
        "与已登记的 {since} 至 {until} 的请假或停用重叠。",
        "It meets the leave or closure from {since} to {until} that is entered already.",
    ),
    ErrorRow(
        "in-use",
        "仍有 {count} 个预约使用该会诊室或设备，不能减少容量或停用。",
        "{count} appointments still use that room or device.",
    ),
    ErrorRow(
        "too-many-waiting",
        "最多同时候补 {most} 项。",
        "At most {most} entries may wait at once.",
    ),
    ErrorRow(
        "nobody-bookable",
        "没有可预约的人员、会诊室或设备：{what}。",
        "There is nobody or nothing that can be booked: {what}.",
    ),
    ErrorRow(
        "offered",
        "已为您暂留时间（预约 {number}），如不需要请取消该预约。",
        "A time is held for you already (appointment {number}); cancel that if you need it not.",
    ),
    ErrorRow(
        "too-many-links",
        "最多保留 {most} 个日历订阅链接，请先停用不用的。",
        "You may keep {most} calendar links; revoke one first.",
    ),
    ErrorRow(
        "too-early",
        "{at} 之后才能这样操作。",
        "This can be done from {at} on.",
    ),
    ErrorRow(
        "conference-closed",
        "现在不能进入：预约{state}。",
        "The conference cannot be entered: the appointment is {state}.",
    ),
    *AFTERCARE_ROWS,
    ErrorRow(
        "internal",
        "系统出错，您的操作可能未完成。请报告错误编号 {incident}。",
        "Something broke on our side. Please report incident {incident}.",
    ),
    ErrorRow(
        "unavailable", "服务暂时不可用，请稍后重试。", "The service is unavailable; try again soon."
    ),
    *APPOINTMENT_ROWS,
    *GUIDANCE_ROWS,
    *TRAINING_ROWS,
)

ERRORS: Mapping[str, ErrorRow] = MappingProxyType({row.code: row for row in _ROWS})


class Problem(Exception):
    """Something a person or a client must be told, by code and facts."""

    def __init__(self, code: str, **facts: object) -> None:
        self.row = ERRORS[code]
        self.code = code
        self.facts: dict[str, object] = facts
        super().__init__(code)

    def sentence(self, language: str) -> str:
        """The sentence in `zh` or `en`, built from the facts."""
        template = self.row.zh if language == "zh" else self.row.en
        facts = self.facts
        if self.code == "forbidden":  # clients read the code of what was refused, people its name
            action = facts.get("action")
            facts = {**facts, "action": ACTION_WORDS.get(str(action), action)}
        return template.format_map(_Facts(facts, language))

    def __str__(self) -> str:
        return f"{self.code}: {self.sentence('en')}"


def _shown(fact: object, language: str) -> object:
    """A fact as a sentence says it: in its language, and a time as Guangxi's clocks show it."""
    if isinstance(fact, Mapping):
        return fact.get(language, fact)
    if isinstance(fact, datetime):
        return fact.astimezone(ZONE).strftime("%m-%d %H:%M")
    if isinstance(fact, list):
        return ("、" if language == "zh" else ", ").join(str(_shown(x, language)) for x in fact)
    return fact


class _Facts(dict[str, object]):
    """Facts by name; a fact with both languages is a mapping {zh, en}; an absent one shows as …"""

    def __init__(self, facts: Mapping[str, object], language: str) -> None:
        super().__init__({name: _shown(fact, language) for name, fact in facts.items()})

    def __missing__(self, key: str) -> str:
        return "…"
