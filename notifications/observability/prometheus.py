"""Our counters in Prometheus' words. Needs the extra ``prometheus``.

A site that has a registry of its own adds them to it: ``REGISTRY.register(NotificationsCollector())``.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from .metrics import METRICS

CONTENT_TYPE = CONTENT_TYPE_LATEST


class NotificationsCollector(Collector):
    """Reads the counters when it is asked, so nothing is counted twice."""

    def collect(self) -> Iterator[Metric]:
        for metric in list(METRICS.values()):
            family = (CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily)(
                metric.name, metric.help_text, labels=metric.labels
            )
            for labels, value in metric.samples():
                family.add_metric(labels, value)
            yield family


def exposition() -> bytes:
    """The counters of this process in the text format."""
    registry = CollectorRegistry()
    registry.register(NotificationsCollector())
    return generate_latest(registry)
