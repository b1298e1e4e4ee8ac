"""The behaviours of the district, all of them right: defects come afterwards."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from random import Random

from jobs.demo.days import Days, next_of
from jobs.demo.district import Department, District, Habit, Item, Party
from jobs.demo.identifiers import AREA
from jobs.demo.record import Record, Value
from monitor.words import Kind, Status

_SHARES = {Kind.PUNISH: 0.12, Kind.FORCE: 0.04, Kind.OTHER: 0.10}
_LETTERS = {Kind.CHECK: "JC", Kind.PUNISH: "CF", Kind.FORCE: "QZ", Kind.OTHER: "QT"}
_FOUND_IN_CHECK, _REPORTED = "01", ("02", "03", "04", "06")
_CLEAN_RESULTS = ("01", "01", "01", "02", "02", "03")
RESULT_FOR = {Kind.PUNISH: "04", Kind.FORCE: "05", Kind.OTHER: "06"}
"""The check result that says which act followed."""


class Behaviors:
    """Makes the behaviours of one district, one department after the other."""

    def __init__(self, district: District, days: Days, random: Random) -> None:
        self._district = district
        self._days = days
        self._random = random
        self._numbers = {kind: count(1) for kind in Kind}

    def make(self, total: int, progress: Callable[[int], None]) -> list[Record]:
        """`total` behaviours; a check comes before the acts that follow from it."""
        records: list[Record] = []
        for department, share in self._shares(total):
            records.extend(self._of(department, share))
            progress(share)
        return records

    def _shares(self, total: int) -> Iterator[tuple[Department, int]]:
        """Each department's number of behaviours, by its weight and the days on which it acts."""
        departments = self._district.departments
        weights = [d.weight * len(d.acts) for d in departments]
        so_far = 0
        for n, department in enumerate(departments):
            upto = total * sum(weights[: n + 1]) // sum(weights)
            yield department, upto - so_far
            so_far = upto

    def _of(self, department: Department, total: int) -> list[Record]:
        numbers = {kind: int(total * share) for kind, share in _SHARES.items()}
        checks = [self._check(department) for _ in range(total - sum(numbers.values()))]
        free = list(checks)
        self._random.shuffle(free)
        led_on: list[Record] = []
        records = list(checks)
        for kind, number in numbers.items():
            for _ in range(number):
                if kind is Kind.PUNISH and self._random.random() < 0.55:
                    records.append(self._independent_penalty(department))
                else:
                    again = not free or (led_on and self._random.random() < 0.12)
                    parent = self._random.choice(led_on) if again else free.pop()
                    if not again:
                        led_on.append(parent)
                    records.append(self._following(kind, parent))
        return records

    def _check(self, department: Department) -> Record:
        r = self._random
        day = r.choice(department.acts)
        item = self._item(department, day)
        party = r.choice(self._district.parties)
        inspectors = tuple(r.sample(department.inspectors, r.choice((2, 2, 2, 3))))
        values: dict[str, Value] = {
            "plan_id": f"SSJ{day:%Y}{department.number:03d}{r.randrange(20):02d}"
            if r.random() < 0.2
            else None,
            "implement_list_code": (department.implement_list(item),),
            "action_name": f"对{party.name}的{self._random.choice(('日常', '专项'))}检查",
            "entrust_dept": None,
            "entrust_dept_code": None,
            "check_form": r.choice(("01", "01", "02", "99")),
            "check_category": r.choice(("01", "01", "02")),
            "check_mode": r.choice((None, "1", "2", "3")),
            "check_result": r.choice(_CLEAN_RESULTS),
            "inspectors": inspectors,
            "inspector_cert_nos": tuple(
                f"{department.local_code}{department.inspectors.index(name) + 1:03d}"
                for name in inspectors
            ),
        }
        return self._record(Kind.CHECK, department, item, party, day, values)

    def _independent_penalty(self, department: Department) -> Record:
        """A penalty whose case didn't come from a check."""
        day = self._random.choice(department.acts)
        party = self._random.choice(self._district.parties)
        item = self._item(department, day)
        values = self._penalty(day, self._random.choice(_REPORTED), day - timedelta(days=20))
        return self._record(Kind.PUNISH, department, item, party, day, values)

    def _following(self, kind: Kind, parent: Record) -> Record:
        """An act that followed from the check `parent`, whose result now says so."""
        r = self._random
        department = parent.department
        wanted = self._days.add(parent.occurred_on, r.randint(1, 10))
        day = next_of(department.acts, wanted)
        item = parent.item if parent.item.in_use(day) else department.items[0]
        party = Party(
            name=str(parent.values["party_name"]),
            identity=str(parent.values["party_id"]),
            person=parent.values["party_nature"] == "01",
        )
        extra = parent.referred > 0
        if not extra:
            parent.values["check_result"] = RESULT_FOR[kind]
            # a check that acts follow from is in the system beyond doubt
            if parent.status is Status.PENDING:
                parent.status = Status.ACCEPTED
                parent.status_at += timedelta(minutes=1)
        parent.referred += 1
        if kind is Kind.PUNISH:
            values = self._penalty(day, _FOUND_IN_CHECK, parent.occurred_on)
        elif kind is Kind.FORCE:
            values = self._coercion(day)
        else:
            values = self._other(day)
        values["check_action_code"] = parent.action_code
        record = self._record(kind, department, item, party, day, values)
        record.parent, record.extra = parent, extra
        return record

    def _penalty(self, day: date, case_source: str, filed_on: date) -> dict[str, Value]:
        r = self._random
        fine = Decimal(r.randint(1, 100) * 1000)
        paid = r.random() < 0.6
        major = r.random() < 0.1
        return {
            "action_name": f"示范处罚案{r.randrange(10_000):04d}",
            "case_source": case_source,
            "check_action_code": None,
            "entrust_dept": None,
            "entrust_dept_code": None,
            "facts": "违反示范管理规定从事经营活动",
            "legal_basis": "《示范管理规定》第十二条",
            "procedure": "02" if fine > 1000 else "01",
            "has_hearing": major and r.random() < 0.5,
            "filed_on": filed_on,
            "is_criminal": False,
            "is_major": major,
            "has_legal_review": True,
            "legal_review_on": day,
            "legal_review_opinion": None,
            "has_collective_discussion": major,
            "collective_discussion_on": day if major else None,
            "collective_discussion_conclusion": None,
            "document_no": "",
            "penalty_kind": "02",
            "fine_yuan": fine,
            "penalty_result": f"罚款人民币{fine}元",
            "reconsideration": "00",
            "litigation": "99",
            "closing_execution_mode": "1" if paid else None,
            "closing_execution_result": "1" if paid else None,
            "fine_paid_yuan": fine if paid else None,
            "is_no_penalty": False,
            "closed_on": day if paid else None,
            "other_handling": None,
            "transferred_on": None,
        }

    def _coercion(self, day: date) -> dict[str, Value]:
        r = self._random
        measure = r.random() < 0.7
        return {
            "action_name": f"示范强制案{r.randrange(10_000):04d}",
            "facts": "涉嫌违反示范管理规定",
            "legal_basis": "《示范管理规定》第二十条",
            "document_no": "",
            "force_kind": "01" if measure else "02",
            "force_measure_type": r.choice(("02", "03", "05")) if measure else None,
            "force_execution_type": None if measure else r.choice(("01", "04", "05")),
            "force_result": None,
            "force_extension": None,
            "ended_on": self._past(day + timedelta(days=r.randint(0, 15))),
        }

    def _other(self, day: date) -> dict[str, Value]:
        r = self._random
        return {
            "action_name": f"示范措施{r.randrange(10_000):04d}",
            "entrust_dept": None,
            "entrust_dept_code": None,
            "matter_source": None,
            "measure": r.choice(("约谈", "责令改正", "信用提醒")),
            "closing": None,
            "ended_on": self._past(day + timedelta(days=r.randint(0, 5))),
        }

    def _record(
        self,
        kind: Kind,
        department: Department,
        item: Item,
        party: Party,
        day: date,
        values: dict[str, Value],
    ) -> Record:
        r = self._random
        number = next(self._numbers[kind])
        named = item.owner == "" or r.random() < 0.95
        common: dict[str, Value] = {
            "supervise_item_code": (item.code,),
            "action_code": f"{_LETTERS[kind]}{day:%Y%m%d}{department.number:03d}{number:06d}",
            "implement_institution": department.name,
            "implement_institution_code": department.code if named else None,
            "object_type": "2" if party.person else "1",
            "object_name": party.name,
            "party_name": party.name,
            "party_nature": "01" if party.person else "02",
            "party_id_type": "111" if party.person else "001",
            "party_id": party.identity,
            "registered_address": f"{AREA}示范路{r.randint(1, 999)}号",
            "operating_address": None,
            "area_code": AREA,
            "occurred_on": day,
            "submitter": r.choice(department.inspectors),
        }
        if "document_no" in values:
            word = "罚" if kind is Kind.PUNISH else "强"
            values["document_no"] = f"示{department.number:02d}{word}〔{day:%Y}〕{number:06d}号"
        submitted_at, status, status_at = self._timeline(department, day)
        return Record(
            kind=kind,
            record_id=f"{AREA}{_LETTERS[kind]}{number:08d}",
            department=department,
            item=item,
            values=common | values | {"submitted_at": submitted_at},
            status=status,
            status_at=status_at,
        )

    def _timeline(self, department: Department, day: date) -> tuple[datetime, Status, datetime]:
        """When a behaviour of `day` was submitted, and how it stands since when."""
        r = self._random
        careless = department.habit is Habit.UNTIDY
        late = r.random() < (0.12 if careless else 0.02)
        wait = r.randint(8, 14) if late else r.choice((0, 1, 1, 2, 3))
        submitted_at = self._hour(self._days.add(day, wait), 9)
        if submitted_at > self._days.now - timedelta(hours=1):
            submitted_at = datetime.combine(day, time(17, r.randint(0, 59)))
        audited_at = self._hour(self._days.add(submitted_at.date(), r.choice((1, 1, 2))), 9)
        if audited_at > self._days.now:
            return submitted_at, Status.PENDING, submitted_at
        return submitted_at, Status.ACCEPTED, audited_at

    def _past(self, day: date) -> date | None:
        """`day` if it has been, else nothing."""
        return day if day < self._days.now.date() else None

    def _hour(self, day: date, first: int) -> datetime:
        r = self._random
        return datetime.combine(day, time(r.randint(first, 17), r.randint(0, 59), r.randint(0, 59)))

    def _item(self, department: Department, day: date) -> Item:
        """An item that the department may act on on `day`."""
        r = self._random
        if r.random() < 0.03:
            return r.choice(self._district.common_items)
        usable: Sequence[Item] = [i for i in department.items if i.claimed and i.in_use(day)]
        return r.choice(usable)
