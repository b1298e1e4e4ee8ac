"""Which record a row is: its record_id, and what that was made from."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice

import polars as pl

from monitor.config import BEHAVIOR_FEEDS, SourceSettings
from monitor.sources.batch import Batch
from monitor.words import Feed

DELIVERED, KEY, HASH = "delivered", "key", "hash"
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

    def given(self, frame: pl.DataFrame, batch: Batch) -> pl.DataFrame:
        """`frame` with record_id and record_id_from."""
        delivered = pl.coalesce("record_unique_identity", "cd_id", "id")
        found = frame.with_columns(_delivered=delivered, _key=self._key()).with_columns(
            _key=pl.when(pl.col("_delivered").is_null()).then(pl.col("_key"))
        )
        numbered = self._numbered(found, batch)
        hashed = self._hashed(numbered, batch)
        return numbered.with_columns(
            record_id=pl.coalesce("_delivered", "_key", pl.lit(hashed)),
            record_id_from=pl.when(pl.col("_delivered").is_not_null())
            .then(pl.lit(DELIVERED))
            .when(pl.col("_key").is_not_null())
            .then(pl.lit(KEY))
            .otherwise(pl.lit(HASH)),
        ).drop("_delivered", "_key", "record_unique_identity", "cd_id", "id")

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

    def _numbered(self, frame: pl.DataFrame, batch: Batch) -> pl.DataFrame:
        if frame["_key"].null_count() == frame.height:
            return frame
        return frame.with_columns(_key=self._counted(frame["_key"], batch))

    def _counted(self, keys: pl.Series, batch: Batch) -> pl.Series:
        """The keys, each that came before in its delivery with `#2`, `#3` … after it."""
        left = iter(keys)
        counted: list[str | None] = []
        for part in batch.parts:
            seen = self._seen.setdefault(part.delivery, Counter())
            for key in islice(left, part.frame.height):
                if key is not None:
                    seen[key] += 1
                    key = key if seen[key] == 1 else f"{key}#{seen[key]}"
                counted.append(key)
        return pl.Series(counted, dtype=pl.String)

    def _hashed(self, frame: pl.DataFrame, batch: Batch) -> pl.Series:
        """The hash of row, place and number, for the rows that have nothing else."""
        bare = frame["_delivered"].is_null() & frame["_key"].is_null()
        if not bare.any():
            return pl.Series([None] * frame.height, dtype=pl.String)
        is_placed = all(part.is_placed for part in batch.parts)
        names = [n for n in frame.columns if is_placed or n not in ("place", "number")]
        texts = frame.select(
            pl.concat_str(
                *(pl.col(name).cast(pl.String).fill_null("") for name in names), separator="\x1f"
            )
        ).to_series()
        hashes = pl.Series(
            [
                hashlib.sha256(text.encode()).hexdigest() if wanted else None
                for text, wanted in zip(texts, bare, strict=True)
            ],
            dtype=pl.String,
        )
        return hashes if is_placed else self._counted(hashes, batch)
