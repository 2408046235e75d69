"""Checks of the database: reachable, keeping what it acknowledged, of this version, complete.

Everything is asked over a connection that cannot write. What is only true of one of the two
databases is asked of that one.
"""

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from telemed.followers.tallies import TALLIES
from telemed.operations.checkup import Deployment, Finding, fail, good, note, warn
from telemed.store import audit, log
from telemed.store.migrate import MIGRATIONS
from telemed.store.tables import activities
from telemed.store.tx import Tx

OLDEST_POSTGRESQL = 14
"""CREATE OR REPLACE TRIGGER is of PostgreSQL 14."""
WAL_RESET_FIXED = (3, 51, 3)
"""sqlite.org/wal.html#walresetbug"""
CONNECTIONS_OF_A_PROCESS = 12
"""Pool and overflow of store.engine."""
CLOCK_SECONDS = 2.0
LAG_SECONDS = 60.0
AUDIT_ROWS = 2000
FOLLOWERS = (TALLIES.name,)
"""Those that a server runs; one that never ran has no bookmark."""
APPEND_ONLY = ("activities", "audit", "signed_opinions", "signed_reports")


def reachable(at: Deployment) -> Finding:
    """It answers, and in a version that works."""
    try:
        with at.reading() as tx:
            version = str(tx.scalar(sa.text(_VERSION[tx.sqlite])))
    except (sa.exc.SQLAlchemyError, OSError, sqlite3.Error) as fault:
        absent = isinstance(fault, FileNotFoundError)
        why = "no file " * absent + str(getattr(fault, "orig", fault)).strip().splitlines()[0]
        return fail(
            f"数据库不应答：{why}",
            f"the database does not answer: {why}",
            "检查 database_url、数据库服务和网络；见运行手册“PostgreSQL 不在”",
            "see database_url, the database's service and the network; see the runbook,"
            " 'PostgreSQL is gone'",
        )
    return _sqlite_version(version) if at.sqlite else _postgresql_version(version)


_VERSION = {
    # Alone, sqlite_version() would not look at the file.
    True: "SELECT sqlite_version() FROM (SELECT count(*) FROM sqlite_master)",
    False: "SHOW server_version",
}


def _sqlite_version(version: str) -> Finding:
    if tuple(map(int, version.split("."))) < WAL_RESET_FIXED:
        return note(
            f"SQLite {version}：有 WAL 重置缺陷（3.51.3 修复），由文件锁避开；不要用其他程序写它",
            f"SQLite {version} has the WAL-reset bug (fixed in 3.51.3); a file lock keeps clear of"
            " it: let no other program write to it",
        )
    return good(f"SQLite {version}", f"SQLite {version}")


def _postgresql_version(version: str) -> Finding:
    if int(version.split(".")[0]) < OLDEST_POSTGRESQL:
        return fail(
            f"PostgreSQL {version} 太旧",
            f"PostgreSQL {version} is too old",
            f"升级到 {OLDEST_POSTGRESQL} 或更高",
            f"use {OLDEST_POSTGRESQL} or newer",
        )
    return good(f"PostgreSQL {version}", f"PostgreSQL {version}")


def durable(at: Deployment) -> Finding:
    """What was acknowledged survives a power cut."""
    lossy = at.ask_bare(lambda tx: _not_wal(at) if tx.sqlite else _lossy(tx))
    if lossy:
        return fail(
            f"数据库可能丢失已确认的提交（{lossy}），服务器不会启动",
            f"the database may lose acknowledged commits ({lossy}): the server will not start",
            "恢复这些设置的默认值并重启数据库",
            "set them back to their defaults and restart the database",
        )
    return good("已确认的提交会保留", "acknowledged commits are kept")


def _not_wal(at: Deployment) -> str:
    """What the file says of itself (sqlite.org/fileformat2.html#file_format_version_numbers):
    a connection to a file at rest would say `delete` of any."""
    with Path(str(at.url.database)).open("rb") as file:
        versions = file.read(20)[18:]
    return "" if versions == b"\x02\x02" else "journal_mode is not WAL"


def _lossy(tx: Tx) -> str:
    wanted = ("fsync", "synchronous_commit", "full_page_writes")
    off = [name for name in wanted if tx.scalar(sa.text(f"SHOW {name}")) == "off"]
    return ", ".join(f"{name}=off" for name in off)


def encoding(at: Deployment) -> Finding:
    """Chinese names fit, and times have a zone."""
    found = at.ask_bare(_encoding)
    if found.get("server_encoding", "UTF8") not in ("UTF8", "UTF-8"):
        return fail(
            f"数据库编码是 {found['server_encoding']}，存不下生僻字",
            f"the database's encoding is {found['server_encoding']}: rare characters do not fit",
            "用 ENCODING 'UTF8' 新建数据库并导入",
            "make a database with ENCODING 'UTF8' and load it there",
        )
    told = ", ".join(f"{name}={value}" for name, value in found.items())
    return good(told, told)


def _encoding(tx: Tx) -> dict[str, str]:
    if tx.sqlite:
        return {"encoding": str(tx.scalar(sa.text("PRAGMA encoding")))}
    return {
        name: str(tx.scalar(sa.text(f"SHOW {name}"))) for name in ("server_encoding", "TimeZone")
    }


def connections(at: Deployment) -> Finding:
    """PostgreSQL allows as many connections as the processes may open."""
    if at.sqlite:
        return good("SQLite 不限连接", "SQLite has no limit of connections")
    workers = at.settings.workers
    wanted = workers * CONNECTIONS_OF_A_PROCESS
    allowed = at.ask_bare(_allowed_connections)
    if wanted > allowed:
        return fail(
            f"{workers} 个进程最多开 {wanted} 个连接，数据库只允许 {allowed} 个",
            f"{workers} processes may open {wanted} connections, the database allows {allowed}",
            f"把 max_connections 提高到 {wanted + 20} 或减少进程",
            f"raise max_connections to {wanted + 20}, or run fewer processes",
        )
    return good(
        f"本机 {workers} 个进程最多 {wanted} 个连接，数据库允许 {allowed} 个",
        f"{workers} process(es) here open at most {wanted} connections, {allowed} are allowed",
    )


def _allowed_connections(tx: Tx) -> int:
    limits = ("max_connections", "superuser_reserved_connections")
    most, reserved = (int(tx.scalar(sa.text(f"SHOW {name}"))) for name in limits)
    return most - reserved


def schema(at: Deployment) -> Finding:
    """The schema is this version's: neither behind nor newer."""
    known = sorted(p.name.split("_", 1)[0] for p in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    current = at.ask(lambda tx: at.revision)
    if current not in known:
        return fail(
            f"数据库版本 {current} 比本程序（{known[-1]}）新，服务器不会启动",
            f"the database is at {current}, newer than this program ({known[-1]}): the server will"
            " not start",
            "换用新版本的 telemed；数据库不能退回旧版本",
            "use the newer telemed; a database never goes back",
        )
    if current != known[-1]:
        return warn(
            f"数据库版本 {current} 落后于 {known[-1]}",
            f"the database is at {current}, behind {known[-1]}",
            "先备份，再运行 telemed migrate（启动时也会自动进行）",
            "make a backup, then run telemed migrate (a start does it too)",
        )
    return good(f"版本 {current}", f"at {current}")


def sound(at: Deployment) -> Finding:
    """SQLite's own check of its file, which reads all of it."""
    if not at.sqlite:
        return good("由 PostgreSQL 自行校验", "PostgreSQL looks after its own pages")
    if not at.deep:
        return note("未做 quick_check（--deep）", "quick_check not run (--deep)")
    try:
        said = at.ask_bare(lambda tx: tx.scalar(sa.text("PRAGMA quick_check")))
    except sa.exc.DatabaseError as fault:
        said = fault.orig
    if said != "ok":
        return fail(
            f"数据库文件损坏：{said}",
            f"the database file is damaged: {said}",
            "停止服务器，保留文件，从备份恢复",
            "stop the server, keep the file, restore the backup",
        )
    return good("quick_check 正常", "quick_check says ok")


def append_only(at: Deployment) -> Finding:
    """The triggers that keep what was recorded from being changed are there."""
    found = " ".join(at.ask(_triggers))
    missing = [table for table in APPEND_ONLY if f"{table}_" not in found]
    if missing:
        return fail(
            f"只增不改的触发器不见了：{', '.join(missing)}",
            f"the triggers of append-only tables are gone: {', '.join(missing)}",
            "有人改动过数据库；查明是谁，并核对审计链",
            "somebody changed the database: find out who, and verify the audit chain",
        )
    return good("日志、审计、签名报告只增不改", "log, audit and signed reports only grow")


def _triggers(tx: Tx) -> list[str]:
    listed = (
        "SELECT name AS name FROM sqlite_master WHERE type = 'trigger'"
        if tx.sqlite
        else "SELECT tgname AS name FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    )
    return [str(row["name"]) for row in tx.all(sa.text(listed))]


def followers(at: Deployment) -> Finding:
    """Every follower stands near the end of the log."""
    worst, name, behind = 0.0, "", 0
    head, marks, since = at.ask(_positions)
    for follower, seq in marks.items():
        if seq > head:
            return fail(
                f"{follower} 的书签 {seq} 超过日志末尾 {head}：数据库来自不同的备份",
                f"the bookmark of {follower}, {seq}, is past the log's end, {head}: parts of the"
                " database are of different times",
                "从一份完整的备份恢复，再运行 telemed tally --rebuild",
                "restore one whole backup, then run telemed tally --rebuild",
            )
        if seq < head and (at.clock() - since[follower]).total_seconds() > worst:
            worst = (at.clock() - since[follower]).total_seconds()
            name, behind = follower, head - seq
    if worst > LAG_SECONDS:
        return warn(
            f"{name} 落后 {behind} 条、{worst:.0f} 秒",
            f"{name} is {behind} facts and {worst:.0f} s behind",
            "服务器在运行吗？日志中会写明卡在哪里；见运行手册“跟随者落后”",
            "does a server run? its log names what it stumbles over; see the runbook,"
            " 'A follower lags'",
        )
    return good(f"日志到 {head}，无人落后", f"the log is at {head} and nobody lags")


def _positions(tx: Tx) -> tuple[int, dict[str, int], dict[str, datetime]]:
    """The head, each bookmark, and when the first fact after each bookmark was written."""
    marks = dict.fromkeys(FOLLOWERS, 0) | log.all_bookmarks(tx)
    since: dict[str, datetime] = {}
    for follower, seq in marks.items():
        query = sa.select(activities.c.at).where(activities.c.seq > seq)
        row: Any = tx.one(query.order_by(activities.c.seq).limit(1))
        if row is not None:
            since[follower] = row["at"]
    return log.head(tx), marks, since


def same_time(at: Deployment) -> Finding:
    """The database's clock and ours agree."""
    if at.sqlite:
        return good("SQLite 用本机时钟", "SQLite has this machine's clock")
    theirs = at.ask_bare(lambda tx: tx.scalar(sa.text("SELECT clock_timestamp()")))
    apart = abs((theirs - at.clock()).total_seconds())
    if apart > CLOCK_SECONDS:
        return warn(
            f"数据库的时钟与本机相差 {apart:.1f} 秒",
            f"the database's clock and ours are {apart:.1f} s apart",
            "两台机器都启用 NTP",
            "keep both machines by NTP",
        )
    return good(f"与数据库相差 {apart:.2f} 秒", f"{apart:.2f} s apart from the database")


def audit_chain(at: Deployment) -> Finding:
    """No audited event was changed, removed or put in another order."""
    newest = None if at.deep else AUDIT_ROWS
    broken = at.ask(lambda tx: audit.verify_chain(tx, newest=newest))
    last = at.ask(audit.head)
    if broken is not None:
        return fail(
            f"审计链在第 {broken} 条断开",
            f"the audit chain is broken at row {broken}",
            "视为安全事件：保全现场，见运行手册“审计链断开”",
            "treat it as an incident: keep everything as it is; see the runbook,"
            " 'The audit chain is broken'",
        )
    checked = last.seq if newest is None else min(newest, last.seq)
    return good(
        f"最近 {checked} 条完整，链头 {last.seq}:{last.chain[:12]}",
        f"the newest {checked} rows hold; head {last.seq}:{last.chain[:12]}",
    )
