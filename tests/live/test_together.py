"""Who comes at the same time shares a question; who comes alone waits for none."""

from __future__ import annotations

import asyncio

from notifications.live import together as module
from notifications.live.together import Together


class Oracle:
    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.let = asyncio.Event()

    async def answer(self, items: list[int]) -> list[int]:
        self.asked.append(items)
        await self.let.wait()
        return [item * 10 for item in items]


async def steps(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_lone_question_is_asked_at_once(monkeypatch):
    monkeypatch.setattr(module, "GATHER_SECONDS", 3_600.0)
    oracle = Oracle()
    oracle.let.set()
    async with asyncio.timeout(1):
        assert await Together(oracle.answer).get(1) == 10


async def test_who_comes_soon_after_one_waits_for_others(monkeypatch):
    monkeypatch.setattr(module, "GATHER_SECONDS", 0.05)
    oracle = Oracle()
    oracle.let.set()
    together = Together(oracle.answer)
    await together.get(1)
    second = asyncio.create_task(together.get(2))
    await steps()
    third = asyncio.create_task(together.get(3))
    assert await asyncio.gather(second, third) == [20, 30]
    assert oracle.asked == [[1], [2, 3]]


async def test_everybody_gets_their_own_answer_however_many_they_are(monkeypatch):
    monkeypatch.setattr(module, "MOST_AT_ONCE", 3)
    monkeypatch.setattr(module, "GATHER_SECONDS", 0.0)
    oracle = Oracle()
    oracle.let.set()
    together = Together(oracle.answer)
    answers = await asyncio.gather(*(together.get(number) for number in range(8)))
    assert answers == [number * 10 for number in range(8)]
    assert max(map(len, oracle.asked)) == 3


async def test_who_has_left_is_not_asked_for(monkeypatch):
    monkeypatch.setattr(module, "GATHER_SECONDS", 0.0)
    oracle = Oracle()
    together = Together(oracle.answer)
    first = asyncio.create_task(together.get(1))
    await steps()
    leaving, staying = asyncio.create_task(together.get(2)), asyncio.create_task(together.get(3))
    await steps()
    leaving.cancel()
    await steps()
    oracle.let.set()
    assert await asyncio.gather(first, staying) == [10, 30]
    assert oracle.asked == [[1], [3]]
