"""`yueqingling demo`: the whole of it on a made-up district."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from jobs.cli.options import Now, whole


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="End after the first cycle instead of serving on.")
    ] = False,
    folder: Annotated[
        Path,
        typer.Option("--dir", help="Where sources, settings, store and truth.csv are written."),
    ] = Path("yueqingling-demo"),
    departments: Annotated[
        int, typer.Option(parser=whole(), metavar="N", help="How many departments.")
    ] = 40,
    records: Annotated[
        int, typer.Option(parser=whole(), metavar="N", help="How many behaviours, roughly.")
    ] = 20_000,
    months: Annotated[
        int, typer.Option(parser=whole(), metavar="N", help="How many months they lie in.")
    ] = 3,
    seed: Annotated[
        int,
        typer.Option(
            parser=whole(), metavar="N", help="The same seed and instant: the same sources."
        ),
    ] = 1,
    now: Now = None,
    store: Annotated[
        str | None,
        typer.Option(
            help="Where the ledger is kept; a PostgreSQL URL works too.",
            show_default="an SQLite file in --dir",
        ),
    ] = None,
    port: Annotated[
        int,
        typer.Option(
            parser=whole(), metavar="N", help="Where its HTTP source answers, on loopback."
        ),
    ] = 9180,
    sources_only: Annotated[
        bool,
        typer.Option(
            "--sources-only",
            help="Only answer as the HTTP source of the demonstration in --dir, so that other "
            "verbs can pull from it.",
        ),
    ] = False,
) -> None:
    """Run the real jobs on a made-up district, show what they found, then serve it.

    The district's Excel files, front-end database and HTTP service have defects at recorded
    places (truth.csv). Without --now it is the last third working day before a month's close,
    10 in the morning, when there is most to tell; the daemon then goes on from that instant.
    """
    import logging
    import sys
    from datetime import UTC

    from jobs import demonstration, log
    from jobs.cli.screen import screen
    from jobs.daemon import serve
    from jobs.demo import Demo, DemoOptions
    from jobs.demo import serve as serve_cases

    if sources_only:
        serve_cases(folder)
        return
    began = datetime.now(UTC)
    log.configure(sys.stderr, logging.ERROR)  # what there is to remark the tables show
    instant = now or demonstration.telling_instant(began)

    def go_on(made: Demo) -> None:
        serve(made.settings, clock=lambda: instant + (datetime.now(UTC) - began))

    options = DemoOptions(
        folder=folder,
        now=instant,
        departments=departments,
        records=records,
        months=months,
        seed=seed,
        store=store,
        port=port,
    )
    demonstration.demonstrate(options, screen(), None if once else go_on)
