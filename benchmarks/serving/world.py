"""One server, its sender and its clients; and the work that is measured in it."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from benchmarks.children import Child
from tests.live_site import SERVICE_KEY

from .server import Kind, Server

System = Literal["product", "tutorial"]

APPLICATION = {"product": "project.asgi:application", "tutorial": "tests.chaos.tutorial.asgi:application"}
SETTINGS_MODULE = {"product": "tests.settings", "tutorial": "tests.chaos.tutorial.settings"}
GREETINGS = {"product": 2, "tutorial": 1}  # frames after which a socket is open: the snapshot is in the second
PATH = {
    "product": "/ws/notifications",
    "tutorial": f"/ws/notifications?user_id=%d&api_key={SERVICE_KEY}",
}
WAIT_SECONDS = 60.0


@dataclass
class Place:
    """What a world is made of."""

    system: System
    server: Kind
    database_url: str
    redis_url: str
    load: Path  # the compiled client
    folder: Path  # for the keys
    people: int  # how many there are in the database
    settings: dict[str, Any] = field(default_factory=dict)

    def env(self) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": SETTINGS_MODULE[self.system],
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "TEST_CHANNEL_LAYER": "pubsub",
            "TEST_NOTIFICATIONS": json.dumps(self.settings),
            "NOTIFICATIONS_LOG_LEVEL": "WARNING",  # as a site has it that configures no logging
            "DASHBOARD_API_KEY": SERVICE_KEY,
        }


@dataclass
class FanOut:
    """One message to each of so many sockets."""

    microseconds: float  # of the server's processor, for each delivery
    rate: float  # deliveries a second, from the first send to the last arrival
    p50_ms: float
    p99_ms: float


class World:
    """Sockets are opened in steps; everything measured holds for as many as there are at the time."""

    def __init__(self, place: Place) -> None:
        self.place, self.open = place, 0
        self._running = ExitStack()
        self._clients: dict[Child, int] = {}  # and how many sockets each has

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            place = self.place
            name = f"benchmarks.serving.{place.system}_sender"
            self.sender = stack.enter_context(Child([sys.executable, "-m", name], place.env()))
            self.sender.read()
            self.keys = place.folder / f"{place.system}.keys"
            self.send("begin", count=place.people, keys=str(self.keys))
            self.server = stack.enter_context(Server(place.server, APPLICATION[place.system], place.env()))
            self._warm_up()
            self._running = stack.pop_all()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._running.close()

    def _warm_up(self) -> None:
        """What a process imports and opens for its first client is no client's cost."""
        with self._client(50) as client:
            client.read()
        deadline = time.monotonic() + 5.0
        before = -1.0
        while (now := self.server.cpu_seconds()) - before > 0.002 and time.monotonic() < deadline:
            before = now
            time.sleep(0.2)

    def _client(self, count: int) -> Child:
        place = self.place
        command: list[str | Path] = [place.load, "--port", str(self.server.port), "--count", str(count)]
        command += ["--first", str(self.open + 1), "--path", PATH[place.system]]
        command += ["--greetings", str(GREETINGS[place.system]), "--inflight", "256"]
        if place.system == "product":
            keys = self.keys.with_suffix(f".{self.open}")
            keys.write_text("".join(self.keys.read_text().splitlines(keepends=True)[self.open : self.open + count]))
            command += ["--keys", keys, "--subprotocol", "notifications.v2"]
        return Child(command)

    # -- the work ----------------------------------------------------------------------------------------------

    def send(self, order: str, **arguments: Any) -> dict[str, Any]:
        return self.sender.ask(json.dumps({"do": order, **arguments}))

    def connect(self, up_to: int) -> dict[str, Any]:
        """Open more sockets. Returns what the client says of it."""
        client = self._client(up_to - self.open)
        self._clients[client] = up_to - self.open
        self._running.callback(client.close)
        answer = client.read()
        if answer["failed"]:
            raise RuntimeError(f"{answer['failed']} handshakes failed on {self.place}:\n{self.server.log.read_text()}")
        self.open = up_to
        return answer

    def fan_out(self, order: str) -> FanOut:
        """One message to each socket, by one call (``to_all``) or by as many hints (``at_once``)."""
        self._reset()
        before = self.server.cpu_seconds()
        self.send(order, count=self.open)
        stats = self._wait_for_one_each()
        spent = self.server.cpu_seconds() - before
        sent, received = min(s["first_sent"] for s in stats), max(s["last_received"] for s in stats)
        rate = self.open * 1e9 / (received - sent)
        worst = max(stats, key=lambda each: float(each["p99_ms"]))
        return FanOut(spent * 1e6 / self.open, rate, worst["p50_ms"], worst["p99_ms"])

    def longest_pause(self, order: str) -> float:
        """Milliseconds for which the event loop served nobody else during a fan-out."""
        self._reset()
        self.server.get("/-/watch")
        self.send(order, count=self.open)
        self._wait_for_one_each()
        pause: float = self.server.get("/-/pause")["pause_ms"]
        return pause

    def latencies(self, count: int) -> dict[str, Any]:
        """Milliseconds from the call of single sends to their sockets."""
        self._reset()
        answer = self.send("one_by_one", count=count)
        stats = max(self._wait(count), key=lambda each: int(each["count"]))
        return {"p50_ms": stats["p50_ms"], "p99_ms": stats["p99_ms"], "call_seconds": answer["seconds"]}

    def keeps_up_with(self, rate: float, seconds: float, *, within_ms: float) -> tuple[bool, float]:
        """Whether 99 of 100 messages to random people arrive in time at this rate; and their p99."""
        self._reset()
        answer = self.send("at_a_rate", rate=rate, seconds=seconds)
        stats = self._wait(int(answer["sent"]), seconds=5.0)
        p99 = max(float(each["p99_ms"]) for each in stats)
        arrived = sum(each["count"] for each in stats)
        on_time = answer["seconds"] < seconds * 1.05
        return arrived == answer["sent"] and p99 < within_ms and on_time, p99

    def _reset(self) -> None:
        for client in self._clients:
            client.ask("reset")

    def _wait_for_one_each(self) -> list[dict[str, Any]]:
        stats = [client.ask(f"wait {count} {WAIT_SECONDS:g}") for client, count in self._clients.items()]
        if any(each["min_per_socket"] != 1 or each["max_per_socket"] != 1 for each in stats):
            raise RuntimeError(f"not one message at each socket of {self.place}: {stats}")
        return stats

    def _wait(self, count: int, seconds: float = WAIT_SECONDS) -> list[dict[str, Any]]:
        """Wait until this many have arrived at all clients together."""
        deadline = time.monotonic() + seconds
        while True:
            stats = [client.ask("stats") for client in self._clients]
            if sum(each["count"] for each in stats) >= count or time.monotonic() > deadline:
                return stats
            time.sleep(0.1)
