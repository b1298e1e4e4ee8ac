"""Compound files ([MS-CFB]) as Excel 97 and locked workbooks are; nothing writes them any more."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from struct import pack

_SECTOR = 512
_LEAST = 4096
"""Shorter streams would be kept in another way."""
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_ROOT, _STREAM = 5, 2
_BOF, _EOF, _SHEET, _LABEL, _NUMBER, _LOCKED = 0x0809, 0x000A, 0x0085, 0x0204, 0x0203, 0x002F


def write_xls(
    path: Path,
    sheets: Mapping[str, Iterable[Sequence[str | float]]],
    hidden: Sequence[str] = (),
    *,
    locked: bytes = b"",
    far: tuple[int, int] | None = None,
) -> Path:
    """A workbook of Excel 97 ([MS-XLS]) with these rows in these sheets.

    `locked` is what a record says of the way in which it is enciphered (FILEPASS, 2.4.117). With
    `far` each sheet has one more cell, in that row and column.
    """
    bodies = {name: _sheet(rows, far) for name, rows in sheets.items()}

    def globals_of(positions: Sequence[int]) -> bytes:
        bounds = b"".join(
            _record(_SHEET, pack("<IBB", at, name in hidden, 0) + _text(name, "<B"))
            for name, at in zip(bodies, positions, strict=True)
        )
        filepass = _record(_LOCKED, locked) if locked else b""
        return _record(_BOF, pack("<HHHHII", 0x0600, 5, 0, 0, 0, 0)) + filepass + bounds + _END_OF

    begin = len(globals_of([0] * len(bodies)))
    positions = [begin + sum(map(len, [*bodies.values()][:n])) for n in range(len(bodies))]
    book = globals_of(positions) + b"".join(bodies.values())
    return write_compound(path, {"Workbook": book})


def write_compound(path: Path, streams: Mapping[str, bytes]) -> Path:
    """A compound file with these streams."""
    padded = {name: data.ljust(_LEAST, b"\0") for name, data in streams.items()}
    fat = [_FAT, _END]
    entries = [_entry("Root Entry", _ROOT, _END, 0, child=1)]
    content = b""
    for number, (name, data) in enumerate(padded.items(), start=1):
        first, count = len(fat), -(-len(data) // _SECTOR)
        follows = number + 1 if number < len(padded) else _FREE
        entries.append(_entry(name, _STREAM, first, len(data), right=follows))
        fat += [*range(first + 1, first + count), _END]
        content += data.ljust(count * _SECTOR, b"\0")
    if len(fat) > _SECTOR // 4 or len(entries) > _SECTOR // 128:
        raise ValueError("expected streams that one sector can list")
    fat += [_FREE] * (_SECTOR // 4 - len(fat))
    header = pack(
        "<8s16xHHHHH6xIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        *(0x3E, 3, 0xFFFE, 9, 6),
        *(0, 1, 1, 0, _LEAST, _END, 0, _END, 0),
    ) + pack("<109I", 0, *[_FREE] * 108)
    path.write_bytes(
        header + pack(f"<{len(fat)}I", *fat) + b"".join(entries).ljust(_SECTOR, b"\0") + content
    )
    return path


def _entry(
    name: str, kind: int, first: int, size: int, *, right: int = _FREE, child: int = _FREE
) -> bytes:
    written = name.encode("utf-16-le")
    return pack(
        "<64sHBBIII16x4x16xIQ",
        written,
        len(written) + 2,
        *(kind, 1, _FREE, right, child),
        *(first, size),
    )


def _sheet(rows: Iterable[Sequence[str | float]], far: tuple[int, int] | None) -> bytes:
    cells = b""
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            at = pack("<HHH", row, column, 0)
            if isinstance(value, str):
                cells += _record(_LABEL, at + _text(value, "<H"))
            else:
                cells += _record(_NUMBER, at + pack("<d", value))
    if far:
        cells += _record(_NUMBER, pack("<HHHd", *far, 0, 1.0))
    return _record(_BOF, pack("<HHHHII", 0x0600, 0x10, 0, 0, 0, 0)) + cells + _END_OF


def _text(text: str, length: str) -> bytes:
    return pack(length, len(text)) + b"\1" + text.encode("utf-16-le")


def _record(number: int, data: bytes) -> bytes:
    return pack("<HH", number, len(data)) + data


_END_OF = _record(_EOF, b"")
