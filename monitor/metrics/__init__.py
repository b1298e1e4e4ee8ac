"""What Prometheus sees: one immutable snapshot of the store, and the series made from it."""

from monitor.metrics.collector import Collector
from monitor.metrics.snapshot import Snapshot

__all__ = ["Collector", "Snapshot"]
