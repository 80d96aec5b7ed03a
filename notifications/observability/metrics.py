"""Counters of this process; exported by :mod:`notifications.observability.prometheus` where that is installed."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from threading import Lock

logger = logging.getLogger("notifications")

Samples = Iterable[tuple[tuple[str, ...], float]]


class Metric:
    """A number per combination of labels. ``kind`` is ``counter`` (only grows) or ``gauge``."""

    def __init__(self, name: str, help_text: str, *labels: str, kind: str = "counter") -> None:
        self.name = name
        self.help_text = help_text
        self.labels = labels
        self.kind = kind
        self._values: defaultdict[tuple[str, ...], float] = defaultdict(float)
        self._lock = Lock()
        METRICS[name] = self

    def inc(self, *label_values: str, by: float = 1) -> None:
        with self._lock:
            self._values[label_values] += by

    def value(self, *label_values: str) -> float:
        """The value of one combination; without labels given, the sum of all."""
        with self._lock:
            if label_values or not self.labels:
                return self._values.get(label_values, 0)
            return sum(self._values.values())

    def samples(self) -> list[tuple[tuple[str, ...], float]]:
        with self._lock:
            return sorted(self._values.items()) or ([] if self.labels else [((), 0.0)])


class Measured(Metric):
    """A gauge that nobody keeps: ``measure`` is called whenever somebody looks."""

    def __init__(self, name: str, help_text: str, *labels: str, measure: Callable[[], Samples]) -> None:
        super().__init__(name, help_text, *labels, kind="gauge")
        self._measure = measure

    def value(self, *label_values: str) -> float:
        samples = dict(self._measure())
        return samples.get(label_values, 0) if label_values or not self.labels else sum(samples.values())

    def samples(self) -> list[tuple[tuple[str, ...], float]]:
        """Nothing if it cannot be measured: the other metrics say why."""
        try:
            return sorted(self._measure())
        except Exception as error:
            logger.warning("a metric could not be measured", extra={"metric": self.name, "error": str(error)})
            return []


METRICS: dict[str, Metric] = {}

requests_total = Metric("requests_total", "Requests and sockets handled.", "kind", "outcome")
websocket_connections = Metric("websocket_connections", "Sockets open in this process.", kind="gauge")
notifications_sent_total = Metric("notifications_sent_total", "Notifications written.", "type")
hint_failures_total = Metric("hint_failures_total", "Hints the channel layer did not take; the reconciler repairs.")
reconciler_repairs_total = Metric("reconciler_repairs_total", "Sockets brought up to date from the database.")
