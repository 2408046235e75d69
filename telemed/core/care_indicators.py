"""The indicators of what goes with an answer: sessions, who was there, follow-up, evaluation, fees.

As in `indicators`, each number's written definition stands here once, in both languages.
"""

from dataclasses import replace

from telemed.core.activity import Kind
from telemed.core.indicator import Better, Indicator, Measure, Side
from telemed.core.indicator import count as _count
from telemed.core.indicator import duration as _duration
from telemed.core.indicator import share as _share

CARE_ROWS: tuple[Indicator, ...] = (
    _count(
        "sessions_proposed", "预约提交数", "Sessions proposed", Side.BOTH,
        Kind.APPOINTMENT_PROPOSED,
        "提交受邀方确认的预约；改期后再次确认的不重复计。",
        "Times proposed to the responding side; another time for the same session is not counted.",
    ),
    _count(
        "sessions_confirmed", "预约确认数", "Sessions confirmed", Side.PROVIDER,
        Kind.APPOINTMENT_CONFIRMED,
        "受邀方确认的次数；改期后须再次确认，再计一次。",
        "Times the responding side confirmed; another time is confirmed, and counted, again.",
    ),
    _duration(
        "session_confirming", "确认用时", "Time to confirm", Side.PROVIDER,
        Kind.APPOINTMENT_CONFIRMED,
        "自预约提交（或改期）至受邀方确认。",
        "From the proposal, or the other time, to its confirmation.",
    ),
    _count(
        "sessions_held", "实时场次", "Sessions held", Side.BOTH, Kind.APPOINTMENT_ENDED,
        "已开始并结束的场次。",
        "Sessions that began and ended.",
    ),
    Indicator(
        "session_minutes", "实时时长合计", "Minutes of sessions", Measure.TOTAL, Side.BOTH,
        "分钟",
        "各场自开始至结束的时长之和，每场先四舍五入到分钟再相加。",
        "From beginning to end of each session, each rounded to minutes before adding.",
        counts=Kind.APPOINTMENT_ENDED,
    ),
    _count(
        "institutions_attended", "参与机构数", "Institutions that took part", Side.BOTH,
        Kind.APPOINTMENT_ATTENDED,
        "会诊、讨论结束时有人实际到场的机构，每场每家计一次，含邀请方与受邀方。到场指进入过会诊室、"
        "陪同医师按姓名确认在场或记录中登记到场；无人进入会诊室的场次以未谢绝的席位为准；"
        "记录中登记缺席的不计。邀请方计其发起的各场，受邀方一侧每家计其到场的各场。",
        "Institutions of which somebody was there, one for each session, the two sides included:"
        " in the conference, accompanying and confirmed by name, or in the minutes as having come;"
        " where nobody was in the conference, whoever sat in the session. Whoever the minutes call"
        " absent was not. Under the asking side stand the sessions it asked for; under the"
        " responding side each institution's own, in which it took part.",
    ),
    _count(
        "sessions_attended", "有到场记录的场次", "Sessions with attendance", Side.BOTH,
        Kind.APPOINTMENT_ENDED,
        "已结束且记有到场机构数的场次；此前的场次没有该记录，不在其内。",
        "Sessions held that say how many institutions were there; older ones do not.",
    ),
    _count(
        "sessions_of_several", "三家及以上机构参与的场次", "Sessions of three institutions or more",
        Side.BOTH, Kind.APPOINTMENT_ENDED,
        "其中实际到场机构不少于三家的场次。",
        "Those of them in which three institutions or more were there.",
    ),
    _share(
        "sessions_of_several_share", "多机构参与率", "Share of sessions of several", Side.BOTH,
        "sessions_of_several", "sessions_attended",
        "三家及以上机构参与的场次 ÷ 有到场记录的场次。",
        "Sessions of three institutions or more over sessions with attendance.",
        None,
    ),
    _count(
        "sessions_canceled", "预约取消数", "Sessions canceled", Side.BOTH,
        Kind.APPOINTMENT_CANCELED,
        "由人取消的预约；逾期自动释放的不计。",
        "Sessions that somebody canceled; what lapsed by itself is outside.",
    ),
    _count(
        "sessions_missed", "爽约数", "No-shows", Side.BOTH, Kind.APPOINTMENT_MISSED,
        "登记为爽约的场次，无论哪一方。",
        "Sessions entered as a no-show, whoever did not come.",
    ),
    _count(
        "missed_by_requester", "申请方爽约数", "No-shows of the requesting side", Side.BOTH,
        Kind.APPOINTMENT_MISSED,
        "原因为申请方未到的爽约。",
        "No-shows whose reason is that the requesting side did not come.",
    ),
    _count(
        "missed_by_provider", "受邀方爽约数", "No-shows of the responding side", Side.BOTH,
        Kind.APPOINTMENT_MISSED,
        "原因为专家未到的爽约。",
        "No-shows whose reason is that an expert did not come.",
    ),
    _count(
        "accompaniable", "应有陪同医师场次", "Sessions that ask for a doctor", Side.REQUESTER,
        Kind.APPOINTMENT_ENDED,
        "已结束且按规定应有陪同医师的场次。",
        "Sessions held whose service asks for an accompanying doctor.",
    ),
    _count(
        "accompanied", "陪同医师在场场次", "Sessions with a doctor present", Side.REQUESTER,
        Kind.APPOINTMENT_ENDED,
        "其中陪同医师已按姓名确认在场的场次。",
        "Those of them whose accompanying doctor was confirmed present by name.",
    ),
    _share(
        "accompanied_share", "陪同医师到场率", "Accompanied share", Side.REQUESTER,
        "accompanied", "accompaniable",
        "陪同医师在场场次 ÷ 应有陪同医师场次。",
        "Sessions with a doctor present over sessions that ask for one.",
        Better.HIGHER,
    ),
    *(
        row
        for days in ("7", "30")
        for row in (
            replace(
                _count(
                    f"followup_{days}_due", f"{days}天应随访数", f"Follow-ups due, day {days}",
                    Side.REQUESTER, Kind.FOLLOWUP_DUE,
                    f"到期的 {days} 天随访；到期前已反馈的计于反馈之月。",
                    f"Follow-ups of day {days} whose day came; answered earlier, when they were.",
                ),
                also=(Kind.FOLLOWUP_ANSWERED,),
            ),
            _count(
                f"followup_{days}_done", f"{days}天随访数", f"Follow-ups done, day {days}",
                Side.REQUESTER, Kind.FOLLOWUP_ANSWERED,
                f"已反馈的 {days} 天随访，逾期后补报的计于补报之月。",
                f"Follow-ups of day {days} that were answered, late ones in their own month.",
            ),
            _share(
                f"followup_{days}_share", f"{days}天随访率", f"Follow-up share, day {days}",
                Side.REQUESTER, f"followup_{days}_done", f"followup_{days}_due",
                "同期已反馈 ÷ 同期到期；补报往月的可使其超过 100%。",
                "Answered over due in the same period; late answers may pass 100 %.",
                Better.HIGHER,
            ),
        )
    ),
    *(
        row
        for code, zh, en, side, about_zh, about_en in (
            ("answer", "对答复的评价", "answers", Side.REQUESTER, "申请方对答复",
             "the requesting side of the answer"),
            ("request", "对申请的评价", "requests", Side.PROVIDER, "受邀方对申请",
             "the responding side of the request"),
        )
        for row in (
            _count(
                f"{code}_evaluated", f"{zh}数", f"Evaluations of {en}", side,
                Kind.EVALUATION_GIVEN,
                f"{about_zh}作出的评价；修改不重复计。",
                f"Evaluations by {about_en}; a change is not counted again.",
            ),
            _count(
                f"{code}_rated", f"{zh}（已公开）", f"Open evaluations of {en}", Side.BOTH,
                Kind.EVALUATION_OPENED,
                f"{about_zh}的评价中双方已可见者，计于公开之月。",
                f"Evaluations by {about_en} that both sides see, in the month they were shown.",
            ),
            _count(
                f"{code}_rated_good", f"{zh}（4 分以上）", f"Good evaluations of {en}", Side.BOTH,
                Kind.EVALUATION_OPENED,
                "其中各项平均不低于 4 分（满分 5 分）者。",
                "Those of them whose items have a mean of 4 or more out of 5.",
            ),
            _share(
                f"{code}_good_share", f"{zh}满意率", f"Good share of {en}", Side.BOTH,
                f"{code}_rated_good", f"{code}_rated",
                "4 分以上 ÷ 已公开评价；未公开的不在其内。",
                "Good over open evaluations; those not shown yet are outside.",
                Better.HIGHER, Side.PROVIDER if code == "answer" else Side.REQUESTER,
            ),
        )
    ),
    _count(
        "charges_settled", "结算例数", "Charges settled", Side.BOTH, Kind.CHARGE_SETTLED,
        "登记为已结算的收费。",
        "Charges entered as settled.",
    ),
    _count(
        "charges_refunded", "退费例数", "Charges refunded", Side.BOTH, Kind.CHARGE_REFUNDED,
        "登记为已退费的收费。",
        "Charges entered as refunded.",
    ),
    Indicator(
        "settled_amount", "结算金额", "Amount settled", Measure.MONEY, Side.BOTH, "元",
        "当月登记结算的金额之和，减去当月退费；未定价与减免不计。",
        "Settled amounts of the month less what was refunded in it; unpriced and waived are"
        " outside.",
        counts=Kind.CHARGE_SETTLED, also=(Kind.CHARGE_REFUNDED,),
    ),
)  # fmt: skip
