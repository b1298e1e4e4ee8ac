"""Pulls: the sources pulled side by side, those that others are judged by first."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack
from datetime import date, datetime

from jobs.pull import PullReport, pull_source
from jobs.step import Progress, Step, StoppedError
from monitor.config import BEHAVIOR_FEEDS, Settings, SourceSettings
from monitor.errors import SettingsError
from monitor.store import Store


def pull(
    store: Store,
    settings: Settings,
    now: datetime,
    names: Sequence[str] | None = None,
    progress: Progress | None = None,
    *,
    since: date | None = None,
    everything: bool = False,
    ended: Callable[[PullReport], None] | None = None,
) -> list[PullReport]:
    """Pull the named sources, or all, `pull.parallel` at once; what the office keeps comes before
    what is judged by it.

    `since` and `everything` read again what was read before (`Start`); nothing doubles. A source
    that fails doesn't hold the others up; where a pull raises, the others end at their next step.
    `progress` and `ended` are called from the threads that pull. Raises SettingsError for a name
    that isn't in the settings.
    """
    known = {source.name: source for source in settings.source}
    strangers = [name for name in names or () if name not in known]
    if strangers:
        raise SettingsError(
            f"expected names of sources ({', '.join(known) or 'none is set up'}), "
            f"found {', '.join(strangers)}"
        )
    wanted = [source for name, source in known.items() if names is None or name in names]

    def one(source: SourceSettings, step: Progress) -> PullReport:
        report = pull_source(store, source, now, step, since=since, everything=everything)
        if ended is not None:
            ended(report)
        return report

    reports = []
    for judged in (False, True):
        wave = [source for source in wanted if (source.feed in BEHAVIOR_FEEDS) is judged]
        reports += _side_by_side(one, wave, settings.pull.parallel, progress or (lambda _: None))
    return reports


def _side_by_side(
    one: Callable[[SourceSettings, Progress], PullReport],
    sources: Sequence[SourceSettings],
    parallel: int,
    progress: Progress,
) -> list[PullReport]:
    """The reports in the order of the sources; raises an error once all have ended."""
    if len(sources) <= 1 or parallel == 1:
        return [one(source, progress) for source in sources]
    over = threading.Event()

    def step(step: Step) -> None:
        if over.is_set():
            raise StoppedError
        with ExitStack() as stack:
            stack.callback(over.set)  # where the progress raises
            progress(step)
            stack.pop_all()

    with ThreadPoolExecutor(parallel, thread_name_prefix="pull") as threads:
        futures = [threads.submit(one, source, step) for source in sources]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            over.set()
            threads.shutdown(wait=False, cancel_futures=True)
    ended = [future for future in futures if not future.cancelled()]
    # what stopped the others goes before that they were stopped
    ended.sort(key=lambda future: isinstance(future.exception(), StoppedError))
    for future in ended:
        future.result()
    return [future.result() for future in futures]
