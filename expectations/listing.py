"""The rules for people: what `yueqingling rules list` and docs/rules.md show."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from expectations.suites import all_rules, load_suites


@dataclass(frozen=True, slots=True)
class ListedRule:
    """What people read of a rule; `class_` is empty for the rules of month_zero."""

    id: str
    kind: str
    class_: str
    severity: str
    field: str
    message: str

    def as_dict(self) -> dict[str, str]:
        """The rule as `rules list --json` has it."""
        return {
            "id": self.id,
            "kind": self.kind,
            "class": self.class_,
            "severity": self.severity,
            "field": self.field,
            "message": self.message,
        }


def listed_rules(folder: Path | None = None) -> tuple[ListedRule, ...]:
    """Every rule of the suites in `folder` (the product's own by default), in their order."""
    return tuple(
        ListedRule(
            id=rule.id,
            kind=rule.kind,
            class_=rule.rule_class,
            severity=rule.severity.value,
            field=rule.field,
            message=rule.message,
        )
        for rule in all_rules(load_suites(folder))
    )


def as_markdown(rules: Iterable[ListedRule]) -> str:
    """The rules as a Markdown table."""
    lines = ["| id | class | severity | field | message |", "|---|---|---|---|---|"]
    for rule in rules:
        cells = (f"`{rule.id}`", rule.class_, rule.severity, f"`{rule.field}`", rule.message)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
