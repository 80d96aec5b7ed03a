"""Counters of this process; exported by :mod:`notifications.observability.prometheus` where that is installed."""

from __future__ import annotations

from collections import defaultdict
from threading import Lock


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


METRICS: dict[str, Metric] = {}

requests_total = Metric("requests_total", "Requests and sockets handled.", "kind", "outcome")
websocket_connections = Metric("websocket_connections", "Sockets open in this process.", kind="gauge")
notifications_sent_total = Metric("notifications_sent_total", "Notifications written.", "type")
hint_failures_total = Metric("hint_failures_total", "Hints the channel layer did not take; the reconciler repairs.")
reconciler_repairs_total = Metric("reconciler_repairs_total", "Sockets brought up to date from the database.")
