"""Own-row facts: what a rule needs and can't compute, as Polars expressions over whole columns.

Credit codes (统一社会信用代码) follow GB 32100-2015, identity cards GB 11643-1999. Of the latter
only form, date and check digit count: counties come and go.
"""

from functools import partial

import polars as pl

from monitor.sources import normalise

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUES = pl.Series([max(_ALPHABET.find(chr(code)), 0) for code in range(128)], dtype=pl.Int32)
"""The value of each character of a credit code; those of digits are the digits'."""

_CREDIT_FORM = rf"^[0-9]{{8}}[{_ALPHABET}]{{10}}$"
_CREDIT_WEIGHTS = (*(pow(3, place, 31) for place in range(17)), 1)
_CARD_FORM = r"^[1-9][0-9]{5}(?:18|19|20)[0-9]{9}[0-9Xx]$"
_CARD_WEIGHTS = (*(pow(2, 17 - place, 11) for place in range(17)), 0)
_CARD_CHECKS = "10X98765432"
_MASKED = r"\*|[Xx]{3}|[×●]"
_CREDIT_TYPES = ("001",)
_CARD_TYPES = ("111", "112")

NONE, BLANK, MASKED, FORM, CHECK_DIGIT = "none", "blank", "masked", "form", "check_digit"
LEVEL, INSTITUTION, NOT_CHECKED = "level", "institution", "not_checked"


def credit_code_fault(code: pl.Expr) -> pl.Expr:
    """`form` or `check_digit` where `code` is no credit code, else `none`; null stays null.

    Lower case and blanks are faults of form.
    """
    formed = code.str.contains(_CREDIT_FORM)
    return _fault(code, formed, _weighed(code, formed, _CREDIT_WEIGHTS) % 31 == 0)


def identity_card_fault(number: pl.Expr) -> pl.Expr:
    """`form` or `check_digit` where `number` is no 18-digit card number, else `none`."""
    formed = number.str.contains(_CARD_FORM)
    born = pl.when(formed).then(number.str.slice(6, 8)).str.to_date("%Y%m%d", strict=False)
    expected = (_weighed(number, formed, _CARD_WEIGHTS) % 11).replace_strict(
        list(range(11)), list(_CARD_CHECKS), return_dtype=pl.String
    )
    right = expected == number.str.slice(17, 1).str.to_uppercase()
    return _fault(number, formed & born.is_not_null(), right)


def party_id_fault(number: pl.Expr, id_type: pl.Expr) -> pl.Expr:
    """What is wrong with a party's number (行政相对人编码), given the type of its document."""
    fault = (
        pl.when(id_type.is_in(_CREDIT_TYPES))
        .then(credit_code_fault(number))
        .when(id_type.is_in(_CARD_TYPES))
        .then(identity_card_fault(number))
        .otherwise(pl.lit(NOT_CHECKED))
    )
    masked = ~fault.is_in([NONE, NOT_CHECKED]) & number.str.contains(_MASKED)
    return (
        pl.when(number.is_null())
        .then(pl.lit(BLANK))
        .when(masked)
        .then(pl.lit(MASKED))
        .otherwise(fault)
    )


def implement_list_faults(cells: pl.Series) -> pl.Series:
    """What is wrong with the codes (检查实施清单编码) in each cell: the first faulty one's fault.

    A code is the institution's credit code, the level of its powers (1 to 5), and a rest. The same
    few codes stand in many cells, so each cell and each code is looked at once. `cells` are structs
    of implement_list_code and implement_institution_code.
    """
    rows = cells.struct.unnest()
    distinct = rows.unique()
    found = distinct.with_columns(fault=_list_faults(distinct))
    return rows.join(found, on=rows.columns, how="left", nulls_equal=True, maintain_order="left")[
        "fault"
    ]


def _list_faults(lists: pl.DataFrame) -> pl.Series:
    codes = (
        lists.with_row_index("row")
        .with_columns(code=normalise.parts(pl.col("implement_list_code")))
        .explode("code", empty_as_null=True)
    )
    code = pl.col("code")
    owner = code.str.slice(0, 18)
    own_fault = credit_code_fault(owner)
    known = codes.select(code.unique()).with_columns(
        fault=pl.when(own_fault != NONE)
        .then(own_fault)
        .when(code.str.len_chars() < 19)
        .then(pl.lit(FORM))
        .when(~code.str.slice(18, 1).str.contains(r"^[1-5]$"))
        .then(pl.lit(LEVEL))
    )
    fault = (
        pl.when(code.is_null())
        .then(pl.lit(BLANK))
        .when(pl.col("fault").is_null() & (owner != pl.col("implement_institution_code")))
        .then(pl.lit(INSTITUTION))
        .otherwise(pl.col("fault"))
    )
    faults = codes.join(known, on="code", how="left", maintain_order="left").with_columns(
        fault=fault
    )
    first = faults.group_by("row", maintain_order=True).agg(
        pl.col("fault").drop_nulls().first().fill_null(NONE)
    )
    return first["fault"]


def count_of(cell: pl.Expr) -> pl.Expr:
    """How many persons or codes a cell holds; null where it is blank."""
    return normalise.parts(cell).list.len().cast(pl.Int32)


def _weighed(text: pl.Expr, formed: pl.Expr, weights: tuple[int, ...]) -> pl.Expr:
    """The characters' values, each by its weight, added up; null where the text isn't formed."""
    return pl.when(formed).then(text).map_batches(partial(_sums, weights), return_dtype=pl.Int32)


def _sums(weights: tuple[int, ...], texts: pl.Series) -> pl.Series:
    sums = pl.repeat(None, texts.len(), dtype=pl.Int32, eager=True)
    given = texts.is_not_null().arg_true()
    if given.is_empty():
        return sums
    width = len(weights)
    characters = (
        texts.gather(given).cast(pl.Binary).bin.reinterpret(dtype=pl.Array(pl.UInt8, width))
    )
    values = _VALUES.gather(characters.explode()).reshape((-1, width))
    weighed = values * pl.Series([weights], dtype=pl.Array(pl.Int32, width))
    return sums.scatter(given, weighed.arr.sum())


def _fault(text: pl.Expr, formed: pl.Expr, right: pl.Expr) -> pl.Expr:
    return (
        pl.when(text.is_null())
        .then(None)
        .when(~formed)
        .then(pl.lit(FORM))
        .when(~right)
        .then(pl.lit(CHECK_DIGIT))
        .otherwise(pl.lit(NONE))
    )
