"""`yueqingling serve`: the daemon."""

from jobs.cli.options import DEFAULT_CONFIG, Config


def serve(config: Config = DEFAULT_CONFIG) -> None:
    """Run the daemon: pull, check and deliver on schedule; serve /metrics, /healthz and /readyz.

    SIGTERM ends it after the step in hand, SIGHUP reloads the settings (bad ones are refused and
    the old ones stay). Several daemons may share a store: one works, the others stand by.
    """
    import typer

    from jobs.daemon import serve as run_serve

    raise typer.Exit(run_serve(config))
