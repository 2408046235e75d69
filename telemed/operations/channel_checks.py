"""Checks of the ways notices leave the house, without sending anything to anybody.

A mail server is signed in to and asked whether it takes our sender, and then nothing more. A
gateway is sent a signed ping, which names no person. The key of pushes is opened. Everything goes
through the channels' own code and gate, so that what passes here passes there.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from datetime import timedelta

import aiosmtplib
import sqlalchemy as sa
from aiohttp import ClientError

from telemed.core.escalation import Channel
from telemed.followers.channels.outbound import Outbound, Refused
from telemed.followers.channels.set_up import gate_of, key_file, mail_of, webhook_of
from telemed.operations.checkup import Deployment, Finding, fail, good, note, warn
from telemed.settings import Settings, load_catalogue
from telemed.store import notices, push_key
from telemed.store.notice_tables import deliveries, push_subscriptions
from telemed.store.tx import Tx

STUCK_SECONDS = 600.0
"""A notice that waited so long has been tried half a dozen times."""
UNKNOWN = frozenset({400, 404, 405, 415, 422, 501})
"""What a gateway answers that was reached and does not know the ping."""


# --- which there are --------------------------------------------------------------------------


def ways(at: Deployment) -> Finding:
    """Which channels the ladders name and which of them are set up."""
    ladders = load_catalogue(at.settings.configs).ladders
    named = {c for ladder in ladders for step in ladder.steps for c in step.channels}
    named -= {Channel.IN_APP}
    have = at.settings.notice_ways
    absent = sorted(channel.value for channel in named if channel.value not in have)
    if not have:
        return note(
            "没有设置任何渠道：提醒只出现在打开的页面上",
            "no channel is set up: notices reach only who has the page open",
        )
    if absent:
        return note(
            f"已设置 {'、'.join(sorted(have))}；升级表还提到未设置的 {'、'.join(absent)}",
            f"{', '.join(sorted(have))} set up; the ladders also name {', '.join(absent)}",
        )
    told = sorted(have)
    return good(f"已设置 {'、'.join(told)}", f"{', '.join(told)} are set up")


def going_out(at: Deployment) -> Finding:
    """Whether what is to go out goes out."""
    now = at.clock()
    stuck, lost = at.ask(lambda tx: (_stuck(at, tx), _lost(tx, now - timedelta(days=1))))
    if stuck:
        told = ", ".join(f"{channel} {seconds / 60:.0f} min" for channel, seconds in stuck.items())
        return fail(
            f"提醒发不出去，最久的已等待：{told}",
            f"notices do not go out; the oldest has waited: {told}",
            "看下面各渠道的检查；服务器没有运行时也会积压",
            "see the channels' own checks below; they pile up too when no server runs",
        )
    if lost:
        told = ", ".join(f"{channel} {count}" for channel, count in lost.items())
        return warn(
            f"24 小时内有提醒发送失败而放弃：{told}",
            f"notices were given up within 24 hours: {told}",
            "看各渠道的检查；地址有误的，请本人在“提醒设置”中更正",
            "see the channels' checks; where an address is wrong, its owner corrects it under"
            " 提醒设置",
        )
    return good("没有积压或放弃的提醒", "no notice is stuck, none was given up")


def _stuck(at: Deployment, tx: Tx) -> dict[str, float]:
    rows = notices.outstanding(tx, at.clock())
    waited = {r["channel"]: (at.clock() - r["since"]).total_seconds() for r in rows if r["since"]}
    return {channel: each for channel, each in waited.items() if each > STUCK_SECONDS}


def _lost(tx: Tx, since: object) -> dict[str, int]:
    c = deliveries.c
    query = sa.select(c.channel, sa.func.count().label("n")).where(
        c.state == notices.FAILED, c.changed_at > since
    )
    rows = tx.all(query.group_by(c.channel).order_by(c.channel))
    return {row["channel"]: row["n"] for row in rows}


# --- mail -------------------------------------------------------------------------------------


def mail(at: Deployment) -> Finding:
    """The mail server is reached, by TLS, signed in to, and takes our sender."""
    settings = at.settings
    if "email" not in settings.notice_ways:
        return good("没有设置邮件", "mail is not set up")
    where = f"{settings.smtp_host}:{settings.smtp_port}"
    try:
        asyncio.run(mail_of(settings).probe())
    except Exception as fault:  # each is a finding of its own
        return _mail_fault(where, fault)
    if settings.smtp_security == "none" and settings.smtp_password:
        return warn(
            f"{where} 可用，但密码以明文传送",
            f"{where} answers, and the password goes to it in the clear",
            "把 smtp_security 设为 starttls 或 tls",
            "set smtp_security to starttls or tls",
        )
    signed = f"，已登录 {settings.smtp_user}" if settings.smtp_user else ""
    in_ = f", signed in as {settings.smtp_user}" if settings.smtp_user else ""
    return good(
        f"{where} 可用（{settings.smtp_security}）{signed}",
        f"{where} answers ({settings.smtp_security}){in_}",
    )


def _mail_fault(where: str, fault: Exception) -> Finding:
    said = (str(fault).strip().splitlines() or [type(fault).__name__])[0][:200]
    if isinstance(fault, aiosmtplib.SMTPAuthenticationError):
        return fail(
            f"{where} 拒绝登录：{said}",
            f"{where} refuses the sign-in: {said}",
            "核对 smtp_user 和 smtp_password",
            "see smtp_user and smtp_password",
        )
    if isinstance(fault, aiosmtplib.SMTPSenderRefused):
        return fail(
            f"{where} 不接受发件人：{said}",
            f"{where} does not take our sender: {said}",
            "把 mail_from 改为此账号可用的地址",
            "set mail_from to an address of this account",
        )
    if _is_tls(fault):
        return fail(
            f"{where} 的加密连接失败：{said}",
            f"{where} cannot be reached by TLS: {said}",
            "核对 smtp_security、端口，以及证书是否可信、是否为该主机的",
            "see smtp_security, the port, and whether the certificate is trusted and that host's",
        )
    return fail(
        f"{where} 不可用：{type(fault).__name__}: {said}",
        f"{where} cannot be used: {type(fault).__name__}: {said}",
        "核对 smtp_host、smtp_port 和防火墙",
        "see smtp_host, smtp_port and the firewall",
    )


def _is_tls(fault: BaseException | None) -> bool:
    """Whether a fault, or what brought it about, is of TLS."""
    while fault is not None:
        if isinstance(fault, ssl.SSLError) or "TLS" in str(fault):
            return True
        fault = fault.__cause__ or fault.__context__
    return False


# --- the gateway ------------------------------------------------------------------------------


def webhook(at: Deployment) -> Finding:
    """The gateway may be called, is reached, and takes our signature."""
    if not at.settings.notice_ways & {"sms", "wecom"}:
        return good("没有设置短信或企业微信网关", "no gateway for SMS or WeCom is set up")
    try:
        status = asyncio.run(_with_outbound(at.settings, lambda out: webhook_of(
            at.settings, out, lambda: at.clock().timestamp()
        ).ping()))  # fmt: skip
    except Refused as refused:
        return fail(
            f"不允许呼叫 webhook_url：{refused.why}",
            f"webhook_url must not be called: {refused.why}",
            "须为公网 https 地址；内网网关请把其网段列入 outbound_networks",
            "it is a public https address; name the network of a gateway of your own in"
            " outbound_networks",
        )
    except (ClientError, OSError, TimeoutError) as fault:
        return fail(
            f"网关连不上：{type(fault).__name__}",
            f"the gateway cannot be reached: {type(fault).__name__}",
            "核对 webhook_url、域名解析、证书和防火墙",
            "see webhook_url, its name, its certificate and the firewall",
        )
    return _answered(status)


async def _with_outbound(settings: Settings, do: Callable[[Outbound], Awaitable[int]]) -> int:
    outbound = Outbound(gate_of(settings))
    try:
        return await do(outbound)
    finally:
        await outbound.close()


def _answered(status: int) -> Finding:
    if 200 <= status < 300:
        return good("网关应答了签名的探询", "the gateway answers a signed ping")
    if status in (401, 403):
        return fail(
            f"网关不认可签名（HTTP {status}）",
            f"the gateway refuses our signature (HTTP {status})",
            "两边的 webhook_secret 和 webhook_key_id 须一致，时钟须相差不到 300 秒",
            "webhook_secret and webhook_key_id are the same on both sides, the clocks within 300 s",
        )
    if status in UNKNOWN:
        return note(
            f"网关可达，但不认识探询（HTTP {status}），签名未能验证",
            f"the gateway is reached and knows no ping (HTTP {status}): the signature is unproven",
        )
    return fail(
        f"网关应答异常（HTTP {status}）",
        f"the gateway answers HTTP {status}",
        "看网关的日志；3xx 不会被跟随，请改为最终地址",
        "see the gateway's log; a redirect is not followed, so give its last address",
    )


# --- push -------------------------------------------------------------------------------------


def push(at: Deployment) -> Finding:
    """The key of pushes is there, opens, and is nobody else's."""
    if "push" not in at.settings.notice_ways:
        return good("没有设置网页推送", "web push is not set up")
    file = key_file(at.settings)
    browsers = at.ask(
        lambda tx: int(tx.scalar(sa.select(sa.func.count()).select_from(push_subscriptions)))
    )
    if not file.exists():
        if not browsers:
            return note("密钥会在首次启动时生成", "the key is made at the first start")
        return fail(
            f"push.key 不见了，{browsers} 个浏览器收不到推送",
            f"push.key is gone: {browsers} browsers take no push of any other key",
            "从备份恢复 push.key；否则每个人须重新开启推送",
            "bring push.key back from the backup; else everybody must turn push on again",
        )
    try:
        push_key.public_of(file.read_bytes())
    except (OSError, ValueError, TypeError) as fault:
        return fail(
            f"push.key 打不开：{type(fault).__name__}",
            f"push.key does not open: {type(fault).__name__}",
            "从备份恢复 push.key，并归服务器的用户所有",
            "bring it back from the backup; it belongs to the server's user",
        )
    if file.stat().st_mode & 0o077:
        return warn(
            "push.key 可被其他用户读取",
            "others can read push.key",
            f"chmod 600 {file}",
            f"chmod 600 {file}",
        )
    return good(f"密钥可用，{browsers} 个浏览器", f"the key opens; {browsers} browsers")
