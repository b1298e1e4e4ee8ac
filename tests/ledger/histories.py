"""Random small districts and what becomes of them, for the ledger and its reference alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.ledger.book import A, B, C, china
from tests.ledger.reference.world import Exemption, Expected, Item, ZeroReport

STRANGER = "11500112MB0000009X"
"""A code that the directory doesn't know."""
ITEMS = {"01030100100101": A, "01030100100102": B, "01030100100103": C}
LOOKS = [
    china(f"2022-{text}")
    for text in (
        "01-20T10:00",
        "01-31T23:30",
        "02-09T23:59:59",
        "02-10T00:00",
        "02-11T23:59:59",
        "02-12T00:00",
        "02-12T00:00:01",
        "02-14T09:00",
        "02-16T00:00",
        "03-02T09:00",
        "03-07T23:59:59",
        "03-08T00:00",
        "03-15T12:00",
        "05-20T09:00",
    )
]
"""When the ledger is looked at: around dues, the closes of January and February, and later."""
DAYS = [
    *(date(2022, 1, day) for day in (4, 10, 27, 28, 29, 30, 31)),
    *(date(2022, 2, day) for day in (1, 7, 9, 11, 12, 28)),
    *(date(2022, 3, day) for day in (1, 4)),
    date(2021, 12, 31),
]
HOURS = ["00:00", "10:00", "23:59:59"]
NEXT = {
    "": ["draft", "pending"],
    "draft": ["pending", "deleted"],
    "pending": ["accepted", "accepted", "returned", "draft"],
    "returned": ["pending", "pending", "resent"],
    "resent": ["accepted", "returned"],
    "accepted": ["returned", "deleted", "pending"],
    "deleted": ["draft"],
}


@dataclass(frozen=True)
class Life:
    """What becomes of a record: what it says, from which look on, and its statuses in time."""

    kind: str
    content: tuple[dict[str, Any], dict[str, Any]]
    changes_at: int  # the look from which the second content holds
    moves: tuple[tuple[datetime, str], ...]
    withdrawn_at: int
    tells_instants: bool

    def at(self, look: int, now: datetime) -> dict[str, Any] | None:
        """What its source delivers at a look; None before its first status."""
        past = [move for move in self.moves if move[0] <= now]
        if not past:
            return None
        sent = [at for at, status in past if status in ("pending", "resent")]
        statuses = [move for move in past if move[1] != "resent"]
        return {
            **self.content[look >= self.changes_at],
            "status": statuses[-1][1],
            "status_at": statuses[-1][0] if self.tells_instants else None,
            "submitted_at": sent[-1] if sent else None,
            "withdrawn": look >= self.withdrawn_at,
        }


@dataclass(frozen=True)
class Ending:
    """The last day of a department, and who follows it."""

    last: date
    successors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Renamed:
    """A department that goes on under another name after a day."""

    code: str
    last: date


@dataclass(frozen=True)
class Case:
    """A random district and the looks at it."""

    looks: tuple[datetime, ...]
    charge_pending: str
    strict: bool
    pulls: frozenset[datetime]
    ends: Mapping[str, Ending]
    renamed: Renamed | None
    ends_at: int  # the look from which the directory says either
    ends_otherwise: Mapping[str, Ending]
    corrected_at: int  # the look from which it says this instead
    items: tuple[Item, ...]
    lives: tuple[Life, ...]
    expected: tuple[tuple[Expected, int, int], ...]  # with the looks at which it comes and goes
    exemptions: tuple[tuple[Exemption, int, int], ...]
    zero_reports: tuple[ZeroReport, ...]
    restarts: frozenset[int]  # looks before which the daemon is killed amid one
    reopenings: frozenset[int]  # looks before which the first sealed month is reopened


_days = st.sampled_from(DAYS)
_instants = st.builds(
    lambda day, hour: china(f"{day}T{hour}"),
    st.dates(date(2022, 1, 10), date(2022, 3, 14)),
    st.sampled_from(HOURS),
) | st.sampled_from(LOOKS).map(lambda at: at - timedelta(seconds=1))
_soon = st.integers(0, 5)
_rarely = st.sampled_from([99, 99, 99, 1, 2, 3])


def _codes(kind: str) -> st.SearchStrategy[str]:
    return st.sampled_from([f"示范{kind}-{n}" for n in range(3)])


@st.composite
def _contents(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    check = kind == "check"
    return {
        "code": draw(_codes(kind)),
        "on": draw(_days | _days | _days | st.none() | st.just(date(2022, 6, 1))),
        "institution": draw(st.sampled_from([A, A, A, B, B, None, STRANGER])),
        "list_code": draw(st.sampled_from([None, None, f"{B}0001", f"{STRANGER}0001"])),
        "item": draw(st.sampled_from([None, *ITEMS, "01030100100199"])),
        "check_code": None if check else draw(st.none() | _codes("check")),
        "check_result": draw(st.sampled_from(["01", "04", "06"])) if check else None,
        "case_source": draw(st.sampled_from(["01", "02"])) if kind == "punish" else None,
        "fails": frozenset(draw(st.sampled_from(["", "", "", "06", "08", "06 08"])).split()),
    }


@st.composite
def _lives(draw: st.DrawFn) -> Life:
    kind = draw(st.sampled_from(["check", "check", "punish", "force", "other"]))
    instants = draw(st.lists(_instants, min_size=1, max_size=5, unique=True).map(sorted))
    moves, status = [], ""
    for instant in instants:
        status = draw(st.sampled_from(NEXT[status]))
        moves.append((instant, status))
    first = draw(_contents(kind))
    changed = draw(_contents(kind))
    kept = draw(st.sets(st.sampled_from(sorted(first))))
    return Life(
        kind,
        (first, changed | {name: first[name] for name in kept}),
        draw(_rarely),
        tuple(moves),
        draw(_rarely),
        draw(st.sampled_from([True, True, True, False])),
    )


@st.composite
def _asked(draw: st.DrawFn) -> tuple[Expected, int, int]:
    kind = draw(st.sampled_from(["check", "check", "punish", "force", "other"]))
    owner = draw(st.sampled_from([A, B, STRANGER, None]))
    row = Expected(0, kind, owner, draw(_codes(kind)), draw(_days | st.none()), LOOKS[0])
    row.item = draw(st.sampled_from([None, None, *ITEMS]))
    return row, draw(_soon), draw(_rarely)


@st.composite
def _exemptions(draw: st.DrawFn) -> tuple[Exemption, int, int]:
    scope = draw(st.sampled_from(["department", "item", "unit"]))
    row = Exemption(
        scope,
        B if scope == "department" else draw(st.sampled_from([None, A])),
        draw(st.sampled_from(sorted(ITEMS))) if scope == "item" else None,
        draw(_codes("check")) if scope == "unit" else None,
        draw(st.none() | _days),
        draw(st.none() | _days),
    )
    return row, draw(_soon), draw(_rarely)


_last_days = st.sampled_from(
    [*(date(2022, 1, day) for day in (18, 31)), *(date(2022, 2, day) for day in (14, 28))]
)
_ends: st.SearchStrategy[Mapping[str, Ending]] = st.one_of(
    st.just({}),
    st.builds(lambda day: {C: Ending(day)}, _last_days),
    st.builds(
        lambda day, heirs: {A: Ending(day, heirs)},
        _last_days,
        st.sampled_from([(B,), (C,), (B, C), (C, B)]),
    ),
    st.builds(
        lambda day, later: {A: Ending(day, (B,)), B: Ending(later, (C,))}, _last_days, _last_days
    ),
    st.builds(
        lambda day, later: {A: Ending(day, (B, C)), C: Ending(later)}, _last_days, _last_days
    ),
    st.builds(lambda day: {A: Ending(day, (B,)), B: Ending(day, (A,))}, _last_days),
)
"""Nothing; abolished without a successor, merged, split, two after one another, a circle."""


@st.composite
def _items(draw: st.DrawFn) -> tuple[Item, ...]:
    """The catalogue; the first item may pass to another department on a day."""
    found = [
        Item(code, owner, draw(st.sampled_from(["01", "03"])), draw(st.none() | _days))
        for code, owner in ITEMS.items()
    ]
    if (day := draw(st.none() | _last_days)) is not None:
        found[0].to = day
        found.append(Item(found[0].code, C, "01", None, day + timedelta(days=1)))
    return tuple(found)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A district of two or three departments with a few records, and two to four looks at it."""
    looks = draw(st.lists(st.sampled_from(LOOKS), min_size=2, max_size=4, unique=True))
    ends, otherwise = draw(_ends), draw(_ends)
    go_on = sorted({A, B, C} - ends.keys() - otherwise.keys())
    return Case(
        tuple(sorted(looks)),
        draw(st.sampled_from(["office", "department"])),
        draw(st.sampled_from([True, True, False])),
        draw(st.frozensets(_instants, max_size=3)),
        ends,
        draw(st.none() | st.builds(Renamed, st.sampled_from(go_on), _last_days)) if go_on else None,
        draw(st.sampled_from([0, 0, 1, 2])),
        otherwise,
        draw(_rarely),
        draw(_items()),
        tuple(draw(st.lists(_lives(), min_size=2, max_size=8))),
        tuple(draw(st.lists(_asked(), min_size=1, max_size=5))),
        tuple(draw(st.lists(_exemptions(), max_size=2))),
        tuple(
            draw(
                st.lists(
                    st.builds(
                        ZeroReport,
                        st.sampled_from([A, B]),
                        st.sampled_from(["2022-01", "2022-02"]),
                        _instants,
                    ),
                    max_size=2,
                )
            )
        ),
        draw(st.frozensets(st.integers(0, 3), max_size=1)),
        draw(st.frozensets(st.integers(1, 3), max_size=2)),
    )
