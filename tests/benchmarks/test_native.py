"""The load client in C counts what a server really sends, however the bytes come, and reads times right."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import shlex
import shutil
import struct
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks.serving.native.build import build

COMPILER = (shlex.split(os.environ.get("CC", "")) or ["cc"])[0]
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which(COMPILER) is None, reason=f"no C compiler here ({COMPILER}), or no epoll"
)

TEXT, CLOSE, PING = 1, 8, 9
SECONDS = 10.0  # of a wait that ends before, unless the test fails
A_SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("native")) / "load"


def frame(payload: bytes, opcode: int = TEXT, *, final: bool = True) -> bytes:
    """As a server sends it: not masked."""
    head = bytes([opcode | (0x80 if final else 0)])
    size = len(payload)
    return head + (bytes([size]) if size < 126 else struct.pack("!BH", 126, size)) + payload


def message(sent: int) -> bytes:
    return json.dumps({"padding": "x" * 200, "data": {"ts": sent}}).encode()


class Server:
    """Accepts WebSockets and greets each once; ``clients`` are in the order of their arrival."""

    def __init__(self) -> None:
        self.clients: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.requests: list[str] = []

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = request.partition("Sec-WebSocket-Key: ")[2].partition("\r\n")[0]
        accepted = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
        head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        answer = f"{head}Sec-WebSocket-Accept: {base64.b64encode(accepted).decode()}\r\n\r\n".encode()
        self.requests.append(request)
        self.clients.append((reader, writer))
        # A message with a time that comes before the greeting's end is part of the greeting.
        writer.write(answer + frame(message(1)))


class Load:
    """The program, with ``count`` sockets at the server; each needs one greeting."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), SECONDS)
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def ask(self, order: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{order}\n".encode())
        return await self.read()


@asynccontextmanager
async def loaded(program: Path, count: int) -> AsyncIterator[tuple[Server, Load]]:
    server = Server()
    async with await asyncio.start_server(server.accept, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        options = ["--port", str(port), "--count", str(count), "--path", "/ws?user=%d", "--greetings", "1"]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(program, *options, stdin=pipe, stdout=pipe, stderr=pipe)
        try:
            load = Load(process)
            opened = await load.read()
            assert (opened["opened"], opened["failed"]) == (count, 0)
            yield server, load
        finally:
            process.stdin.close()  # type: ignore[union-attr]  # it is a pipe
            await process.wait()
            for _, writer in server.clients:
                writer.close()


async def test_messages_are_counted_exactly_however_their_bytes_arrive(load: Path) -> None:
    async with loaded(load, 3) as (server, client):
        sent = time.monotonic_ns()
        whole = frame(message(sent))
        parts = frame(message(sent)[:50], final=False) + frame(b"", PING) + frame(message(sent)[50:], 0)
        for number, (reader, writer) in enumerate(server.clients):
            for byte in whole + parts:
                writer.write(bytes([byte]))
                await writer.drain()
            writer.write(whole * (7 + number) + frame(b'{"type": "ping"}'))
            assert await reader.readexactly(6) == bytes([0x8A, 0x80, 0, 0, 0, 0])  # the pong to the ping in between
        stats = await client.ask(f"wait {9 + 10 + 11} {SECONDS:g}")
        stats = await client.ask("stats") if stats["others"] < 3 else stats
        counted = (stats["count"], stats["others"], stats["min_per_socket"], stats["max_per_socket"], stats["closed"])
        assert counted == (30, 3, 9, 11, 0)
        assert stats["bytes"] == 30 * len(message(sent)) + 3 * len(b'{"type": "ping"}')
        assert stats["first_sent"] == sent


async def test_latency_is_read_from_the_time_within_the_message(load: Path) -> None:
    async with loaded(load, 1) as (server, client):
        _, writer = server.clients[0]
        now = time.monotonic_ns()
        for seconds in (10, 20, 30):
            writer.write(frame(message(now - seconds * A_SECOND)))
        stats = await client.ask(f"wait 3 {SECONDS:g}")
        assert 20_000 <= stats["p50_ms"] < 21_000
        assert 30_000 <= stats["max_ms"] < 31_000
        assert stats["rate"] == pytest.approx(3 / 30, rel=0.05)


async def test_a_time_within_quoted_json_is_read_too(load: Path) -> None:
    async with loaded(load, 1) as (server, client):
        inner = json.dumps({"ts": time.monotonic_ns() - A_SECOND})
        server.clients[0][1].write(frame(json.dumps({"message": inner}).encode()))
        stats = await client.ask(f"wait 1 {SECONDS:g}")
        assert 1_000 <= stats["p50_ms"] < 2_000


async def test_a_reset_forgets_messages(load: Path) -> None:
    async with loaded(load, 1) as (server, client):
        _, writer = server.clients[0]
        writer.write(frame(message(time.monotonic_ns())) * 5)
        assert (await client.ask(f"wait 5 {SECONDS:g}"))["count"] == 5
        assert await client.ask("reset") == {"reset": True}
        assert (await client.ask("stats"))["count"] == 0
        writer.write(frame(message(time.monotonic_ns())))
        assert (await client.ask(f"wait 1 {SECONDS:g}"))["max_per_socket"] == 1


async def test_sockets_that_the_server_closes_or_drops_are_counted(load: Path) -> None:
    async with loaded(load, 3) as (server, client):
        closed, dropped, _ = (writer for _, writer in server.clients)
        closed.write(frame(struct.pack("!H", 1001), CLOSE))
        dropped.close()
        for reader, _ in server.clients[:2]:
            await reader.read()  # the client has let go
        stats = await client.ask("stats")
        assert (stats["closed"], stats["count"]) == (2, 0)


async def test_a_wait_ends_with_the_last_socket(load: Path) -> None:
    async with loaded(load, 1) as (server, client):
        server.clients[0][1].close()
        assert (await client.ask(f"wait 1 {SECONDS * 10:g}"))["closed"] == 1


async def test_each_socket_asks_for_another_user(load: Path) -> None:
    async with loaded(load, 3) as (server, _):
        assert sorted(request.split()[1] for request in server.requests) == [f"/ws?user={n}" for n in (1, 2, 3)]
