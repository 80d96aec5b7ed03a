"""One socket: frames in order, no task unless it blocks, bounds on what waits. On asyncio's loop and on uvloop's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from notifications.live import connection as module
from notifications.live.protocol import Close
from tests.live.asgi_socket import AsgiSocket, connection
from tests.live.waiting import until


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Coroutine[Any, Any, None]], None]:
    """Run a coroutine on each kind of event loop; what the loop complains of fails the test."""

    def run(coroutine: Coroutine[Any, Any, None]) -> None:
        complaints: list[dict[str, Any]] = []
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.get_loop().set_exception_handler(lambda _, context: complaints.append(context))
            runner.run(coroutine)
        assert complaints == []

    return run


def test_a_frame_that_is_taken_at_once_makes_no_task(run):
    async def scenario() -> None:
        socket = AsgiSocket()
        before = asyncio.all_tasks()
        assert connection(socket).push("a")
        assert asyncio.all_tasks() == before
        assert socket.texts == ["a"]

    run(scenario())


def test_frames_behind_one_that_blocks_leave_in_order(run):
    async def scenario() -> None:
        socket = AsgiSocket()
        one = connection(socket)
        socket.stick()
        for text in "abcdef":
            assert one.push(text)
        assert socket.texts == []
        assert one.blocked_since is not None
        socket.free()
        await one.drained()
        one.push("g")
        assert socket.texts == list("abcdefg")
        assert one.blocked_since is None

    run(scenario())


def test_it_may_block_again_and_again(run):
    async def scenario() -> None:
        socket = AsgiSocket()
        one = connection(socket)
        for number in range(50):
            socket.stick()
            one.push(f"{number}a")
            one.push(f"{number}b")
            socket.free()
            await one.drained()
        assert socket.texts == [f"{number}{part}" for number in range(50) for part in "ab"]

    run(scenario())


@pytest.mark.parametrize("pauses", [1, 2, 5])
def test_a_send_may_yield_as_often_as_it_likes_and_to_what_it_likes(run, pauses):
    """Stepped by hand first, then by a task: bare yields, futures and inner tasks must all survive the change."""

    async def scenario() -> None:
        taken: list[str] = []

        async def send(message: dict[str, Any]) -> None:
            loop = asyncio.get_running_loop()
            for number in range(pauses):
                await asyncio.sleep(0)
                future = loop.create_future()
                loop.call_soon(future.set_result, number)
                assert await future == number
                await asyncio.create_task(asyncio.sleep(0.001))
            taken.append(message["text"])

        one = connection(AsgiSocket())
        one._send = send
        for text in "abc":
            one.push(text)
        await one.drained()
        assert taken == list("abc")

    run(scenario())


def test_a_future_that_is_done_before_the_task_begins(run):
    async def scenario() -> None:
        future = asyncio.get_running_loop().create_future()
        taken: list[str] = []

        async def send(message: dict[str, Any]) -> None:
            taken.append(await future + message["text"])

        one = connection(AsgiSocket())
        one._send = send
        one.push("a")
        future.set_result("-")
        await one.drained()
        assert taken == ["-a"]

    run(scenario())


@pytest.mark.parametrize("blocked", [False, True])
def test_a_send_that_fails_ends_the_connection_and_nothing_else(run, blocked):
    async def scenario() -> None:
        socket = AsgiSocket()
        one = connection(socket)
        if blocked:
            socket.stick()
            assert one.push("a")
            assert one.push("b")
        socket.error = ConnectionResetError()
        socket.free()
        if blocked:
            await until(lambda: one.close_code)
        else:
            assert not one.push("a")
        assert (one.close_code, socket.texts) == (1006, [])
        assert not one.push("c")
        with pytest.raises(ConnectionError):
            await one.send_text("d")

    run(scenario())


def test_a_thousand_waiting_frames_are_the_most(run):
    async def scenario() -> None:
        socket = AsgiSocket()
        one = connection(socket)
        socket.stick()
        assert all(one.push("x") for _ in range(1_001))  # one is on its way, a thousand wait
        assert not one.push("x")
        assert one.close_code == Close.SLOW_READER
        socket.free()
        await until(lambda: socket.closed_with)
        assert socket.closed_with == [4503]

    run(scenario())


def test_a_megabyte_waiting_is_the_most_but_one_larger_frame_may_wait_alone(run):
    async def scenario() -> None:
        socket = AsgiSocket()
        one = connection(socket)
        socket.stick()
        assert one.push("first")
        assert one.push("x" * 2_000_000)
        assert not one.push("y")
        assert one.close_code == Close.SLOW_READER

    run(scenario())


def test_what_waits_is_counted_as_the_memory_that_it_takes(run):
    """One emoji in a text, and each of its characters takes four bytes."""

    async def scenario() -> None:
        socket = AsgiSocket()
        one = connection(socket)
        socket.stick()
        assert one.push("first")
        assert one.push("x" * 100_000 + "😀")
        assert one.push("x" * 100_000 + "😀")
        assert not one.push("x" * 100_000 + "😀")
        assert one.close_code == Close.SLOW_READER

    run(scenario())


@pytest.mark.parametrize(("code", "cut_off"), [(Close.TOO_MANY_FRAMES, True), (Close.JUNK, True), (1012, False)])
def test_who_is_thrown_out_for_what_it_says_may_not_go_on(run, monkeypatch, code, cut_off):
    """uvicorn would listen for ten more seconds to whoever does not mind the close."""
    monkeypatch.setattr(module, "LINGER_SECONDS", 0.02)

    async def scenario() -> None:
        socket = AsgiSocket()
        await connection(socket).close(code)
        assert socket.closed_with == [code]
        await asyncio.sleep(0.1)
        assert socket.aborted == cut_off

    run(scenario())


def test_who_reads_nothing_is_cut_off(run, monkeypatch):
    monkeypatch.setattr(module, "CLOSE_SECONDS", 0.05)

    async def scenario() -> None:
        socket = AsgiSocket()
        one = connection(socket)
        socket.stick()
        one.push("a")
        one.push("b")
        await one.close(Close.SLOW_READER, "Reader too slow")
        assert socket.aborted
        assert socket.texts == socket.closed_with == []

    run(scenario())


def test_closing_waits_for_the_frame_that_is_half_sent_and_happens_once(run):
    async def scenario() -> None:
        socket = AsgiSocket()
        one = connection(socket)
        socket.stick()
        one.push("a")
        closing = one.close(Close.RIGHT_ENDED, "Access ended")
        assert one.close(Close.JUNK) is None
        socket.free()
        await closing
        assert [message["type"] for message in socket.sent] == ["websocket.send", "websocket.close"]
        assert socket.closed_with == [4410]

    run(scenario())


def test_whoever_waits_for_room_is_let_go_when_the_socket_goes(run):
    async def scenario() -> None:
        socket = AsgiSocket()
        one = connection(socket)
        socket.stick()
        one.push("a")
        waiting = asyncio.create_task(one.drained())
        await asyncio.sleep(0)
        one.abandon()
        async with asyncio.timeout(1):
            await waiting

    run(scenario())
