"""The made-up district: its departments, their supervision items, and whom they supervise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from random import Random

from jobs.demo.days import Days
from jobs.demo.identifiers import credit_code, identity_number

NAME = "示范区"
IN_USE, CANCELLED, PAUSED = "01", "02", "03"
ITEMS_PER_DEPARTMENT = 17.5
COMMON_ITEMS = 4
_TOWNSHIP_SHARE = 22 / 40
_TIDY_SHARE = 0.55
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_OFFICES = (
    ("市场监督管理局", "市场监管局", 9),
    ("城市管理综合执法局", "城管执法局", 8),
    ("卫生健康委员会", "卫健委", 6),
    ("应急管理局", "应急局", 5),
    ("生态环境局", "生态环境局", 5),
    ("交通运输局", "交通局", 5),
    ("农业农村委员会", "农业农村委", 4),
    ("住房和城乡建设委员会", "住建委", 4),
    ("文化和旅游委员会", "文旅委", 3),
    ("人力资源和社会保障局", "人社局", 3),
    ("规划和自然资源局", "规划自然资源局", 3),
    ("水利局", "水利局", 2),
    ("教育委员会", "教委", 2),
    ("消防救援局", "消防局", 4),
    ("林业局", "林业局", 2),
    ("民政局", "民政局", 1),
    ("发展和改革委员会", "发改委", 1),
    ("统计局", "统计局", 1),
)
_MATTERS = (
    "经营行为",
    "安全生产",
    "资质条件",
    "产品质量",
    "公共卫生",
    "环境保护",
    "用工管理",
    "广告宣传",
    "档案台账",
    "设施设备",
    "价格收费",
    "许可事项",
)


class Habit(StrEnum):
    """How a department keeps its records."""

    TIDY = "tidy"
    UNTIDY = "untidy"
    SILENT = "silent"  # nothing in the last months, and no word about it
    ZERO_REPORT = "zero_report"  # nothing in the month before the last, and says so
    CONTRADICTED = "contradicted"  # says that there was nothing, and there was


@dataclass(frozen=True, slots=True)
class Item:
    """A supervision item; `owner` is a department's code or empty for items common to all."""

    code: str
    main_code: str
    name: str
    owner: str
    state: str
    in_use_from: date
    in_use_to: date | None = None
    claimed: bool = True

    def in_use(self, day: date) -> bool:
        """Whether the item may be acted on on `day`."""
        if day < self.in_use_from:
            return False
        return self.state == IN_USE if self.in_use_to is None else day <= self.in_use_to


@dataclass(frozen=True, slots=True)
class Department:
    """A district department or township; `acts` are the days on which it acts."""

    number: int
    code: str
    name: str
    short_name: str
    township: bool
    weight: int
    habit: Habit
    feeds_cases: bool
    items: tuple[Item, ...]
    inspectors: tuple[str, ...]
    acts: tuple[date, ...]

    @property
    def level(self) -> str:
        """Its level in implementation-list codes: 4 county, 5 township."""
        return "5" if self.township else "4"

    @property
    def local_code(self) -> str:
        """Its code in the district's own directory."""
        return f"500112{self.number:02d}"

    def implement_list(self, item: Item) -> str:
        """The code of its implementation list for `item`."""
        return f"{self.code}{self.level}{item.code}001"


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody supervised: an enterprise, or where `person`, a citizen."""

    name: str
    identity: str
    person: bool


@dataclass(frozen=True, slots=True)
class District:
    """Everything that stands still while the months go by."""

    departments: tuple[Department, ...]
    common_items: tuple[Item, ...]
    parties: tuple[Party, ...]

    @property
    def items(self) -> tuple[Item, ...]:
        """The whole catalogue."""
        owned = (item for department in self.departments for item in department.items)
        return (*owned, *self.common_items)


def make_district(departments: int, records: int, days: Days, random: Random) -> District:
    """A district of `departments` departments, large enough for `records` behaviours."""
    townships = round(departments * _TOWNSHIP_SHARE)
    habits = _habits(departments, random)
    in_use = round(departments * ITEMS_PER_DEPARTMENT) - COMMON_ITEMS
    made = []
    for number in range(1, departments + 1):
        township = number > departments - townships
        place = number - (departments - townships) if township else number
        name, short_name, weight = _township(place) if township else _office(place)
        code = credit_code("11", number)
        share = in_use * number // departments - in_use * (number - 1) // departments
        made.append(
            Department(
                number=number,
                code=code,
                name=NAME + name,
                short_name=short_name,
                township=township,
                weight=weight,
                habit=habits[number - 1],
                feeds_cases=not township
                and number % 2 == 1
                and habits[number - 1] in (Habit.TIDY, Habit.UNTIDY),
                items=tuple(_items(number, code, share, days, random)),
                inspectors=tuple(f"示范人员{stem}{number:02d}" for stem in _STEMS[:6]),
                acts=_acts(habits[number - 1], days),
            )
        )
    return District(tuple(made), tuple(_common_items(days)), tuple(_parties(records)))


def _habits(count: int, random: Random) -> list[Habit]:
    """One habit a department: the special ones once each, about half of the others tidy."""
    special = [Habit.SILENT, Habit.ZERO_REPORT, Habit.CONTRADICTED] if count >= 6 else []
    plain = count - len(special)
    tidy = round(plain * _TIDY_SHARE)
    habits = [Habit.TIDY] * tidy + [Habit.UNTIDY] * (plain - tidy)
    random.shuffle(habits)
    # the special ones are townships, which stand at the end and deliver little anyway
    return habits[:-1] + special + habits[-1:]


def _acts(habit: Habit, days: Days) -> tuple[date, ...]:
    quiet: Sequence[str] = ()
    if habit is Habit.SILENT:
        quiet = days.months[-2:]
    elif habit is Habit.ZERO_REPORT:
        quiet = days.months[-2:][:1]
    return tuple(day for day in days.acts if f"{day:%Y-%m}" not in quiet)


def _office(place: int) -> tuple[str, str, int]:
    if place <= len(_OFFICES):
        return _OFFICES[place - 1]
    return f"第{place}管理局", f"第{place}局", 1


def _township(place: int) -> tuple[str, str, int]:
    if place % 2:
        return f"示范{place:02d}街道办事处", f"示范{place:02d}街道", 1
    return f"示范{place:02d}镇人民政府", f"示范{place:02d}镇", 1


def _items(number: int, owner: str, in_use: int, days: Days, random: Random) -> list[Item]:
    """Its items: `in_use` that can be acted on, one cancelled, and one paused in these months."""
    begun = date(days.first.year - 2, 1, 1)
    paused_on = days.acts[random.randrange(len(days.acts))]
    items = []
    for place in range(in_use + 2):
        state = IN_USE if place < in_use else CANCELLED if place == in_use else PAUSED
        main = place // 3 + 1
        items.append(
            Item(
                code=f"5001{number:03d}{main:04d}{place % 3 + 1:03d}",
                main_code=f"5001{number:03d}{main:04d}000",
                name=f"对{_MATTERS[main % len(_MATTERS)]}的监督检查（示范子项{place + 1}）",
                owner=owner,
                state=state,
                in_use_from=begun,
                in_use_to=paused_on if state == PAUSED else None,
                claimed=place % 29 != 7,
            )
        )
    return items


def _common_items(days: Days) -> list[Item]:
    begun = date(days.first.year - 2, 1, 1)
    return [
        Item(
            code=f"50010000001{n:03d}",
            main_code="50010000001000",
            name=f"各部门共用的监督检查（示范子项{n}）",
            owner="",
            state=IN_USE,
            in_use_from=begun,
        )
        for n in range(1, COMMON_ITEMS + 1)
    ]


def _parties(records: int) -> list[Party]:
    enterprises = min(max(records // 5, 20), 60_000)
    citizens = max(enterprises // 8, 5)
    return [
        *(
            Party(f"示范企业{n:05d}号", credit_code("91", n), person=False)
            for n in range(1, enterprises + 1)
        ),
        *(
            Party(f"示范人员{_STEMS[n % 10]}{n:05d}", identity_number(n), person=True)
            for n in range(1, citizens + 1)
        ),
    ]
