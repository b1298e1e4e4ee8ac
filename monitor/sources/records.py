"""Records: a batch read into the columns of its feed's table, with identity, version and facts."""

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace

import polars as pl

from monitor import standard
from monitor.config import BEHAVIOR_FEEDS, SourceSettings, StatusSettings
from monitor.sources import dates, delivered, facts, identity, normalise, statuses
from monitor.sources.batch import Batch, Part
from monitor.sources.columns import Dialect
from monitor.sources.delivered import text
from monitor.sources.identity import Identities
from monitor.sources.known import Known, Look
from monitor.sources.values import Values
from monitor.sources.versions import PARTS
from monitor.standard.headers import ENVELOPE
from monitor.store.types import canonical
from monitor.words import Status
from monitor.workdays import ZONE

_NULL = "\x1e"
_DELETIONS = ("d", "delete", "deleted")
_SAID = ("status", "status_at", "is_deleted", "cd_source", "malformed", "raw")
"""What a row says beside its fields."""


@dataclass(frozen=True, slots=True)
class Records:
    """A batch's rows as their table wants them.

    `frame` holds the feed's columns, record_id, content_hash, delivery_hash (only its reading where
    the row isn't to be passed over when it comes again), malformed, raw (JSON text), is_deleted,
    says (whether a row says more than that its record is gone), the version's parts, and place and
    number of the row, and its position in the batch, `row`. `unreadable` are words of the status
    column that nobody knows, one for each row.

    `same` are the departments that those rows name which are in the store as they were delivered:
    they are not in the frame. `owners` are those of the others. `there` are the record_ids that
    may be in the store; None where nobody looked.
    """

    frame: pl.DataFrame
    unreadable: tuple[str, ...]
    owners: pl.Series
    same: pl.Series
    there: pl.Series | None


@dataclass(frozen=True, slots=True)
class Told:
    """A batch whose rows are told apart: `rows` has their cells by column, and the record_id of all
    but those that only the hash of what they say can tell. `look` is what the store says of them,
    where somebody asked before they are read."""

    batch: Batch
    rows: pl.DataFrame
    look: Future[Look] | None = None


@dataclass
class Telling:
    """The first step of reading, which asks no store, for the batches of a pull in their order."""

    dialect: Dialect
    identities: Identities
    _values: Values = field(default_factory=Values, init=False)

    def tell(self, batch: Batch) -> Told:
        """The batch's rows, told apart."""
        needed = identity.needed_fields(self.dialect.source.feed)
        rows = delivered.rows(self.dialect, batch)
        return Told(
            batch, self.identities.told(self._values.of(rows, needed, ENVELOPE, _envelope()))
        )


def read(
    dialect: Dialect, batch: Batch, identities: Identities, known: Known | None = None
) -> Records:
    """The batch's rows, read; those that are `known` as they were delivered are passed over."""
    told = Telling(dialect, identities).tell(batch)
    return Reading(dialect, identities, known).read(told)


@dataclass
class Reading:
    """The second step of reading, for the batches of a pull in their order.

    Rows that are `known` as they were delivered are passed over.
    """

    dialect: Dialect
    identities: Identities
    known: Known | None = None
    _values: Values = field(default_factory=Values, init=False)
    _nothing: pl.DataFrame | None = field(default=None, init=False)
    """What no rows read as. Making it costs as much as many rows; a pull that finds nothing new
    would make it with each batch."""

    def read(self, told: Told) -> Records:
        """What is left to read of a batch that was told apart."""
        batch, rows = told.batch, told.rows
        columns = identity.owner_columns(self.dialect.source.feed)
        owner = pl.coalesce(*columns or (pl.lit(None, pl.String),))
        owners = rows.with_columns(owner=owner)["owner"]
        same, there = owners.clear(), None
        if self.known is not None:
            look = told.look.result() if told.look else self.known.look(rows)
            sight = self.known.sight(rows, look)
            there = sight.there
            if sight.is_same.any():
                same, owners = owners.filter(sight.is_same), owners.filter(~sight.is_same)
                rows = rows.filter(~sight.is_same)
                batch = _left(batch, ~sight.is_same)
        if not rows.is_empty():
            frame, unreadable = self._read(batch, rows)
            return Records(frame, unreadable, owners, same, there)
        if self._nothing is None:
            self._nothing, _ = self._read(batch, rows)
        return Records(self._nothing, (), owners, same, there)

    def _read(self, batch: Batch, rows: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
        """The frame of Records, and what is `unreadable`."""
        dialect, source = self.dialect, self.dialect.source
        needed = identity.needed_fields(source.feed)
        others = [item for item in dialect.fields if item not in needed]
        stands = {
            "status": statuses.status(source, text("status")),
            "status_at": dates.instant(normalise.filled(text("status_at"))),
        }
        frame = self._values.of(rows, others, [*stands], stands).with_columns(
            malformed=_malformed(dialect),
            is_deleted=pl.col("cd_operation").is_in(_DELETIONS).fill_null(False)
            | (pl.col("status") == str(Status.DELETED)).fill_null(False),
        )
        is_read = pl.lit(value=True)
        unreadable: tuple[str, ...] = ()
        if isinstance(source.status, StatusSettings):
            is_read = pl.col("status").is_not_null() | pl.col("is_deleted")
            unknown = frame.filter(~is_read)
            unreadable = tuple(unknown.select(text("status").fill_null("")).to_series())
        frame = frame.with_columns(
            status=pl.when("is_deleted")
            .then(pl.lit(str(Status.DELETED)))
            .otherwise(pl.col("status").fill_null(str(statuses.UNREADABLE))),
            status_at=pl.when("is_deleted")
            .then(pl.coalesce("status_at", "cd_time"))
            .otherwise("status_at"),
            says=_says(dialect),
            # what is remarked on is so each time
            delivery_hash=pl.when(is_read & pl.col("malformed").is_null())
            .then("delivery_hash")
            .otherwise(pl.lit(delivered.reading(source))),
            raw=_raw(batch, frame["malformed"]),
            **_own(source),
        )
        said = [*(item.column for item in dialect.fields), *_SAID]
        is_placed = all(part.is_placed for part in batch.parts)
        frame = self.identities.hashed(frame, [*said, *PARTS, "cd_operation"], is_placed=is_placed)
        frame = frame.with_columns(_content_hash(frame, said))
        return frame.select(pl.exclude("^text:.*$")), unreadable


def _left(batch: Batch, which: pl.Series) -> Batch:
    """The batch with only some of its rows."""
    parts, at = [], 0
    for part in batch.parts:
        some = which.slice(at, part.frame.height)
        parts.append(
            replace(part, frame=part.frame.filter(some), numbers=part.numbers.filter(some))
        )
        at += part.frame.height
    return replace(batch, parts=tuple(parts))


def _envelope() -> dict[str, pl.Expr]:
    """What goes round a row."""
    filled = {name: normalise.filled(text(name)) for name in ENVELOPE}
    return {
        **{n: filled[n] for n in ("record_unique_identity", "cd_id", "id", "cd_source")},
        "batch": filled["cd_batch"],
        "cd_time": dates.instant(filled["cd_time"]),
        "sequence": filled["sequence"].cast(pl.Int64, strict=False),
        "cd_operation": filled["cd_operation"].str.to_lowercase(),
    }


def _malformed(dialect: Dialect) -> pl.Expr:
    """The columns that could not be read, joined by 、; null where all could."""
    typed = [item.column for item in dialect.fields if normalise.can_be_malformed(item)]
    typed += ["cd_time", "sequence", "status_at", "status"]
    marks = [
        pl.when(
            normalise.filled(pl.when(pl.col(name).is_null()).then(text(name))).is_not_null()
        ).then(pl.lit(name))
        for name in typed
    ]
    joined = pl.concat_str(marks, separator="、", ignore_nulls=True)
    return pl.when(joined != "").then(joined)


def _says(dialect: Dialect) -> pl.Expr:
    """Whether the row says anything beyond that its record is gone.

    A deletion does that has half of the mandatory cells; the others only name their record.
    """
    mandatory = [item.column for item in dialect.fields if item.mandatory]
    filled = pl.sum_horizontal(pl.col(name).is_not_null() for name in mandatory)
    return ~pl.col("is_deleted") | (filled * 2 >= len(mandatory))


def _raw(batch: Batch, malformed: pl.Series) -> pl.Series:
    """As JSON: the delivered row where a cell is malformed, else its unknown columns' cells.

    Columns that are known and unneeded are kept nowhere: many hold what is a person's.
    """
    documents: list[str | None] = []
    for part in batch.parts:
        marks = malformed.slice(len(documents), part.frame.height)
        documents += _raw_of(part, marks)
    return pl.Series("raw", documents, pl.String)


def _raw_of(part: Part, malformed: pl.Series) -> Iterable[str | None]:
    frame = part.frame
    unknown = [name for name in part.layout.unknown if frame[name].null_count() < frame.height]
    if not unknown and malformed.null_count() == frame.height:
        return [None] * frame.height
    kept = frame.select(unknown).iter_rows(named=True) if unknown else ({} for _ in malformed)
    whole = frame.drop(part.layout.unneeded)
    return [
        _document(whole.row(place, named=True) if is_malformed else few)
        for place, (few, is_malformed) in enumerate(zip(kept, malformed.is_not_null(), strict=True))
    ]


def _document(cells: dict[str, str | None]) -> str | None:
    filled = {name: cell for name, cell in cells.items() if cell is not None}
    return canonical(filled) if filled else None


def _content_hash(frame: pl.DataFrame, said: Sequence[str]) -> pl.Series:
    """What a row says, hashed; the parts of its version are not in it."""
    written = frame.select(
        pl.concat_str(
            [pl.col(name).cast(pl.String).fill_null(_NULL) for name in said], separator="\x1f"
        ).cast(pl.Binary)
    ).to_series()
    hashes = [hashlib.sha256(text).hexdigest() for text in written.to_list()]
    return pl.Series("content_hash", hashes, pl.String)


def _own(source: SourceSettings) -> dict[str, pl.Expr]:
    """Columns that follow from the row itself."""
    if source.feed not in BEHAVIOR_FEEDS:
        own = {}
        if any(item.column == "department" for item in standard.fields(source.feed)):
            own["department"] = pl.col("department").fill_null(pl.lit(source.department, pl.String))
        if source.feed == "expected":
            own["document_key"] = normalise.document_key(pl.col("document_no"))
            own["month"] = pl.col("due_basis_on").dt.strftime("%Y-%m")
        return own
    submitted_at = pl.col("submitted_at")
    own = {
        "kind": pl.lit(str(source.feed)),
        "submitted_on": submitted_at.dt.convert_time_zone(str(ZONE)).dt.date(),
        "submitted_by_day": dates.is_day_only(submitted_at),
        "party_id_fault": facts.party_id_fault(pl.col("party_id"), pl.col("party_id_type")),
        "item_code_count": facts.count_of(pl.col("supervise_item_code")),
    }
    if source.feed in ("punish", "force"):
        own["document_key"] = normalise.document_key(pl.col("document_no"))
    if source.feed == "check":
        own["implement_list_fault"] = pl.struct(
            "implement_list_code", "implement_institution_code"
        ).map_batches(facts.implement_list_faults, return_dtype=pl.String)
        own["inspector_count"] = facts.count_of(pl.col("inspectors"))
    return own
