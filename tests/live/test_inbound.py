"""What the gate lets a server's protocol see of what a client sends. Over real sockets, on both event loops."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvloop

from notifications.live import inbound
from notifications.live.inbound import SLICE_BYTES, AsyncioGate, guard
from tests.live.waiting import until

MORE_THAN_THE_KERNEL_KEEPS = 20_000_000


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


class Parser(asyncio.Protocol):
    """A server's protocol, as the gate finds uvicorn's: it puts a message for each piece into a queue, or does not."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes] = asyncio.Queue()
        self.read_paused = False
        self.pieces: list[bytes] = []
        self.seconds = 0.0  # of work for each piece
        self.error: Exception | None = None
        self.closes_after = 0
        self.queues = self.lost = False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        guard(self.send)

    async def send(self, message: dict[str, Any]) -> None: ...

    def data_received(self, data: bytes) -> None:
        if self.error:
            raise self.error
        self.pieces.append(data)
        until = time.thread_time() + self.seconds
        while time.thread_time() < until:
            pass
        if self.queues:
            self.queue.put_nowait(data)
        if len(self.pieces) == self.closes_after:
            self.transport.close()

    @property
    def received(self) -> bytes:
        return b"".join(self.pieces)

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.transport = reader, writer.transport
        self.write, self.close = writer.write, writer.close


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[Client, Parser]]:
    parser, accepted = Parser(), asyncio.Event()

    def accept() -> Parser:
        accepted.set()
        return parser

    server = await asyncio.get_running_loop().create_server(accept, "127.0.0.1", 0)
    client = Client(*await asyncio.open_connection(*server.sockets[0].getsockname()))
    await accepted.wait()
    yield client, parser
    client.transport.abort()
    server.close()


def numbered(size: int) -> bytes:
    return b"".join(f"{number:07},".encode() for number in range(size // 8))


def test_a_frame_passes_as_it_is(run):
    async def scenario() -> None:
        async with connected() as (client, parser):
            assert isinstance(parser.transport.get_protocol(), AsyncioGate)
            client.write(b"hello")
            await until(lambda: parser.pieces)
            assert parser.pieces == [b"hello"]
            client.close()
            await until(lambda: parser.lost)

    run(scenario())


def test_what_comes_at_once_passes_in_slices_and_in_order_while_the_loop_goes_on(run):
    async def scenario() -> None:
        async with connected() as (client, parser):
            turns: list[int] = []

            async def others() -> None:
                while True:
                    turns.append(len(parser.pieces))
                    await asyncio.sleep(0)

            task = asyncio.create_task(others())
            data = numbered(400_000)
            client.write(data)
            await until(lambda: len(parser.received) == len(data))
            task.cancel()
            assert parser.received == data
            assert max(map(len, parser.pieces)) == SLICE_BYTES
            assert max(later - before for before, later in itertools.pairwise(turns)) == 1

    run(scenario())


def test_no_more_passes_than_the_application_takes_and_no_more_is_read(run):
    """daphne's queue has no bound of its own."""

    async def scenario() -> None:
        async with connected() as (client, parser):
            parser.queues = True
            client.write(bytes(MORE_THAN_THE_KERNEL_KEEPS))
            await until(lambda: parser.queue.qsize())
            await asyncio.sleep(0.1)
            assert parser.queue.qsize() == 1
            assert client.transport.get_write_buffer_size() > 0
            parser.queue.get_nowait()
            await until(lambda: len(parser.pieces) == 2)

    run(scenario())


def test_a_client_that_reads_nothing_is_not_listened_to(run):
    """Each ping of the protocol would be answered into the server's memory."""

    async def scenario() -> None:
        async with connected() as (client, parser):
            parser.transport.write(bytes(MORE_THAN_THE_KERNEL_KEEPS))
            client.write(b"ping")
            await asyncio.sleep(0.1)
            assert parser.pieces == []
            await client.reader.readexactly(MORE_THAN_THE_KERNEL_KEEPS)
            await until(lambda: parser.received == b"ping")

    run(scenario())


def test_whoever_makes_the_parser_work_waits_and_the_others_do_not(run):
    async def scenario() -> None:
        async with connected() as (client, parser), connected() as (other_client, other):
            parser.seconds = 0.005
            started = time.monotonic()
            client.write(numbered(400_000))
            while time.monotonic() - started < 1:
                other_client.write(b"hello")
                await asyncio.sleep(0.05)
            await until(lambda: other.received == b"hello" * other.received.count(b"hello"))
            # A tenth of a second's work, and half as much for a start; without the gate it would be 97 slices.
            assert len(parser.pieces) * parser.seconds <= 0.2
            assert other.received.count(b"hello") >= 10

    run(scenario())


def test_a_parser_that_fails_costs_the_client_its_connection_and_the_log_one_line(run, caplog):
    async def scenario() -> None:
        async with connected() as (client, parser):
            parser.error = ValueError("what is this?")
            client.write(b"hello")
            await until(lambda: parser.lost)

    with caplog.at_level(logging.WARNING, "notifications"):
        run(scenario())
    (record,) = [record for record in caplog.records if record.name == "notifications"]
    assert record.message == "the server could not parse a client's bytes"
    assert (record.error, record.exc_info) == ("ValueError", None)


def test_nothing_passes_any_more_when_the_connection_closes(run):
    async def scenario() -> None:
        async with connected() as (client, parser):
            parser.closes_after = 3
            client.write(numbered(400_000))
            await until(lambda: parser.lost)
            await asyncio.sleep(0.05)
            assert len(parser.pieces) == 3

    run(scenario())


def test_a_server_that_goes_on_reading_does_not_fill_the_memory(run, monkeypatch):
    monkeypatch.setattr(inbound, "MOST_HELD_BYTES", 1_000_000)

    async def scenario() -> None:
        async with connected() as (client, parser):
            parser.queues = True
            client.write(bytes(MORE_THAN_THE_KERNEL_KEEPS))
            while not parser.lost:
                parser.transport.resume_reading()
                await asyncio.sleep(0)
            assert parser.queue.qsize() == 1

    run(scenario())


def test_an_unknown_server_is_left_alone():
    async def send(message: dict[str, Any]) -> None: ...

    guard(send)
