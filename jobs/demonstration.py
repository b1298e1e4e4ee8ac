"""The demonstration: a made-up district's sources, and the real jobs run on them once.

Everything that happens here after the sources are written is what `pull`, `check` and `deliver`
do anywhere else, with the settings file that the demonstration wrote.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any

import sqlalchemy as sa
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from jobs.board import Board
from jobs.check import check
from jobs.cli.progress import counting, pulling, working
from jobs.deliver import deliver
from jobs.demo import Demo, DemoOptions, build
from jobs.demo.truth import Outcome
from jobs.pulls import pull
from jobs.sources_table import SourcesTable
from monitor import directory
from monitor.config import Settings, load
from monitor.directory import named
from monitor.ledger import statements
from monitor.notify.channels.console import panel
from monitor.notify.message import Message
from monitor.sources.state import source_states
from monitor.store import Store
from monitor.store.tables import behavior, finding, rule
from monitor.words import Kind, Severity
from monitor.workdays import ZONE, Calendar, Month, close_day, local_day

_BEFORE_CLOSE = -3
_MORNING = time(10)


def telling_instant(present: datetime) -> datetime:
    """The last morning at which there was much to tell: the third working day before a close."""
    calendar = Calendar()
    month = Month.of(present.astimezone(ZONE).date())
    while True:
        day = calendar.add(close_day(month, "workday:5", calendar), _BEFORE_CLOSE)
        instant = datetime.combine(day, _MORNING, ZONE).astimezone(UTC)
        if instant <= present:
            return instant
        month = month.shift(-1)


@dataclass
class OneOfEach:
    """A channel that prints the first message of each step in full and counts the others."""

    console: Console
    printed: set[str] = field(default_factory=set)
    others: int = 0
    destinations: set[str] = field(default_factory=set)

    def send(
        self, destination: str, message: Message, head: Mapping[str, Any] | None
    ) -> Mapping[str, Any]:
        """Print or count `message`; the receipt is empty."""
        del head
        self.destinations.add(destination)
        step = message.head.partition("】")[0]
        if step not in self.printed:
            self.printed.add(step)
            self.console.print(panel(destination, message))
        else:
            self.others += 1
        return {}


def demonstrate(options: DemoOptions, out: Console, serve: Callable[[Demo], None] | None) -> None:
    """Build the district, run the jobs once, show what they found.

    `serve`, where given, is called while the demonstration's HTTP source answers, and ends the
    demonstration when it returns. Raises DemoError, SettingsError and StoreError.
    """
    out.print(_headline("1", "来源", "a made-up district writes its sources"))
    with counting("rows", of=options.records) as count:
        demo = build(options, count)
    out.print(_delivered(demo))
    settings = load(demo.settings)
    store = Store(settings.store.url.get_secret_value())
    store.upgrade()
    with demo.cases:
        worst = _run_jobs(demo, settings, store, options.now, out)
        store.close()
        out.print(_what_next(demo, options.now, worst, settings if serve else None))
        if serve:
            serve(demo)


def _run_jobs(demo: Demo, settings: Settings, store: Store, now: datetime, out: Console) -> str:
    """Run them; gives the short name of the department with the largest backlog."""
    out.print(_headline("2", "归集", "the sources are pulled: yueqingling pull"))
    with pulling() as bars:
        pull(
            store,
            settings,
            now,
            progress=bars.step,
            ended=lambda report: bars.ended(report.source),
        )
    with store.reading() as connection:
        out.print(SourcesTable(source_states(connection, settings, now), now, remarks_each=1))
    out.print(_headline("3", "检核", "records are judged, the ledger is made: yueqingling check"))
    with working("judging"):
        report = check(store, settings, now)
    with store.reading() as connection:
        departments = directory.read(connection, local_day(now))
        landed, withdrawn, defective = _landed(connection)
        month = statements.month_in_hand(settings, now)
        found = statements.read(connection, month=month)
    injected = demo.injected
    wrong = injected[Outcome.FINDING] + injected[Outcome.MALFORMED]
    out.print(
        f"{landed:,} records landed, of which {withdrawn:,} were withdrawn again and {defective:,} "
        f"have a critical finding; "
        f"{report.findings:,} findings, where the generator had injected {wrong:,} defects that a "
        f"rule can see (and {injected[Outcome.REPAIRED]:,} that reading repairs). "
        f"{report.seconds:.1f} s. {demo.truth_file.name} has each of them.",
        highlight=False,
    )
    out.print(_headline("4", "通知", "what the chats receive: yueqingling deliver"))
    channel = OneOfEach(out)
    deliver(store, settings, now, channels={name.name: channel for name in settings.channel})
    out.print(
        Text(
            f"另有 {channel.others} 条消息，共发往 {len(channel.destinations)} 个会话",
            "dim",
        )
    )
    out.print(_headline("5", "看板", "the board: yueqingling status"))
    out.print(Board(found, departments, settings.days, settings.office.name))
    worst = max((s for s in found if s.department in departments), key=lambda s: s.backlog)
    return named(departments, worst.department).short_name


def _landed(connection: sa.Connection) -> tuple[int, int, int]:
    """How many records there are, withdrawn ones among them, and with a critical finding."""
    landed = sa.select(sa.func.count(), sa.func.count(behavior.c.deleted_at))
    defective = (
        sa.select(sa.func.count(finding.c.behavior_id.distinct()))
        .join(rule, rule.c.number == finding.c.rule)
        .where(rule.c.severity == Severity.CRITICAL)
    )
    records, withdrawn = connection.execute(landed.select_from(behavior)).one()
    return records, withdrawn, connection.scalar(defective) or 0


def _headline(number: str, chinese: str, english: str) -> Text:
    return Text.assemble(
        "\n", (f" {number} {chinese} ", "bold white on blue"), (f"  {english}", "bold")
    )


def _delivered(demo: Demo) -> Table:
    table = Table(header_style="bold", pad_edge=False)
    table.add_column("delivered")
    table.add_column("records", justify="right")
    for kind in Kind:
        table.add_row(f"{kind.zh} ({kind.value})", f"{demo.delivered[kind]:,}")
    table.add_row("together", f"{sum(demo.delivered.values()):,}", style="bold")
    return table


def _what_next(demo: Demo, now: datetime, worst: str, settings: Settings | None) -> Group:
    """The last lines: where everything is, and what to try on it, on the `worst` department."""
    instant = now.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M")
    month = Month.of(now.astimezone(ZONE).date()).shift(-1)
    lines = [
        ("sources, settings, store, truth.csv", f"cd {demo.folder}"),
        ("one department's line", f"yueqingling status -d {worst} --now {instant}"),
        ("how its figures come about", f"yueqingling explain {worst} {month}"),
        ("who is told what, and why not", f"yueqingling remind --dry-run --now {instant}"),
        ("every rule", "yueqingling rules list"),
        ("mend or spoil a file, then", f"yueqingling pull --now {instant}"),
        ("", f"yueqingling check --now {instant}"),
    ]
    if settings is None:
        lines.append(
            ("the HTTP source for pull, meanwhile", "yueqingling demo --sources-only --dir .")
        )
    else:
        address = f"http://{settings.serve.host}:{settings.serve.port}"
        lines += [
            ("the board in a browser", f"{address}/"),
            ("for Prometheus, and for probes", f"{address}/metrics  /healthz  /readyz"),
            ("end it", "Ctrl-C"),
        ]
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for what, where in lines:
        table.add_row(f"  {what}", where)
    return Group(Text("\nWhat to look at next", "bold"), table)
