"""Findings for a terminal: each record with what it fails, printed as they come in."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from jobs.findings import Finding
from monitor.directory import Directory
from monitor.words import Kind, Severity
from monitor.workdays import Month

_STYLE = {Severity.CRITICAL: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}
_SEVERITY, _RULE = 8, 38


def print_findings(console: Console, findings: Iterable[Finding], departments: Directory) -> None:
    """Print the findings, which come record by record, and how many there are."""
    records = failures = 0
    for _, of_record in groupby(findings, lambda each: (each.source, each.record_id)):
        records += 1
        for place, finding in enumerate(of_record):
            failures += 1
            if place == 0:
                console.print(_heading(finding, departments))
            for line in _lines(console, finding):
                console.print(line)
    console.print(f"{failures} findings, {records} records", style="dim")


def _heading(finding: Finding, departments: Directory) -> Text:
    """The record on one line, which no line break in its code may part."""
    code = " ".join((finding.action_code or finding.record_id).splitlines())
    return Text.assemble(
        (code, "bold"),
        f"  {Kind(finding.kind).zh}  {finding.month}",
        f"  {departments.named(finding.department, Month.parse(finding.month).last).label}",
        (f"  {finding.source}", "dim"),
    )


def _lines(console: Console, finding: Finding) -> Iterator[Text]:
    """Severity, rule and message; what is left of the message below its beginning."""
    begun = f"  {finding.severity:<{_SEVERITY}}  {finding.rule:<{_RULE}}  "
    style = _STYLE[Severity(finding.severity)]
    indent = 4 + _SEVERITY
    if cell_len(begun) + cell_len(finding.message) <= console.width:
        line = Text(begun + finding.message)
        line.stylize(style, 2, indent)
        yield line
        return
    line = Text(begun.rstrip())
    line.stylize(style, 2, indent)
    yield line
    for rest in Text(finding.message).wrap(console, console.width - indent):
        yield Text(" " * indent).append(rest)
