"""The series about the sources: how each stands, and what its pulls add up to."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import Metric

from monitor.metrics.family import Rows, counter, gauge, instants
from monitor.metrics.snapshot import Snapshot
from monitor.sources.breaker import BreakerState
from monitor.sources.counts import ROWS, What
from monitor.sources.state import SourceState

_SOURCE = ("source",)


def about_sources(snapshot: Snapshot) -> Iterator[Metric]:
    """The families about the sources of the settings, and no other."""
    sources = snapshot.sources
    yield gauge(
        "source_info",
        "A source that is set up.",
        ("source", "feed", "kind"),
        (((source.source, source.feed, source.kind), 1) for source in sources),
    )
    yield gauge(
        "source_state",
        "1 for how a source stands: fresh, stale, failing or never read.",
        ("source", "state"),
        (((source.source, source.state), 1) for source in sources),
    )
    yield gauge(
        "source_fresh_within_seconds",
        "How old the last good pull of a source may be.",
        _SOURCE,
        (((source.source,), snapshot.fresh_within_seconds) for source in sources),
    )
    yield gauge(
        "source_last_success_timestamp_seconds",
        "When the last good pull of a source ended.",
        _SOURCE,
        instants((source.source, source.last_success) for source in sources),
    )
    yield gauge(
        "source_due_timestamp_seconds",
        "When a source is pulled next; past while that is overdue.",
        _SOURCE,
        instants((source.source, source.due_at) for source in sources),
    )
    yield from _about_pulls(sources)
    yield from _about_breakers(sources)


def _about_pulls(sources: Iterable[SourceState]) -> Iterator[Metric]:
    yield gauge(
        "source_last_pull_duration_seconds",
        "How long the last pull of a source took.",
        _SOURCE,
        (
            ((source.source,), source.last.seconds)
            for source in sources
            if source.last is not None and source.last.seconds is not None
        ),
    )
    yield counter(
        "source_pulls",
        "Pulls of a source that ended: ok, partial (parts were refused), failed or stopped.",
        ("source", "outcome"),
        _totals(sources, What.PULLS, ("ok", "partial", "failed", "stopped")),
    )
    yield counter(
        "source_rows",
        "Rows of a source's pulls: read, of these landed or unchanged, and malformed ones.",
        ("source", "outcome"),
        _totals(sources, What.ROWS, ROWS),
    )
    yield counter(
        "source_malformed_cells",
        "Cells of a source that could not be read as what they should be, by column.",
        ("source", "column"),
        _totals(sources, What.MALFORMED),
    )
    yield gauge(
        "source_unknown_columns",
        "Columns that a source delivers and that no field is known for.",
        _SOURCE,
        (((source.source,), len(source.totals.get(What.COLUMN, ()))) for source in sources),
    )
    yield gauge(
        "source_unknown_departments",
        "Departments that a source names and the directory doesn't hold.",
        _SOURCE,
        (((source.source,), len(source.totals.get(What.DEPARTMENT, ()))) for source in sources),
    )


def _about_breakers(sources: Iterable[SourceState]) -> Iterator[Metric]:
    yield gauge(
        "source_consecutive_failures",
        "Pulls in a row that could not read the source; 0 once it answers.",
        _SOURCE,
        (((source.source,), source.breaker.failures) for source in sources),
    )
    yield gauge(
        "source_breaker_state",
        "1 for the state of a source's breaker: closed, resting or probing.",
        ("source", "state"),
        (((source.source, source.breaker.state), 1) for source in sources),
    )
    yield gauge(
        "source_resting_until_timestamp_seconds",
        "Until when a source that kept failing is left to rest.",
        _SOURCE,
        instants(
            (source.source, source.breaker.until)
            for source in sources
            if source.breaker.state is BreakerState.RESTING
        ),
    )


def _totals(sources: Iterable[SourceState], what: What, names: tuple[str, ...] = ()) -> Rows:
    """What all pulls of each source add up to; `names` are there from 0, so that rises count."""
    return (
        ((source.source, name), count)
        for source in sources
        for name, count in (dict.fromkeys(names, 0) | dict(source.totals.get(what, {}))).items()
    )
