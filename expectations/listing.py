"""The rules for people: what `yueqingling rules list` and docs/rules.md show."""

from collections.abc import Iterable
from dataclasses import dataclass

from expectations.loading import load_suites
from expectations.suites import all_rules
from monitor.config import Settings


@dataclass(frozen=True, slots=True)
class ListedRule:
    """What people read of a rule; `class_` is empty for the rules of month_zero.

    `suite` is the name of the file that it comes from.
    """

    id: str
    kind: str
    class_: str
    severity: str
    field: str
    message: str
    suite: str

    def as_dict(self) -> dict[str, str]:
        """The rule as `rules list --json` has it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "class": self.class_,
            "severity": self.severity,
            "field": self.field,
            "message": self.message,
            "suite": self.suite,
        }


def listed_rules(settings: Settings | None = None) -> tuple[ListedRule, ...]:
    """Every rule that is in force, in the suites' order; without settings the product's own."""
    return tuple(
        ListedRule(
            id=rule.id,
            kind=rule.kind,
            class_=rule.rule_class,
            severity=rule.severity.value,
            field=rule.field,
            message=rule.message,
            suite=rule.path.stem,
        )
        for rule in all_rules(load_suites(settings))
    )


def as_markdown(rules: Iterable[ListedRule]) -> str:
    """The rules as a Markdown table."""
    lines = ["| id | class | severity | field | message |", "|---|---|---|---|---|"]
    for rule in rules:
        cells = (f"`{rule.id}`", rule.class_, rule.severity, f"`{rule.field}`", rule.message)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
