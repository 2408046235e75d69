"""A course from its application to its credit, checked in to on a telephone by the code."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.journeys.stage import Stage, demo, stage
from tests.journeys.test_calendar import call
from tests.journeys.test_flows import barriers

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

PHONE = {"width": 390, "height": 844}
TITLE = "急性胸痛的分诊与转诊"
QUIZ: list[dict[str, Any]] = [
    {"kind": "single", "text": "首份心电图应在多少分钟内完成", "options": ["10 分钟", "30 分钟"],
     "right": [0], "points": 1},
    {"kind": "multiple", "text": "高危胸痛包括", "options": ["主动脉夹层", "肺栓塞", "肋软骨炎"],
     "right": [0, 1], "points": 1},
]  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A demo of this module's own."""
    with demo(tmp_path_factory.mktemp("training") / "data") as address:
        yield address


async def test_a_course_ends_in_a_credit(base: str, chromium: Path) -> None:
    """Applied for, reviewed and published; enrolled in, checked in to, answered, judged, credited.
    Nobody reloads the lecturer's page, and the paper is checked by somebody who is not signed in.
    """
    async with stage(base, chromium, "training", viewer=False) as play:
        giver, reviewer = await play.sign_in("verifier"), await play.sign_in("coordinator")
        learner = await play.sign_in("technician", viewport=PHONE)
        await _on_demand(play, learner, base)
        await _refused_in_words(play, giver, base)
        made, met = await _drafted(giver, learner)
        course = f"{base}/training/courses/{made}"
        await giver.goto(course)
        await _press(giver, "提交审核")
        await giver.get_by_text("待审核").first.wait_for()
        await reviewer.goto(f"{base}/training?view=review")
        await reviewer.get_by_role("link", name=re.compile(TITLE)).click()
        await _press(reviewer, "审核通过")
        await _press(giver, "发布")
        await giver.get_by_text("已发布").first.wait_for()
        await play.picture(giver, "course")
        await learner.goto(f"{base}/training")
        await learner.get_by_role("link", name=re.compile(TITLE)).click()
        await learner.locator(f"a[href$='{met}']").first.click()
        await _press(learner, "报名")
        await giver.goto(f"{base}/training/lectures/{met}")
        await _press(giver, "开始授课")
        await _check_in(play, learner, giver)
        await learner.goto(f"{course}/quiz")
        await _sit(play, learner)
        await learner.goto(f"{base}/training/lectures/{met}")
        await _judge(play, learner)
        await learner.wait_for_timeout(4000)  # seconds count whole, from one beat to the next
        assert (await call(learner, "POST", f"/api/lectures/{met}/here"))["seconds"] >= 3
        await _press(giver, "结束授课")
        await giver.locator(".ant-popconfirm").get_by_role("button", name="结束授课").click()
        await giver.get_by_text("已结束").first.wait_for()
        await play.picture(giver, "finished")
        await learner.goto(f"{base}/training?view=credits")
        await learner.locator("main li", has_text=TITLE).get_by_text("0.5 学分").wait_for()
        await play.picture(learner, "credit")
        await _checked(play, learner, base)


async def _press(page: Page, name: str) -> None:
    await page.get_by_role("main").get_by_role("button", name=name, exact=True).click()


async def _on_demand(play: Stage, learner: Page, base: str) -> None:
    """What may be read at any time has something to read, and says once it was opened."""
    await learner.goto(f"{base}/training?view=on-demand")
    await learner.get_by_role("link", name=re.compile("心电图采集操作规范")).click()
    paper = learner.locator("a[href^='/api/materials/']")
    got = await learner.request.get(f"{base}{await paper.get_attribute('href')}")
    assert got.ok and (await got.body()).startswith(b"%PDF-")
    async with learner.context.expect_page():
        await paper.click()
    await learner.get_by_text("已打开").wait_for()
    await play.picture(learner, "on-demand")


async def _refused_in_words(play: Stage, giver: Page, base: str) -> None:
    """A question without its options is not sent; a lecturer comes from the register."""
    await giver.goto(f"{base}/training/courses/new")
    await giver.get_by_label("课程名称").fill("未完成的课程")
    await giver.get_by_label("从本院人员中选择").click()
    await giver.locator(".ant-select-item-option:visible").first.click()
    await expect(giver.get_by_label("姓名").last).not_to_be_editable()
    await giver.get_by_role("button", name="添加题目").click()
    await giver.get_by_label("题干").fill("题目")
    await _press(giver, "保存")
    await giver.get_by_text("选项不能为空").wait_for()
    assert giver.url.endswith("/new")
    assert await barriers(giver) == []
    await play.picture(giver, "form")


async def _drafted(giver: Page, learner: Page) -> tuple[str, str]:
    """A draft for the learner's institution, its lecture within the time of its code."""
    to = (await call(learner, "GET", "/api/session"))["institution"]["id"]
    course = {"kind": "live", "title": TITLE, "specialty": "20", "credit_tenths": 5,
              "target_group": "县级医院急诊医师",
              "credit_class": "II", "required_percent": 1, "quiz": QUIZ,
              "lecturers": [{"name": "覃仕明", "title": "主任医师"}],
              "offers": [{"kind": "institution", "id": to}]}  # fmt: skip
    made = (await call(giver, "POST", "/api/courses", course))["id"]
    since = datetime.now(UTC) + timedelta(seconds=12)
    times = {"since": since.isoformat(), "until": (since + timedelta(minutes=30)).isoformat()}
    lecture = {**times, "minutes": 5, "quota": 50}
    return made, (await call(giver, "POST", f"/api/courses/{made}/lectures", lecture))["id"]


async def _check_in(play: Stage, learner: Page, giver: Page) -> None:
    """A wrong code is told, the right one counts on the board of its own accord."""
    digits = learner.locator(".ant-otp input").first
    shown = giver.locator("[data-code]")
    await play.picture(giver, "board")
    assert await barriers(giver) == []
    right = await shown.get_attribute("data-code") or ""
    await digits.click()
    await learner.keyboard.type("000000" if right != "000000" else "111111")
    await learner.get_by_text(re.compile("还可再试 4 次")).wait_for()
    await play.picture(learner, "wrong-code")
    assert await barriers(learner) == []
    await digits.click()
    await learner.keyboard.type(await shown.get_attribute("data-code") or "")
    await learner.get_by_text("签到成功").wait_for()
    await expect(giver.get_by_text("人已签到")).to_contain_text("1")
    await play.picture(learner, "checked-in")


async def _sit(play: Stage, learner: Page) -> None:
    await learner.get_by_label("10 分钟").check()
    for right in ("主动脉夹层", "肺栓塞"):
        await learner.get_by_label(right).check()
    await learner.get_by_role("button", name=re.compile(r"交\s*卷")).click()
    await learner.get_by_text("已通过").first.wait_for()
    await play.picture(learner, "quiz")


async def _judge(play: Stage, learner: Page) -> None:
    """Four items, by keys."""
    for item in ("内容实用", "讲解清楚", "时间安排", "音画质量"):
        await learner.get_by_label(item).focus()
        for _ in range(4):
            await learner.keyboard.press("ArrowRight")
    await learner.get_by_role("button", name=re.compile(r"提\s*交")).click()
    await learner.get_by_text("已评价，谢谢").wait_for()
    await play.picture(learner, "feedback")


async def _checked(play: Stage, learner: Page, base: str) -> None:
    """The code on the paper, by somebody who is not signed in."""
    credits = (await call(learner, "GET", "/api/credits"))["credits"]
    (code,) = [one["code"] for one in credits if one["title"] == TITLE]
    anybody = await play.open(viewport=PHONE)
    await anybody.goto(f"{base}/certificates/{code}")
    await anybody.get_by_text("证书真实有效").wait_for()
    await anybody.get_by_text(TITLE).wait_for()
    await play.picture(anybody, "certificate")
