"""The detours of the story: returned and sent again, taken over, sent back, amended, a bad upload.

Each journey plays what a person does when something is not as it should be. The last one looks at
every role's page with axe: no violation of serious or critical weight.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Page, expect

from tests.journeys.stage import PASSWORD, ROOT, Stage, demo, stage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

SAMPLES = ROOT / "build" / "samples"
RETURNED = "莫彩霞"  # the demo's case that waits for more material
WRITTEN = "梁素珍"  # the demo's case that waits for a second signature
ADDED = "肝功能：ALT 25 U/L，总胆红素 14 μmol/L。既往超声：胆囊结石 8 mm。"
NOTE = "请写明切缘情况。"
CORRECTED = "（胃窦）局灶高级别上皮内瘤变，切缘未见病变。"
CONSULTED = "蒙永贵"  # the demo's written consultation, which nobody has claimed
OPINION = {
    "病情分析": "左束支阻滞伴心室重构，利尿不足，未用 β 受体阻滞剂。",
    "会诊意见": "射血分数降低的心衰，建议优化四联药物。",
    "诊疗建议": "托拉塞米静注，水肿消退后加用比索洛尔 1.25 mg qd。",
}
AMENDED = "（胃窦）高级别上皮内瘤变，切缘净，更正浸润描述。"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A demo of this module's own."""
    with demo(tmp_path_factory.mktemp("flows") / "data") as address:
        yield address


async def test_a_returned_case_comes_back_and_can_be_taken_over(base: str, chromium: Path) -> None:
    """The county adds what was asked for; the expert sees it; a colleague takes the case over."""
    async with stage(base, chromium, "flows/returned", viewer=False) as play:
        county = await _county(play)
        await county.get_by_text(RETURNED).first.click()
        await county.get_by_text("请补充肝功能结果").first.wait_for()
        await county.get_by_role("button", name="补充资料").click()
        await county.get_by_role("textbox", name="体格检查与辅助检查").fill(ADDED)
        await play.picture(county, "added")
        await county.get_by_role("button", name="重新发送").click()
        await county.get_by_text("等待专家领取").wait_for()
        expert = await play.sign_in("expert")
        await expert.get_by_text(RETURNED).first.click()
        await expert.get_by_text(ADDED).wait_for()
        await expert.get_by_role("button", name="领取并打开").click()
        await expert.get_by_role("textbox", name="检查所见").fill("胆囊腔内见强回声。")
        await expect(expert.get_by_text("已保存")).to_be_visible()
        verifier = await play.sign_in("verifier")
        await verifier.goto(expert.url)
        await verifier.get_by_role("button", name="接手").click()
        dialog = verifier.get_by_role("dialog")
        await dialog.get_by_text("与领取医师商定").click()
        await dialog.get_by_role("button", name="接手").click()
        await expert.get_by_text("已接手此例").wait_for()  # it is said for eight seconds
        await verifier.get_by_role("textbox", name="检查所见").wait_for()
        await play.picture(verifier, "taken-over")
        await expect(expert.get_by_role("textbox", name="检查所见")).to_have_count(0)
        await play.picture(expert, "lost-the-pen")


async def test_a_report_is_sent_back_issued_amended_and_read_again(
    base: str, chromium: Path
) -> None:
    """Nobody signs unseen words, a note between two doctors is never issued, and an amendment
    asks the county to read again."""
    async with stage(base, chromium, "flows/report", viewer=False) as play:
        author = await play.sign_in("pathologist")
        verifier = await play.sign_in("pathology-verifier")
        case = await _open(verifier, "待审核", WRITTEN)
        await verifier.get_by_role("button", name="退回修改").click()
        dialog = verifier.get_by_role("dialog")
        await dialog.get_by_label("请写明需要修改的内容").fill(NOTE)
        await dialog.get_by_role("button", name="退回修改").click()
        await verifier.get_by_text("已退回书写医师修改").wait_for()
        await _stay(verifier)
        await _open(author, "我的", WRITTEN)
        await author.get_by_text(NOTE).wait_for()
        await play.picture(author, "sent-back")
        await author.get_by_role("textbox", name="病理诊断").fill(CORRECTED)
        await _sign(author, "签名并提交审核")
        await _verify(verifier, CORRECTED)
        county = await _county(play)
        await county.goto(f"{base}/requests/{case}")
        await county.get_by_text(CORRECTED).wait_for()
        await expect(county.get_by_text(NOTE)).to_have_count(0)
        await _confirm(county)
        await author.get_by_role("button", name="补充或修订").click()
        dialog = author.get_by_role("dialog")
        await dialog.get_by_text("修订报告", exact=True).click()
        await dialog.get_by_label("原因").fill("更正浸润描述")
        await dialog.get_by_role("button", name="开始").click()
        await author.get_by_role("textbox", name="病理诊断").fill(AMENDED)
        await _sign(author, "签名并提交审核")
        await _verify(verifier, AMENDED)
        await play.picture(verifier, "amended")
        versions = county.locator("article")
        await expect(versions.first).to_contain_text(AMENDED)
        await expect(versions.first).to_contain_text("修订报告")
        await play.picture(county, "amendment-first")
        await _confirm(county)
        printed = await county.request.get(f"{base}/api/requests/{case}/report.pdf")
        assert (printed.status, (await printed.body())[:5]) == (200, b"%PDF-")


async def test_a_consultation_is_read_and_answered_without_a_study(
    base: str, chromium: Path
) -> None:
    """The records stand where the pictures would; the opinion asks for no outcome and no second
    signature; the county reads it under its own name."""
    async with stage(base, chromium, "flows/consultation") as play:
        expert = await play.sign_in("physician")
        case = await _open(expert, "待领取", CONSULTED)
        records = expert.get_by_role("region", name="病历资料")
        await expect(records).to_contain_text("完全性左束支阻滞")
        assert await barriers(expert) == []
        await expect(expert.get_by_role("radio", name="阳性")).to_have_count(0)
        for name, words in OPINION.items():
            await expert.get_by_role("textbox", name=name).fill(words)
        await expert.get_by_label("会诊诊断").fill("xlsj")
        await expert.get_by_text("心力衰竭 I50.900").first.click()
        await expert.get_by_text("择期转诊").click()
        await play.picture(expert, "written")
        await _sign(expert, "签发")
        county = await _county(play)
        await county.goto(f"{base}/requests/{case}")
        await county.get_by_role("heading", name="会诊意见").first.wait_for()
        await county.get_by_text("会诊医师").first.wait_for()
        await expect(county.get_by_text(OPINION["会诊意见"])).to_be_visible()
        await play.picture(county, "answered")


async def test_a_bad_file_is_named_and_the_good_ones_are_kept(
    base: str, chromium: Path, tmp_path: Path
) -> None:
    """A folder counts its own files once; a broken one is refused in words, the others stay."""
    folder = tmp_path / "disc"
    folder.mkdir()
    slices = sorted((SAMPLES / "ct_chest").glob("*.dcm"))[:6]
    for slice_ in slices:
        shutil.copy(slice_, folder)
    (folder / "broken.dcm").write_bytes(slices[0].read_bytes()[:20_000])
    (folder / "notes.txt").write_text("医师备注")
    async with stage(base, chromium, "flows/upload") as play:
        technician = await play.sign_in("technician")
        await technician.goto(f"{base}/uploads")
        await technician.locator("input[type=file][webkitdirectory]").set_input_files(folder)
        done = technician.get_by_text("8/8 个文件")
        await expect(done).to_contain_text("6 个已保存 · 1 个非影像已跳过 · 1 个未接收")
        await technician.get_by_text("逐个文件").click()
        await expect(technician.get_by_text("文件不完整")).to_be_visible()
        await play.picture(technician, "verdicts")
        await technician.reload()
        await expect(technician.get_by_text("8/8 个文件")).to_be_visible()


async def test_every_roles_page_is_free_of_gravebarriers(base: str, chromium: Path) -> None:
    """Sign-in, day, form, case, desk, reading view and tally, as axe sees them."""
    async with stage(base, chromium, "flows/axe") as play:
        found: dict[str, list[str]] = {}
        stranger = await play.open()
        await stranger.goto(base)
        await stranger.get_by_role("textbox", name="用户名").wait_for()
        found["sign-in"] = await barriers(stranger)
        county = await _county(play)
        found["day"] = await barriers(county)
        items = (await (await county.request.get(f"{base}/api/requests")).json())["items"]
        of = {item["state"]: item["id"] for item in items}
        for name, path, shown in (
            ("form", f"/requests/{of['draft']}/edit", "发给谁"),
            ("case", f"/requests/{of['answered']}", "经过"),
        ):
            await county.goto(base + path)
            await county.get_by_role("heading", name=shown).wait_for()
            found[name] = await barriers(county)
        expert = await play.sign_in("expert")
        await expert.get_by_role("option").first.wait_for()
        found["desk"] = await barriers(expert)
        reader = await play.sign_in("ecg")
        await reader.get_by_role("button", name="领取并打开").click()
        await reader.get_by_role("textbox", name="检查所见").wait_for()
        found["reading"] = await barriers(reader)
        await play.picture(reader, "reading")
        admin = await play.sign_in("admin")
        await admin.goto(f"{base}/tally")
        await admin.get_by_role("row", name=re.compile("合计")).first.wait_for()
        found["tally"] = await barriers(admin)
        assert found == {page: [] for page in found}


async def _county(play: Stage) -> Page:
    """The county doctor, the demo's open critical finding answered first."""
    page = await play.sign_in("county")
    await page.get_by_text("等我处理").first.wait_for()
    todo = await (await page.request.get(f"{play.base}/api/todo")).json()
    if todo["critical"]:
        await page.get_by_label("已采取的措施").fill("已行胸腔闭式引流。")
        await page.get_by_role("button", name="确认收到").click()
        await expect(page.get_by_text("危急值，请立即确认")).to_have_count(0)
    return page


async def _open(page: Page, tab: str, patient: str) -> str:
    """Open a case from a list of the desk; the case's id."""
    await page.get_by_role("tab", name=re.compile(tab)).click()
    # What one holds stands above the list, too.
    await page.get_by_role("option").filter(has_text=patient).first.click()
    await page.get_by_role("button", name=re.compile("打开|审核 ↵")).first.click()
    await page.wait_for_url(re.compile(r"/read/[0-9a-f-]{36}"))
    return page.url.rsplit("/", 1)[1]


async def _sign(page: Page, button: str) -> None:
    await page.get_by_role("button", name=re.compile(button)).click()
    await page.locator("input[type=password]").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("input[type=password]")).to_have_count(0)
    await _stay(page)


async def _stay(page: Page) -> None:
    """The next case is offered; this journey stays with its own, and sees it change without a
    reload."""
    await page.get_by_role("button", name="留在此例").click()
    await expect(page.locator(".ant-modal-wrap:visible")).to_have_count(0)


async def _verify(page: Page, words: str) -> None:
    """The second signature, given to words that are on the screen."""
    await page.get_by_text(words).first.wait_for()
    await _sign(page, "审核签发")


async def _confirm(county: Page) -> None:
    await county.get_by_text("采纳", exact=True).first.click()
    await county.get_by_role("button", name="确认已阅").click()
    await county.get_by_text("已反馈：采纳").wait_for()


async def barriers(page: Page) -> list[str]:
    """The serious and critical violations of a page: rule and first place."""
    seen: dict[str, Any] = (await Axe().run(page)).response
    return [
        f"{each['id']}: {each['nodes'][0]['html'][:160]}"
        for each in seen["violations"]
        if each["impact"] in ("serious", "critical")
    ]
