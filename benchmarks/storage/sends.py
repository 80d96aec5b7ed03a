"""Sends to one and to many, by processes of their own, on one database."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Self

from benchmarks.figures import Results
from tests.processes import scratch_folder

from .proxy import CountingProxy
from .servers import Servers, Worker

PRODUCT = "product"
NOWHERE = {"BACKEND": "benchmarks.storage.worker.channels.Nowhere"}
SINGLES_PER_SECOND = 200.0  # of all writers together
SECONDS_OF_A_SEND_TO_MANY = 2.0  # at least, so that there are singles enough meanwhile


class Sends:
    """People with inboxes in a database, and writers that are connected to it."""

    def __init__(self, servers: Servers, url: str, database: str, *, people: Sequence[int], writers: int) -> None:
        self.database, self.people, self.most = database, people, max(people)
        self._running = ExitStack()
        self.writers = [self._running.enter_context(servers.worker(url)) for _ in range(writers)]
        self.first = self.writers[0]
        self.first.ask_for("people", count=self.most)
        self.first.ask_for("empty")
        self.first.ask_for("send_to_many", people=10)  # its first send connects, imports and fills caches
        self._servers, self._url = servers, url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._running.close()

    def measure_many(self, results: Results) -> None:
        for people in self.people:
            work = f"send to {people:,} people, {self.database}"
            for inside in (False, True):
                self.first.ask_for("empty")
                answer = self.first.ask_for("send_to_many", people=people, inside=inside)
                results.add(work + ", inside a transaction" * inside, PRODUCT, answer["seconds"], "s")
        self.first.ask_for("empty")
        self.first.ask_for("remove_inboxes")
        answer = self.first.ask_for("send_to_many", people=self.people[0])
        work = f"send to {self.people[0]:,} people who had no inbox yet, {self.database}"
        results.add(work, PRODUCT, answer["seconds"], "s")

    def measure_on_channels(self, results: Results) -> None:
        """On two delivery channels, decided for each person; and how much more memory ten times as many take."""
        self.first.ask_for("empty")
        with self._servers.worker(self._url, CHANNELS={"email": NOWHERE, "push": NOWHERE}) as writer:
            writer.ask_for("prefer", people=self.most)
            writer.ask_for("send_on_channels", people=1_000)
            answers = [writer.ask_for("send_on_channels", people=people) for people in self.people]
            writer.ask_for("prefer_nothing")
        for people, answer in zip(self.people, answers, strict=True):
            work = f"send to {people:,} people on two delivery channels, {self.database}"
            results.add(work, PRODUCT, answer["seconds"], "s")
        more = answers[-1]["megabytes"] - answers[0]["megabytes"]
        results.add(f"{work}, memory beyond that for {self.people[0]:,}", PRODUCT, more, "MB")

    def measure_meanwhile(self, results: Results) -> None:
        """Single sends at a paced rate, by all other writers, while one send to many after the other runs."""
        others = self.writers[1:]
        self.first.ask_for("empty")
        for other in others:
            other.ask_for("warm_up")
        for other in others:
            other.begin("send_until_told", people=self.most, rate=SINGLES_PER_SECOND / len(others))
        many = self.first.ask_for("send_to_many_for", people=self.most, at_least_seconds=SECONDS_OF_A_SEND_TO_MANY)
        for other in others:
            other.tell("stop")
        calls = [call for other in others for call in other.answer()["calls"]]
        _add_calls(results, f"single send during sends to {self.most:,}, {self.database}", calls)
        results.add(f"send to {self.most:,} people beside single sends, {self.database}", PRODUCT, many["seconds"], "s")

    def measure_singles(self, results: Results, *, seconds: float) -> None:
        """One after the other, by one writer and by all of them."""
        self.first.ask_for("empty")
        for count in sorted({1, len(self.writers)}):
            writers = self.writers[:count]
            for writer in writers:
                writer.ask_for("warm_up")
            for writer in writers:
                writer.begin("send_for", people=self.people[0], seconds=seconds)
            answers = [writer.answer() for writer in writers]
            _all_numbered(writers[0])
            work = f"single send, {count} writer{'s' * (count > 1)}, {self.database}"
            _add_calls(results, work, [call for answer in answers for call in answer["calls"]])
            rate = sum(len(answer["calls"]) / answer["seconds"] for answer in answers)
            results.add(f"{work}, rate", PRODUCT, rate, "sends/s")

    def measure_round_trips(self, results: Results) -> None:
        """Every answer that a single send waits for, up to its number; its caller's BEGIN and COMMIT also left out."""
        proxy = CountingProxy(self._url, scratch_folder())
        with self._servers.worker(proxy.url) as writer:
            writer.ask_for("warm_up")
            for whole_user in (True, False):
                to = "to a user" if whole_user else "to a key"
                for inside in (False, True):
                    proxy.round_trips = 0
                    writer.ask_for("send_one", inside=inside, whole_user=whole_user)
                    round_trips = proxy.round_trips
                    _all_numbered(writer)
                    work = f"single send {to}, {'inside' if inside else 'outside'} a transaction"
                    results.add(work, PRODUCT, round_trips, "round trips")
                    if inside:
                        work += ", without its BEGIN and COMMIT"
                        results.add(work, PRODUCT, round_trips - 2, "round trips")
        proxy.close()


def _all_numbered(writer: Worker) -> None:
    """What is counted for a send is its whole cost only if nothing is left to be done after it."""
    if left := writer.ask_for("unnumbered")["rows"]:
        raise AssertionError(f"{left} notifications have no number")


def _add_calls(results: Results, work: str, calls: list[float]) -> None:
    results.add(f"{work}, p50", PRODUCT, statistics.median(calls), "ms")
    results.add(f"{work}, p99", PRODUCT, percentile(calls, 99), "ms")


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that is not exceeded by so many percent of them."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]
