"""Going through a list that moves meanwhile: what came twice, and what may have been passed over.

A record that leaves a page which was read already draws all later ones forward, and the first of
the next page is passed over. One that is put in pushes them back, and the last of a page stands on
the next one once more. A client can see it: by totals, by records that come again, by what the
first page has become.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

REMEMBERED = 100_000
"""How many records back a repetition is seen: memory stays the same however long the list is."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A record as it is remembered: hashes of what it is known by and of what it says.

    `has_id` says that it is known by an id of its own: then two that have it are one record.
    """

    name: int
    content: int
    has_id: bool


@dataclass(frozen=True, slots=True)
class Sorted:
    """A page's rows, by their places on it.

    `new` are handed out. `again` are newer versions of records that had come before, known by their
    place: handed out as those. `held` can't be told from records that share their key until the
    list is known to have stood still.
    """

    new: tuple[int, ...]
    again: tuple[int, ...]
    held: tuple[int, ...]


@dataclass(slots=True)
class Pass:
    """One way through the list, page by page.

    `moved` says that records may have been passed over; `count` how many different ones were seen;
    `trace` is the same for two passes that saw the same. A list that `repeats_ids` (a log of
    changes) has one id in many places without moving.
    """

    repeats_ids: bool = False
    moved: bool = False
    count: int = 0
    trace: int = 0
    total: int | None = None
    pages: int = 0
    _first: list[int] = field(default_factory=list)
    _first_total: int | None = None
    _last: list[int] = field(default_factory=list)
    _known: dict[int, int] = field(default_factory=dict)

    @property
    def is_short(self) -> bool:
        """Whether fewer records were seen than the service says there are."""
        return self.total is not None and self.count < self.total

    def take(
        self,
        rows: Sequence[Seen],
        total: int | None,
        *,
        others: int = 0,
        begins_with_last: bool = False,
    ) -> Sorted:
        """What is to be done with the next page's rows; `others` on it are no records."""
        names = [row.name for row in rows]
        expected = 1 if begins_with_last else 0
        pushed = _overlap(self._last, names)
        grown = self._grown(total)
        if pushed < expected or (grown is not None and pushed > expected + grown):
            # records left, or as many of them as came in
            self.moved = True
            pushed = min(pushed, expected)
        new, again, held = [], [], []
        for place, row in enumerate(rows):
            known = self._known.get(row.name)
            if known is None:
                new.append(place)
            elif place < pushed and known == row.content:
                continue
            elif row.has_id:
                self.moved |= place >= pushed and (known == row.content or not self.repeats_ids)
                if known != row.content:
                    new.append(place)
            elif place < pushed and grown is not None:
                again.append(place)
            else:
                held.append(place)
                self.moved = True
        self.count += len(new) + len(held) + others
        self._remember(rows, names, total)
        return Sorted(tuple(new), tuple(again), tuple(held))

    def compare_first(self, rows: Sequence[Seen], total: int | None) -> None:
        """Take note of what the first page is now that the last one was read."""
        names = [row.name for row in rows]
        put_in = next((n for n in range(len(names)) if self._is_first(names[n:])), None)
        self._grown(total)
        grown = None if total is None or self._first_total is None else total - self._first_total
        if put_in is None or (grown is not None and grown < put_in):
            self.moved = True

    def _is_first(self, names: list[int]) -> bool:
        return self._first[: len(names)] == names

    def _grown(self, total: int | None) -> int | None:
        """By how many records the list has grown; it moved where they became fewer."""
        if total is None or self.total is None:
            return None
        if total < self.total:
            self.moved = True
        return max(total - self.total, 0)

    def _remember(self, rows: Sequence[Seen], names: list[int], total: int | None) -> None:
        if self.pages == 0:
            self._first, self._first_total = names, total
        self.pages += 1
        self.total = self.total if total is None else total
        self._last = names
        self.trace = hash((self.trace, *((row.name, row.content) for row in rows)))
        self._known.update((row.name, row.content) for row in rows)
        beyond = len(self._known) - REMEMBERED
        for name in [*islice(self._known, max(beyond, 0))]:
            del self._known[name]


def _overlap(before: Sequence[int], names: Sequence[int]) -> int:
    """How many of the last of `before` are the first of `names`, in their order."""
    if not names:
        return 0
    for place, name in enumerate(before):
        count = len(before) - place
        if name == names[0] and before[place:] == names[:count]:
            return count
    return 0
