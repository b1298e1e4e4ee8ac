"""Identity codes inside action codes are found; codes that only look like them are shown."""

from __future__ import annotations

import pytest
from stdnum.cn import uscc

from monitor.notify.disclosure import masked, without_identity_codes
from tests.notify.district import CREDIT_CODE, A

CARD = "11010519491231002X"
"""The vector of GB 11643-1999, nobody's card."""


def test_the_tests_own_credit_code_is_a_valid_one() -> None:
    assert uscc.is_valid(CREDIT_CODE)


@pytest.mark.parametrize(
    "code",
    [CREDIT_CODE, f"检-{CREDIT_CODE}-01", CREDIT_CODE.lower(), CARD, f"2022{CARD}01", f"罚{CARD}"],
)
def test_an_identity_code_is_found_wherever_it_stands(code: str) -> None:
    assert without_identity_codes(code, A) is None


@pytest.mark.parametrize(
    "code",
    ["示范检字〔2022〕1号", "500112202201010001", "20220110-0001", "JC500112202201100000012345"],
)
def test_an_ordinary_code_is_shown(code: str) -> None:
    assert without_identity_codes(code, A) == code


def test_a_department_s_own_code_may_be_part_of_its_codes() -> None:
    assert without_identity_codes(f"{CREDIT_CODE}-2022-1", CREDIT_CODE) is not None


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        (f"检-{CREDIT_CODE}-01", "检-***-01"),
        (f"{A}-{CARD}-{CREDIT_CODE}", f"{A}-***-***"),
        (f"2022{CARD}01", "2022***01"),
        ("示范检字〔2022〕1号", "示范检字〔2022〕1号"),
    ],
)
def test_what_remains_of_a_code_still_tells_its_record(code: str, shown: str) -> None:
    assert masked(code, (A,)) == shown
