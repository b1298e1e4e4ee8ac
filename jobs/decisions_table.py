"""The ladder's decisions for people: who is told what, and why nobody else is."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from monitor.directory import Directory
from monitor.notify.ladder import Decision


def decisions_table(
    decisions: Sequence[Decision],
    departments: Directory,
    *,
    every: bool = False,
) -> Group:
    """One line a decision that sends, then how many others there are by reason.

    With `every` the others have a line each, too; the decisions are then one department's.
    """
    table = Table(header_style="bold", pad_edge=False, collapse_padding=True)
    if not every:
        table.add_column("部门", no_wrap=True)
    table.add_column("month", no_wrap=True)
    for name in ("step", "audience", "reason"):
        table.add_column(name)
    for decision in sorted(decisions, key=lambda d: (not d.sends, d.department, d.month)):
        if decision.sends or every:
            label = departments.named(decision.department, decision.month.last).label
            table.add_row(
                *([] if every else [label]),
                str(decision.month),
                f"{decision.step.value} {decision.step.zh}",
                ", ".join(decision.audiences) or "—",
                f"{decision.reason.value} {decision.reason.zh}",
                style="" if decision.sends else "dim",
            )
    others = Counter(decision.reason for decision in decisions if not decision.sends)
    counts = ", ".join(f"{reason.value} {n}" for reason, n in others.most_common())
    sending = sum(decision.sends for decision in decisions)
    summary = f"{sending} to send; not sent: {counts or 'none'}"
    return Group(*([table] if table.row_count else []), Text(summary, "dim"))
