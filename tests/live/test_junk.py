"""What is no frame of the protocol gets an ``error`` with a code, on each server; the log stays free of tracebacks."""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.exceptions import InvalidStatus

from tests import wire
from tests.live_site import LiveSite

JUNK = {
    "not JSON": ("hello", "not_json"),
    "NaN": ('{"type": NaN}', "not_json"),
    "not an object": ("[1]", "not_an_object"),
    "no type": ('{"data": {}}', "no_type"),
    "unknown type": ('{"type": "destroy"}', "unknown_type"),
    "a boolean id": ('{"type": "mark_read", "notification_id": true}', "invalid_id"),
    "a float id": ('{"type": "mark_read", "notification_id": 1.5}', "invalid_id"),
    "text for an id": ('{"type": "mark_read", "notification_id": "7"}', "invalid_id"),
    "a negative id": ('{"type": "mark_read", "notification_id": -7}', "invalid_id"),
    "a huge id": ('{"type": "mark_read", "notification_id": 9223372036854775808}', "invalid_id"),
    "an endless id": ('{"type": "mark_read", "notification_id": ' + "9" * 5_000 + "}", "not_json"),
    "binary": (b'{"type": "ping"}', "binary"),
    "empty binary": (b"", "binary"),
    "nested too deep": ('{"type": "ping", "more": ' + "[" * 10 + "]" * 10 + "}", "too_deep"),
    "nested without an end": ("[" * 16_000, "too_deep"),
    "over 16 KB": (json.dumps({"type": "ping", "more": "x" * 16_384}), "too_large"),
    "half a surrogate pair": ('{"type": "ping", "request_id": "\\ud800"}', "invalid_request_id"),
    "a NUL for a type": ('{"type": "\\u0000"}', "unknown_type"),
    "a key twice": ('{"type": "ping", "type": "pong"}', "duplicate_key"),
}


@pytest.mark.parametrize("junk", JUNK)
async def test_junk_is_an_error_with_a_code_and_the_socket_lives(live: LiveSite, user, junk):
    text, code = JUNK[junk]
    client = await live.open(user, protocol=1)
    await client.say_raw(text)
    error = await client.hears("error")
    assert error["code"] == code
    assert error["message"]
    assert set(error) == {"code", "message"}
    await client.ask_back()


async def test_an_error_names_the_request_it_answers(live: LiveSite, user):
    client = await live.open(user, protocol=1)
    await client.say("mark_read", notification_id="x", request_id="r7")
    assert (await client.hears("error"))["request_id"] == "r7"


async def test_the_third_junk_frame_within_a_minute_closes_4400(live: LiveSite, user):
    client = await live.open(user, protocol=1)
    for number in range(5):
        await client.say_raw(f"junk {number}")
    assert await client.closes_with(4400) == "Three junk frames within a minute"
    assert client.types.count("error") == 3


async def test_more_than_ten_frames_a_second_after_a_burst_of_twenty_close_4429(live: LiveSite, user):
    client = await live.open(user, protocol=1)
    for _ in range(40):
        await client.say("ping")
    await client.closes_with(4429)
    assert 20 <= client.types.count("pong") <= 25
    assert client.of("error")[-1]["code"] == "too_many_frames"
    assert client.types.count("error") == 1


async def test_frames_after_the_close_are_ignored(live: LiveSite, user):
    pk = await live.send(user)
    client = await live.open(user, protocol=1)
    for text in ("junk",) * 3:
        await client.say_raw(text)
    await client.say("mark_read", notification_id=pk)
    await client.closes_with(4400)
    again = await live.open(user, protocol=1)
    assert again.copy.unread_count == 1


async def test_a_frame_beyond_the_servers_own_limit(running, transactional_db, user):
    """uvicorn closes 1009 by itself at ``--ws-max-size``; ours is far below, so most never get there."""
    from tests.live.conftest import STEADY

    live = LiveSite(running("uvicorn", **STEADY))
    client = await live.open(user, protocol=1)
    await client.say_raw("x" * (16 * 1024 * 1024 + 1))
    await client.closes_with(1009)
    await live.close()


async def test_what_the_servers_own_parser_refuses_leaves_no_traceback(live: LiveSite, user):
    """uvicorn prints one for each text frame that is not UTF-8, and fails where the client's close comes with it."""
    for data in (wire.frame(b"\xff"), wire.frame(b"\xff") + wire.frame(b"\x03\xe8", wire.CLOSE), wire.frame(b"", 5)):
        client = await live.open(user)
        client.socket.transport.write(data * 3)
        await client.until(lambda client=client: client.closed)
    await live.open(user)


async def test_a_socket_of_no_address_of_ours_is_refused_without_a_traceback(live: LiveSite):
    """Django's own application, which has it otherwise, raises at it."""
    client = live.stranger()
    client.url = f"{live.site.ws}/ws/else"
    with pytest.raises(InvalidStatus) as refused:
        await client.connect()
    assert refused.value.response.status_code == 403


async def test_whoever_minds_no_close_is_cut_off(live: LiveSite, user):
    client = await live.open(user)
    said = len(live.site.read_log())
    transport = client.socket.transport
    deaf = asyncio.Protocol()  # it hears nothing, and so does not answer the close
    transport.set_protocol(deaf)
    async with asyncio.timeout(5):
        while not transport.is_closing():
            transport.write(wire.frame(wire.command("ping")) * 20)
            await asyncio.sleep(0.01)
    client.socket.connection_lost(None)  # or whoever lets it go would wait for that
    assert (await live.logs("socket closed", since=said))["code"] == 4429


async def test_an_empty_frame(live: LiveSite, user):
    client = await live.open(user, protocol=1)
    await client.say_raw("")
    assert (await client.hears("error"))["code"] == "not_json"
