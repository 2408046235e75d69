"""Many want the same places at once, at several servers: never more people than places, nobody is
lost, nobody is counted twice."""

import random
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import pytest

from telemed.actions import checkins, enrolments, quizzes
from telemed.actions.act import Act
from telemed.core.access import Role, Subject
from telemed.core.checkin import code_at
from telemed.store import tables as t
from telemed.store import training_tables as tt
from telemed.store.engine import Store
from telemed.store.tx import Tx
from tests.server.races import all_at_once, on_postgresql, three_servers
from tests.server.training import GIVER, MARKS, QUIZ, RIGHT, SINCE, lecture, published, step
from tests.world import START, World

SEED = 20260306
PEOPLE = 60
PLACED = {"enrolled", "checked in"}


def learner(n: int) -> Subject:
    """One of many learners of three hospitals."""
    place = ("county", "second", "hub")[n % 3]
    return Subject(f"learner-{n}", frozenset({Role.REQUESTER}), place)


def add_learners(tx: Tx) -> None:
    """An account for each."""
    rows = [
        {"id": f"learner-{n}", "username": f"learner-{n}", "password_hash": "!",
         "display_name": f"学员{n}", "institution_id": learner(n).institution_id,
         "roles": ["requester"], "demo": False, "disabled": False, "failures": 0,
         "created_at": START}
        for n in range(PEOPLE)
    ]  # fmt: skip
    tx.insert(t.accounts, rows)


Do = Callable[[Act], object]


def by(world: World, n: int, do: Do) -> Callable[[Tx], object]:
    """An action of one learner."""

    def run(tx: Tx) -> object:
        services = world.services
        return do(Act(tx, learner(n), world.clock(), services.new_id, services.catalogue))

    return run


def ended(told: object) -> str:
    """What became of an act that was done."""
    return told.outcome.value if isinstance(told, checkins.Tried) else "done"


async def check(world: World, lecture_id: str, quota: int) -> Counter[str]:
    """The counts are what the rows say, nobody is above the quota, and nobody waits beside a free
    place; how many are in each state."""
    (row,) = await world.rows(tt.lectures, tt.lectures.c.id == lecture_id)
    people = await world.rows(tt.enrolments, tt.enrolments.c.lecture_id == lecture_id)
    states = Counter(one["state"] for one in people)
    placed = sum(states[state] for state in PLACED)
    assert placed == row["taken"] <= quota
    assert states["waiting"] == row["waiting"] <= row["most_waiting"]
    assert states["checked in"] == row["came"]
    assert row["waiting"] == 0 or placed == quota
    assert len({one["n"] for one in people}) == len(people)
    return states


async def race(world: World, stores: Sequence[Store], rounds: int) -> None:
    """Everybody at once for ten places; then in and out at random; then everybody checks in."""
    await world.write(add_learners)
    quota = 10
    made, key = await published(
        world, lecture(quota=quota, most_waiting=20), quiz=QUIZ, credit_tenths=5, required_percent=1
    )
    acts = [by(world, n, lambda act: enrolments.enrol(act, key)) for n in range(PEOPLE)]
    assert await all_at_once(stores, acts * 2, ended) == {"done": 60, "no-place": 60}
    states = await check(world, key, quota)
    assert states == {"enrolled": 10, "waiting": 20}

    chance = random.Random(SEED)
    for _ in range(rounds):
        wishes = [
            by(world, n, chance.choice(
                (lambda act: enrolments.enrol(act, key), lambda act: enrolments.withdraw(act, key))
            ))
            for n in chance.sample(range(PEOPLE), 40)
        ]  # fmt: skip
        told = await all_at_once(stores, wishes, ended)
        assert set(told) <= {"done", "no-place"}
        await check(world, key, quota)

    world.clock.now = SINCE
    (row,) = await world.rows(tt.lectures, tt.lectures.c.id == key)
    code = code_at(row["code_secret"], row["code_seconds"], world.clock())
    comes = [by(world, n, lambda act: checkins.check_in(act, key, code)) for n in range(PEOPLE)]
    told = await all_at_once(stores, comes * 3, ended)
    states = await check(world, key, quota)
    assert states["checked in"] == quota and told["checked in"] == 3 * quota
    facts = await world.rows(t.activities, t.activities.c.kind == "enrolment.checked_in")
    assert sorted(fact["data"]["came"] for fact in facts) == list(range(1, quota + 1))
    came = {fact["data"]["account"] for fact in facts}
    assert len(came) == quota
    await race_of_words(world, stores, made, key, came)


async def race_of_words(
    world: World, stores: Sequence[Store], made: str, key: str, came: Collection[str]
) -> None:
    """Whoever came hands in their quiz and says what they think, each four times at once: one
    sitting and one word of each, and at the end one credit."""
    people = [n for n in range(PEOPLE) if f"learner-{n}" in came]
    sits = [by(world, n, lambda act: quizzes.sit(act, made, RIGHT, 1)) for n in people]
    words = [by(world, n, lambda act: quizzes.give_feedback(act, key, MARKS, "")) for n in people]
    told = await all_at_once(stores, (sits + words) * 4, ended)
    assert told == {"done": 5 * len(people), "feedback-given": 3 * len(people)}
    world.clock.advance(minutes=2)
    beats = [by(world, n, lambda act: checkins.here(act, key)) for n in people]
    assert await all_at_once(stores, beats * 2, ended) == {"done": 2 * len(people)}
    await step(world, GIVER, key, "finish")
    for table in (tt.quiz_sittings, tt.lecture_feedback, tt.credits):
        rows = await world.rows(table)
        assert sorted(row["account_id"] for row in rows) == sorted(came), table.name


async def race_of_guesses(world: World, stores: Sequence[Store]) -> None:
    """Thirty guesses at once by one person: five are looked at."""
    world.clock.now = START
    _, key = await published(world, lecture())
    world.clock.now = SINCE
    wrong = [by(world, 0, lambda act: checkins.check_in(act, key, "000000")) for _ in range(30)]
    assert await all_at_once(stores, wrong, ended) == {"wrong": 5, "barred": 25}


@pytest.mark.timeout(600)
async def test_no_place_is_given_twice(world: World) -> None:
    """Three servers on one SQLite file."""
    with three_servers(world, world.services.settings.database) as stores:
        await race(world, stores, 4)
        await race_of_guesses(world, stores)


@pytest.mark.services
@pytest.mark.timeout(600)
async def test_no_place_is_given_twice_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    """With real concurrency."""
    async with on_postgresql(tmp_path, postgres_url) as (world, stores):
        await race(world, stores, 6)
        await race_of_guesses(world, stores)
