"""Checks of what carries pictures and voices: the TURN servers, and the media server Janus.

A TURN server is asked for a relay with a pass as pages are given, by UDP, TCP or TLS, as each of
its addresses says, and the relay is given back. Janus is asked by the secret for a session and for
its VideoRoom, with which no room is made. What lies between them and the hospitals cannot be seen
from here: that is what the check before a call is for.
"""

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from aioice import stun, turn
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from telemed.catalogue.conference import load_conference
from telemed.core.catalogue import Words
from telemed.core.turn import TurnPass, turn_pass
from telemed.operations.checkup import Deployment, Finding, fail, good, note, warn
from telemed.server.janus import PLUGIN

PATIENCE: Final = 5.0
GOODBYE_SECONDS: Final = 2.0
LABEL: Final = "doctor"
_TURN: Final = re.compile(
    r"(?P<scheme>turns?):(?P<host>\[[0-9a-fA-F:.]+\]|[^\s:/?\[\]]+)(?::(?P<port>\d{1,5}))?"
    r"(?:\?transport=(?P<by>udp|tcp))?"
)
"""RFC 7065, as browsers read it."""


# --- TURN -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Way:
    """One of turn_urls, taken apart."""

    url: str
    host: str
    port: int
    by: str
    tls: bool


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of asking one for a relay: its address, or what was wrong and what to do."""

    way: Way
    relay: tuple[str, int] | None = None
    wrong: Words | None = None
    do: Words | None = None


def way_of(url: str) -> Way | None:
    """A turn: or turns: address; None when it is none."""
    found = _TURN.fullmatch(url)
    if found is None:
        return None
    tls = found["scheme"] == "turns"
    by = found["by"] or ("tcp" if tls else "udp")
    port = int(found["port"] or (5349 if tls else 3478))
    if tls and by == "udp":  # browsers ask by DTLS, which nobody needs beside TLS
        return None
    return Way(url, found["host"].strip("[]"), port, by, tls)


def relays(at: Deployment) -> Finding:
    """Every TURN server gives a relay for a pass of ours."""
    told = at.settings
    if not told.turn_urls:
        return _no_relay(told.turn_only)
    if not told.turn_secret:
        return fail(
            "有 turn_urls 而没有 turn_secret：页面得不到中继",
            "there are turn_urls and no turn_secret: pages are given no relay",
            "把 coturn 的 static-auth-secret 填入 turn_secret",
            "set turn_secret to coturn's static-auth-secret",
        )
    ways = [(url, way_of(url)) for url in told.turn_urls if not url.startswith("stun:")]
    unread = [url for url, way in ways if way is None]
    if unread or not ways:
        return fail(
            f"turn_urls 中有看不懂的地址：{'，'.join(unread) or '没有 turn: 或 turns: 地址'}",
            f"no address of a TURN server in turn_urls: {', '.join(unread) or 'only stun:'}",
            "写成 turn:主机:3478?transport=udp 或 turns:主机:5349?transport=tcp",
            "write turn:host:3478?transport=udp or turns:host:5349?transport=tcp",
        )
    lasts = timedelta(minutes=told.turn_minutes)
    given = turn_pass(told.turn_secret, LABEL, at.clock(), lasts)
    return _of_relays(asyncio.run(_all([way for _, way in ways if way], given)))


def _no_relay(turn_only: bool) -> Finding:
    if turn_only:
        return fail(
            "turn_only 而没有 TURN 服务器：会诊室里谁也看不见谁",
            "turn_only without a TURN server: nobody in a conference sees anybody",
            "设置 turn_urls 和 turn_secret，或去掉 turn_only",
            "set turn_urls and turn_secret, or leave turn_only out",
        )
    return note(
        "没有设置 TURN 服务器：互相连不通的医院在会诊室里看不见对方",
        "no TURN server is set up: hospitals whose networks let no direct line through do not see"
        " each other in a conference",
    )


async def _all(ways: Sequence[Way], given: TurnPass) -> list[Tried]:
    return await asyncio.gather(*(_tried(way, given) for way in ways))


async def _tried(way: Way, given: TurnPass) -> Tried:
    """Ask for a relay, and give it back."""
    trust = ssl.create_default_context() if way.tls else None
    try:
        async with asyncio.timeout(PATIENCE):
            transport, ended = await turn.create_turn_endpoint(
                _Ended, (way.host, way.port), given.username, given.credential,
                ssl=trust, transport=way.by,
            )  # fmt: skip
    except stun.TransactionFailed as refusal:
        code, said = refusal.response.attributes.get("ERROR-CODE", (0, ""))
        return Tried(way, None, *_refused(int(code), str(said)))
    except ssl.SSLError as fault:
        why = getattr(fault, "verify_message", "") or fault.reason or type(fault).__name__
        return Tried(way, None, Words(f"TLS 不成：{why}", f"no TLS: {why}"), _DO_TLS)
    except socket.gaierror:
        return Tried(way, None, Words("主机名无法解析", "its name is unknown"), _DO_NAME)
    except (OSError, TimeoutError, stun.TransactionTimeout):
        return Tried(way, None, Words("没有应答", "it does not answer"), _DO_SILENT)
    relay = transport.get_extra_info("sockname")
    transport.close()
    with suppress(TimeoutError):  # what is not given back ends by itself
        await asyncio.wait_for(ended.done.wait(), GOODBYE_SECONDS)
    return Tried(way, relay)


class _Ended(asyncio.DatagramProtocol):
    """Nothing is relayed; only that the relay was given back is waited for."""

    def __init__(self) -> None:
        self.done = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        """It was."""
        self.done.set()


_DO_TLS = Words(
    "换成包含该主机名、浏览器信任的证书（cert、pkey），端口用 tls-listening-port",
    "give coturn a certificate of that name that browsers trust (cert, pkey); the port is its"
    " tls-listening-port",
)
_DO_NAME = Words("核对 turn_urls 和域名解析", "see turn_urls and the name's entry")
_DO_SILENT = Words(
    "coturn 在运行吗？核对端口、协议（udp/tcp）和防火墙，也要从医院一侧试",
    "does coturn run? see the port, the protocol (udp or tcp) and the firewall, from a hospital's"
    " side too",
)
_DO_SECRET = Words(
    "turn_secret 须与 coturn 的 static-auth-secret 一致，且设了 use-auth-secret；两机时钟须一致",
    "turn_secret is coturn's static-auth-secret, use-auth-secret is set, and both clocks agree",
)
_DO_FULL = Words(
    "看 coturn 的 user-quota、total-quota、min-port 和 max-port",
    "see coturn's user-quota, total-quota, min-port and max-port",
)
_DO_LOG = Words("看 coturn 的日志", "see coturn's log")


def _refused(code: int, said: str) -> tuple[Words, Words]:
    """What a refusal means (RFC 8656 18.3, RFC 8489 14.8), and what to do."""
    if code == 401:
        return Words("不认可口令", "it refuses our pass"), _DO_SECRET
    if code in (486, 508):
        return Words(f"没有余量（{code}）", f"it has no relay left ({code} {said})"), _DO_FULL
    return Words(f"拒绝（{code} {said}）", f"it refuses ({code} {said})"), _DO_LOG


def _of_relays(tried: Sequence[Tried]) -> Finding:
    """One finding of all addresses: a page gets through while one of them works."""
    wrong = [one for one in tried if one.wrong is not None and one.do is not None]
    if wrong:
        judge = fail if len(wrong) == len(tried) else warn
        zh = "；".join(f"{one.way.url} {one.wrong.zh}" for one in wrong if one.wrong)
        en = "; ".join(f"{one.way.url}: {one.wrong.en}" for one in wrong if one.wrong)
        do = {one.do: None for one in wrong if one.do}
        return judge(zh, en, "；".join(d.zh for d in do), "; ".join(d.en for d in do))
    inner = [one for one in tried if one.relay and is_hidden(one.way.host, one.relay[0])]
    if inner:
        addresses = ", ".join(sorted({one.relay[0] for one in inner if one.relay}))
        return warn(
            f"TURN 服务器给出内网地址 {addresses}，外面的医院到不了",
            f"the TURN server gives out the inner address {addresses}, which no hospital outside"
            " can reach",
            "在 turnserver.conf 设置 external-ip=公网地址/内网地址",
            "set external-ip=OUTER/INNER in turnserver.conf",
        )
    ways = ", ".join(one.way.url for one in tried)
    return good(f"每个 TURN 地址都给出中继：{ways}", f"every address gives a relay: {ways}")


def is_hidden(host: str, relay: str) -> bool:
    """Whether a server that is reached by an outer address relays at one of an inner network."""
    try:
        reached = {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    outer = any(ipaddress.ip_address(one.partition("%")[0]).is_global for one in reached)
    return outer and not ipaddress.ip_address(relay).is_global


# --- Janus ------------------------------------------------------------------------------------


def media_server(at: Deployment) -> Finding:
    """Janus answers to the secret and to no other, and its VideoRoom takes ids such as ours."""
    told, most = at.settings, load_conference(at.settings.configs).peers_up_to
    if not told.janus_url:
        return note(
            f"没有设置媒体服务器：超过 {most} 人时仍由每人直接发给所有人，线路窄的听不清",
            f"no media server is set up: above {most} members each still sends to all the others,"
            " which a thin line does not carry",
        )
    if not told.janus_secret or urlsplit(told.janus_url).scheme not in ("ws", "wss"):
        return fail(
            "janus_url 须为 ws:// 或 wss:// 地址，且须有 janus_secret",
            "janus_url is to be a ws:// or wss:// address, and janus_secret to be set",
            "对照 configs/example.toml",
            "see configs/example.toml",
        )
    try:
        with connect(
            told.janus_url, subprotocols=[Subprotocol("janus-protocol")], proxy=None,
            open_timeout=PATIENCE, close_timeout=GOODBYE_SECONDS,
        ) as line:  # fmt: skip
            return _examined(line, told.janus_secret)
    except (OSError, WebSocketException, _Refused, ValueError, KeyError, TypeError) as fault:
        return fail(
            f"媒体服务器不应答：{type(fault).__name__}",
            f"the media server does not answer: {type(fault).__name__}",
            "Janus 在运行吗？核对 janus_url（WebSocket 接口，不是管理接口）；"
            "期间多人会诊没有音视频",
            "does Janus run? see janus_url (its WebSocket interface, not the admin's); meanwhile"
            " conferences of many have neither pictures nor voices",
        )


class _Refused(Exception):
    """Janus answers a question with an error: its code."""


def _examined(line: ClientConnection, secret: str) -> Finding:
    about = _asked(line, {"janus": "info"})
    if about["janus"] != "server_info":
        raise ValueError(about["janus"])
    if not about.get("api_secret"):
        return fail(
            "Janus 没有设密钥：谁连得上谁就能用",
            "Janus asks for no secret: whoever reaches it may use it",
            "在 janus.jcfg 设置 api_secret，并填入 janus_secret",
            "set api_secret in janus.jcfg, and janus_secret to the same",
        )
    if PLUGIN not in about.get("plugins", {}):
        return fail(
            "Janus 没有 VideoRoom 插件",
            "Janus has no VideoRoom plugin",
            "看 janus.jcfg 的 plugins_folder 和 disable，用 configs/deploy/janus 的文件",
            "see plugins_folder and disable in janus.jcfg; configs/deploy/janus has the files",
        )
    try:
        begun = _asked(line, {"janus": "create"}, secret)
    except _Refused as refusal:
        return fail(
            f"Janus 不认可 janus_secret（{refusal}）",
            f"Janus refuses janus_secret ({refusal})",
            "janus_secret 须与 janus.jcfg 的 api_secret 一致",
            "janus_secret is to be the api_secret of janus.jcfg",
        )
    session = {"session_id": begun["data"]["id"]}
    try:
        return _room(line, secret, session, str(about.get("version_string", "")))
    finally:
        _asked(line, {"janus": "destroy", **session}, secret)


def _room(line: ClientConnection, secret: str, session: dict[str, Any], version: str) -> Finding:
    """Whether rooms may be named as ours are. None is made."""
    try:
        handle = _asked(line, {"janus": "attach", "plugin": PLUGIN, **session}, secret)
        body = {"request": "exists", "room": "doctor"}
        said = {"janus": "message", "handle_id": handle["data"]["id"], "body": body, **session}
        data = _asked(line, said, secret)["plugindata"]["data"]
    except _Refused as refusal:
        return fail(
            f"Janus 的 VideoRoom 插件不应答（{refusal}）",
            f"Janus's VideoRoom plugin does not answer ({refusal})",
            "看 Janus 的日志，重启它",
            "see Janus's log, and restart it",
        )
    if "error_code" in data:
        return fail(
            "Janus 的 VideoRoom 不接受文字编号的房间",
            "Janus's VideoRoom takes no rooms whose ids are words",
            "在 janus.plugin.videoroom.jcfg 设置 string_ids = true",
            "set string_ids = true in janus.plugin.videoroom.jcfg",
        )
    return good(f"Janus {version} 应答，密钥一致", f"Janus {version} answers to the secret")


def _asked(line: ClientConnection, said: dict[str, Any], secret: str = "") -> dict[str, Any]:
    """A question, and its answer; _Refused when it is an error."""
    sent = {**said, "transaction": LABEL, **({"apisecret": secret} if secret else {})}
    line.send(orjson.dumps(sent).decode())
    while True:
        told: dict[str, Any] = orjson.loads(line.recv(PATIENCE))
        if told.get("transaction") != LABEL:  # an event of the session
            continue
        if told["janus"] == "error":
            raise _Refused(f"{told['error'].get('code')} {told['error'].get('reason')}")
        return told
