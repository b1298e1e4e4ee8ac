"""Ways in which a delivered cell can be wrong, of each kind of behaviour.

A defect changes one record and says what must come of it. The spellings are those that departments
really deliver; what each comes to is the platform's standard's business, not the product's code's.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from jobs.demo.cell import text_of
from jobs.demo.identifiers import credit_code
from jobs.demo.record import Cell, Record
from jobs.demo.truth import Outcome, Truth
from monitor import standard
from monitor.words import Kind

NOTHINGS: tuple[Cell, ...] = ("— —", "无", "/", "NULL", "　")
"""Spellings of nothing."""

EXCEL_EPOCH = date(1899, 12, 30)
Spell = Callable[[Record, Random], Cell]
Test = Callable[[Record], bool]


@dataclass(frozen=True, slots=True)
class Defect:
    """What is done to a record's `column`, and what follows.

    `name` says what was done in a word, `spell` gives the cell that is delivered; `rules` fail;
    `reason` is the backlog reason, empty where none follows; `meant` is what a repaired cell comes
    to, where that isn't the record's value; `weight` how often it comes, compared with the others.
    """

    kind: Kind
    name: str
    column: str
    outcome: Outcome
    spell: Spell
    rules: tuple[str, ...] = ()
    reason: str = ""
    fits: Test = lambda _: True
    meant: Callable[[Record], str] | None = None
    weight: int = 1

    def apply(self, record: Record, random: Random, truth: Truth) -> None:
        """Deliver the wrong cell, and write down what must come of it."""
        record.written[self.column] = self.spell(record, random)
        if not self.rules:
            meant = self.meant or (lambda r: text_of(r.values.get(self.column)) or "")
            truth.add(record, self.name, self.outcome, self.column, meant(record))
        basis = record.stand_in_day if _loses_its_day(self) else None
        for rule in self.rules:
            truth.finding(
                record, rule, self.reason, column=self.column, outcome=self.outcome, basis=basis
            )


def defects(kind: Kind) -> Iterator[Defect]:
    """Every defect of single cells that a record of `kind` can have."""
    yield from _nothing_said(kind)
    yield from _other_spellings(kind)
    yield from _blanks(kind)
    yield from _strange_codes(kind)
    yield from _too_long(kind)
    yield from _unreadable(kind)
    yield from _wrong_identities(kind)
    yield from _wrong_items(kind)
    if kind is Kind.CHECK:
        yield from _wrong_lists()
        yield _finding(
            kind, "inspectors", "two", lambda r, _: "、".join(_parts(r, "inspectors")[:1])
        )
    if kind is Kind.PUNISH:
        yield Defect(
            kind,
            "wan_yuan",
            "fine_yuan",
            Outcome.UNMEASURABLE,
            lambda r, _: f"{int(str(r.values['fine_yuan'])) / 10_000:g}",
            fits=_is("fine_paid_yuan", None),  # beside what was paid it shows
            weight=4,
        )


def _finding(
    kind: Kind, column: str, rule: str, spell: Spell, fits: Test = lambda _: True
) -> Defect:
    rules = (f"{kind}.{column}.{rule}",)
    return Defect(kind, rule, column, Outcome.FINDING, spell, rules, "invalid", fits)


def _repaired(
    kind: Kind, name: str, column: str, spell: Spell, fits: Test = lambda _: True
) -> Defect:
    return Defect(kind, name, column, Outcome.REPAIRED, spell, fits=fits)


def _nothing_said(kind: Kind) -> Iterator[Defect]:
    """Optional cells that say in words that there is nothing."""
    optional = {
        Kind.CHECK: ("plan_id", "entrust_dept", "entrust_dept_code", "operating_address"),
        Kind.PUNISH: ("entrust_dept", "legal_review_opinion", "closed_on", "fine_paid_yuan"),
        Kind.FORCE: ("force_result", "force_extension", "operating_address"),
        Kind.OTHER: ("matter_source", "closing", "entrust_dept"),
    }
    for column in optional[kind]:
        yield _repaired(kind, "nothing", column, lambda _, x: x.choice(NOTHINGS), _is(column, None))


def _other_spellings(kind: Kind) -> Iterator[Defect]:
    """Cells that mean the right thing and spell it in another way."""
    for field in _coded(kind):
        yield _repaired(kind, "label", field.column, _label(field), _is_given(field.column))
    short = {Kind.CHECK: "check_result", Kind.PUNISH: "procedure", Kind.FORCE: "force_kind"}
    column = short.get(kind, "party_nature")
    yield _repaired(kind, "short_code", column, _without_zero(column))
    for form in ("{0.year}.{0.month}.{0.day}", "{0.year}年{0.month}月{0.day}日", "{0:%Y%m%d}"):
        yield _repaired(kind, "date_form", "occurred_on", _day_as(form))
    yield _repaired(
        kind, "excel_serial", "occurred_on", lambda r, _: (r.occurred_on - EXCEL_EPOCH).days
    )
    for column in ("action_code", "party_id", "area_code"):
        yield _repaired(kind, "full_width", column, _full_width(column))
    yield Defect(
        kind,
        "separators",
        "supervise_item_code",
        Outcome.REPAIRED,
        lambda r, x: x.choice((",", "，", ";", "；", "、", "|", " ")).join(_two_items(r)),
        meant=lambda r: "、".join(_two_items(r)),
    )
    if kind is Kind.CHECK:
        yield _repaired(
            kind,
            "separators",
            "inspectors",
            lambda r, x: x.choice((",", "，", ";", "；", "|", " ")).join(_parts(r, "inspectors")),
        )


def _blanks(kind: Kind) -> Iterator[Defect]:
    """Mandatory cells without a value."""
    for field in standard.fields(kind.value):
        column = field.column
        begun = column == "occurred_on" and kind in (Kind.FORCE, Kind.OTHER)
        if column == "check_action_code" or not (field.mandatory or begun):
            continue
        if column == "litigation":
            rule = f"{kind}.{column}.mandatory"
            yield Defect(
                kind, "mandatory", column, Outcome.FINDING, lambda _, __: None, (rule,), weight=12
            )
            continue
        # 无 is a value where a code list has a code of that name
        ways = (None, "— —", "NULL", "　") if field.code_list else (None, *NOTHINGS)
        yield _finding(kind, column, "mandatory", _one_of(ways), _standing_alone(column))


def _strange_codes(kind: Kind) -> Iterator[Defect]:
    """Coded cells with what no code list has."""
    for field in _coded(kind):
        strange = "509999" if field.column == "area_code" else "88"
        yield _finding(
            kind,
            field.column,
            "code",
            _one_of((strange, "其它情形")),
            _can_lose(field.column),
        )


def _too_long(kind: Kind) -> Iterator[Defect]:
    """Texts beyond the length that the standard gives them."""
    keys = {"action_code", "check_action_code", "implement_institution_code", "party_id"}
    for field in standard.fields(kind.value):
        if field.max_length and field.type == "text" and field.column not in keys:
            yield _finding(kind, field.column, "length", _padded(field.column, field.max_length))
    yield _finding(
        kind, "action_code", "length", _padded("action_code", 50), _standing_alone("action_code")
    )


def _unreadable(kind: Kind) -> Iterator[Defect]:
    """Cells that can't be read as their type."""
    words = {"date": "", "instant": "2022-13-01 10:00:00", "number": "贰万元整", "boolean": "不详"}
    for field in standard.fields(kind.value):
        if field.type not in words:
            continue
        spell = _one_of((words[field.type],)) if words[field.type] else _impossible_day
        yield Defect(
            kind,
            "malformed",
            field.column,
            Outcome.MALFORMED,
            spell,
            (f"{kind}.{field.column}.malformed",),
            "invalid",
            _standing_alone(field.column),
        )


def _wrong_identities(kind: Kind) -> Iterator[Defect]:
    """Codes of enterprises and persons that are none."""
    enterprise, person = _is("party_id_type", "001"), _is("party_id_type", "111")
    codes: tuple[Callable[[str], str], ...] = (
        lambda code: code[:17] + ("1" if code[17] != "1" else "2"),
        lambda code: f"{code[:8]}O{code[9:]}",
        lambda code: code.lower(),
        lambda code: f"{code[:6]}000{code[11:17]}",
        lambda code: f"{code[:8]}XXXXXXXXXX",
    )
    for change in codes:
        yield _finding(kind, "party_id", "credit_code", _changed(change), enterprise)
    numbers: tuple[Callable[[str], str], ...] = (
        lambda number: number[:17] + ("1" if number[17] != "1" else "2"),
        lambda number: f"{number[:6]}19001301{number[14:]}",
        lambda number: f"{number[:6]}********{number[14:]}",
    )
    for change in numbers:
        yield _finding(kind, "party_id", "id_card", _changed(change), person)


def _wrong_items(kind: Kind) -> Iterator[Defect]:
    """Item codes that are none, or that nobody may act on that day."""
    column = "supervise_item_code"
    yield _finding(kind, column, "form", lambda r, _: r.item.code[:13])
    yield _finding(kind, column, "form", lambda r, _: f"{r.item.code}、{r.item.code}A")
    yield _finding(kind, column, "catalogue", lambda r, _: f"5099{r.item.code[4:]}")
    yield _finding(
        kind,
        column,
        "catalogue",
        lambda r, _: r.department.items[-2].code,
    )
    yield _finding(
        kind,
        column,
        "catalogue",
        lambda r, _: f"{r.item.code},{r.department.items[-1].code}",
        lambda r: not r.department.items[-1].in_use(r.occurred_on),
    )


def _wrong_lists() -> Iterator[Defect]:
    """Implementation-list codes that are none, another institution's, or in no list."""
    column = "implement_list_code"
    changes: tuple[Callable[[str], str], ...] = (
        lambda code: code[:17],
        lambda code: code[:17] + ("1" if code[17] != "1" else "2") + code[18:],
        lambda code: f"{code[:18]}9{code[19:]}",
    )
    for change in changes:
        yield _finding(Kind.CHECK, column, "form", _first_list(change))
    yield _finding(Kind.CHECK, column, "institution", _another_institution)
    yield Defect(
        Kind.CHECK,
        "listed",
        column,
        Outcome.FINDING,
        _first_list(lambda code: f"{code[:-3]}999"),
        ("check.implement_list_code.listed",),
    )


def _coded(kind: Kind) -> list[standard.Field]:
    return [field for field in standard.fields(kind.value) if field.code_list]


def _loses_its_day(defect: Defect) -> bool:
    """Whether the day of the act can't be read any more."""
    return defect.column == "occurred_on" and defect.name in ("mandatory", "malformed")


def _parts(record: Record, column: str) -> tuple[str, ...]:
    parts = record.values[column]
    return parts if isinstance(parts, tuple) else (str(parts),)


def _is(column: str, value: str | None) -> Test:
    return lambda record: record.values[column] == value


def _is_given(column: str) -> Test:
    return lambda record: record.values[column] is not None


def _standing_alone(column: str) -> Test:
    """Whether nothing else goes wrong when the cell of `column` is lost."""
    if column in ("action_code", "check_result"):
        return lambda record: not record.referred
    if column == "occurred_on":
        # on the day that stands in for it the item must still be in use
        return lambda record: record.item.in_use_to is None
    if column == "case_source":
        return lambda record: record.parent is not None
    return lambda _: True


def _can_lose(column: str) -> Test:
    """Whether there is a value in `column` that may be lost."""
    alone = _standing_alone(column)
    return lambda record: record.values[column] is not None and alone(record)


def _first_list(change: Callable[[str], str]) -> Spell:
    return lambda record, _: change(_parts(record, "implement_list_code")[0])


def _one_of(cells: tuple[Cell, ...]) -> Spell:
    return lambda _, random: random.choice(cells)


def _label(field: standard.Field) -> Spell:
    labels = standard.code_list(field.code_list or "")
    return lambda record, _: labels[str(record.values[field.column])]


def _without_zero(column: str) -> Spell:
    return lambda record, _: str(record.values[column]).lstrip("0")


def _day_as(form: str) -> Spell:
    return lambda record, _: form.format(record.occurred_on)


def _full_width(column: str) -> Spell:
    shift = {n: n + 0xFEE0 for n in range(0x21, 0x7F)}
    return lambda record, _: str(record.values[column]).translate(shift)


def _two_items(record: Record) -> tuple[str, ...]:
    """The record's item and another of its department's."""
    first, second = record.department.items[:2]
    return record.item.code, (second if record.item == first else first).code


def _padded(column: str, limit: int) -> Spell:
    return lambda record, _: f"{record.values[column] or '示范'}{'长' * limit}"[: limit + 1]


def _impossible_day(record: Record, _: Random) -> Cell:
    following = (record.occurred_on.replace(day=1) + timedelta(days=31)).replace(day=1)
    last = following - timedelta(days=1)
    return f"{last:%Y-%m}-{last.day + 1}"


def _changed(change: Callable[[str], str]) -> Spell:
    return lambda record, _: change(str(record.values["party_id"]))


def _another_institution(record: Record, _: Random) -> Cell:
    return (
        credit_code("11", 90_000 + record.department.number)
        + _parts(record, "implement_list_code")[0][18:]
    )
