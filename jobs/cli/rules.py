"""`yueqingling rules`: what records are judged by."""

from typing import Annotated

import typer

from jobs.cli.options import Json

app = typer.Typer(help="Show the rules that records are judged by.", no_args_is_help=True)


@app.callback()
def _rules() -> None:
    """Show the rules that records are judged by."""


@app.command("list")
def list_rules(
    kind: Annotated[
        str | None, typer.Option("--kind", "-k", help="Only check, punish, force or other.")
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="As a Markdown table, as in docs/rules.md.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List every rule: id, class (数据检核类型), severity, field and message."""
    import json

    from rich.console import Console
    from rich.table import Table

    from expectations.listing import as_markdown, listed_rules

    found = [rule for rule in listed_rules() if kind in (None, rule.kind)]
    if not found:
        kinds = ", ".join(sorted({rule.kind for rule in listed_rules()}))
        raise typer.BadParameter(f"no rules of kind {kind!r}; expected one of {kinds}")
    if as_json:
        print(json.dumps({"format": 1, "rules": [rule.as_dict() for rule in found]}))
    elif markdown:
        print(as_markdown(found), end="")
    else:
        table = Table(box=None, header_style="bold", pad_edge=False)
        table.add_column("id", no_wrap=True)
        for name in ("class", "severity"):
            table.add_column(name)
        table.add_column("message", overflow="fold")
        for rule in found:
            table.add_row(rule.id, rule.class_, rule.severity, rule.message)
        Console().print(table)
