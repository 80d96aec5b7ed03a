"""The least a WebSocket server in Python can cost: the ``websockets`` library and its ``broadcast()``.

Speaks as ``limit.c`` does: ``send BYTES``, ``unicast RATE SECONDS BYTES`` and ``quit`` on standard input, a line of
JSON for each on standard output.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import resource
import sys
import time
from collections.abc import Collection

from websockets.asyncio.server import Server, ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed

GREETING = json.dumps({"type": "connection", "status": "connected"})
USAGE = "Commands are: send BYTES, unicast RATE SECONDS BYTES, quit; BYTES is 40 to 1048576."


def message(size: int) -> str:
    """Exactly ``size`` bytes, with the CLOCK_MONOTONIC nanoseconds of now, which the load client reads."""
    if not 40 <= size <= 1 << 20:
        raise ValueError("size")
    start = f'{{"ts":{time.monotonic_ns()},"text":"'
    return f'{start:x<{size - 2}}"}}'


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def say(**fields: object) -> None:
    print(json.dumps(fields, separators=(",", ":")), flush=True)


async def greet(connection: ServerConnection) -> None:
    """Greet, then discard what comes."""
    with contextlib.suppress(ConnectionClosed):  # a client that leaves without a close frame is no news
        await connection.send(GREETING)
        async for _ in connection:
            pass


async def send_to_random(connections: Collection[ServerConnection], rate: float, seconds: float, size: int) -> int:
    """Pace messages to one socket each; whoever lags behind sends at once until it has caught up."""
    peers, sent, start = list(connections), 0, time.monotonic()
    for number in range(int(rate * seconds) if peers else 0):
        wait = start + number / rate - time.monotonic()
        await asyncio.sleep(max(wait, 0))
        try:
            await random.choice(peers).send(message(size))
            sent += 1
        except ConnectionClosed:
            continue
    return sent


async def run_command(server: Server, words: list[str]) -> None:
    connections = set(server.connections)
    start, cpu = time.monotonic(), cpu_seconds()
    try:
        match words:
            case ["send", size]:
                broadcast(connections, message(int(size)))
                sent = len(connections)
            case ["unicast", rate, seconds, size]:
                sent = await send_to_random(connections, float(rate), float(seconds), int(size))
            case _:
                raise ValueError("command")
    except ValueError:
        say(error=USAGE)
        return
    seconds_taken = round(time.monotonic() - start, 6)
    cpu_taken = round(cpu_seconds() - cpu, 6)
    say(sent=sent, sockets=len(connections), seconds=seconds_taken, cpu_seconds=cpu_taken)


async def main(port: int) -> None:
    """Serve until ``quit`` or the end of standard input. Port 0 takes a free one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    # Pings would be part of what is measured.
    async with serve(greet, "127.0.0.1", port, compression=None, ping_interval=None, backlog=4096) as server:
        say(listening=server.sockets[0].getsockname()[1])
        while (line := (await commands.readline()).decode()) and line.strip() != "quit":
            await run_command(server, line.split())
        for connection in set(server.connections):
            connection.transport.abort()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--uvloop", action="store_true", help="the event loop that uvicorn runs on")
    options = parser.parse_args()
    if options.uvloop:
        import uvloop

        uvloop.run(main(options.port))
    else:
        asyncio.run(main(options.port))
