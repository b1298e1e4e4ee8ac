"""What a file is, told from how it begins: names lie (an .xls is often a web page)."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from monitor.errors import SourceError

Format = Literal["csv", "excel", "jsonl", "parquet"]

_BEGIN = 4096
_MAGIC: Mapping[bytes, Format] = {
    b"PK\x03\x04": "excel",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "excel",
    b"PAR1": "parquet",
}
_REFUSED = {
    b"PK\x05\x06": "an empty ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"%PDF": "a PDF document",
}
_NAMES = {"csv": "CSV", "excel": "an Excel workbook", "jsonl": "JSON", "parquet": "Parquet"}
_JSON = re.compile(rb"\s*(?:\{|\[\s*(?:[{\]]|null\b))")
_MARKUP = re.compile(rb"\s*<(?:!doctype|html|head|meta|table|\?xml)", re.IGNORECASE)
_BOM = b"\xef\xbb\xbf"


def of(path: Path, place: str, wanted: Format | None) -> Format:
    """The format of the file, which must be the wanted one where that is told.

    Raises SourceError for an empty file and for what is none of the formats; OSError.
    """
    with path.open("rb") as file:
        begin = file.read(_BEGIN)
    if not begin:
        raise SourceError(f"{place}: expected rows, found an empty file")
    for magic, what in _REFUSED.items():
        if begin.startswith(magic):
            raise _other(place, wanted, what)
    begin = begin.removeprefix(_BOM)
    if _MARKUP.match(begin):
        raise _other(place, wanted, "a web page or XML: open it in Excel and save it as .xlsx")
    binary = next((name for magic, name in _MAGIC.items() if begin.startswith(magic)), None)
    found: Format = binary or ("jsonl" if _JSON.match(begin) else "csv")
    is_told = wanted is not None and wanted not in _MAGIC.values() and binary is None
    if wanted not in (None, found) and not is_told:
        raise _other(place, wanted, _NAMES[found] if binary else "text")
    return wanted or found


def _other(place: str, wanted: Format | None, found: str) -> SourceError:
    expected = _NAMES[wanted] if wanted else ", ".join(_NAMES.values())
    return SourceError(f"{place}: expected {expected}, found {found}")
