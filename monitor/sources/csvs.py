"""CSV files: rows of text, whatever the encoding and the delimiter."""

import codecs
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from monitor.errors import SourceError

_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_DELIMITERS = ",;\t|"
_CHUNK = 1 << 20
_SAMPLE_LINES = 20
_CELL_LIMIT = 1 << 24


def rows(
    path: Path, place: str, encoding: str | None, delimiter: str | None
) -> Iterator[tuple[int, Sequence[str]]]:
    """Each row's line number and cells; what the settings don't say is found out.

    Raises SourceError where the file is no text in the encoding or in any known one.
    """
    encoding = encoding or _encoding(path, place)
    csv.field_size_limit(_CELL_LIMIT)
    try:
        with path.open(encoding=encoding, newline="") as file:
            sample = [line for _, line in zip(range(_SAMPLE_LINES), file, strict=False)]
            file.seek(0)
            reader = csv.reader(file, delimiter=delimiter or _delimiter(sample))
            for row in reader:
                yield reader.line_num, row
    except (UnicodeError, LookupError) as error:
        raise SourceError(f"{place}: expected text in {encoding}: {error}") from None
    except csv.Error as error:
        raise SourceError(f"{place}: not readable as CSV: {error}") from None
    except OSError as error:
        raise SourceError(f"{place}: can't read the file: {error.strerror}") from None


def _encoding(path: Path, place: str) -> str:
    with path.open("rb") as file:
        start = file.read(4)
    for bom, name in _BOMS.items():
        if start.startswith(bom):
            return name
    for name in ("utf-8", "gb18030"):
        if _decodes(path, name):
            return name
    raise SourceError(
        f"{place}: expected a CSV file (UTF-8 or GB18030) or an Excel workbook, "
        f"found neither text nor workbook"
    )


def _decodes(path: Path, encoding: str) -> bool:
    """Whether the whole file is text in the encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                if "\x00" in decoder.decode(chunk):
                    return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(sample: Sequence[str]) -> str:
    """The delimiter that splits the sample's widest line most."""
    return max(_DELIMITERS, key=lambda mark: max((line.count(mark) for line in sample), default=0))
