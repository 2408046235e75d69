"""What goes wrong at an appointment once people sit in it; `errors.py` has all other rows."""

from telemed.core.error_row import ErrorRow

APPOINTMENT_ROWS = (
    ErrorRow(
        "minutes-empty",
        "还没有可以签名的内容：请填写总结意见，并确认至少一位到场人员。",
        "There is nothing to sign yet: write the summary, and name somebody who was there.",
    ),
    ErrorRow(
        "minutes-full",
        "这份记录的修改次数已达上限，请定稿。",
        "These minutes have been changed as often as they may be. Close them.",
    ),
    ErrorRow(
        "signed-already",
        "您已于 {at} 签名，签名不能更改；如需修改请退回后重新签名。",
        "You signed at {at}, and a signature is not changed: have it reopened and sign anew.",
    ),
)
