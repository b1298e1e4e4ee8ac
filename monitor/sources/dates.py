"""Days, instants and months out of text, as Polars expressions.

Known forms: 2022-01-05, 2022/1/5, 2022.1.5, 2022年1月5日, 20220105, each with or without a time of
day and an offset from UTC; 20220105103000; Excel serial numbers; milliseconds since 1970, as Java
services write them. What has no offset is time in China. A day that the calendar doesn't have
(2022-09-31) is null.
"""

import re
from datetime import date, time, timedelta

import polars as pl

from monitor.workdays import ZONE

_FORM = (
    r"^(?P<year>(?:19|20|21)\d\d)\s*[-./年]\s*(?P<month>\d{1,2})\s*[-./月]\s*(?P<day>\d{1,2})\s*日?"
    r"(?P<time>\s*T?\s*(?P<hour>\d{1,2})[:时](?P<minute>\d{1,2})"
    r"(?:[:分](?P<second>\d{1,2})?(?:[.,]\d+)?秒?)?"
    r"\s*(?P<offset>Z|(?P<sign>[+-])(?P<off_hours>\d\d):?(?P<off_minutes>\d\d))?)?$"
)
_SERIAL = r"^[2-7]\d{4}(\.\d+)?$"  # 1954 to 2119
_MILLISECONDS = r"^1\d{12}$"  # 2001 to 2033
_EXCEL_EPOCH = date(1899, 12, 30)
_CHINA = timedelta(hours=8)
_MOMENT = pl.Datetime("us")
_USUAL = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S")
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
_MONTHS = 12
_DAYS = (
    r"(\d{4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})(?!\d)",
    r"(\d{4})(\d{2})(\d{2})(?:\d{4}|\d{6}|[\sT].*)?$",
)
_OTHER_SHAPES = (
    (r"\d{4}\s*[-./年]?\s*\d{1,2}\s*月?份?$", "a month without a day"),
    (r"\d{4}年?度?$", "a year alone"),
    (r"\d{1,2}\s*[-./]\s*\d{1,2}\s*[-./]\s*\d{2,4}", "a day that doesn't begin with its year"),
    (r"[\d.]+$", "a number that stands for no day"),
)
"""What a text looks like that is no day, the first that fits."""

_RUN_TOGETHER = (
    (r"^(\d{4})(\d{2})(\d{2})([\sT].*)?$", "${1}-${2}-${3}${4}"),
    (r"^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?$", "${1}-${2}-${3} ${4}:${5}:${6}"),
)


def day(text: pl.Expr) -> pl.Expr:
    """The day in China that `text` names."""
    return _local(text).dt.date()


def instant(text: pl.Expr) -> pl.Expr:
    """The instant (UTC) that `text` names; a day alone stands for its 00:00."""
    local = _local(text).dt.replace_time_zone(str(ZONE), ambiguous="earliest", non_existent="null")
    return local.dt.convert_time_zone("UTC")


def is_day_only(instants: pl.Expr) -> pl.Expr:
    """Whether an instant names no time of day: it is 00:00 in China.

    A source that gives days delivers them as that, too. One that gives times loses nothing by it:
    what was sent in at 00:00 was sent in on that day.
    """
    return instants.dt.convert_time_zone(str(ZONE)).dt.time() == time()


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
    plain = text
    for run_together, apart in _RUN_TOGETHER:
        plain = plain.str.replace(run_together, apart)
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
    milliseconds = pl.when(text.str.contains(_MILLISECONDS)).then(text).cast(pl.Int64, strict=False)
    from_milliseconds = pl.from_epoch(milliseconds, time_unit="ms").cast(_MOMENT) + _CHINA
    return pl.coalesce(
        pl.when(parts.struct.field("offset").is_null()).then(written).otherwise(shifted),
        from_serial.cast(_MOMENT),
        from_milliseconds,
    )


def why_no_day(text: str) -> str:
    """Why trimmed `text`, which is read as no day, isn't one; nothing of it is in the answer."""
    written = next((found for form in _DAYS if (found := re.match(form, text))), None)
    if written is None:
        shape = next((shape for form, shape in _OTHER_SHAPES if re.match(form, text)), None)
        expected = "expected a day such as 2022-01-05"
        return f"{shape}; {expected}" if shape else expected
    year, month, day = map(int, written.groups())
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return f"expected a year from {_FIRST_YEAR} to {_LAST_YEAR}"
    if not 1 <= month <= _MONTHS:
        return "a year has 12 months"
    try:
        date(year, month, day)
    except ValueError:
        return "the calendar has no such day"
    return "expected a time of day such as 10:30:00 after the day"
