"""The doctor: a table of checks, run one after another, and the report of what they found.

A check that breaks is a finding of its own and stops nobody. The exit status is that of monitoring
programs: 0 nothing to do, 1 look soon, 2 act now. It reads; the only thing it writes is a probe in
the data directory. A check of something new is one function and one row here.
"""

import time
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import ValidationError

from telemed.core.catalogue import Words
from telemed.operations import (
    channel_checks,
    conference_checks,
    database_checks,
    file_checks,
    machine_checks,
    product_checks,
    service_checks,
    settings_checks,
)
from telemed.operations.checkup import Deployment, Finding, NotLooked, fail, note
from telemed.settings import Settings, UnfitVariable


@dataclass(frozen=True, slots=True)
class Check:
    """One row: a code for monitoring, the question it answers, and who answers it."""

    code: str
    asks: Words
    run: Callable[[Deployment], Finding]


def _check(code: str, zh: str, en: str, run: Callable[[Deployment], Finding]) -> Check:
    return Check(code, Words(zh, en), run)


_s, _m, _d = settings_checks, machine_checks, database_checks
_f, _n, _p, _c = file_checks, service_checks, product_checks, channel_checks
_r = conference_checks

CHECKS: Sequence[Check] = (
    _check("public-url", "地址是否安全", "Is the address people type https?", _s.public_url),
    _check("secret", "secret 是否够长够随机", "Is `secret` long and random?", _s.secret),
    _check("demo-accounts", "演示账号是否只在本机", "Do published passwords stay on this machine?",
           _s.demo_accounts),
    _check("proxies", "可信代理是否正确", "Are the trusted proxies addresses, and are there any?",
           _s.proxies),
    _check("processes", "数据库、Redis 与进程数是否相配",
           "Do database, Redis and the number of processes fit together?", _s.processes),
    _check("catalogue", "服务目录能否载入", "Does the catalogue load?", _s.catalogue),
    _check("calendar", "工作日历是否已知", "Are the coming weeks' holidays known?", _s.calendar),
    _check("data-dir", "数据目录是否可写且只归服务器",
           "Is the data directory there, writable, and nobody else's to write?", _m.data_dir),
    _check("signing-key", "签名密钥是否在、是否私有、是否原来那把",
           "Is the signing key there, private, and the one that signed the newest report?",
           _m.signing_key),
    _check("disk", "磁盘是否还有空间", "Are bytes and inodes left?", _m.disk),
    _check("flush", "写入是否落盘、要多久", "Does a flush reach a disk, and how soon?", _m.flush),
    _check("clock", "时钟是否准确", "Is the clock kept by NTP and later than the log?", _m.clock),
    _check("open-files", "打开文件数是否够用", "Are enough open files allowed?", _m.open_files),
    _check("database", "数据库是否应答、版本是否可用",
           "Does the database answer, in a version that works?", _d.reachable),
    _check("durability", "已确认的提交断电后是否保留",
           "Does the database keep what it acknowledged?", _d.durable),
    _check("encoding", "数据库编码是否为 UTF-8", "Do all characters fit?", _d.encoding),
    _check("connections", "数据库连接数是否够用", "Are there enough connections?", _d.connections),
    _check("database-clock", "数据库与本机的时钟是否一致",
           "Do the database's clock and ours agree?", _d.same_time),
    _check("schema", "数据库结构是否为本版本", "Is the schema this version's?", _d.schema),
    _check("database-file", "数据库文件是否完好",
           "Is the SQLite file sound? (with `--deep`)", _d.sound),
    _check("append-only", "只增不改的触发器是否还在",
           "Are the triggers that keep the log from being changed there?", _d.append_only),
    _check("followers", "跟随者是否落后", "Does a follower lag behind the log?", _d.followers),
    _check("audit-chain", "审计链是否完整",
           "Is the audit chain whole? (newest rows; all with `--deep`)", _d.audit_chain),
    _check("rows-have-files", "每条影像记录是否有文件",
           "Does every row find its file? (a sample; all, with hashes, with `--deep`)",
           _f.rows_have_files),
    _check("files-have-rows", "每个影像文件是否有记录",
           "Is every file of a row? (a sample; all with `--deep`)", _f.files_have_rows),
    _check("spool", "上传缓存是否有遗留", "Are partial uploads left behind?", _f.spool),
    _check("redis", "Redis 是否应答", "Does Redis answer, and soon?", _n.bell),
    _check("bucket", "对象存储是否应答", "Does the bucket of `s3_bucket` answer to the keys?",
           _n.bucket),
    _check("port", "端口空闲或由本服务占用", "Is the port free, or ours and ready?", _n.port),
    _check("certificate", "证书是否有效、域名是否相符、还有几天",
           "Is the certificate of `public_url` valid, this host's, and for how long?",
           _n.certificate),
    _check("notices", "有哪些提醒渠道", "By which channels can notices reach people?", _c.ways),
    _check("notices-out", "提醒是否发得出去", "Do notices go out?", _c.going_out),
    _check("mail", "邮件服务器能否连接、加密、登录",
           "Does the mail server answer, by TLS, to our sign-in and sender?", _c.mail),
    _check("webhook", "短信与企业微信网关能否连接、认可签名",
           "May the gateway be called, and does it take our signature?", _c.webhook),
    _check("push-key", "网页推送的密钥是否在、是否可用",
           "Is the key of web push there, and does it open?", _c.push),
    _check("turn", "TURN 服务器是否给出中继",
           "Do the TURN servers give a relay for our passes?", _r.relays),
    _check("media-server", "媒体服务器是否应答、密钥是否一致",
           "Does the media server answer to the secret, with what we need of it?",
           _r.media_server),
    _check("font", "中文字体是否已安装", "Is the reports' Chinese font installed?", _p.font),
    _check("codecs", "各种压缩影像能否解码",
           "Does every compressed form decode to known pixels?", _p.codecs),
    _check("web-client", "网页是否已构建", "Is the web client built?", _p.web_client),
    _check("viewer", "阅片器是否已构建", "Is the viewer built?", _p.viewer),
)  # fmt: skip


class Result(NamedTuple):
    """A check, what it found, and how many seconds it took."""

    check: Check
    finding: Finding
    seconds: float


def examine(at: Deployment, checks: Iterable[Check] = CHECKS) -> list[Result]:
    """Run the checks in order; one that breaks is a failure of itself only."""
    return [_examined(at, check) for check in checks]


def _examined(at: Deployment, check: Check) -> Result:
    began = time.perf_counter()
    try:
        finding = check.run(at)
    except NotLooked as why:
        finding = note(why.words.zh, why.words.en)
    except Exception as fault:  # whatever it is, the other checks are wanted the more
        finding = _broken(fault)
    return Result(check, finding, time.perf_counter() - began)


def _broken(fault: Exception) -> Finding:
    # Database errors carry no parameters (hide_parameters), so no patient is in these words.
    said = (str(fault).strip().splitlines() or [""])[0]
    return fail(
        f"检查本身出错：{type(fault).__name__}: {said}",
        f"the check itself broke: {type(fault).__name__}: {said}",
        "先处理上面的问题；仍然如此则把这一行报告给维护者",
        "see to the findings above first; if it stays, report this line to the maintainers",
    )


UNREADABLE = Check(
    "settings",
    Words("配置能否读取", "Can the settings be read?"),
    lambda at: note("可以读取", "they can"),
)
"""Stands alone when there are no settings to look at anything with."""


def examine_settings_fault(fault: Exception) -> list[Result]:
    """The report where the settings themselves cannot be read."""
    where = type(fault).__name__
    if isinstance(fault, ValidationError):
        first = fault.errors(include_input=False)[0]
        where = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    elif isinstance(fault, tomllib.TOMLDecodeError | UnfitVariable | OSError):
        where = str(fault)
    finding = fail(
        f"配置无法读取：{where}",
        f"the settings cannot be read: {where}",
        "对照 configs/example.toml 改正",
        "correct it; configs/example.toml names every setting",
    )
    return [Result(UNREADABLE, finding, 0.0)]


def exit_status(results: Iterable[Result]) -> int:
    """0 nothing to do, 1 a warning, 2 a failure."""
    return max((result.finding.verdict.status for result in results), default=0)


def as_json(results: Sequence[Result], settings: Settings | None) -> dict[str, object]:
    """The report for machines: status, then each check by its code."""
    return {
        "status": exit_status(results),
        "data_dir": None if settings is None else str(settings.data_dir),
        "checks": [
            {
                "code": check.code,
                "verdict": finding.verdict.name.lower(),
                "fact": {"zh": finding.fact.zh, "en": finding.fact.en},
                "do": None if finding.do is None else {"zh": finding.do.zh, "en": finding.do.en},
                "seconds": round(seconds, 3),
            }
            for check, finding, seconds in results
        ],
    }
