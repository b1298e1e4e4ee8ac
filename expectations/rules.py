"""The table `rule`: what the other parts need to know of a rule, and which version was judged."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from expectations.suites import Rule, Suite, behavior_rules
from monitor.store.tables import finding
from monitor.store.tables import rule as rule_table

NOT_JUDGED = ""
"""Version of a rule by which no record was judged yet."""


@dataclass(frozen=True, slots=True)
class NumberedRule:
    """A rule with its number in the store.

    `judged` says whether the findings in the store are this version's: False for a rule that is
    new or says something else than before.
    """

    number: int
    rule: Rule
    judged: bool


def sync_rules(connection: sa.Connection, suites: Iterable[Suite]) -> tuple[NumberedRule, ...]:
    """Write the suites' rules to the table `rule`; only what differs is written.

    A rule that is in no suite any more becomes inactive and its findings go. A new or changed
    rule's version is left as it is until `mark_judged`: a crash between the two repeats the
    judging and loses none.
    """
    known = {row.id: row for row in connection.execute(sa.select(rule_table))}
    rules = behavior_rules(suites)
    number = max((row.number for row in known.values()), default=0)
    numbered, added, changed = [], [], []
    for rule in rules:
        row = known.pop(rule.id, None)
        if row is None:
            number += 1
            added.append({"number": number, "version": NOT_JUDGED, **_described(rule)})
            numbered.append(NumberedRule(number, rule, judged=False))
            continue
        numbered.append(NumberedRule(row.number, rule, row.version == rule.version and row.active))
        if any(row._mapping[key] != value for key, value in _described(rule).items()):
            changed.append({"known": row.number, **_described(rule)})
    gone = [row.number for row in known.values() if row.active]
    if added:
        connection.execute(sa.insert(rule_table), added)
    if changed:
        columns: dict[str, sa.BindParameter[object]] = {
            key: sa.bindparam(key) for key in changed[0] if key != "known"
        }
        connection.execute(
            sa.update(rule_table)
            .where(rule_table.c.number == sa.bindparam("known"))
            .values(columns),
            changed,
        )
    if gone:
        connection.execute(
            sa.update(rule_table)
            .where(rule_table.c.number.in_(gone))
            .values(active=False, version=NOT_JUDGED)
        )
        connection.execute(sa.delete(finding).where(finding.c.rule.in_(gone)))
    return tuple(numbered)


def mark_judged(connection: sa.Connection, rules: Iterable[NumberedRule]) -> None:
    """Record that the findings in the store are these rules' present versions'."""
    versions = [{"known": each.number, "judged": each.rule.version} for each in rules]
    if versions:
        connection.execute(
            sa.update(rule_table)
            .where(rule_table.c.number == sa.bindparam("known"))
            .values(version=sa.bindparam("judged")),
            versions,
        )


def _described(rule: Rule) -> Mapping[str, object]:
    return {
        "id": rule.id,
        "kind": rule.kind,
        "class": rule.rule_class,
        "severity": rule.severity.value,
        "field": rule.field,
        "message": rule.message,
        "suite": rule.path.stem,
        "active": True,
    }
