"""Families of series, made from rows of label values and a number."""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

Rows = Iterable[tuple[tuple[str, ...], float]]


def gauge(name: str, text: str, labels: tuple[str, ...], rows: Rows) -> Metric:
    """A number that goes up and down; the name without the product's prefix."""
    family = GaugeMetricFamily(f"yueqingling_{name}", text, labels=labels)
    for values, number in rows:
        family.add_metric(values, number)
    return family


def counter(name: str, text: str, labels: tuple[str, ...], rows: Rows) -> Metric:
    """A number that only grows; the exposition adds `_total` to the name."""
    family = CounterMetricFamily(f"yueqingling_{name}", text, labels=labels)
    for values, number in rows:
        family.add_metric(values, number)
    return family


def instants(pairs: Iterable[tuple[str, datetime | None]]) -> Rows:
    """A row for each name with an instant: seconds since 1970."""
    return (((name,), instant.timestamp()) for name, instant in pairs if instant is not None)
