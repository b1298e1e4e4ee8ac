"""Identity codes that are valid in form and check digit and belong to nobody.

Credit codes (GB 32100-2015) carry DEM in the part that names the body, identity numbers
(GB 11643-1999) a birth in 1900.
"""

from datetime import date, timedelta

AREA = "500112"

_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_BODY_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def credit_check(first: str) -> str:
    """The 18th character of the credit code that begins with the 17 characters `first`."""
    total = sum(_CREDIT_ALPHABET.index(c) * 3**n for n, c in enumerate(first))
    return _CREDIT_ALPHABET[-total % 31]


def credit_code(registrar: str, number: int) -> str:
    """The code of body `number` (below 100,000) with the two leading characters `registrar`."""
    body = f"DEM{number:05d}"
    total = sum(_BODY_ALPHABET.index(c) * w for c, w in zip(body, _BODY_WEIGHTS, strict=True))
    first = f"{registrar}{AREA}{body}{'0123456789X0'[-total % 11]}"
    return first + credit_check(first)


def identity_check(first: str) -> str:
    """The 18th character of the identity number that begins with the 17 digits `first`."""
    total = sum(int(c) * w for c, w in zip(first, _IDENTITY_WEIGHTS, strict=True))
    return "10X98765432"[total % 11]


def identity_number(number: int) -> str:
    """The number of person `number` (below 365,000): born in 1900, in the made-up district."""
    born = date(1900, 1, 1) + timedelta(days=number % 365)
    first = f"{AREA}{born:%Y%m%d}{number // 365:03d}"
    return first + identity_check(first)
