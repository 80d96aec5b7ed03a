"""Ask the database once for many who come at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from ..inbox.chunks import in_chunks

Item = TypeVar("Item")
Answer = TypeVar("Answer")

MOST_AT_ONCE = 500
GATHER_SECONDS = 0.02  # between two questions: to prepare one takes longer than one answer more


class Together(Generic[Item, Answer]):
    """Who comes while a question is asked, or right after it, shares the next. Who comes alone waits for nobody.

    Args:
        ask: answers many, in their order.
    """

    def __init__(self, ask: Callable[[list[Item]], Awaitable[Sequence[Answer]]]) -> None:
        self._ask = ask
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._asking: asyncio.Task[None] | None = None
        self._next_at = 0.0

    async def get(self, item: Item) -> Answer:
        """Return what is so after this call began."""
        return await self.put(item)

    def put(self, item: Item) -> asyncio.Future[Answer]:
        """The same for whoever does not wait at once. Who cancels the future is left out of the question."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_for_all())
        return future

    async def _ask_for_all(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                if self._next_at > loop.time():
                    await asyncio.sleep(self._next_at - loop.time())
                self._next_at = loop.time() + GATHER_SECONDS
                waiting, self._waiting = self._waiting, []
                for some in in_chunks(waiting, MOST_AT_ONCE):
                    await self._ask_for(some)
        finally:
            self._asking = None

    async def _ask_for(self, waiting: list[tuple[Item, asyncio.Future[Answer]]]) -> None:
        # Who has left meanwhile has cancelled their future.
        waiting = [(item, future) for item, future in waiting if not future.done()]
        if not waiting:
            return
        try:
            answers = await self._ask([item for item, _ in waiting])
        except Exception as error:
            for _, future in waiting:
                if not future.done():
                    future.set_exception(error)
            return
        except BaseException:  # this loop is ending, or a library cancels what it should not
            for _, future in waiting:
                future.cancel()
            raise
        for (_, future), answer in zip(waiting, answers, strict=True):
            if not future.done():
                future.set_result(answer)
