"""Many acts at once at several servers on one database, as the tests of races need them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

from telemed.core.errors import Problem
from telemed.store.engine import Store
from telemed.store.tx import Tx
from tests.world import World, build, world_at

Deed = Callable[[Tx], object]


async def all_at_once(
    stores: Sequence[Store], deeds: Sequence[Deed], named: Callable[[Any], str]
) -> Counter[str]:
    """Every deed at once, the stores in turn; how many ended how: by the problem's code, or what
    `named` calls its result."""

    async def one(n: int, deed: Deed) -> str:
        try:
            return named(await stores[n % len(stores)].write(deed))
        except Problem as problem:
            return problem.code

    return Counter(await asyncio.gather(*(one(n, deed) for n, deed in enumerate(deeds))))


@contextmanager
def three_servers(world: World, url: str) -> Iterator[list[Store]]:
    """The world's store and those of two servers more on the same database."""
    with ExitStack() as stack:
        more = [stack.enter_context(closing(Store(url))) for _ in range(2)]
        yield [world.services.store, *more]


@asynccontextmanager
async def on_postgresql(tmp_path: Path, url: str) -> AsyncIterator[tuple[World, list[Store]]]:
    """A world on PostgreSQL, with three servers."""
    settings: dict[str, Any] = {"database_url": url}
    build(tmp_path / "data", **settings)
    async with world_at(tmp_path / "data", **settings) as world:
        with three_servers(world, url) as stores:
            yield world, stores
