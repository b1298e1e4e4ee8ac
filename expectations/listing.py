"""The rules for people: what `yueqingling rules list` and docs/rules.md show."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from expectations.loading import load_suites
from expectations.suites import all_rules
from monitor import standard
from monitor.config import Settings
from monitor.words import Kind

_NAMED = 4
"""Of more fields than these a table says only how many they are."""


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


def classes_as_markdown(rules: Iterable[ListedRule]) -> str:
    """What stands for each of the platform's classes, as a Markdown table: how many rules of each
    kind, and what they ask.
    """
    of_class: dict[str, list[ListedRule]] = {}
    for rule in rules:
        of_class.setdefault(rule.class_, []).append(rule)
    kinds = [kind.value for kind in Kind]
    lines = [
        "| class | 数据检核类型 | " + " | ".join(kinds) + " | asks |",
        "|---|---|" + "--:|" * len(kinds) + "---|",
    ]
    for class_, name in standard.code_list("数据检核类型").items():
        mine = of_class.get(class_, [])
        counts = Counter(rule.kind for rule in mine)
        cells = (class_, name, *(str(counts[kind]) for kind in kinds), ", ".join(_asked(mine)))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _asked(rules: Iterable[ListedRule]) -> Iterator[str]:
    """What rules ask of which fields, whatever the kind; of many fields only how many."""
    fields: dict[str, dict[str, None]] = {}
    for rule in rules:
        fields.setdefault(rule.id.rpartition(".")[2], {})[rule.field] = None
    for aspect, named in fields.items():
        if len(named) > _NAMED:
            yield f"`{aspect}` of {len(named)} fields"
        else:
            yield from (f"`{field}.{aspect}`" for field in named)


def as_markdown(rules: Iterable[ListedRule]) -> str:
    """The rules as a Markdown table."""
    lines = ["| id | class | severity | field | message |", "|---|---|---|---|---|"]
    for rule in rules:
        cells = (f"`{rule.id}`", rule.class_, rule.severity, f"`{rule.field}`", rule.message)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
