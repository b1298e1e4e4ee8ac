"""Records: a batch read into the columns of its feed's table, with identity, version and facts."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

from monitor.config import BEHAVIOR_FEEDS, SourceSettings, StatusSettings
from monitor.sources import dates, facts, normalise, statuses
from monitor.sources.batch import Batch
from monitor.sources.columns import Dialect, Layout
from monitor.sources.identity import Identities
from monitor.words import Status
from monitor.workdays import ZONE

VERSION = {
    "batch": pl.String(),
    "cd_time": pl.Datetime("us", "UTC"),
    "sequence": pl.Int64(),
}
_FIELDLESS = "�"


@dataclass(frozen=True, slots=True)
class Records:
    """A batch's rows as their table wants them.

    `frame` holds the feed's columns, record_id, content_hash, malformed, raw (JSON text),
    is_deleted, the version's parts and `number`, the row's number in its place. `unreadable` are
    words of the status column that nobody knows.
    """

    place: str
    layout: Layout
    frame: pl.DataFrame
    unreadable: tuple[str, ...] = field(default=())


def read(dialect: Dialect, batch: Batch, identities: Identities) -> Records:
    """The batch's rows, read.

    Raises SourceError where the batch's columns are not those of the feed.
    """
    source = dialect.source
    layout = dialect.layout(batch.frame.columns, batch.place)
    delivered = batch.frame
    texts = delivered.select(
        normalise.trimmed(pl.col(header)).alias(column) for column, header in layout.columns.items()
    ).with_columns(batch.numbers.alias("number"))
    read_columns = texts.select(
        *_fields(dialect, layout), *_envelope(layout), *_status(source, layout), "number"
    )
    marked = read_columns.with_columns(
        _malformed(dialect, layout, texts, read_columns).alias("malformed")
    )
    marked = marked.with_columns(
        is_deleted=pl.col("cd_operation").is_in(["d", "delete", "deleted"]).fill_null(False)
        | (pl.col("status") == str(Status.DELETED)).fill_null(False)
    )
    unreadable: tuple[str, ...] = ()
    if isinstance(source.status, StatusSettings):
        unknown = texts.filter(marked["status"].is_null() & ~marked["is_deleted"])["status"]
        unreadable = tuple(unknown.fill_null(""))
        marked = marked.with_columns(pl.col("status").fill_null(str(statuses.UNREADABLE)))
    marked = marked.with_columns(
        status=pl.when("is_deleted").then(pl.lit(str(Status.DELETED))).otherwise("status"),
        status_at=pl.when("is_deleted")
        .then(pl.coalesce("status_at", "cd_time"))
        .otherwise("status_at"),
    )
    whole = marked.with_columns(_raw(layout, delivered, marked["malformed"]))
    whole = identities.given(whole, batch)
    whole = whole.with_columns(_content_hash(dialect, whole))
    if source.feed in BEHAVIOR_FEEDS:
        whole = _with_facts(source, layout, texts, whole)
    elif "department" in whole.columns and source.department is not None:
        whole = whole.with_columns(pl.col("department").fill_null(source.department))
    if source.feed == "expected":
        whole = whole.with_columns(month=pl.col("due_basis_on").dt.strftime("%Y-%m"))
    return Records(batch.place, layout, whole, unreadable)


def _fields(dialect: Dialect, layout: Layout) -> Iterable[pl.Expr]:
    for item in dialect.fields:
        if item.column in layout.columns:
            yield normalise.value(item, pl.col(item.column)).alias(item.column)
        else:
            yield pl.lit(None, normalise.DTYPES[item.type]).alias(item.column)


def _envelope(layout: Layout) -> Iterable[pl.Expr]:
    def text(name: str) -> pl.Expr:
        if name not in layout.columns:
            return pl.lit(None, pl.String)
        return normalise.filled(pl.col(name))

    for name in ("record_unique_identity", "cd_id", "id", "cd_source"):
        yield text(name).alias(name)
    yield text("cd_batch").alias("batch")
    yield dates.instant(text("cd_time")).alias("cd_time")
    yield text("sequence").cast(pl.Int64, strict=False).alias("sequence")
    yield text("cd_operation").str.to_lowercase().alias("cd_operation")


def _status(source: SourceSettings, layout: Layout) -> Iterable[pl.Expr]:
    if "status" in layout.columns:
        yield statuses.status(source, pl.col("status")).alias("status")
    else:
        yield pl.lit(str(source.status) if source.status else None, pl.String).alias("status")
    if "status_at" in layout.columns:
        at = dates.instant(normalise.filled(pl.col("status_at")))
    else:
        at = pl.lit(None, pl.Datetime("us", "UTC"))
    yield at.alias("status_at")


def _malformed(
    dialect: Dialect, layout: Layout, texts: pl.DataFrame, values: pl.DataFrame
) -> pl.Series:
    """The columns that could not be read, joined by 、; null where all could."""
    typed = [item.column for item in dialect.fields if normalise.can_be_malformed(item)]
    typed += ["cd_time", "status", "status_at"]
    marks = []
    for column in typed:
        if column in layout.columns:
            given = texts.select(normalise.filled(pl.col(column)).is_not_null()).to_series()
            bad = given & values[column].is_null()
            if bad.any():
                marks.append(pl.select(pl.when(bad).then(pl.lit(column))).to_series().alias(column))
    if not marks:
        return pl.Series("malformed", [None] * values.height, pl.String)
    return (
        pl.DataFrame(marks)
        .select(malformed=pl.concat_str(pl.all(), separator="、", ignore_nulls=True))
        .select(pl.when(pl.col("malformed") != "").then("malformed"))
        .to_series()
    )


def _raw(layout: Layout, delivered: pl.DataFrame, malformed: pl.Series) -> pl.Series:
    """As JSON: the delivered row where a cell is malformed, else its unknown columns' cells."""
    unknown = [name for name in layout.unknown if delivered[name].null_count() < delivered.height]
    if not unknown and malformed.null_count() == malformed.len():
        return pl.Series("raw", [None] * delivered.height, pl.String)
    documents: list[str | None] = []
    whole = delivered.iter_rows(named=True)
    for row, is_malformed in zip(whole, malformed.is_not_null(), strict=True):
        kept = row if is_malformed else {name: row[name] for name in unknown}
        cells = {name: cell for name, cell in kept.items() if cell is not None}
        documents.append(json.dumps(cells, ensure_ascii=False, sort_keys=True) if cells else None)
    return pl.Series("raw", documents, pl.String)


def _content_hash(dialect: Dialect, frame: pl.DataFrame) -> pl.Series:
    """What a row says, hashed; the parts of its version are not in it."""
    names = [item.column for item in dialect.fields]
    names += ["status", "status_at", "is_deleted", "cd_source", "malformed", "raw"]
    written = frame.select(
        pl.concat_str(
            [pl.col(name).cast(pl.String).fill_null(_FIELDLESS) for name in names], separator="\x1f"
        )
    ).to_series()
    return pl.Series("content_hash", [digest(text) for text in written], pl.String)


def digest(text: str) -> str:
    """The SHA-256 of `text`."""
    return hashlib.sha256(text.encode()).hexdigest()


def _with_facts(
    source: SourceSettings, layout: Layout, texts: pl.DataFrame, frame: pl.DataFrame
) -> pl.DataFrame:
    day_only = pl.lit(None, pl.Boolean)
    if "submitted_at" in layout.columns:
        says_day = texts.select(
            dates.is_day_only(normalise.filled(pl.col("submitted_at")))
        ).to_series()
        day_only = pl.when(pl.col("submitted_at").is_not_null()).then(pl.lit(says_day))
    made = [
        pl.lit(str(source.feed)).alias("kind"),
        pl.col("submitted_at").dt.convert_time_zone(str(ZONE)).dt.date().alias("submitted_on"),
        day_only.alias("submitted_by_day"),
        facts.party_id_fault(pl.col("party_id"), pl.col("party_id_type")).alias("party_id_fault"),
        facts.count_of(pl.col("supervise_item_code")).alias("item_code_count"),
    ]
    if source.feed == "check":
        faults = facts.implement_list_faults(
            frame["implement_list_code"], frame["implement_institution_code"]
        )
        made.append(pl.lit(faults).alias("implement_list_fault"))
        made.append(facts.count_of(pl.col("inspectors")).alias("inspector_count"))
    return frame.with_columns(made)
