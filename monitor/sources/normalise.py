"""Normalisation: delivered text into values of the fields' types, as Polars expressions.

Everything goes through NFKC and is trimmed; the spellings of nothing become null. What can't be
read as its type is null and named in `malformed`.
"""

import unicodedata

import polars as pl

from monitor import standard
from monitor.sources import codes, dates
from monitor.standard import headers

_UNSEEN = " \t\r\n\u00a0\u3000\u200b\u200c\u200d\u2060\ufeff"
_UNUSUAL = r"[^\x20-\x7e\x{4e00}-\x{9fff}、。〈〉《》「」【】〔〕‘’“”]"
"""Characters that NFKC may change or join; it leaves the others as they are, beside each other."""

_NOTHING = (
    r"(?i)^(?:[\s\-‐‑–—―─_/\\]+|无|null|\(null\)|none|nil|nan|nat|n/a|undefined"
    r"|#(?:N/A|NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!)"  # as Excel writes an error into a CSV file
    r"|0000-00-00(?:[ T]00:00:00(?:\.0+)?)?)?$"  # as MySQL writes that there is no day
)
_SEPARATORS = r"[\s,;、|/]+"
_SPLIT_NAME = r"(^|[,;、|/]\s*)(\p{Han})\s+(\p{Han})(\s*[,;、|/]|$)"
_AMOUNT = (
    r"(?i)^(?:¥|人民币|rmb|cny)?(?P<number>[+-]?(?:\d+\.?\d*|\.\d+))"
    r"(?P<many>万)?(?:元|圆|rmb|cny)?[整正]?$"
)
_DECIDING = ("kind", "scope")
"""Codes that decide what a row is; a text that is none of them is malformed."""

_OPENING = "〔【〈《「『〖(<{"
_CLOSING = "〕】〉》」』〗)>}"
_BRACKETS = dict.fromkeys(_OPENING, "[") | dict.fromkeys(_CLOSING, "]")
_BOOLEANS = {
    **dict.fromkeys(("是", "1", "true", "yes", "y", "t", "√"), True),
    **dict.fromkeys(("否", "0", "false", "no", "n", "f", "×"), False),
}


def trimmed(text: pl.Expr) -> pl.Expr:
    """`text` in NFKC without blanks and invisible characters at its ends."""
    return text.map_batches(_trimmed, return_dtype=pl.String)


def filled(text: pl.Expr) -> pl.Expr:
    """Trimmed text; null where it spells nothing (— —, 无, /, NULL …)."""
    return pl.when(~text.str.contains(_NOTHING)).then(text)


def value(field: standard.Field, text: pl.Expr) -> pl.Expr:
    """The value of `field` that trimmed `text` holds; null where there is none or it is malformed.

    A spelling of nothing is a value where the field's code list has a code of that label (无).
    """
    given = filled(text)
    match field.type:
        case "list":
            return joined(given)
        case "code":
            return _coded(field, text, given)
        case "date":
            return dates.day(given)
        case "instant":
            return dates.instant(given)
        case "boolean":
            return given.str.to_lowercase().replace_strict(
                list(_BOOLEANS), list(_BOOLEANS.values()), default=None, return_dtype=pl.Boolean
            )
        case "number":
            return _number(given)
        case "text":
            return dates.month(given) if field.column == "month" else given


def can_be_malformed(field: standard.Field) -> bool:
    """Whether a text can fail to be a value of `field`."""
    typed = field.type in {"date", "instant", "boolean", "number"}
    return typed or field.column in {"month", *_DECIDING}


def why_malformed(field: standard.Field | None, text: str) -> str:
    """Why delivered `text` is no value of `field`, which can be malformed and is.

    None stands for the instants that go round a row. Nothing of the text is in the answer: it may
    be a person's.
    """
    match field.type if field is not None else "instant":
        case "date" | "instant":
            return dates.why_no_day(unicodedata.normalize("NFKC", text).strip(_UNSEEN))
        case "boolean":
            return "expected 是 or 否"
        case "number":
            return "expected an amount such as 1234.50 or 5万元"
        case "code":
            return _why_no_code(field, text)
        case _:
            return "expected a month such as 2022-01"


def _why_no_code(field: standard.Field | None, text: str) -> str:
    if field is None or field.code_list is None:
        return "expected a code"
    labels = ", ".join(standard.code_list(field.code_list).values())
    refusal = headers.refused_word(text)
    return f"{refusal}; expected {labels}" if refusal else f"expected one of {labels}"


def joined(text: pl.Expr) -> pl.Expr:
    """The parts of a cell that holds several (persons, codes), each once, joined by 、.

    A blank within a name of two characters separates nothing; a part that spells nothing is none.
    """
    return text.map_batches(_joined, return_dtype=pl.String)


def parts(text: pl.Expr) -> pl.Expr:
    """What `joined` joined, as a list."""
    return text.str.split("、")


def with_unit(text: pl.Expr, unit: str) -> pl.Expr:
    """An amount with its unit, where it names none."""
    amount = trimmed(text)
    bare = amount.str.contains(r"(?i)^(?:¥|人民币|rmb|cny)?\s*[+-]?[\d.,]*\d\.?$")
    return pl.when(bare).then(pl.concat_str(amount, pl.lit(unit))).otherwise(text)


def document_key(number: pl.Expr) -> pl.Expr:
    """A document number (文书号) as it is compared: brackets of one form, no blanks, upper case.

    示罚〔2022〕13号, 示罚[2022] 13 号 and 示罚(2022)13号 are one.
    """
    unified = number.str.replace_many(_BRACKETS).str.replace_all(r"\s", "").str.to_uppercase()
    return pl.when(unified != "").then(unified)


def _trimmed(texts: pl.Series) -> pl.Series:
    """Only what is unusual goes through NFKC: that costs more than all the rest of a cell."""
    stripped = texts.str.strip_chars(_UNSEEN)
    unusual = stripped.str.contains(_UNUSUAL).arg_true()
    if unusual.is_empty():
        return stripped
    whole = stripped.gather(unusual).str.normalize("NFKC").str.strip_chars(_UNSEEN)
    return stripped.scatter(unusual, whole)


def _joined(texts: pl.Series) -> pl.Series:
    """Cells of one part are left as they are; of the others each distinct one is split once."""
    several = texts.str.contains(_SEPARATORS).fill_null(False)
    if not several.any():
        return texts
    whole = pl.col("text")
    for _ in range(2):  # a separator that ends one name may begin the next
        whole = whole.str.replace_all(_SPLIT_NAME, "${1}${2}${3}${4}")
    split = whole.str.replace_all(_SEPARATORS, "、").str.strip_chars("、").str.split("、")
    distinct = texts.alias("text").to_frame().filter(several).unique()
    known = distinct.with_columns(parts=split.list.unique(maintain_order=True))
    blank = known["parts"].list.eval(pl.element().str.contains(_NOTHING)).list.any()
    told = pl.when(blank).then(pl.col("parts").list.eval(filled(pl.element())).list.drop_nulls())
    written = told.otherwise("parts").list.join("、")
    known = known.select("text", joined=pl.when(written != "").then(written))
    found = texts.alias("text").to_frame().join(known, on="text", how="left", maintain_order="left")
    return found.select(pl.when(several).then("joined").otherwise("text")).to_series()


def _coded(field: standard.Field, text: pl.Expr, given: pl.Expr) -> pl.Expr:
    if field.code_list is None:
        return given
    if field.column in _DECIDING:
        return codes.code(given, field.code_list, strict=True)
    named_nothing = "无" in standard.code_list(field.code_list).values()
    if not named_nothing:
        return codes.code(given, field.code_list)
    return codes.code(pl.when(text == "无").then(text).otherwise(given), field.code_list)


def _number(text: pl.Expr) -> pl.Expr:
    """An amount in yuan; thousands separators and the currency's marks are dropped."""
    amount = text.str.replace_all(r"[,\s]", "").str.extract_groups(_AMOUNT)
    exact = amount.struct.field("number").cast(pl.Decimal(34, 6), strict=False)
    many = amount.struct.field("many").is_not_null()
    in_yuan = pl.when(many).then(exact * 10_000).otherwise(exact)
    return in_yuan.cast(pl.Decimal(18, 2), strict=False)
