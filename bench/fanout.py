"""From the commit of one event to the last of many open sockets, beside nginx with nchan and a bare
broadcast of the same bytes by the `websockets` library.

    PYTHONPATH=. .venv/bin/python -m bench.fanout           # 1,000, 5,000 and 10,000 sockets
    PYTHONPATH=. .venv/bin/python -m bench.fanout --write   # and into docs/performance.md

telemed is the real server process on SQLite with a durable commit: each socket is an account with a
session of its own at the hospital that is asked, and the event is a reader who claims a case and
gives it back, over HTTP. The message begins to count when its durable commit is done, which
`bench.committed` writes down. The two peers get a message of the same bytes and know no accounts,
no rights and no log; theirs count from sending the publishing request, which is their commit.
Rounds are interleaved, so that what else the machine does touches all alike; ratios are medians of
rounds.

The client is one epoll loop on bare sockets: it takes as little of the machine as it can. As root
it installs Debian's nginx and libnginx-mod-nchan when they are missing; without them it says so.
"""

import argparse
import asyncio
import http.client
import os
import platform
import re
import resource
import select
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from websockets.asyncio.server import ServerConnection, broadcast, serve

from bench.committed import committed_after
from bench.fanout_world import build, cookie_of
from telemed.settings import ROOT
from tests.services import free_port, wait_until

PAGE = ROOT / "docs" / "performance.md"
NCHAN = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
MARKS = ("<!-- measured: fanout -->", "<!-- end -->")
CLOSE_NOW = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # SO_LINGER on, 0 s: no port is left waiting
COMMITS = "commits"
PATIENCE = 60.0
PING = 0x89
AT_ONCE = 200
_AT = re.compile(rb'"at":"([^"]+)"')


# --- the client -------------------------------------------------------------------------------


def client_frame(payload: bytes) -> bytes:
    """A text frame masked with zeros, so that the payload stays as it is."""
    size = len(payload)
    head = bytes((0x81, 0x80 | size)) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
    return head + b"\0\0\0\0" + payload


HELLO = client_frame(b'{"type":"hello","since":null}')


class Crowd:
    """Many subscribers, each of its path."""

    def __init__(
        self,
        count: int,
        port: int,
        paths: Sequence[str],
        header: Callable[[int], str],
        hello: bytes = b"",
    ) -> None:
        self.epoll = select.epoll()
        self.sockets: dict[int, socket.socket] = {}
        for first in range(0, count, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, count))
            batch = [_upgrade(port, paths[n], header(n)) for n in numbers]
            for one in batch:
                _upgraded(one)
                if hello:
                    one.sendall(hello)
                one.setblocking(False)
                self.sockets[one.fileno()] = one
                self.epoll.register(one.fileno(), select.EPOLLIN)
            self.settle(0)  # pings want their pongs while the others connect
        self.settle(1.0)

    def settle(self, quiet: float) -> None:
        """Read until nothing but pings came for so long: of many sockets one is always pinged."""
        until = time.monotonic() + quiet
        while ready := self.epoll.poll(max(0.0, until - time.monotonic())):
            for fd, _ in ready:
                if self.read(fd)[0] != PING:
                    until = time.monotonic() + quiet

    def read(self, fd: int) -> bytes:
        """What one socket has; a ping is answered."""
        data = self.sockets[fd].recv(65536)
        if not data or data[0] == 0x88:
            raise RuntimeError(f"a server closed a subscriber's connection: {data[:40]!r}")
        if data[0] == PING:
            size = data[1]
            pong = bytes((0x8A, 0x80 | size)) + b"\0\0\0\0" + data[2 : 2 + size]
            self.sockets[fd].send(pong)
        return data

    def hear(self, mark: bytes) -> tuple[list[float], bytes]:
        """When each heard a message with this mark, on the wall clock, and the last message."""
        times: list[float] = []
        heard, need, poll, now = b"", len(self.sockets), self.epoll.poll, time.time
        while len(times) < need:
            ready = poll(PATIENCE, 512)
            if not ready:
                raise RuntimeError(f"{need - len(times)} of {need} heard nothing")
            for fd, _ in ready:
                data = self.read(fd)
                if mark in data:
                    times.append(now())
                    heard = data
        return times, heard

    def close(self) -> None:
        for one in self.sockets.values():
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, CLOSE_NOW)
            one.close()
        self.epoll.close()


def _upgrade(port: int, path: str, header: str) -> socket.socket:
    one = socket.create_connection(("127.0.0.1", port))
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    one.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{header}\r\n".encode()
    )
    return one


def _upgraded(one: socket.socket) -> None:
    got = b""
    while b"\r\n\r\n" not in got:
        more = one.recv(4096)
        if not more:
            raise RuntimeError(f"no upgrade: {got[:200]!r}")
        got += more
    if b" 101 " not in got.split(b"\r\n")[0]:
        raise RuntimeError(f"no upgrade: {got[:300]!r}")


# --- the servers ------------------------------------------------------------------------------


@dataclass
class Target:
    """A server under measurement: how to subscribe, how to cause the event, its processes."""

    name: str
    port: int
    path: str
    pids: Callable[[], list[int]]
    publish: Callable[[bytes], tuple[bytes, Callable[[], object]]]
    """Ask for one event that carries the given text; what the subscribers can tell it by, and how
    to wait for the answer: the sockets are listened to before that, and need not wait for it."""
    header: Callable[[int], str] = lambda number: ""
    hello: bytes = b""
    commits: Path | None = None
    """Where the server's commits are written down; without it a request is its commit."""


def ask(port: int, method: str, path: str, body: bytes) -> Callable[[], None]:
    """Begin one HTTP call on a connection of its own; how to wait for its answer."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    line.request(method, path, body, {"Content-Type": "application/json"})

    def answered() -> None:
        with closing(line):
            answer = line.getresponse()
            told = answer.read()
            if answer.status >= 300:
                raise RuntimeError(f"{method} {path}: {answer.status} {told[:300]!r}")

    return answered


@contextmanager
def serving(folder: Path, most: int) -> Iterator[tuple[int, int]]:
    """The real server on a world with an account for each socket: its port and its process."""
    port = free_port()
    environ = {k: v for k, v in os.environ.items() if not k.startswith("TELEMED_")} | {
        "TELEMED_DATA_DIR": str(folder),
        "TELEMED_PORT": str(port),
        "TELEMED_FREE_SPACE_RESERVE_BYTES": "0",
        "TELEMED_MOST_CONNECTIONS": str(most + 200),
        "TELEMED_TRUSTED_PROXIES": "127.0.0.1",  # one address is no crowd's limit here
        "TELEMED_RENDER_WORKERS": "1",
        "COMMITS": str(folder / COMMITS),
    }
    words = [sys.executable, "-m", "bench.committed", "serve"]
    with running(words, environ, folder / "server.log") as child:
        wait_until(lambda: answers(port, "/health/ready"), "telemed")
        yield port, child.pid


@contextmanager
def telemed(folder: Path, most: int) -> Iterator[Target]:
    """telemed with a case whose turns everybody hears."""
    case = build(folder, most)
    with serving(folder, most) as (port, pid):
        case.open(port)
        yield Target(
            "telemed",
            port,
            "/live",
            lambda: [pid],
            lambda text: case.turn(),
            lambda number: f"Origin: http://127.0.0.1:{port}\r\nCookie: {cookie_of(number)}\r\n",
            HELLO,
            folder / COMMITS,
        )


@contextmanager
def nchan(folder: Path) -> Iterator[Target]:
    """nginx with the nchan module, one worker process, a channel for each name."""
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(
        rf"""load_module {NCHAN};
daemon off; worker_processes 1; worker_rlimit_nofile 65536; pid {folder}/pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 16384; use epoll; multi_accept on; }}
http {{ access_log off; keepalive_timeout 600; tcp_nodelay on; nchan_shared_memory_size 256M;
server {{ listen 127.0.0.1:{port} backlog=4096;
location ~ ^/event/(\w+)$ {{ nchan_publisher http; nchan_channel_id $1;
  nchan_message_buffer_length 10; }}
location ~ ^/live/(\w+)$ {{ nchan_subscriber websocket; nchan_channel_id $1;
  nchan_websocket_ping_interval 15; nchan_subscriber_first_message newest; }}
location /static/ {{ alias {folder}/static/; }} }} }}
"""
    )

    def publish(text: bytes) -> tuple[bytes, Callable[[], object]]:
        return text, ask(port, "POST", "/event/all", text)

    words = [shutil.which("nginx") or "/usr/sbin/nginx", "-c", str(config), "-p", str(folder)]
    with running(words, dict(os.environ), folder / "nginx.out") as child:
        wait_until(lambda: open_door(port), "nginx")
        yield Target("nchan", port, "/live/all", lambda: family(child.pid), publish)


@contextmanager
def bare(folder: Path) -> Iterator[Target]:
    """The `websockets` library: whatever one sends is broadcast to all."""
    port = free_port()
    words = [sys.executable, "-m", "bench.fanout", "--bare", str(port)]
    with running(words, dict(os.environ), folder / "bare.log") as child:
        wait_until(lambda: open_door(port), "the bare broadcast")
        line: list[socket.socket] = []

        def publish(text: bytes) -> tuple[bytes, Callable[[], object]]:
            if not line:
                line.append(_upgrade(port, "/publish", ""))
                _upgraded(line[0])
            line[0].sendall(client_frame(text))
            return text, lambda: None

        yield Target("websockets", port, "/live", lambda: [child.pid], publish)


async def broadcast_all(port: int) -> None:
    """The bare broadcast as a server."""
    everybody: set[ServerConnection] = set()

    async def one(socket: ServerConnection) -> None:
        publisher = socket.request is not None and socket.request.path == "/publish"
        if not publisher:
            everybody.add(socket)
        async for message in socket:
            broadcast(everybody, message)
        everybody.discard(socket)

    raise_limit()
    async with serve(one, "127.0.0.1", port, compression=None, backlog=4096, ping_interval=15):
        await asyncio.Event().wait()


@contextmanager
def running(
    words: Sequence[str], environ: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with the block."""
    with log.open("wb") as out:
        child = subprocess.Popen(words, env=environ, stdout=out, stderr=out)
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def answers(port: int, path: str) -> bool:
    try:
        ask(port, "GET", path, b"")()
    except (OSError, RuntimeError, http.client.HTTPException):
        return False
    return True


def open_door(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def family(pid: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def cpu_seconds(pids: Sequence[int]) -> float:
    """Processor time these have taken."""
    ticks = 0
    for pid in pids:
        after = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(after[11]) + int(after[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def resident(pids: Sequence[int]) -> int:
    """Bytes of memory these hold of their own (a page that is shared counts once a process)."""
    page = os.sysconf("SC_PAGE_SIZE")
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page for pid in pids)


# --- measuring --------------------------------------------------------------------------------


@dataclass
class Round:
    """What one round took: milliseconds to the last socket, from commit and from asking."""

    last: list[float] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)
    cpu_us: float = 0.0
    kb: float = 0.0


def measure(target: Target, count: int, events: int, text: bytes) -> Round:
    """Connect, play the events, disconnect."""
    before = resident(target.pids())
    crowd = Crowd(count, target.port, [target.path] * count, target.header, target.hello)
    try:
        found = Round(kb=max(0, resident(target.pids()) - before) / count / 1000)
        for number in range(3):  # not counted
            mark, answered = target.publish(b"%d warm %s" % (number, text))
            crowd.hear(mark)
            answered()
        spent = cpu_seconds(target.pids())
        for number in range(events):
            asked = time.time()
            mark, answered = target.publish(b"%d %d %s" % (number, time.time_ns(), text))
            times, heard = crowd.hear(mark)
            answered()
            last = max(times)
            found.asked.append((last - asked) * 1000)
            found.last.append((last - _committed(target, heard, asked)) * 1000)
        found.cpu_us = (cpu_seconds(target.pids()) - spent) / events / count * 1e6
    finally:
        crowd.close()
        time.sleep(1.0)
    return found


def _committed(target: Target, heard: bytes, asked: float) -> float:
    """When what was heard was committed; the fact's own time is taken before that."""
    at = _AT.search(heard)
    if target.commits is None or at is None:
        return asked
    return committed_after(target.commits, [datetime.fromisoformat(at[1].decode()).timestamp()])[0]


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(share) // 100) - 1)]


def play(count: int, rounds: int, events: int) -> list[str]:
    """One size, round by round, the servers in turn and all of them new; the table's lines."""
    text = b"x" * 330  # as long as telemed's message of one fact
    with tempfile.TemporaryDirectory(prefix="telemed-fanout-") as place, ExitStack() as open_now:
        folder = Path(place)
        folder.chmod(0o755)
        targets = [open_now.enter_context(one) for one in
                   (telemed(folder / "data", count), nchan(folder), bare(folder))]  # fmt: skip
        found: dict[str, list[Round]] = {target.name: [] for target in targets}
        for number in range(rounds):
            for target in targets if number % 2 == 0 else targets[::-1]:
                found[target.name].append(measure(target, count, events, text))
    return [line(count, name, theirs, found["telemed"]) for name, theirs in found.items()]


def line(count: int, name: str, rounds: Sequence[Round], ours: Sequence[Round]) -> str:
    """A row of the table; the ratio is ours over theirs, median of rounds."""
    last = [ms for one in rounds for ms in one.last]
    asked = [ms for one in rounds for ms in one.asked]
    pairs = zip(ours, rounds, strict=True)
    ratio = statistics.median(
        statistics.median(mine.last) / statistics.median(their.last) for mine, their in pairs
    )
    kb = rounds[0].kb
    return (
        f"| {count:,} | {name} | {statistics.median(last):.0f} | {percentile(last, 99):.0f} "
        f"| {statistics.median(asked):.0f} | {'' if name == 'telemed' else f'{ratio:.2f}'} "
        f"| {statistics.median(one.cpu_us for one in rounds):.1f} | {kb:.0f} |"
    )


COLUMNS = ("sockets", "server", "to the last, p50 ms", "p99", "from asking, p50", "telemed / it",
           "CPU µs a message", "kB a socket")  # fmt: skip
HEAD = f"| {' | '.join(COLUMNS)} |\n|{'---:|' * len(COLUMNS)}"


def write(table: str, marks: tuple[str, str] = MARKS) -> None:
    """Into the page, between its marks."""
    page = PAGE.read_text("utf-8")
    begin, end = marks
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    PAGE.write_text(f"{before}{begin}\n{table}\n{end}{after}", "utf-8")


def raise_limit() -> None:
    """As many open files as this process may have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def require_nchan() -> None:
    """Install what is missing, as root; otherwise say what is."""
    if NCHAN.exists() and (shutil.which("nginx") or Path("/usr/sbin/nginx").exists()):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        packages = ["nginx-light", "libnginx-mod-nchan"]
        subprocess.run(["apt-get", "install", "-y", "-qq", *packages], check=True)
        return
    raise SystemExit("Install nginx and libnginx-mod-nchan (Debian), or run this as root.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sockets", default="1000,5000,10000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=20)
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    parser.add_argument("--bare", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.bare:
        asyncio.run(broadcast_all(given.bare))
        return
    raise_limit()
    require_nchan()
    said = (
        f"{time.strftime('%d %B %Y')}, {platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, load {os.getloadavg()[0]:.1f} before it began; "
        f"{given.rounds} rounds of {given.events} events."
    )
    print(said, HEAD, sep="\n", flush=True)
    lines = []
    for count in map(int, given.sockets.split(",")):
        some = play(count, given.rounds, given.events)
        print(*some, sep="\n", flush=True)
        lines += some
    if given.write:
        write("\n".join((said, "", HEAD, *lines)))


if __name__ == "__main__":
    main()
