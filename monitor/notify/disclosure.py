"""What a code may not give away: identity codes of persons and enterprises inside other codes.

Form and check digit decide, so that an action code made of a division, a day and a number stays
readable (GB 32100-2015, GB 11643-1999).
"""

import re
from collections.abc import Container
from datetime import date

_CREDIT = re.compile(r"(?<![0-9A-Z])[0-9A-HJ-NPQRTUWXY]{18}(?![0-9A-Z])", re.IGNORECASE)
_CARD = re.compile(r"(?=([1-9]\d{5})((?:19|20)\d{6})(\d{3})([\dX]))", re.IGNORECASE)
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_CARD_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CARD_CHECKS = "10X98765432"


MASK = "***"


def without_identity_codes(code: str, department: str) -> str | None:
    """`code` itself, or None where it holds an identity code that isn't `department`'s own."""
    return code if masked(code, (department,)) == code else None


def masked(code: str, departments: Container[str]) -> str:
    """`code` with `***` for each identity code in it; those of `departments` stay."""
    places = [
        found.span()
        for found in _CREDIT.finditer(code)
        if found[0].upper() not in departments and _is_credit_code(found[0].upper())
    ]
    places += [
        (found.start(), found.end(4))
        for found in _CARD.finditer(code)
        if _is_card("".join(found.groups()).upper())
    ]
    shown, end = "", 0
    for first, last in sorted(places):
        if first >= end:
            shown += code[end:first] + MASK
        end = max(end, last)
    return shown + code[end:]


def _is_credit_code(code: str) -> bool:
    total = sum(
        _CREDIT_ALPHABET.index(character) * weight
        for character, weight in zip(code[:17], _CREDIT_WEIGHTS, strict=True)
    )
    return code[17] == _CREDIT_ALPHABET[-total % 31]


def _is_card(code: str) -> bool:
    try:
        date.fromisoformat(f"{code[6:10]}-{code[10:12]}-{code[12:14]}")
    except ValueError:
        return False
    digits = zip(code[:17], _CARD_WEIGHTS, strict=True)
    total = sum(int(digit) * weight for digit, weight in digits)
    return code[17] == _CARD_CHECKS[total % 11]
