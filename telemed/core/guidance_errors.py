"""The errors of discussions and guided operations; part of `errors`' table."""

from typing import Final

from telemed.core.error_row import ErrorRow

GUIDANCE_ROWS: Final = (
    ErrorRow(
        "pixels-unchecked",
        "部分检查的图像上可能带有患者姓名，请查看图像后逐项确认。",
        "Images of some studies may show a name; look at them and confirm.",
    ),
    ErrorRow(
        "names-patient",
        "“{places}”中出现了患者的姓名、证件号、电话或病历号，未保存。本例资料已去标识，请改写后再试。",
        "The patient's name, id, telephone or hospital number stands in: {places}. It was not kept;"
        " this case is told without its patient: write it another way.",
    ),
    ErrorRow(
        "uploads-running",
        "还有检查资料正在上传，请稍候再去标识化。",
        "Images are still being uploaded; wait for them before they are copied.",
    ),
    ErrorRow(
        "note-unacknowledged",
        "双方确认责任提示后才能开始。",
        "It does not begin before both sides have acknowledged the responsibility note.",
    ),
    ErrorRow(
        "not-operating",
        "没有进行中或刚结束的手术指导，不能登记。",
        "No guided operation is under way or has just ended.",
    ),
    ErrorRow(
        "named-only",
        "视频只对席位上的人、陪同医师、主刀医师和申请单所列观摩者开放。",
        "Only those who sit in it, accompany, operate or are listed to watch come in.",
    ),
    ErrorRow(
        "only-watches",
        "观摩者只能看和听，不能发言、登记或共享。",
        "Those who watch see and hear, and neither speak nor enter or share anything.",
    ),
    ErrorRow(
        "not-the-guide",
        "只有本例的指导专家（领取本例、受邀提供意见或在预约中就座的医师）可以提出指导建议；"
        "关键步骤和中断由指导专家与手术方登记。",
        "Only the guides of this case advise: whoever claimed it, was asked for an opinion, or sits"
        " in its session. Key moments and interruptions are theirs and the operating side's.",
    ),
    ErrorRow(
        "not-the-operator",
        "责任提示和建议采纳情况由主刀医师、陪同医师、在预约中就座者或本院申请医师登记。",
        "The operating side's note, and whether advice was taken, are for whoever operates,"
        " accompanies, sits in the session or writes requests there.",
    ),
    ErrorRow(
        "listed-to-watch",
        "申请单将您列为观摩者。领取后您是本例的指导专家，不再是观摩者；请确认后再领取。",
        "The form lists you to watch. Whoever claims the case guides it and watches no more: say"
        " that you mean to.",
    ),
    ErrorRow(
        "already-marked",
        "该建议的采纳情况已登记，不再更改。",
        "It was said of this advice already whether it was taken.",
    ),
)
