"""Days, instants and months out of text, as Polars expressions.

Known forms: 2022-01-05, 2022/1/5, 2022.1.5, 2022年1月5日, 20220105, each with or without a time of
day and an offset from UTC; 20220105103000; Excel serial numbers. What has no offset is time in
China. A day that the calendar doesn't have (2022-09-31) is null.
"""

from datetime import date, timedelta

import polars as pl

from monitor.workdays import ZONE

_FORM = (
    r"^(?P<year>(?:19|20|21)\d\d)\s*[-./年]\s*(?P<month>\d{1,2})\s*[-./月]\s*(?P<day>\d{1,2})\s*日?"
    r"(?P<time>\s*T?\s*(?P<hour>\d{1,2})[:时](?P<minute>\d{1,2})"
    r"(?:[:分](?P<second>\d{1,2})?(?:[.,]\d+)?秒?)?"
    r"\s*(?P<offset>Z|(?P<sign>[+-])(?P<off_hours>\d\d):?(?P<off_minutes>\d\d))?)?$"
)
_SERIAL = r"^[2-7]\d{4}(\.\d+)?$"  # 1954 to 2119
_EXCEL_EPOCH = date(1899, 12, 30)
_CHINA = timedelta(hours=8)
_MOMENT = pl.Datetime("us")
_USUAL = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S")
_FIRST_YEAR, _LAST_YEAR = 1900, 2199


def day(text: pl.Expr) -> pl.Expr:
    """The day in China that `text` names."""
    return _local(text).dt.date()


def instant(text: pl.Expr) -> pl.Expr:
    """The instant (UTC) that `text` names; a day alone stands for its 00:00."""
    local = _local(text).dt.replace_time_zone(str(ZONE), ambiguous="earliest", non_existent="null")
    return local.dt.convert_time_zone("UTC")


def is_day_only(text: pl.Expr) -> pl.Expr:
    """Whether `text` names no time of day."""
    return ~text.str.contains(r"[:时]|^\d{14}$|^\d{5}\.\d*[1-9]")


def month(text: pl.Expr) -> pl.Expr:
    """The month that `text` names, written 2022-01: 2022-1, 2022年1月, 202201, or a day in it."""
    parts = text.str.extract_groups(r"^(20\d\d)\s*[-./年]?\s*(\d{1,2})\s*月?份?$")
    number = parts.struct.field("2").cast(pl.Int8)
    written = pl.concat_str(
        parts.struct.field("1"), pl.lit("-"), parts.struct.field("2").str.zfill(2)
    )
    return pl.when(number.is_between(1, 12)).then(written).otherwise(day(text).dt.strftime("%Y-%m"))


def _local(text: pl.Expr) -> pl.Expr:
    """The moment on a clock in China."""
    return text.map_batches(_moments, return_dtype=_MOMENT)


def _moments(texts: pl.Series) -> pl.Series:
    """The usual forms are read at once; only what is left goes through all the others."""
    usual = pl.coalesce(
        *(
            pl.col("text").str.to_datetime(form, strict=False, exact=True, time_unit="us")
            for form in _USUAL
        )
    )
    plausible = usual.dt.year().is_between(_FIRST_YEAR, _LAST_YEAR)
    frame = texts.alias("text").to_frame().select("text", moment=pl.when(plausible).then(usual))
    left = frame["moment"].is_null() & frame["text"].is_not_null()
    if not left.any():
        return frame["moment"]
    others = frame.filter(left).select("text").unique()
    read = others.lazy().with_columns(other=_unusual(pl.col("text"))).collect()
    return (
        frame.join(read, on="text", how="left", maintain_order="left")
        .select(pl.coalesce("moment", "other"))
        .to_series()
    )


def _unusual(text: pl.Expr) -> pl.Expr:
    plain = text.str.replace(r"^(\d{4})(\d{2})(\d{2})$", "${1}-${2}-${3}").str.replace(
        r"^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$", "${1}-${2}-${3} ${4}:${5}:${6}"
    )
    parts = plain.str.extract_groups(_FORM)

    def part(name: str) -> pl.Expr:
        return parts.struct.field(name).fill_null("0")

    written = pl.concat_str(
        parts.struct.field("year"),
        part("month").str.zfill(2),
        part("day").str.zfill(2),
        part("hour").str.zfill(2),
        part("minute").str.zfill(2),
        part("second").str.zfill(2),
    ).str.to_datetime("%Y%m%d%H%M%S", strict=False, time_unit="us")
    minutes = part("off_hours").cast(pl.Int64) * 60 + part("off_minutes").cast(pl.Int64)
    ahead = pl.when(part("sign") == "-").then(-minutes).otherwise(minutes)
    shifted = written - pl.duration(minutes=ahead) + _CHINA
    serial = pl.when(text.str.contains(_SERIAL)).then(text).cast(pl.Float64, strict=False)
    from_serial = pl.lit(_EXCEL_EPOCH).cast(_MOMENT) + pl.duration(
        seconds=(serial * 86400).round().cast(pl.Int64)
    )
    return pl.coalesce(
        pl.when(parts.struct.field("offset").is_null()).then(written).otherwise(shifted),
        from_serial.cast(_MOMENT),
    )
