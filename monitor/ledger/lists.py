"""Lists (检查实施清单): whether the codes of a check stand in its own institution's list.

An entry is of the department that it names, else of the institution that its code begins with. A
check is held against the list of its institution, else of its department. Where neither has
delivered one, nothing can be said.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from monitor.ledger import attribution
from monitor.store.tables import behavior, implement_list

LISTED, NOT_LISTED = "listed", "not_listed"

_BETWEEN = sa.literal_column("'、'", sa.Text)
"""What stands between several codes in one cell."""


class Position(FunctionElement[int]):
    """Where in the first text the second begins, from 1; 0 where it doesn't stand there."""

    type = sa.Integer()
    inherit_cache = True


@compiles(Position)
def _write_position(position: Position, compiler: SQLCompiler, **options: Any) -> str:
    name = "instr" if compiler.dialect.name == "sqlite" else "strpos"
    return f"{name}({compiler.process(position.clauses, **options)})"


def entries() -> sa.Select[*tuple[Any, ...]]:
    """The codes of every list, each with its `owner`."""
    i = implement_list.c
    by_code = sa.func.substr(i.implement_list_code, 1, attribution.CODE_LENGTH)
    return (
        sa.select(
            sa.func.coalesce(i.department, by_code).label("owner"),
            i.implement_list_code.label("code"),
        )
        .where(i.deleted_at.is_(None))
        .distinct()
    )


def states(wanted: sa.ColumnElement[bool]) -> sa.Subquery:
    """Of the wanted records (id) that can be held against a list the `state` of their codes.

    Of several codes each must be listed. The same few cells stand in many records: each is looked
    up once.
    """
    b, listed = behavior, entries().subquery("listed")
    owners = sa.select(listed.c.owner).distinct()
    of_institution = owners.subquery("of_institution")
    of_department = owners.subquery("of_department")
    named = (
        sa.select(
            b.c.id,
            sa.func.coalesce(of_institution.c.owner, of_department.c.owner).label("owner"),
            b.c.implement_list_code.label("cell"),
        )
        .select_from(
            b.outerjoin(
                of_institution, of_institution.c.owner == b.c.implement_institution_code
            ).outerjoin(of_department, of_department.c.owner == b.c.department)
        )
        .where(wanted, b.c.implement_list_code.is_not(None))
        .cte("named")
    )
    asked = sa.select(named.c.owner, named.c.cell).where(named.c.owner.is_not(None)).distinct()
    once = asked.subquery("once")
    part = _parts(sa.select(once.c.cell).distinct())
    in_list = sa.and_(listed.c.owner == once.c.owner, listed.c.code == part.c.code)
    looked_up = (
        sa.select(
            once.c.owner,
            once.c.cell,
            sa.func.count().label("codes"),
            sa.func.count(listed.c.code).label("found"),
        )
        .select_from(once.join(part, part.c.cell == once.c.cell).outerjoin(listed, in_list))
        .group_by(once.c.owner, once.c.cell)
        .subquery("looked_up")
    )
    state = sa.case((looked_up.c.found == looked_up.c.codes, LISTED), else_=NOT_LISTED)
    same = sa.and_(looked_up.c.owner == named.c.owner, looked_up.c.cell == named.c.cell)
    return sa.select(named.c.id, state.label("state")).join(looked_up, same).subquery("list_state")


def held_against(
    owners: sa.Select[Any], codes: sa.Select[Any], whole: sa.Select[Any]
) -> Iterator[sa.ColumnElement[bool]]:
    """The records that lists may concern of which `codes` came or went.

    `owners` have such a list; `whole` are those of them that had none before or have none now.
    """
    b = behavior.c
    own = sa.or_(b.implement_institution_code.in_(owners), b.department.in_(owners))
    cells = sa.select(b.implement_list_code.label("cell")).where(
        own, b.implement_list_code.is_not(None)
    )
    part = _parts(cells.distinct())
    yield sa.and_(
        own, b.implement_list_code.in_(sa.select(part.c.cell).where(part.c.code.in_(codes)))
    )
    yield sa.and_(
        b.implement_list_code.is_not(None),
        sa.or_(b.implement_institution_code.in_(whole), b.department.in_(whole)),
    )


def _parts(cells: sa.Select[Any]) -> sa.CTE:
    """The codes of each `cell`, one a row."""

    def first(text: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
        return sa.func.substr(text, 1, Position(text.concat(_BETWEEN), _BETWEEN) - 1)

    def rest(text: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
        return sa.func.substr(text, Position(text.concat(_BETWEEN), _BETWEEN) + 1)

    given = cells.subquery("given").c.cell
    part = sa.select(
        given.label("cell"), first(given).label("code"), rest(given).label("rest")
    ).cte("part", recursive=True)
    left = part.c.rest
    return part.union_all(sa.select(part.c.cell, first(left), rest(left)).where(left != ""))
