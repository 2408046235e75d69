"""Checks of what is around the server: its own port, Redis, and the certificate people see.

Each asks over the network as a client would, with a short patience, and believes only the answer.
"""

import fnmatch
import http.client
import ipaddress
import json
import socket
import ssl
import time
from urllib.parse import urlsplit

import redis
from cryptography import x509

from telemed.operations.checkup import Deployment, Finding, fail, good, note, warn
from telemed.operations.places import Bucketed

PATIENCE = 5.0
SLOW_REDIS = 0.1
DAYS_TO_WARN, DAYS_TO_FAIL = 21, 3


# --- the port ---------------------------------------------------------------------------------


def port(at: Deployment) -> Finding:
    """Free, or a telemed answers there and is ready."""
    host, number = at.settings.host, at.settings.port
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    try:
        status, server, body = _get(reached, number, "/health/ready")
    except ConnectionRefusedError:
        return note(
            f"{host}:{number} 空闲，服务器没有运行", f"{host}:{number} is free: no server runs"
        )
    except (OSError, http.client.HTTPException) as fault:
        return fail(
            f"{host}:{number} 被占用但没有正常应答：{type(fault).__name__}",
            f"{host}:{number} is taken and does not answer: {type(fault).__name__}",
            "若是本服务：看日志，重启；否则停止占用者或换端口",
            "if it is this server, see its log and restart it; else stop it or change the port",
        )
    if server != "telemed":
        return fail(
            f"{host}:{number} 被其他程序占用",
            f"{host}:{number} is held by another program",
            "停止它，或设置另一个 port",
            "stop it, or set another port",
        )
    return _readiness(status, body)


def _readiness(status: int, body: bytes) -> Finding:
    if status == 200:
        return good("服务器在运行并就绪", "the server runs and is ready")
    told = json.loads(body)
    why = told.get("why") or f"free_bytes={told.get('free_bytes')}"
    return fail(
        f"服务器在运行但未就绪（{why}）",
        f"the server runs and is not ready ({why})",
        "看“数据库”和“磁盘”两项",
        "see the checks of database and disk",
    )


def _get(host: str, port: int, path: str) -> tuple[int, str, bytes]:
    line = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        line.request("GET", path)
        answer = line.getresponse()
        return answer.status, answer.headers.get("Server", ""), answer.read(10_000)
    finally:
        line.close()


# --- Redis ------------------------------------------------------------------------------------


def bell(at: Deployment) -> Finding:
    """Redis answers, soon, and takes what is published."""
    if not at.settings.redis:
        return good("没有配置 Redis", "no Redis is configured")
    client = redis.Redis.from_url(
        at.settings.redis, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
    )
    try:
        client.ping()  # connects
        began = time.perf_counter()
        client.ping()
        took = time.perf_counter() - began
        version = str(client.info("server")["redis_version"])
    except redis.RedisError as fault:
        return fail(
            f"Redis 不应答：{fault}",
            f"Redis does not answer: {fault}",
            "恢复 Redis；期间一切照常，只是别的进程的消息晚一秒",
            "bring Redis back; meanwhile everything works, and what another process wrote shows"
            " up to a second late",
        )
    finally:
        client.close()
    told = f"Redis {version}, {took * 1000:.1f} ms"
    if took > SLOW_REDIS:
        return warn(f"Redis 很慢（{told}）", f"Redis is slow ({told})", "检查负载", "see its load")
    return good(told, told)


# --- the bucket -------------------------------------------------------------------------------


def bucket(at: Deployment) -> Finding:
    """The bucket answers to these keys."""
    if not at.settings.s3_bucket:
        return good("影像在数据目录中", "images are kept in the data directory")
    began = time.perf_counter()
    try:
        there = Bucketed(at.settings).reach()
    except Exception as fault:  # obstore's many errors have one meaning here
        said = (str(fault).strip().splitlines() or [""])[0][:200]
        return fail(
            f"存储桶 {at.settings.s3_bucket} 不可用：{type(fault).__name__}",
            f"the bucket {at.settings.s3_bucket} cannot be used: {type(fault).__name__}: {said}",
            "检查 s3_endpoint、密钥和服务；期间影像收不进来",
            "see s3_endpoint, the keys and the service; meanwhile no image is taken in",
        )
    took = (time.perf_counter() - began) * 1000
    if not there:
        return warn(
            f"存储桶 {at.settings.s3_bucket} 不存在，或还没有服务器用它启动过",
            f"the bucket {at.settings.s3_bucket} does not exist, or no server has started on it",
            "建立存储桶；首次启动会写入 telemed-check",
            "make the bucket; the first start writes telemed-check",
        )
    return good(f"存储桶应答，{took:.0f} ms", f"the bucket answers, {took:.0f} ms")


# --- the certificate --------------------------------------------------------------------------


def certificate(at: Deployment) -> Finding:
    """The certificate of public_url: its name, its days, and whether it is trusted here."""
    url = urlsplit(at.settings.public_url)
    if url.scheme != "https" or not url.hostname:
        return good("没有 https 地址", "there is no https address")
    try:
        found = _presented(url.hostname, url.port or 443)
    except OSError as fault:
        return warn(
            f"从这里连不上 {url.netloc}：{fault}",
            f"{url.netloc} cannot be reached from here: {fault}",
            "代理在运行吗？若此机不能访问公网地址，请在外部检查证书",
            "does the proxy run? if this machine cannot reach the public address, check the"
            " certificate from outside",
        )
    return _judged(at, found, url.hostname) or _trusted(found, url.hostname, url.port or 443)


def _judged(at: Deployment, found: x509.Certificate, host: str) -> Finding | None:
    """What is wrong with the certificate itself, or None."""
    days = (found.not_valid_after_utc - at.clock()).total_seconds() / 86400
    renew = ("更换证书；见运行手册“证书到期”", "renew it; see the runbook, 'A certificate ends'")
    if days < 0:
        return fail(
            f"证书 {-days:.0f} 天前已过期", f"the certificate ended {-days:.0f} days ago", *renew
        )
    if not covers(found, host):
        return fail(
            f"证书不是 {host} 的：{', '.join(names(found)) or '没有名称'}",
            f"the certificate is not {host}'s: {', '.join(names(found)) or 'no name'}",
            "换成包含该域名的证书",
            "use one that names this host",
        )
    if days < DAYS_TO_WARN:
        judge = fail if days < DAYS_TO_FAIL else warn
        return judge(f"证书还有 {days:.0f} 天", f"the certificate has {days:.0f} days left", *renew)
    return None


def _trusted(found: x509.Certificate, host: str, port: int) -> Finding:
    until = f"{found.not_valid_after_utc:%Y-%m-%d}"
    try:
        with _connected(host, port, ssl.create_default_context()):
            return good(f"有效至 {until}", f"valid until {until}")
    except ssl.SSLCertVerificationError as fault:
        return warn(
            f"有效至 {until}，但本机不信任它：{fault.verify_message}",
            f"valid until {until}, and not trusted here: {fault.verify_message}",
            "代理须发送中间证书；自建 CA 的根证书须装到每台终端",
            "the proxy must send the intermediate certificates; a private CA's root belongs on"
            " every workstation",
        )


def _presented(host: str, port: int) -> x509.Certificate:
    """The certificate as it is shown, trusted or not."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with _connected(host, port, context) as line:
        raw = line.getpeercert(binary_form=True)
    if raw is None:
        raise OSError("no certificate was shown")
    return x509.load_der_x509_certificate(raw)


def _connected(host: str, port: int, context: ssl.SSLContext) -> ssl.SSLSocket:
    plain = socket.create_connection((host, port), PATIENCE)
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


def names(found: x509.Certificate) -> list[str]:
    """The host names and addresses a certificate is for (RFC 9525: the subject's CN is not)."""
    try:
        listed = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    hosts = listed.get_values_for_type(x509.DNSName)
    return [*hosts, *map(str, listed.get_values_for_type(x509.IPAddress))]


def covers(found: x509.Certificate, host: str) -> bool:
    """Whether a certificate names the host; `*` stands for one whole label on the left."""
    try:
        return str(ipaddress.ip_address(host)) in names(found)
    except ValueError:
        pass
    for name in names(found):
        if name.lower() == host.lower():
            return True
        one_label = name.startswith("*.") and host.count(".") == name.count(".")
        if one_label and fnmatch.fnmatchcase(host.lower(), name.lower()):
            return True
    return False
