"""Checks of the settings: combinations that each are allowed and together are unsafe.

The server refuses to start with the worst of them; the doctor says them before a start, and says
those that only do harm later.
"""

import ipaddress
from datetime import datetime
from urllib.parse import urlsplit

from telemed.core.workdays import ZONE
from telemed.operations.checkup import Deployment, Finding, NotLooked, fail, good, note, warn
from telemed.server.origins import is_loopback
from telemed.settings import Settings, load_catalogue
from telemed.store import accounts

SECRET_LENGTH = 32
FEW_CHARACTERS = 10
CALENDAR_DAYS = 30
"""The longest promise, a fortnight and a holiday, lies within so many days."""


def is_public(settings: Settings) -> bool:
    """Whether anybody but this machine may reach it."""
    host = urlsplit(settings.public_url).hostname or "127.0.0.1"
    return not (is_loopback(settings.host) and is_loopback(host))


def public_url(at: Deployment) -> Finding:
    """https and nothing but a host, where people come from other machines."""
    url = urlsplit(at.settings.public_url)
    if url.path.strip("/") or url.query or url.fragment:
        return fail(
            f"public_url 带有路径：{at.settings.public_url}，浏览器的每次写入都会被拒绝",
            f"public_url has a path, {at.settings.public_url}: every browser's write is refused",
            "只写协议、主机和端口，如 https://telemed.example.cn",
            "give scheme, host and port only, as https://telemed.example.cn",
        )
    if not is_public(at.settings):
        return good("只服务本机", "serves this machine only")
    if url.scheme != "https" or not url.hostname:
        return fail(
            "对外服务但 public_url 不是 https 地址，服务器不会启动",
            "other machines may reach it and public_url is not https: the server will not start",
            "把 public_url 设为用户输入的 https 地址",
            "set public_url to the https address people type",
        )
    return good(f"用户访问 {at.settings.origin}", f"people come to {at.settings.origin}")


def secret(at: Deployment) -> Finding:
    """Long and random where it is needed."""
    value = at.settings.secret
    if not value and not is_public(at.settings) and not at.settings.redis:
        return good(
            "本机使用且没有 Redis，不需要 secret", "not needed on this machine alone without Redis"
        )
    if len(value) < SECRET_LENGTH:
        return fail(
            f"secret 只有 {len(value)} 个字符，服务器不会启动",
            f"secret has {len(value)} characters: the server will not start",
            "用 python3 -c 'import secrets; print(secrets.token_urlsafe(32))' 生成",
            "make one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'",
        )
    if len(set(value)) < FEW_CHARACTERS:
        return warn(
            f"secret 只用了 {len(set(value))} 种字符，可以猜到",
            f"secret is made of {len(set(value))} different characters: it can be guessed",
            "换成随机生成的",
            "replace it by a random one",
        )
    return good(f"secret 有 {len(value)} 个字符", f"secret has {len(value)} characters")


def demo_accounts(at: Deployment) -> Finding:
    """Published passwords stay on this machine."""
    try:
        usable = at.ask(accounts.any_demo)
    except NotLooked:
        usable = False
    if not (usable or at.settings.demo):
        return good("没有可用的演示账号", "no demo account can sign in")
    if is_public(at.settings):
        return fail(
            "演示账号的密码是公开的，而本服务对外开放，服务器不会启动",
            "demo accounts have published passwords and other machines may reach this server:"
            " it will not start",
            "换用没有演示数据的数据目录，或停用这些账号",
            "use a data directory without the demo, or disable those accounts",
        )
    return note("有演示账号，仅限本机", "there are demo accounts, on this machine only")


def proxies(at: Deployment) -> Finding:
    """Each trusted proxy is an address, and there is one where a proxy is needed."""
    known = at.settings.trusted_proxies
    wrong = [name for name in known if not _is_proxy(name)]
    if wrong:
        return warn(
            f"trusted_proxies 中不是 IP 地址：{', '.join(wrong)}，永远不会匹配",
            f"trusted_proxies holds what is no IP address and never matches: {', '.join(wrong)}",
            "写代理连接本机时使用的 IP 地址",
            "give the IP address from which the proxy connects",
        )
    if not known and is_public(at.settings):
        return warn(
            "没有可信代理：所有用户在审计和限速中都是代理的地址",
            "no trusted proxy: in audit and limits everybody has the proxy's address",
            "把 TLS 代理的地址写入 trusted_proxies",
            "put the TLS proxy's address into trusted_proxies",
        )
    return good(f"{len(known)} 个可信代理", f"{len(known)} trusted proxies")


def _is_proxy(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def processes(at: Deployment) -> Finding:
    """Database, bell and number of processes fit together."""
    workers = at.settings.workers
    name = "SQLite" if at.sqlite else "PostgreSQL"
    if at.settings.redis_url:
        return good(f"{name} + Redis，{workers} 个进程", f"{name}, Redis, {workers} process(es)")
    if workers > 1 or not at.sqlite:
        return note(
            f"{name}，没有 Redis：别的进程写的内容晚一秒才看到",
            f"{name} without Redis: what another process wrote shows up to a second late",
        )
    return good("SQLite，一个进程", "SQLite, one process")


def catalogue(at: Deployment) -> Finding:
    """The catalogue loads, and something can be asked for."""
    found = load_catalogue(at.settings.configs)
    live = sum(service.live for service in found.services.values())
    if not live:
        return fail(
            "目录中没有开通的服务",
            "no service of the catalogue is live",
            f"检查 {at.settings.configs / 'service_types.toml'}",
            f"see {at.settings.configs / 'service_types.toml'}",
        )
    return good(
        f"{live} 项服务开通，{len(found.deadlines)} 条时限",
        f"{live} services are live, {len(found.deadlines)} deadlines",
    )


def calendar(at: Deployment) -> Finding:
    """The holidays of the days that promises may reach are announced and known."""
    days = load_catalogue(at.settings.configs).calendar.days
    left = (days.known_until - datetime.now(ZONE).date()).days
    said = (
        f"工作日历已知至 {days.known_until}",
        f"the working calendar is known until {days.known_until}",
    )
    if left < CALENDAR_DAYS:
        return warn(
            f"{said[0]}，此后周一至周五都算工作日",
            f"{said[1]}; after it Monday to Friday count as worked",
            "国务院办公厅公布节假日后更新 chinesecalendar，或写入 configs/calendar.toml",
            "when the holidays are announced update chinesecalendar or enter them in"
            " configs/calendar.toml",
        )
    return good(*said)
