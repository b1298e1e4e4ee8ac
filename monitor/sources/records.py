"""Records: a batch read into the columns of its feed's table, with identity, version and facts."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

from monitor import standard
from monitor.config import BEHAVIOR_FEEDS, SourceSettings, StatusSettings
from monitor.sources import dates, facts, normalise, statuses
from monitor.sources.batch import Batch, Part
from monitor.sources.columns import Dialect, Layout
from monitor.sources.identity import Identities
from monitor.standard.headers import ENVELOPE
from monitor.store.types import canonical
from monitor.words import Status
from monitor.workdays import ZONE

_NULL = "\x1e"
_DELETIONS = ("d", "delete", "deleted")
_ALWAYS = (*ENVELOPE, "status", "status_at")


@dataclass(frozen=True, slots=True)
class Records:
    """A batch's rows as their table wants them.

    `frame` holds the feed's columns, record_id, content_hash, malformed, raw (JSON text),
    is_deleted, says (whether a row says more than that its record is gone), the version's parts,
    and place and number of the row. `unreadable` are words of the
    status column that nobody knows, one for each row.
    """

    frame: pl.DataFrame
    unreadable: tuple[str, ...] = field(default=())


def read(dialect: Dialect, batch: Batch, identities: Identities) -> Records:
    """The batch's rows, read."""
    source = dialect.source
    texts = _texts(dialect, batch)
    frame = texts.with_columns(
        *(normalise.value(item, _text(item.column)).alias(item.column) for item in dialect.fields),
        *_envelope(),
        status=statuses.status(source, _text("status")),
        status_at=dates.instant(normalise.filled(_text("status_at"))),
    ).with_columns(
        malformed=_malformed(dialect),
        is_deleted=pl.col("cd_operation").is_in(_DELETIONS).fill_null(False)
        | (pl.col("status") == str(Status.DELETED)).fill_null(False),
    )
    unreadable: tuple[str, ...] = ()
    if isinstance(source.status, StatusSettings):
        unknown = frame.filter(pl.col("status").is_null() & ~pl.col("is_deleted"))
        unreadable = tuple(unknown.select(_text("status").fill_null("")).to_series())
    frame = frame.with_columns(
        status=pl.when("is_deleted")
        .then(pl.lit(str(Status.DELETED)))
        .otherwise(pl.col("status").fill_null(str(statuses.UNREADABLE))),
        status_at=pl.when("is_deleted")
        .then(pl.coalesce("status_at", "cd_time"))
        .otherwise("status_at"),
        says=_says(dialect),
        raw=_raw(batch, frame["malformed"]),
        **_own(source),
    )
    frame = identities.given(frame, batch)
    frame = frame.with_columns(_content_hash(dialect, frame))
    return Records(frame.select(pl.exclude("^text:.*$")), unreadable)


def _texts(dialect: Dialect, batch: Batch) -> pl.DataFrame:
    """The batch's cells, trimmed, as `text:` columns by the field that they are of."""
    parts = [
        part.frame.select(
            *_cells(part.layout),
            pl.lit(part.place).alias("place"),
            part.numbers.alias("number"),
        )
        for part in batch.parts
    ]
    whole = pl.concat(parts, how="diagonal")
    wanted = [f"text:{column}" for column in (*(f.column for f in dialect.fields), *_ALWAYS)]
    lacking = [pl.lit(None, pl.String).alias(name) for name in wanted if name not in whole.columns]
    return whole.select(normalise.trimmed(pl.col("^text:.*$")), "place", "number").with_columns(
        lacking
    )


def _cells(layout: Layout) -> Iterable[pl.Expr]:
    """The delivered cells by their column, and the constants of columns that aren't delivered."""
    for column, header in layout.columns.items():
        unit = layout.units.get(column)
        cell = pl.col(header) if unit is None else normalise.with_unit(pl.col(header), unit)
        yield cell.alias(f"text:{column}")
    for column, value in layout.constants.items():
        yield pl.lit(value).alias(f"text:{column}")


def _text(column: str) -> pl.Expr:
    return pl.col(f"text:{column}")


def _envelope() -> Iterable[pl.Expr]:
    for name in ("record_unique_identity", "cd_id", "id", "cd_source"):
        yield normalise.filled(_text(name)).alias(name)
    yield normalise.filled(_text("cd_batch")).alias("batch")
    yield dates.instant(normalise.filled(_text("cd_time"))).alias("cd_time")
    yield normalise.filled(_text("sequence")).cast(pl.Int64, strict=False).alias("sequence")
    yield normalise.filled(_text("cd_operation")).str.to_lowercase().alias("cd_operation")


def _malformed(dialect: Dialect) -> pl.Expr:
    """The columns that could not be read, joined by 、; null where all could."""
    typed = [item.column for item in dialect.fields if normalise.can_be_malformed(item)]
    typed += ["cd_time", "sequence", "status_at", "status"]
    marks = [
        pl.when(normalise.filled(_text(name)).is_not_null() & pl.col(name).is_null()).then(
            pl.lit(name)
        )
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


def _content_hash(dialect: Dialect, frame: pl.DataFrame) -> pl.Series:
    """What a row says, hashed; the parts of its version are not in it."""
    names = [item.column for item in dialect.fields]
    names += ["status", "status_at", "is_deleted", "cd_source", "malformed", "raw"]
    written = frame.select(
        pl.concat_str(
            [pl.col(name).cast(pl.String).fill_null(_NULL) for name in names], separator="\x1f"
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
