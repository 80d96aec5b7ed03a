"""SPEC §1.8: two integration tests, from a send to an open socket."""

from __future__ import annotations

from tests.live_site import LiveSite


async def test_a_send_reaches_an_open_socket(live: LiveSite, user):
    client = await live.open(user, protocol=1)
    pk = await live.send(user, "Low stock", message="3 left", priority="high")
    heard = await client.hears("notification")
    assert (heard["id"], heard["subject"], heard["message"], heard["priority"]) == (pk, "Low stock", "3 left", "high")
    await client.until(lambda: client.copy.unread_count == 1)


async def test_two_users_see_only_their_own(live: LiveSite, user, other):
    ana, bea = await live.open(user, protocol=1), await live.open(other, protocol=1)
    for_ana, for_bea = await live.send(user, "For Ana"), await live.send(other, "For Bea")
    await ana.hears("notification")
    await bea.hears("notification")
    await ana.ask_back()
    await bea.ask_back()
    assert (ana.copy.shown, bea.copy.shown) == ([for_ana], [for_bea])
