"""Facts of one row: check digits, levels, counts."""

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stdnum.cn import uscc

from monitor.sources import facts

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
VALID = [
    "91110108551385082Q",
    "91350100M000100Y43",
    "91500112MA5U5KUD2B",
    "91330105MA2KER1H4N",
    "913303275586060950",
    "91330521MA2B4DBR98",
    "91320412MA1NMRK6X6",
]
formed = st.builds(
    lambda digits, rest, check: digits + rest + check,
    st.text("0123456789", min_size=8, max_size=8),
    st.text(ALPHABET, min_size=9, max_size=9),
    st.sampled_from(ALPHABET),
)
checked = formed.map(lambda code: code[:17] + uscc.calc_check_digit(code[:17]))
anything = st.text(st.characters(codec="utf-8"), max_size=20) | st.text(ALPHABET, max_size=20)


def credit_faults(codes: list[str]) -> list[str]:
    frame = pl.DataFrame({"code": pl.Series(codes, dtype=pl.String)})
    return frame.select(facts.credit_code_fault(pl.col("code"))).to_series().to_list()


@given(st.lists(formed | checked | anything, min_size=1, max_size=30))
@example(VALID)
@example(["91350100M000100Y4A"])
def test_a_credit_code_is_good_where_stdnum_says_so(codes: list[str]) -> None:
    # lower case and separators, which stdnum forgives, are faults of form on the platform
    expected = [uscc.is_valid(code) and uscc.compact(code) == code for code in codes]
    assert [fault == "none" for fault in credit_faults(codes)] == expected


def test_the_public_vectors_are_good() -> None:
    assert set(credit_faults(VALID)) == {"none"}


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("91350100M000100Y4A", "check_digit"),
        ("91500112MA5U5KUD2", "form"),
        ("91500112ma5u5kud2b", "form"),
        ("9150011 2MA5U5KUD2B", "form"),
        ("91500112MA5I5KUD2B", "form"),
        ("500112000012345", "form"),
    ],
)
def test_a_bad_credit_code_says_what_is_wrong(code: str, fault: str) -> None:
    assert credit_faults([code]) == [fault]


@pytest.mark.parametrize(
    ("number", "id_type", "fault"),
    [
        ("11010519491231002X", "111", "none"),
        ("11010519491231002x", "112", "none"),
        ("110105194912310021", "111", "check_digit"),
        ("11010519490231002X", "111", "form"),
        ("110105491231002", "111", "form"),
        ("110105********002X", "111", "masked"),
        ("91500112XXXXXXXX2B", "001", "masked"),
        (None, "001", "blank"),
        (None, None, "blank"),
        ("G12345678", "414", "not_checked"),
        ("91350100M000100Y4A", None, "not_checked"),
    ],
)
def test_a_party_is_checked_by_the_type_of_its_document(
    number: str | None, id_type: str | None, fault: str
) -> None:
    frame = pl.DataFrame(
        {"number": [number], "type": [id_type]}, schema={"number": pl.String, "type": pl.String}
    )
    found = frame.select(facts.party_id_fault(pl.col("number"), pl.col("type")))
    assert found.item() == fault


OWNER = VALID[2]


@pytest.mark.parametrize(
    ("codes", "institution", "fault"),
    [
        (None, OWNER, "blank"),
        (f"{OWNER}450011200000001", OWNER, "none"),
        (f"{OWNER}450011200000001", None, "none"),
        (OWNER, OWNER, "form"),
        ("示范清单", OWNER, "form"),
        (f"{VALID[1][:17]}A4", OWNER, "check_digit"),
        (f"{OWNER}6", OWNER, "level"),
        (f"{VALID[1]}4", OWNER, "institution"),
        (f"{OWNER}4、{OWNER}9、短", OWNER, "level"),
    ],
)
def test_the_first_faulty_code_of_a_list_counts(
    codes: str | None, institution: str | None, fault: str
) -> None:
    cells = pl.DataFrame(
        {"implement_list_code": [codes], "implement_institution_code": [institution]},
        schema={"implement_list_code": pl.String, "implement_institution_code": pl.String},
    )
    assert facts.implement_list_faults(cells.to_struct()).to_list() == [fault]
