"""Metrics of the service in Prometheus' text format; those of rollups are in rollup.metrics.

A site is never a label: there may be any number of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from rollupctl.serve.service import Service

_BUCKETS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)


class Metrics:
    """The counters of a service."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._events = Counter(
            "rollup_http_events",
            "Events received, by outcome.",
            ["outcome"],
            registry=self.registry,
        )
        self._accepted = self._events.labels("accepted")
        self._rejected = self._events.labels("rejected")
        self._refused = Counter(
            "rollup_http_refused",
            "Requests refused because the spool is full.",
            registry=self.registry,
        )
        self._observe: dict[tuple[str, int], Callable[[float], None]] = {}
        self._requests = Histogram(
            "rollup_http_request_duration_seconds",
            "Duration of requests, by route and status.",
            ["route", "status"],
            buckets=_BUCKETS,
            registry=self.registry,
        )

    def follow(self, streams: Callable[[], int], questions: Callable[[], int]) -> None:
        """Where to read how many clients follow answers, and of how many questions."""
        for name, text, read in (
            ("rollup_http_streams", "Clients that follow an answer.", streams),
            ("rollup_http_followed", "Questions that are asked again for clients.", questions),
        ):
            gauge = Gauge(name, text, registry=self.registry)
            gauge.set_function(read)

    def accepted(self, events: int) -> None:
        """Events that are in the spool."""
        self._accepted.inc(events)

    def rejected(self, route: str, events: int) -> None:
        """Events that were invalid."""
        del route
        self._rejected.inc(events)

    def refused(self) -> None:
        """A request for which the spool had no room."""
        self._refused.inc()

    def request(self, route: str, status: int, seconds: float) -> None:
        """A request that was answered."""
        observe = self._observe.get((route, status))
        if observe is None:
            observe = self._requests.labels(route, f"{status // 100}xx").observe
            self._observe[route, status] = observe
        observe(seconds)

    def text(self) -> bytes:
        """All metrics."""
        return generate_latest(self.registry)


class State(Collector):
    """What is read when metrics are asked for."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        """The metrics."""
        spool, drain = self._service.spool, self._service.drain
        yield GaugeMetricFamily(
            "rollup_spool_bytes", "Bytes of events in the spool.", spool.used_bytes
        )
        yield GaugeMetricFamily("rollup_spool_events", "Events in the spool.", spool.events)
        oldest = spool.oldest_at
        yield GaugeMetricFamily(
            "rollup_spool_oldest_seconds",
            "Age of the oldest event in the spool, at least.",
            max(0.0, time.time() - oldest) if oldest else 0.0,
        )
        yield CounterMetricFamily(
            "rollup_spool_stored", "Events stored in the database.", drain.totals.stored
        )
        yield CounterMetricFamily(
            "rollup_spool_set_aside", "Events the database rejected.", drain.totals.set_aside
        )
        yield CounterMetricFamily(
            "rollup_spool_failures", "Failed attempts to store events.", drain.totals.failures
        )
