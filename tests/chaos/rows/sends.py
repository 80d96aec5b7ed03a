"""Senders die at the worst moment, or change their mind."""

from __future__ import annotations

from ..spec import Result, row
from ..storm import storm
from ..world import World


@row("Killed between commit and numbering", "all delivered within 5 s", tutorial=False)
async def killed_before_numbering(world: World) -> Result:
    count = 100 if world.long else 25
    async with storm(world, people=25) as people:
        await people.send(count, per_second=25, how="dying")
        history = await people.settle(seconds=5)
        held = sum(map(len, (await world.committed(people.people)).values()))
        return history.result(f"{count} senders", also=held == count and history.seconds <= 5)


@row("Four programs race for the same inboxes", "0 lost, no error, every count exact", tutorial=False)
async def writers_race(world: World) -> Result:
    count = 2_000 if world.long else 100
    async with storm(world, people=10, plain=True) as people:
        await people.send(count, per_second=100, how="racing", senders=4)
        history = await people.settle(patience=count)
        history.disordered = 0  # what was sent and then changed before it was told comes where it was changed
        return history.result(f"4 × {count} changes")


@row("Sends rolled back", "0 frames")
async def rolled_back(world: World) -> Result:
    count = 1_000 if world.long else 200
    async with storm(world, plain=True) as people:
        await people.send(count, per_second=200, how="rolled_back")
        await people.all_sent()
        # What would come for those is before what comes for these.
        await people.send(50, per_second=200)
        history = await people.settle()
        return history.result(f"{count} sends")
