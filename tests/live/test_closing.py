"""Why a socket ends, as its client is told: close codes over real sockets, on each server."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as site_settings
from django.contrib.auth.models import User
from django.test import Client as Browser

from notifications.auth.keys import issue, revoke
from tests.client import Client
from tests.live_site import LiveSite, environment


def signed_in(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


def cookie_of(browser: Browser) -> dict[str, str]:
    name = site_settings.SESSION_COOKIE_NAME
    return {"Cookie": f"{name}={browser.cookies[name].value}"}


@pytest.fixture
def browser(user: User) -> Browser:
    return signed_in(user)


async def test_a_session_of_the_sites_own_page_is_let_in(live: LiveSite, user, browser):
    client = await live.stranger(headers=cookie_of(browser), origin=live.site.http).connect()
    assert (await client.hears("connection_established"))["user_id"] == user.pk


async def test_another_sites_page_is_closed_with_4403(live: LiveSite, user, browser):
    client = await live.stranger(headers=cookie_of(browser), origin="https://evil.example").connect()
    assert await client.closes_with(4403) == "Origin not allowed"
    assert client.of("error") == [{"code": "origin", "message": "Origin not allowed"}]


async def test_anothers_user_id_beside_a_session_is_closed_with_1008(live: LiveSite, user, other, browser):
    client = live.stranger({"user_id": other.pk}, headers=cookie_of(browser), origin=live.site.http)
    await (await client.connect()).closes_with(1008)


async def ended(client: Client) -> None:
    assert await client.closes_with(4410) == "Access ended"
    assert client.of("error") == [{"code": "unauthorized", "message": "Your access has ended."}]


async def test_a_revoked_key_closes_its_sockets_with_4410_and_no_others(quick: LiveSite, user):
    (key, text), (_, other_text) = [await sync_to_async(issue)(user, name) for name in ("laptop", "phone")]
    revoked = await quick.stranger(headers={"X-API-Key": text}).connect()
    staying = await quick.stranger(headers={"Authorization": f"Api-Key {other_text}"}).connect()
    await sync_to_async(revoke)(key)
    await ended(revoked)
    await staying.ask_back()
    again = await quick.stranger(headers={"X-API-Key": text}).connect()
    await again.closes_with(1008)


async def test_a_deactivated_user_is_closed_with_4410(quick: LiveSite, user, browser):
    by_key, by_session = quick.client(user, protocol=1), quick.stranger(headers=cookie_of(browser))
    for client in (by_key, by_session):
        await client.connect()
    await User.objects.filter(pk=user.pk).aupdate(is_active=False)
    for client in (by_key, by_session):
        await ended(client)


async def test_a_deleted_user_is_closed_with_4410(quick: LiveSite, user):
    client = await quick.open(user)
    await User.objects.filter(pk=user.pk).adelete()
    await ended(client)


async def test_logging_out_closes_the_sessions_sockets_with_4410(quick: LiveSite, user, browser):
    elsewhere = await sync_to_async(signed_in)(user)
    client = await quick.stranger(headers=cookie_of(browser)).connect()
    staying = await quick.stranger(headers=cookie_of(elsewhere)).connect()
    await sync_to_async(browser.logout)()
    await ended(client)
    await staying.ask_back()


async def test_a_new_password_closes_the_sessions_of_the_old_one(quick: LiveSite, user, browser):
    client = await quick.stranger(headers=cookie_of(browser)).connect()
    user.set_password("second")
    await user.asave()
    await ended(client)


async def test_silence_is_closed_with_4408_but_a_listener_that_answers_stays(quick: LiveSite, user):
    """SILENCE_SECONDS is 2 here, and a ping goes out every 0.8 s."""
    answering, mute = quick.client(user), quick.client(user)
    mute.answers_pings = False
    for client in (answering, mute):
        await client.connect()
    assert await mute.closes_with(4408, seconds=8) == "Silent for too long"
    assert not answering.closed


async def test_a_client_that_says_good_bye_leaves_nothing_behind(live: LiveSite, user):
    client = await live.open(user)
    before = len(live.site.read_log())
    await client.leave()
    assert client.closes == [(1000, "")]
    assert (await live.logs("socket closed", since=before))["code"] == 1000


async def test_uvicorn_says_that_it_closes_and_then_closes_1012(make_site, user):
    live = LiveSite(make_site(kind="uvicorn", **environment()))
    client, plain = [await live.open(user, protocol=protocol) for protocol in (2, 1)]
    await asyncio.to_thread(live.site.terminate)
    for closed in (client, plain):
        await closed.closes_with(1012)
    assert client.types[-1] == "server_closing"
    assert client.of("server_closing") == [{"retry_after_ms": 2_000}]
    await live.close()


async def test_daphne_ends_without_a_traceback(make_site, user):
    """It says nothing to its sockets: clients hear 1006, and try again."""
    live = LiveSite(make_site(kind="daphne", **environment()))
    client = await live.open(user)
    await asyncio.to_thread(live.site.terminate)
    await client.closes_with(1006)
    await live.close()
