"""`yueqingling rules`: what records are judged by."""

from typing import Annotated

import typer

from jobs.cli import verb
from jobs.cli.options import Json

app = typer.Typer(help="Show the rules that records are judged by.", no_args_is_help=True)


@app.callback()
def _rules() -> None:
    """Show the rules that records are judged by."""


def list_rules(
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind", "-k", help="Only those of check, punish, force, other or month_zero."
        ),
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="As a Markdown table, as in docs/rules.md.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List every rule: id, class (数据检核类型), severity and message.

    The ids name kind and field. Only critical rules make backlog; month_zero is judged on the
    statements, the other suites on records.
    """
    import json

    from expectations.listing import as_markdown, listed_rules
    from jobs.cli.screen import screen
    from jobs.rules_table import RulesTable

    every = listed_rules()
    found = [rule for rule in every if kind in (None, rule.kind)]
    if not found:
        kinds = ", ".join(dict.fromkeys(rule.kind for rule in every))
        raise typer.BadParameter(f"expected one of {kinds}, found {kind!r}", param_hint="--kind")
    if markdown and as_json:
        raise typer.BadParameter("expected either --markdown or --json, found both")
    if as_json:
        print(
            json.dumps(
                {"format": 1, "rules": [rule.as_dict() for rule in found]}, ensure_ascii=False
            )
        )
    elif markdown:
        print(as_markdown(found), end="")
    else:
        screen().print(RulesTable(found))


verb.add(app, list_rules, "list")
