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
        "uploads-running",
        "还有检查资料正在上传，请稍候再去标识化。",
        "Images are still being uploaded; wait for them before they are copied.",
    ),
)
