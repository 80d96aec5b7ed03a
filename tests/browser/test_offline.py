"""Networks that go, proxies that know no WebSockets, servers that restart: late at worst, never lost or doubled."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from notifications.models import Inbox, Notification
from tests.browser.complaints import NETWORK
from tests.browser.conftest import Visit
from tests.browser.door import Door
from tests.browser.pages import Bell, live
from tests.browser.probes import NEWS
from tests.browser.proxy import Proxy
from tests.browser.sockets import wait_until
from tests.browser.visitor import Visitor
from tests.servers import Site

OFFLINE_SECONDS = 10


def watched(visitor: Visitor) -> Counter[str]:
    """How often each subject was given to a tab to pop up."""
    popped: Counter[str] = Counter()
    visitor.context.expose_binding("popped", lambda source, number, subject: popped.update([subject]))
    visitor.context.add_init_script(NEWS)
    visitor.complaints.expect(NETWORK)
    return popped


def test_ten_seconds_without_a_network(visit: Visit, door: Door, proxy: Proxy, ana: Any) -> None:
    visitor = visit(ana, url=proxy.http)
    popped = watched(visitor)
    page = live(visitor.open())

    visitor.context.set_offline(True)
    proxy.pull_out()
    start = time.monotonic()
    Bell(page).expect_state("reconnecting")
    subjects = [f"Number {number}" for number in range(1, 21)]
    for subject in subjects:
        door.send(ana, subject)
    wait_until(page, lambda: time.monotonic() - start > OFFLINE_SECONDS, seconds=OFFLINE_SECONDS + 1)
    assert not popped
    proxy.plug_in()
    visitor.context.set_offline(False)

    Bell(page).expect_count(20, seconds=20)
    wait_until(page, lambda: len(popped) == 20)
    assert list(popped) == subjects
    assert set(popped.values()) == {1}
    assert Bell(page).open().load_all() == subjects[::-1]


def test_a_network_that_nobody_reports(visit: Visit, door: Door, proxy: Proxy, ana: Any) -> None:
    """The line is cut, and the browser still believes that it is online."""
    visitor = visit(ana, url=proxy.http)
    popped = watched(visitor)
    page = live(visitor.open())

    proxy.pull_out()
    Bell(page).expect_state("reconnecting")
    door.send_some(ana, 3)
    proxy.plug_in()

    Bell(page).expect_count(3, seconds=20)
    Bell(page).expect_state("live", seconds=30)
    assert popped == {"Number 1": 1, "Number 2": 1, "Number 3": 1}


def test_a_proxy_that_blocks_sockets(visit: Visit, door: Door, proxy: Proxy, ana: Any) -> None:
    visitor = visit(ana, url=proxy.http)
    popped = watched(visitor)
    proxy.refuses_sockets = True
    page = visitor.open()

    Bell(page).expect_state("polling", seconds=30)
    door.send(ana, "By polling")

    Bell(page).expect_count(1, seconds=60)
    centre = Bell(page).open()
    centre.expect_subjects("By polling")
    assert "Live updates are off" in centre.host.inner_text()
    assert popped == {"By polling": 1}
    assert proxy.refused >= 3

    proxy.refuses_sockets = False
    Bell(page).expect_state("live", seconds=60)
    door.send(ana, "Live again")
    Bell(page).expect_count(2)


def test_a_server_that_restarts_costs_nothing(visit: Visit, own_site: Site, ana: Any) -> None:
    visitor = visit(ana, url=own_site.http)
    popped = watched(visitor)
    page = live(visitor.open())
    door = Door(own_site.http)
    door.send(ana, "Before")
    Bell(page).expect_count(1)

    for how, number in ((own_site.kill, 2), (own_site.terminate, 3)):
        door.close()
        how()
        Bell(page).expect_state("reconnecting")
        own_site.start()
        start = time.monotonic()
        door = Door(own_site.http)
        door.send(ana, f"Number {number}")
        Bell(page).expect_count(number, seconds=5)
        Bell(page).expect_state("live")
        assert time.monotonic() - start < 5
    door.close()

    Bell(page).open().expect_subjects("Number 3", "Number 2", "Before")
    assert popped == {"Before": 1, "Number 2": 1, "Number 3": 1}
    page.context.close()


def test_commands_wait_for_the_network_and_are_sent_once(visit: Visit, door: Door, proxy: Proxy, ana: Any) -> None:
    ids = door.send_some(ana, 3)
    visitor = visit(ana, url=proxy.http)
    visitor.complaints.expect(NETWORK)
    page = live(visitor.open())
    centre = Bell(page).open()
    done: list[str] = []
    page.on(
        "response",
        lambda answer: "/actions?" in answer.url and answer.ok and done.append(answer.request.post_data_json["action"]),
    )
    centre.expect_subjects("Number 3", "Number 2", "Number 1")
    wait_until(page, lambda: done == ["mark_seen"])

    visitor.context.set_offline(True)
    proxy.pull_out()
    centre.button("Mark read", within=centre.row("Number 1")).click()
    centre.button("Archive", within=centre.row("Number 2")).click()
    Bell(page).expect_count(1)
    assert Inbox.objects.get(user=ana).unread_count == 3
    proxy.plug_in()
    visitor.context.set_offline(False)

    wait_until(page, lambda: Inbox.objects.get(user=ana).unread_count == 1, seconds=20)
    live(page)
    Bell(page).expect_count(1)
    wait_until(page, lambda: len(done) == 3)  # the answers come after what they tell of
    assert done == ["mark_seen", "mark_read", "archive"]
    assert Notification.objects.get(pk=ids[1]).archived_at


def test_commands_survive_a_reload(visit: Visit, door: Door, proxy: Proxy, ana: Any) -> None:
    """They could not be sent, and the page was loaded anew: they are still done, once."""
    door.send_some(ana, 2)
    visitor = visit(ana, url=proxy.http)
    visitor.complaints.expect(NETWORK)
    page = live(visitor.open())
    centre = Bell(page).open()
    page.route("**/api/notifications/actions*", lambda route: route.abort())
    centre.button("Mark read", within=centre.row("Number 1")).click()
    Bell(page).expect_count(1)

    page.unroute("**/api/notifications/actions*")
    page.reload()

    wait_until(page, lambda: Inbox.objects.get(user=ana).unread_count == 1)
    Bell(live(page)).expect_count(1)


def test_a_site_without_sockets_polls(visit: Visit, door: Door, ana: Any) -> None:
    """Served by WSGI, a site names no address of a socket."""
    visitor = visit(ana)
    page = visitor.context.new_page()
    page.route("**/", lambda route: without_socket(route))
    page.goto("/")

    Bell(page).expect_state("polling")
    door.send(ana, "By polling")

    Bell(page).expect_count(1, seconds=30)
    assert visitor.sockets.opened == []


def without_socket(route: Any) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace('data-ws-url="/ws/notifications"', 'data-ws-url=""'))
