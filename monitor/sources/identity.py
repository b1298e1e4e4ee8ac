"""Which record a row is: its record_id, and what that was made from."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from monitor import standard
from monitor.config import BEHAVIOR_FEEDS, SourceSettings
from monitor.words import Feed

DELIVERED, KEY, HASH = "delivered", "key", "hash"
_DELIVERED = ("record_unique_identity", "cd_id", "id")
_KEYS = {
    "expected": ("kind", "department", "action_code", "document_no", "plan_id", "object_id"),
    "department": ("code",),
    "item": ("item_code",),
    "implement_list": ("implement_list_code",),
    "zero_report": ("department", "month"),
    "exemption": ("scope", "department", "item_code", "action_code", "begins_on"),
    "plan": ("plan_id",),
    "drawn_object": ("plan_id", "object_id"),
}
_TELLING = {
    "expected": ("action_code", "document_no", "object_id"),
    "exemption": ("department", "item_code", "action_code"),
}


def key_columns(feed: Feed) -> tuple[str, ...]:
    """The columns that a row's key is made from, where the row is known by its key."""
    return ("kind", "department", "action_code") if feed in BEHAVIOR_FEEDS else _KEYS[feed]


def telling_columns(feed: Feed) -> tuple[str, ...]:
    """Those of which a row has one at least, where it is known by its key."""
    return ("action_code",) if feed in BEHAVIOR_FEEDS else _TELLING.get(feed, _KEYS[feed][:1])


def owner_columns(feed: Feed) -> tuple[str, ...]:
    """Those that name the department, the first that is filled counts."""
    if feed in BEHAVIOR_FEEDS:
        return ("implement_institution_code",)
    named = {item.column for item in standard.fields(feed)}
    return tuple(name for name in ("department", "department_name") if name in named)


def needed_fields(feed: Feed) -> tuple[standard.Field, ...]:
    """The fields that say which record a row is, and whose."""
    told = {*key_columns(feed), *owner_columns(feed)}
    if feed == "check":
        told.add("implement_list_code")
    return tuple(item for item in standard.fields(feed) if item.column in told)


@dataclass
class Identities:
    """Gives the rows of one pull their record_id.

    A delivered record_unique_identity, cd_id or id comes first. Else it is the feed's key (kind,
    department and action code of a behaviour); its second row in one delivery gets `#2`. Rows
    without these are known by the hash of what they say and where they stand; where that changes
    from one reading to the next, by what they say and how many of the delivery say it.
    """

    source: SourceSettings
    _seen: dict[str, Counter[str]] = field(default_factory=dict)

    def told(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`frame` with record_id and record_id_from; the former is null where only the hash of the
        row can tell.

        It has the `needed_fields`, what is delivered as an identity, and the rows' delivery.
        """
        delivered = pl.coalesce(*_DELIVERED)
        found = frame.with_columns(_delivered=delivered, _key=self._key()).with_columns(
            _key=pl.when(pl.col("_delivered").is_null()).then(pl.col("_key"))
        )
        if found["_key"].null_count() < found.height:
            found = found.with_columns(_key=self._counted(found["_key"], found["delivery"]))
        return found.with_columns(
            record_id=pl.coalesce("_delivered", "_key"),
            record_id_from=pl.when(pl.col("_delivered").is_not_null())
            .then(pl.lit(DELIVERED))
            .when(pl.col("_key").is_not_null())
            .then(pl.lit(KEY))
            .otherwise(pl.lit(HASH)),
        ).drop("_delivered", "_key", *_DELIVERED)

    def hashed(self, frame: pl.DataFrame, says: Sequence[str], *, is_placed: bool) -> pl.DataFrame:
        """`frame` with the record_id of the rows that only their hash can tell: the hash of what
        they say, and, where they are placed, of where they stand.
        """
        bare = frame["record_id"].is_null()
        if not bare.any():
            return frame
        names = [*says, "place", "number"] if is_placed else says
        texts = frame.filter(bare).select(
            pl.concat_str(
                *(pl.col(name).cast(pl.String).fill_null("") for name in names), separator="\x1f"
            )
        )
        hashes = pl.Series(
            [hashlib.sha256(text.encode()).hexdigest() for text in texts.to_series()],
            dtype=pl.String,
        )
        if not is_placed:
            hashes = self._counted(hashes, frame["delivery"].filter(bare))
        return frame.with_columns(record_id=frame["record_id"].scatter(bare.arg_true(), hashes))

    def _key(self) -> pl.Expr:
        feed = self.source.feed
        own = pl.lit(self.source.department, pl.String)
        if feed in BEHAVIOR_FEEDS:
            owners = [pl.col("implement_institution_code")]
            if feed == "check":
                owners.append(pl.col("implement_list_code").str.slice(0, 18))
            department = pl.coalesce(*owners, pl.col("cd_source"), own)
            parts = [pl.lit(str(feed)), department.fill_null(""), pl.col("action_code")]
            return pl.concat_str(parts, separator="|")
        columns = {name: pl.col(name).cast(pl.String) for name in _KEYS[feed]}
        if "department" in columns:
            columns["department"] = pl.coalesce(columns["department"], own)
        telling = [columns[name].is_not_null() for name in telling_columns(feed)]
        filled = [column.fill_null("") for column in columns.values()]
        return pl.when(pl.any_horizontal(telling)).then(pl.concat_str(filled, separator="|"))

    def _counted(self, keys: pl.Series, deliveries: pl.Series) -> pl.Series:
        """The keys, each that came before in its delivery with `#2`, `#3` … after it."""
        counted: list[str | None] = []
        for key, delivery in zip(keys, deliveries, strict=True):
            if key is not None:
                seen = self._seen.setdefault(delivery, Counter())
                seen[key] += 1
                key = key if seen[key] == 1 else f"{key}#{seen[key]}"
            counted.append(key)
        return pl.Series(counted, dtype=pl.String)
