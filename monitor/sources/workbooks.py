"""Excel workbooks: the rows of every sheet."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import python_calamine

from monitor.errors import SourceError

Rows = Iterator[tuple[int, Sequence[object]]]


def sheets(path: Path, place: str) -> Iterator[tuple[str, Rows]]:
    """Each sheet's name and its rows, numbered as Excel numbers them.

    Raises SourceError where the file is no workbook, or is locked with a password.
    """
    try:
        with python_calamine.load_workbook(path) as workbook:
            for name in workbook.sheet_names:
                rows = workbook.get_sheet_by_name(name).iter_rows()
                yield name, enumerate(rows, start=1)
    except python_calamine.PasswordError:
        raise SourceError(f"{place}: expected a workbook without a password") from None
    except (python_calamine.CalamineError, OSError) as error:
        raise SourceError(f"{place}: not a readable workbook: {error}") from None
