"""`yueqingling explain`: how each figure comes about, and what became of one act."""

from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli.options import (
    DEFAULT_CONFIG,
    AsOf,
    Config,
    Json,
    Now,
    instant_or_now,
    month_shown,
    no_statement,
    opened,
    parse_month,
    refuse_before_first,
    whole,
)

if TYPE_CHECKING:
    from monitor.ledger.figures import Name


def explain(
    department: Annotated[
        str, typer.Argument(metavar="DEPARTMENT", help="Its code or (short) name, or `district`.")
    ],
    month: Annotated[
        str | None,
        typer.Argument(metavar="[YYYY-MM]", help="The statement month; else the one closing next."),
    ] = None,
    figure: Annotated[
        str | None,
        typer.Option(
            "--figure",
            metavar="NAME",
            help="Only this figure, such as timely_ratio, with the units that it counts, too.",
        ),
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option(
            "--unit",
            metavar="CODE",
            help="One act's history instead, by its action code, document number or record id.",
        ),
    ] = None,
    records: Annotated[
        int,
        typer.Option(
            "--records",
            "-n",
            parser=whole(0),
            metavar="N",
            help="How many records to show under each figure and reason.",
        ),
    ] = 20,
    as_of: AsOf = None,
    config: Config = DEFAULT_CONFIG,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Walk from each figure of a department's month to the records and rules it rests on.

    For example: yueqingling explain 市场监管局 2026-10. The figures are those of the last check;
    with --now the records behind them are counted as of that instant. Every due is counted day by
    day, with holidays and make-up days. Of a sealed month it shows what was sealed beside what
    stands now, and why they differ.

    With --unit it tells one act's history: when it was first seen, every change of its reason, what
    cleared it, and its age in working days.

    With --as-of it tells how the month stood at an earlier instant, from what was kept and without
    judging again: the figures, and what stood in the backlog under which reason. Which units a
    figure lacked and which rules a record failed then isn't kept.
    """
    import json

    from jobs import disclosed, explanation, history
    from jobs.cli.screen import screen
    from monitor import directory
    from monitor.ledger import unit_history
    from monitor.ledger.explain import explain as explained
    from monitor.ledger.explain_then import explain as explained_then
    from monitor.workdays import local_day

    name = _figure(figure) if figure else None
    if as_of is not None and (unit is not None or now is not None):
        other = "--unit, whose history has all its instants" if unit is not None else "--now"
        raise typer.BadParameter(f"expected it alone, found it with {other}", param_hint="--as-of")
    if unit is not None and (month or figure):
        raise typer.BadParameter(
            "expected a department and a code, found a month or figure, too", param_hint="--unit"
        )
    with opened(config) as (settings, store), store.reading() as connection:
        instant = instant_or_now(now)
        if unit is not None:
            departments = directory.read(connection, local_day(instant))
            code = directory.find(departments, department)
            acts = unit_history.histories(connection, settings, code, unit, instant)
        else:
            if as_of is not None:
                refuse_before_first(connection, as_of)
            wanted = (
                parse_month(month) if month else month_shown(connection, settings, as_of or now)
            )
            departments = directory.read(connection, wanted.last)
            code = directory.find(departments, department)
            if as_of is None:
                found = explained(connection, settings, code, wanted, records, now, name)
            else:
                found = explained_then(connection, settings, code, wanted, as_of, records, name)
            missing = no_statement(connection, wanted, code, as_of) if found is None else None
    if unit is not None:
        if not acts:
            raise typer.BadParameter(
                f"expected an action code, document number or record id of {department}, "
                "found none such",
                param_hint="--unit",
            )
        told = [disclosed.history(each, departments) for each in acts]
        if as_json:
            document = {"format": unit_history.FORMAT, "units": [each.to_json() for each in told]}
            print(json.dumps(document, ensure_ascii=False))
        else:
            screen().print(history.rendered(told, departments))
        return
    if found is None:
        raise typer.BadParameter(missing or "", param_hint="YYYY-MM")
    if name is not None and not found.figures:
        names = ", ".join(each for each in found.statement.figures if each in _names())
        raise typer.BadParameter(
            f"expected a figure that was measured ({names}), found {name}", param_hint="--figure"
        )
    shown = disclosed.explanation(found, departments)
    if as_json:
        print(json.dumps(shown.to_json(), ensure_ascii=False))
    else:
        screen().print(explanation.rendered(shown, departments))


def _figure(text: str) -> "Name":
    """The figure by its name in code or in Chinese."""
    from monitor.ledger.figures import Name

    for name in Name:
        if text in (name.value, name.zh):
            return name
    raise typer.BadParameter(
        f"expected a figure ({', '.join(_names())}), found {text!r}", param_hint="--figure"
    )


def _names() -> list[str]:
    from monitor.ledger.figures import Name

    return [name.value for name in Name]
