"""Made-up identity codes hold against somebody else's reckoning."""

from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from jobs.demo.identifiers import credit_check, credit_code, identity_number


@given(st.sampled_from(["11", "91"]), st.integers(0, 99_999))
def test_credit_codes_are_valid(registrar: str, number: int) -> None:
    assert uscc.is_valid(credit_code(registrar, number))


@given(st.integers(0, 364_999))
def test_identity_numbers_have_a_valid_check_digit(number: int) -> None:
    identity = identity_number(number)
    assert ric.calc_check_digit(identity) == identity[-1]
    assert ric.get_birth_date(identity).year == 1900


def test_a_credit_code_whose_sum_is_divisible_by_31_ends_in_0() -> None:
    assert credit_check("91330327558606095") == "0"


def test_no_two_numbers_share_a_code() -> None:
    codes = {credit_code("91", number) for number in range(2_000)}
    people = {identity_number(number) for number in range(2_000)}
    assert len(codes) == len(people) == 2_000
