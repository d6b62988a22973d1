"""What Prometheus reads at /metrics: of the state as it is, so that every process of the hub tells the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from tallystick import __version__
from tallystick.model.plan import RunStatus
from tallystick.server.ops.dashboard import GOOD, MOVING
from tallystick.server.ops.run_pages import moment_of, run_shown
from tallystick.server.state.of_hub import looking

DAY = timedelta(days=1)


def text() -> bytes:
    registry = CollectorRegistry()
    registry.register(_State())
    return generate_latest(registry)


class _State:
    """Implements prometheus_client's Collector."""

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        found = looking()
        version = GaugeMetricFamily("tallystick_info", "The version that runs", labels=["version"])
        version.add_metric([__version__], 1)
        yield version
        waiting = GaugeMetricFamily("tallystick_questions_waiting", "Questions that wait for a person", labels=["kind"])
        for kind, count in found.waiting(most=None).kinds.items():
            waiting.add_metric([kind.value], count)
        yield waiting
        links = GaugeMetricFamily("tallystick_links", "Active links", labels=["integration", "flow"])
        linked: Counter[tuple[str, str]] = Counter()
        for line in found.scopes():
            linked[line.scope.integration, line.scope.flow] += line.linked
        for place, many in linked.items():
            links.add_metric(place, many)
        yield links
        yield from self._runs()

    def _runs(self) -> Iterator[Metric]:
        found = looking()
        now = timezone.now()
        lag = GaugeMetricFamily(
            "tallystick_lag_seconds", "Since the last run began that came to its end", labels=["integration"]
        )
        failing = GaugeMetricFamily(
            "tallystick_failing", "1 when the newest run failed or is held", labels=["integration"]
        )
        for name in found.integrations():
            good = found.newest(name, GOOD, MOVING)
            begun = moment_of(good.started_at) if good else None
            if begun is not None:
                lag.add_metric([name], max(0.0, (now - begun).total_seconds()))
            newest = found.newest(name, (), MOVING)
            is_failing = newest is not None and newest.status in (RunStatus.FAILED, RunStatus.HELD)
            failing.add_metric([name], float(is_failing))
        yield lag
        yield failing
        runs = GaugeMetricFamily(
            "tallystick_runs_last_day", "Runs begun in the last 24 hours", labels=["integration", "status"]
        )
        written = GaugeMetricFamily(
            "tallystick_writes_last_day", "Records written in the last 24 hours", labels=["integration", "side"]
        )
        counted: Counter[tuple[str, str]] = Counter()
        sides: Counter[tuple[str, str]] = Counter()
        for line in found.runs_since((now - DAY).isoformat()):
            counted[line.integration, line.status.value] += 1
            for side, count in run_shown(line).written.items():
                sides[line.integration, side] += count
        for place, many in counted.items():
            runs.add_metric(place, many)
        for place, many in sides.items():
            written.add_metric(place, many)
        yield runs
        yield written
