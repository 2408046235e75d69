"""The main story, played in browsers: a county's CT becomes a signed opinion and a line in the
month's tally."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, Request, expect

from tests.journeys.stage import PASSWORD, ROOT, Stage, demo, stage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

PATIENT = "韦桂花"
FINDINGS = (
    "右肺上叶见一实性结节，约14mm×14mm，边缘分叶并见短毛刺及胸膜牵拉。余肺野清晰。"
    "纵隔内未见明显肿大淋巴结。"
)
IMPRESSION = "右肺上叶毛刺状结节（约14mm），较2025-11-12明显增大，考虑周围型肺癌，建议穿刺活检。"
FORM = {
    "申请事由": "本院影像科对结节定性有疑问，请上级医院诊断。",
    "需要解答的问题": "右上肺结节性质？与一年前比较有无变化？是否需要穿刺？",
    "主诉": "咳嗽、痰中带血 2 周",
    "现病史": "2 周前出现咳嗽，痰中带少量血丝，体重下降约 3 kg。吸烟 20 年。",
    "申请医师联系电话": "0773-7510001",
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A demo of this module's own."""
    with demo(tmp_path_factory.mktemp("story") / "data") as address:
        yield address


async def test_a_study_becomes_a_signed_opinion_and_a_line_in_the_tally(
    base: str, chromium: Path
) -> None:
    """Upload, ask, see at once, claim, read, write, sign, verify, read, decide, count."""
    async with stage(base, chromium, "story") as play:
        admin = await play.sign_in("admin")
        before = await _issued(play, admin)
        county = await play.sign_in("county")
        await _acknowledge_critical(play, county)
        await play.picture(county, "county-day")
        await _fill_in(play, county)
        expert = await play.sign_in("expert")
        await play.picture(expert, "expert-queue-before")
        await _send_and_be_seen(play, county, expert)
        coordinator = await play.sign_in("coordinator")
        await coordinator.get_by_label(re.compile("指派给")).first.wait_for()
        await play.picture(coordinator, "dispatch")
        await coordinator.context.close()
        await _read_and_sign(play, expert)
        verifier = await play.sign_in("verifier")
        await _verify(play, verifier)
        code = await _answer_is_read(play, county)
        await _paper_is_genuine(play, code)
        assert await _issued(play, admin) == before + 1
        await _drill_down(play, admin)


async def _acknowledge_critical(play: Stage, county: Page) -> None:
    """The demo has one open critical finding; nothing else can be done before it is answered."""
    await county.get_by_text("危急值，请立即确认").wait_for()
    await county.get_by_text(re.compile(r"^共 \d+ 例")).wait_for()
    await play.picture(county, "critical")
    await county.get_by_label("已采取的措施").fill("已行胸腔闭式引流，患者转入观察室。")
    await county.get_by_role("button", name="确认收到").click()
    await expect(county.get_by_text("危急值，请立即确认")).to_have_count(0)


async def _fill_in(play: Stage, county: Page) -> None:
    """Drop the study first: the form fills itself, and says what is missing as it goes."""
    await (
        county.get_by_role("link", name="新建申请")
        .or_(county.get_by_role("button", name="新建申请"))
        .first.click()
    )
    await county.get_by_text("远程影像诊断").first.click()
    folder = county.locator("input[type=file][webkitdirectory]")
    await folder.set_input_files(ROOT / "build" / "samples" / "ct_chest")
    await county.get_by_text(PATIENT).first.wait_for(timeout=60_000)
    await county.get_by_text(re.compile(r"96 幅")).first.wait_for(timeout=60_000)
    await play.picture(county, "uploaded")
    for label, text in FORM.items():
        await county.get_by_role("textbox", name=label).first.fill(text)
    await county.get_by_text("平扫／常规").first.click()
    diagnosis = county.get_by_role("combobox", name="临床诊断")
    await diagnosis.click()
    await diagnosis.press_sequentially("肺部阴影")
    await county.locator(".ant-select-item-option", has_text="R91.x00").click()
    await county.get_by_text("广西壮族自治区南溪山医院").first.click()
    await county.get_by_text("患者已签知情同意书").first.click()
    await county.get_by_role("textbox", name="签字人").fill(PATIENT)
    await expect(county.get_by_role("button", name="发送申请")).to_be_enabled(timeout=10_000)
    await play.picture(county, "ready-to-send")


async def _send_and_be_seen(play: Stage, county: Page, expert: Page) -> None:
    """The expert's screen shows it without a reload."""
    asked = time.monotonic()
    await county.get_by_role("button", name="发送申请").click()
    await expert.get_by_text(PATIENT).or_(expert.get_by_text("条新申请")).first.wait_for()
    print(f"on the expert's screen {time.monotonic() - asked:.2f} s after the click")
    await play.picture(county, "sent")
    pill = expert.get_by_text("条新申请")
    if await pill.count():
        await pill.first.click()
    await expert.get_by_text(PATIENT).first.click()
    await expert.get_by_text(FORM["需要解答的问题"]).first.wait_for()
    await play.picture(expert, "expert-queue")


async def _read_and_sign(play: Stage, expert: Page) -> None:
    """Claim, see the pictures and the prior, write, sign with the password."""
    await expert.get_by_role("button", name="领取并打开").click()
    viewer = expert.frame_locator("iframe")
    await viewer.get_by_text("胸部平扫 肺窗").first.wait_for(timeout=60_000)
    await viewer.locator("canvas").first.wait_for(timeout=60_000)
    await expert.get_by_text("CT 2025-11-12").first.wait_for()
    await expert.get_by_role("textbox", name="检查所见").fill(FINDINGS)
    await expert.get_by_role("textbox", name="诊断意见").fill(IMPRESSION)
    await expert.get_by_text("甲", exact=True).first.click()
    await expert.get_by_text("阳性", exact=True).first.click()
    await _scroll_to_the_nodule(expert)
    await play.picture(expert, "reading")
    await expert.get_by_role("button", name="签名并提交审核").click()
    await expert.locator("input[type=password]").fill(PASSWORD)
    await play.picture(expert, "signing")
    await expert.keyboard.press("Enter")
    await expect(expert.locator("input[type=password]")).to_have_count(0, timeout=15_000)
    await play.picture(expert, "signed")


async def _scroll_to_the_nodule(expert: Page) -> None:
    """Turn the wheel over the viewport, as a reader does, to the slice that matters."""
    await expert.wait_for_timeout(3000)
    await expert.mouse.move(560, 430)
    for _ in range(20):
        await expert.mouse.wheel(0, 120)
        await expert.wait_for_timeout(60)
    await expert.wait_for_timeout(1500)


async def _verify(play: Stage, verifier: Page) -> None:
    """The second signature is somebody else's."""
    await verifier.get_by_role("tab", name=re.compile("待审核")).click()
    await verifier.get_by_text(PATIENT).first.click()
    await play.picture(verifier, "to-verify")
    await verifier.get_by_role("button", name=re.compile("打开|审核")).first.click()
    await verifier.get_by_text(IMPRESSION[:12]).first.wait_for(timeout=30_000)
    await verifier.get_by_role("button", name=re.compile("审核签发")).click()
    await verifier.locator("input[type=password]").fill(PASSWORD)
    await verifier.keyboard.press("Enter")
    await expect(verifier.locator("input[type=password]")).to_have_count(0, timeout=15_000)
    await play.picture(verifier, "verified")


async def _answer_is_read(play: Stage, county: Page) -> str:
    """The county doctor sees the report, opens the PDF and says adopted; the code on the paper."""
    await county.goto(f"{play.base}/requests")
    await county.get_by_text(PATIENT).first.click()
    await county.get_by_text(IMPRESSION[:12]).first.wait_for()
    await play.picture(county, "report")
    case = re.search(r"/requests/([0-9a-f-]{36})", county.url)
    assert case is not None
    printed = await county.request.get(f"{play.base}/api/requests/{case[1]}/report.pdf")
    assert (printed.status, (await printed.body())[:5]) == (200, b"%PDF-")
    (play.pictures / "report.pdf").write_bytes(await printed.body())
    await county.get_by_text("采纳", exact=True).first.click()
    await county.get_by_role("button", name=re.compile("确认")).first.click()
    await county.get_by_text("已阅").first.wait_for()
    await play.picture(county, "adopted")
    shown = await (await county.request.get(f"{play.base}/api/requests/{case[1]}/report")).json()
    return str(shown["current"]["verification_code"])


async def _paper_is_genuine(play: Stage, code: str) -> None:
    """Whoever holds the paper can check it without an account, and learns no more than it says."""
    stranger = await play.open()
    await stranger.goto(f"{play.base}/verify/{code}")
    await stranger.get_by_text("韦**").first.wait_for()
    assert PATIENT not in await stranger.locator("body").inner_text()
    await play.picture(stranger, "genuine")


async def _issued(play: Stage, admin: Page) -> int:
    """Reports issued this month as the tally says, asked until the follower has caught up."""
    month = await admin.evaluate(
        "new Date().toLocaleDateString('sv', {timeZone: 'Asia/Shanghai'}).slice(0, 7)"
    )
    url = f"{play.base}/api/tally?month={month}&by=institution&side=provider"
    for _ in range(50):
        shown = await (await admin.request.get(url)).json()
        if shown["as_of_seq"] >= shown["log_seq"]:
            return int(shown["total"]["values"]["issued"])
        await admin.wait_for_timeout(200)
    raise AssertionError("the tally never caught up")


async def _drill_down(play: Stage, admin: Page) -> None:
    """Any number opens to its cases, and a case to its facts."""
    await admin.goto(f"{play.base}/tally")
    await admin.get_by_text(re.compile("本月报告")).first.wait_for()
    await play.picture(admin, "tally")
    cell = admin.get_by_role("row", name=re.compile("合计")).first.get_by_role("button")
    await cell.nth(1).click()
    await admin.get_by_text(re.compile(r"YX\d{8}-\d{4}")).first.wait_for()
    await play.picture(admin, "cases-behind")


async def test_the_first_load_fits_a_thin_line(base: str, chromium: Path) -> None:
    """Sign-in and the county doctor's day bring less than 400 kB of client, as sent."""
    async with stage(base, chromium, "first-load") as play:
        page = await play.open()
        sent: list[Request] = []
        page.on("requestfinished", lambda request: sent.append(request))
        await play.sign_in_at(page, "county")
        await page.get_by_text("等我处理").first.wait_for()
        await page.wait_for_load_state("networkidle")
        ours = [r for r in sent if "/api/" not in r.url and "/dicom-web/" not in r.url]
        sizes = [(await request.sizes())["responseBodySize"] for request in ours]
        print(f"first load {sum(sizes) / 1000:.0f} kB")
        assert 100_000 < sum(sizes) < 400_000
