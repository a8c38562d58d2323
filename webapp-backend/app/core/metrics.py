"""Prometheus metrics: requests, time by stage, refusals, waiting, models."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE = CONTENT_TYPE_LATEST
# Seconds: from a small model's call to a deadline.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The figures of one service; names and labels are part of its contract."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "deepfake_requests",
            "Requests by route and status",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self.seconds = Histogram(
            "deepfake_request_seconds",
            "Time from a request's arrival to the end of its answer",
            ["route"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self.refusals = Counter(
            "deepfake_refusals", "Refused requests by code", ["code"], registry=self._registry
        )
        self._stages = Histogram(
            "deepfake_stage_seconds",
            "Time of a picture in each stage: queue, decode, faces, infer, explain, a view's name, "
            "provenance",
            ["stage", "model"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self.verdicts = Counter(
            "deepfake_verdicts", "Verdicts by model", ["model", "verdict"], registry=self._registry
        )

    def watch(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Add a gauge whose value is computed when it is read."""
        Gauge(f"deepfake_{name}", text, registry=self._registry).set_function(value)

    def stage(self, stage: str, milliseconds: float, model: str = "") -> None:
        """Record the time of a stage; only `infer` has a model."""
        self._stages.labels(stage, model).observe(milliseconds / 1000)

    def text(self) -> bytes:
        """All metrics in Prometheus's format."""
        return generate_latest(self._registry)
