"""The HTTP endpoints: /metrics, /healthz, /readyz, and a page for people at /.

Answers come from the current snapshot; only /readyz touches the store, to say that it is there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from jobs.page import page
from monitor.errors import StoreError
from monitor.metrics import Snapshot
from monitor.store import Store, why
from monitor.store.tables import run

READY_INTERVALS = 3
"""How many check intervals old the snapshot may be before the daemon says it isn't ready."""


@dataclass(frozen=True, slots=True)
class Views:
    """What the endpoints show; the callables give what holds at the time of a request."""

    registry: CollectorRegistry
    store: Store
    snapshot: Callable[[], Snapshot | None]
    check_every: Callable[[], timedelta]
    office: Callable[[], str]
    active: Callable[[], bool]
    clock: Callable[[], datetime]


def application(views: Views) -> Starlette:
    """The endpoints over `views`. Handlers are plain functions: they run beside the event loop."""

    def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(views.registry), headers={"content-type": content_type})

    def alive(_request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    def ready(_request: Request) -> Response:
        readiness = _readiness(views)
        return JSONResponse(readiness, 200 if readiness["status"] == "ready" else 503)

    def index(_request: Request) -> Response:
        return HTMLResponse(page(views.snapshot(), views.office(), views.clock()))

    return Starlette(
        routes=[
            Route("/", index),
            Route("/metrics", metrics),
            Route("/healthz", alive),
            Route("/readyz", ready),
        ],
        middleware=[Middleware(GZipMiddleware, minimum_size=1024, compresslevel=1)],
    )


def _readiness(views: Views) -> dict[str, object]:
    """Ready, or why not; stale sources are named and never decide."""
    snapshot, now = views.snapshot(), views.clock()
    problems: list[str] = []
    try:
        with views.store.reading() as connection:
            connection.execute(sa.select(run.c.id).limit(1))
    except StoreError as error:
        problems.append(str(error))
    except sa.exc.DBAPIError as error:
        problems.append(f"the store {views.store.name} doesn't answer: {why(error)}")
    allowed = READY_INTERVALS * views.check_every()
    if snapshot is None:
        problems.append("no snapshot of the store yet")
    elif now - snapshot.taken_at > allowed:
        problems.append(
            f"the snapshot is {(now - snapshot.taken_at).total_seconds():.0f} s old: "
            f"expected at most {allowed.total_seconds():.0f} s"
        )
    return {
        "status": "not ready" if problems else "ready",
        "problems": problems,
        "active": views.active(),
        "snapshot_taken_at": snapshot.taken_at.isoformat() if snapshot else None,
        "stale_sources": list(snapshot.stale_sources(now)) if snapshot else [],
    }
