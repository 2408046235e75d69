"""The errors of what goes with an answer: who accompanies, follow-up, evaluation, charges."""

from typing import Final

from telemed.core.error_row import ErrorRow

AFTERCARE_ROWS: Final = (
    ErrorRow(
        "nobody-accompanies",
        "尚未指定陪同医师，或指定的是他人；请申请方先指定并由本人或在场同事确认。",
        "No accompanying doctor is named, or somebody else is; the requesting side names one.",
    ),
    ErrorRow(
        "accompanying-unconfirmed",
        "陪同医师尚未确认在场；请本人确认，或由申请方同事、协调员确认后再开始。",
        "The accompanying doctor has not confirmed; it begins once they, or a colleague or "
        "coordinator on their side, did.",
    ),
    ErrorRow(
        "not-a-physician",
        "{who}不具备陪同医师资质：应为本机构在岗执业医师。",
        "{who} may not accompany: a licensed physician in service is needed.",
    ),
    ErrorRow(
        "not-to-evaluate",
        "该申请现在不能由您评价：尚未答复，或不属于双方。",
        "This case is not yours to evaluate now: it is not answered, or you are on neither side.",
    ),
    ErrorRow(
        "payer-required",
        "请选择由谁支付。",
        "Say who pays.",
    ),
    ErrorRow(
        "answer-stands",
        "已过可更正的时间，内容不再更改。",
        "It can no longer be changed: the time for that has passed.",
    ),
)
