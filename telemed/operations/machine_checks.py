"""Checks of the machine: the data directory, the signing key, the disk, the clock, the limits.

The only file ever made is a probe in the data directory, which is gone again when its check ends.
"""

import ctypes
import os
import resource
import secrets
import stat
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import sqlalchemy as sa

from telemed.operations.checkup import (
    Deployment,
    Finding,
    NotLooked,
    fail,
    good,
    is_root,
    note,
    owner_of,
    warn,
    words_of_user,
)
from telemed.store.blobs import words_of_size
from telemed.store.signer import SoftwareSigner
from telemed.store.tables import activities, signed_reports
from telemed.store.tx import Tx

PROBES = 8
SLOW_FLUSH = 0.1
"""Seconds. An image waits for two flushes before it is acknowledged."""
FORGETFUL = frozenset({"tmpfs", "ramfs"})
DOUBTFUL = frozenset(
    {"overlay", "aufs", "nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "fuse.sshfs"}
)
CLOCK_SECONDS = 2.0
_STA_UNSYNC, _TIME_ERROR = 0x40, 5
"""linux/timex.h: the kernel's clock is not disciplined."""
CONNECTIONS, FILES_KEPT = 4096, 256
"""What server.deadlines takes when the system allows it."""


# --- the data directory -----------------------------------------------------------------------


def data_dir(at: Deployment) -> Finding:
    """There, a directory, writable, its owner's alone to write."""
    place = at.settings.data_dir
    if not place.is_dir():
        return fail(
            f"数据目录 {place} 不存在",
            f"the data directory {place} is not there",
            "检查 data_dir；新服务器首次启动会创建它",
            "see data_dir; the first start of a new server makes it",
        )
    try:
        _probe(place, 1)
    except OSError as fault:
        return fail(
            f"数据目录 {place} 不可写：{fault.strerror}",
            f"the data directory {place} cannot be written: {fault.strerror}",
            "以服务器的用户运行；检查属主、权限和挂载方式",
            "run as the server's user; see owner, mode and mount",
        )
    return _rights(place)


def _there(at: Deployment) -> Path:
    if not at.settings.data_dir.is_dir():
        raise NotLooked("数据目录不存在，未检查", "not looked at: there is no data directory")
    return at.settings.data_dir


def _rights(place: Path) -> Finding:
    mode, owner = stat.S_IMODE(place.stat().st_mode), words_of_user(owner_of(place))
    if mode & 0o022:
        return fail(
            f"数据目录 {place} 的权限是 {mode:04o}，其他用户可以写入",
            f"the data directory {place} has mode {mode:04o}: others may write to it",
            f"chmod 750 {place}",
            f"chmod 750 {place}",
        )
    if owner_of(place) != os.geteuid():
        how = "root" if is_root() else words_of_user(os.geteuid())
        return note(
            f"数据目录属于 {owner}，doctor 以 {how} 运行，可写性未得到证明",
            f"the data directory is {owner}'s and the doctor runs as {how}: that the server can"
            " write is not shown",
        )
    return good(f"{place} 可写，属于 {owner}", f"{place} can be written and is {owner}'s")


def _probe(place: Path, times: int) -> list[float]:
    """Seconds that each flush of a new 4 KiB took; the file is gone afterwards."""
    probe = place / f".doctor-{secrets.token_hex(8)}"
    handle = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        took = []
        for _ in range(times):
            os.write(handle, bytes(4096))
            began = time.perf_counter()
            os.fsync(handle)
            took.append(time.perf_counter() - began)
        return took
    finally:
        os.close(handle)
        probe.unlink()


def flush(at: Deployment) -> Finding:
    """A flush reaches a disk, and how long it takes."""
    place = _there(at)
    kind = file_system(place)
    try:
        spent = median(_probe(place, PROBES)) * 1000
    except OSError:
        raise NotLooked("数据目录不可写，未检查", "not looked at: see data-dir") from None
    told = f"{kind}, fsync {spent:.2f} ms"
    if kind in FORGETFUL:
        return warn(
            f"数据目录在内存中（{told}），断电即失",
            f"the data directory is in memory ({told}): a power cut takes all of it",
            "把 data_dir 放到磁盘上",
            "put data_dir on a disk",
        )
    if kind in DOUBTFUL:
        return warn(
            f"数据目录在 {told} 上，fsync 是否落盘取决于对方",
            f"the data directory is on {told}: whether a flush reaches a disk is up to others",
            "使用本地文件系统，或确认该存储在断电后保留已确认的写入",
            "use a local file system, or make sure that storage keeps what it acknowledged",
        )
    if spent > SLOW_FLUSH * 1000:
        return warn(
            f"刷盘很慢（{told}），每次写入都要等它",
            f"a flush is slow ({told}), and every write waits for it",
            "检查磁盘健康和同机负载",
            "see the disk's health and what else uses it",
        )
    return good(f"刷盘正常（{told}）", f"flushes are sound ({told})")


def file_system(place: Path) -> str:
    """The kind of file system a path is on, as the kernel calls it."""
    path = place.resolve()
    best = ("", "unknown")
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        head, _, tail = line.partition(" - ")
        point = head.split()[4].encode().decode("unicode_escape")
        if path.is_relative_to(point) and len(point) >= len(best[0]):
            best = (point, tail.split()[0])
    return best[1]


# --- the disk ---------------------------------------------------------------------------------


def disk(at: Deployment) -> Finding:
    """Bytes and inodes are left."""
    space = os.statvfs(_there(at))
    free, total = space.f_bavail * space.f_frsize, space.f_blocks * space.f_frsize
    reserve = at.settings.free_space_reserve_bytes
    inodes = space.f_favail / space.f_files if space.f_files else 1.0
    told = f"{words_of_size(free)} / {words_of_size(total)}, inodes {inodes:.0%}"
    if free < reserve or inodes < 0.01:
        return fail(
            f"磁盘已满（剩余 {told}），不再接收影像",
            f"the disk is full (left: {told}): no image is taken in",
            "扩容或清理；见运行手册“磁盘满”",
            "make room; see the runbook, 'The disk is full'",
        )
    if free < max(3 * reserve, total // 20) or inodes < 0.05:
        return warn(
            f"磁盘快满了（剩余 {told}）",
            f"the disk fills up (left: {told})",
            f"在低于 {words_of_size(reserve)} 之前扩容",
            f"make room before {words_of_size(reserve)} are left",
        )
    return good(f"剩余 {told}", f"left: {told}")


# --- the signing key --------------------------------------------------------------------------


def signing_key(at: Deployment) -> Finding:
    """There, its owner's alone, and the one the newest report was signed with."""
    path = at.settings.data_dir / "signing.key"
    signed_with = _last_key(at)
    if not path.is_file():
        return _key_is_missing(path, signed_with)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return fail(
            f"签名密钥的权限是 {mode:04o}，其他用户可以读到并冒签",
            f"the signing key has mode {mode:04o}: others may read it, and sign",
            f"chmod 600 {path}；若有人读过，视为泄露",
            f"chmod 600 {path}; if somebody read it, treat it as leaked",
        )
    if owner_of(path) != owner_of(path.parent):
        return fail(
            f"签名密钥属于 {words_of_user(owner_of(path))}，与数据目录不同，服务器读不到",
            f"the signing key is {words_of_user(owner_of(path))}'s, not the data directory's"
            " owner's: the server cannot read it",
            f"chown --reference={path.parent} {path}",
            f"chown --reference={path.parent} {path}",
        )
    return _key_compared(path, signed_with)


def _key_compared(path: Path, signed_with: str | None) -> Finding:
    mine = SoftwareSigner.load(path).key_id
    if signed_with not in (None, mine):
        return fail(
            f"最新的报告由 {signed_with} 签名，而现在的密钥是 {mine}，旧报告验证失败",
            f"the newest report was signed with {signed_with} and the key is {mine}: it will not"
            " verify",
            "从备份恢复原来的 signing.key；见运行手册“签名密钥丢失”",
            "bring the old signing.key back; see the runbook, 'The signing key is lost'",
        )
    return good(f"密钥 {mine}，仅属主可读", f"key {mine}, for its owner's eyes only")


def _key_is_missing(path: Path, signed_with: str | None) -> Finding:
    if signed_with is None:
        return note(
            "还没有签名密钥，首次启动时生成", "no signing key yet: the first start makes it"
        )
    return fail(
        f"签名密钥 {path} 不见了，已签发的报告无法验证",
        f"the signing key {path} is gone: issued reports cannot be verified",
        "不要启动服务器（它会生成新的密钥）；从备份恢复",
        "do not start the server, it would make a new one; bring it back from the backup",
    )


def _last_key(at: Deployment) -> str | None:
    def newest(tx: Tx) -> str | None:
        query = sa.select(signed_reports.c.key_id).order_by(signed_reports.c.at.desc()).limit(1)
        found = tx.scalar(query)
        return None if found is None else str(found)

    try:
        return at.ask(newest)
    except NotLooked:
        return None


# --- the clock --------------------------------------------------------------------------------


def clock(at: Deployment) -> Finding:
    """Kept by NTP, and later than everything in the log."""
    ahead = _log_ahead(at)
    if ahead > CLOCK_SECONDS:
        return fail(
            f"日志最后一条比本机时间晚 {ahead:.0f} 秒：时钟被拨回过",
            f"the last fact of the log is {ahead:.0f} s in this machine's future: the clock was"
            " set back",
            "校准时钟；见运行手册“时钟跳变”",
            "set the clock right; see the runbook, 'The clock jumps'",
        )
    if not is_synchronised():
        return warn(
            "内核报告时钟没有与 NTP 同步",
            "the kernel says that the clock is not kept by NTP",
            "启用 chrony 或 systemd-timesyncd（容器中则在宿主机上）",
            "run chrony or systemd-timesyncd (on the host, for a container)",
        )
    return good("时钟由 NTP 同步", "the clock is kept by NTP")


def _log_ahead(at: Deployment) -> float:
    """Seconds by which the last fact is later than now."""

    def last(tx: Tx) -> float:
        row = tx.one(sa.select(activities.c.at).order_by(activities.c.seq.desc()).limit(1))
        return 0.0 if row is None else float((row["at"] - at.clock()).total_seconds())

    try:
        return at.ask(last)
    except NotLooked:
        return 0.0


def is_synchronised() -> bool:
    """What the kernel says about its clock (adjtimex(2), which changes nothing here)."""
    asked = ctypes.create_string_buffer(512)  # struct timex is 208 bytes; modes = 0 asks only
    state = ctypes.CDLL(None).adjtimex(asked)
    status = int.from_bytes(asked.raw[40:44], "little")
    return state not in (-1, _TIME_ERROR) and not status & _STA_UNSYNC


def open_files(at: Deployment) -> Finding:
    """The system allows enough open files for the connections the server would hold."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + FILES_KEPT
    if hard != resource.RLIM_INFINITY and hard < wanted:
        return warn(
            f"最多打开 {hard} 个文件，服务器只能同时接 {max(16, hard - FILES_KEPT)} 个连接",
            f"at most {hard} open files: the server takes {max(16, hard - FILES_KEPT)} connections",
            f"在服务单元中设 LimitNOFILE={wanted} 或更多",
            f"set LimitNOFILE={wanted} or more in the service unit",
        )
    return good(
        _limits(hard, "此处最多打开 {} 个文件"), _limits(hard, "{} open files allowed here")
    )


def _limits(hard: int, words: str) -> str:
    return words.format("∞" if hard == resource.RLIM_INFINITY else hard)


MACHINE: Sequence[str] = ("clock", "flush", "open-files", "disk")
"""Checks whose verdict depends on the machine the doctor runs on, not on the deployment."""
