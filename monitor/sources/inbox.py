"""An inbox: the files under a glob that are whole."""

import fnmatch
import glob
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from monitor.config import FilesSource
from monitor.errors import SourceError
from monitor.workdays import local_day

_PARTIAL = frozenset({".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload"})
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it was found; `place` is its path below the folder before the first wildcard."""

    path: Path
    place: str
    size: int
    modified: datetime
    _identity: tuple[int, ...]

    @classmethod
    def at(cls, path: Path, place: str) -> "Found":
        """The file as it is now. Raises OSError."""
        status = path.stat()
        modified = datetime.fromtimestamp(status.st_mtime, UTC)
        return cls(path, place, status.st_size, modified, _identity(status))

    @property
    def day(self) -> date:
        """The day in China on which it was last written to."""
        return local_day(self.modified)

    def is_as_found(self) -> bool:
        """Whether nobody wrote to it or put another in its place since."""
        try:
            return _identity(self.path.stat()) == self._identity
        except FileNotFoundError:
            return False

    def unfinished(self, settle: timedelta, now: datetime | None) -> str | None:
        """Why it may not be whole yet.

        The machine's clock tells, for it wrote the file's time: a long pull must not take what is
        written meanwhile for old. With a `now` of another day, as in a trial, whatever is there is
        there for good; so is a file from further ahead than a file server's clock may be.
        """
        if self.path.suffix.lower() in _PARTIAL:
            return f"its name ends with {self.path.suffix}"
        clock = datetime.now(UTC)
        is_live = now is None or abs(clock - now) < _DAY
        if is_live and -_DAY < clock - self.modified < settle:
            return f"it was written to less than {settle.total_seconds():g} s ago"
        return None


def found(source: FilesSource) -> Iterator[Found | SourceError]:
    """The files under the source's path, as they were written, to the second, then by name.

    Names match whatever their case; hidden files, Office's lock files and what is in the archive
    are passed over. A folder that can't be looked into is handed out as an error. Raises
    SourceError where the folder, or the file that the path names, isn't there.
    """
    if not glob.has_magic(source.path):
        yield _named(Path(source.path))
        return
    root = source.root
    if not root.is_dir():
        raise SourceError(f"expected a folder {root}, found none")
    listing = _Listing(Path(source.archive) if source.archive else None)
    files = []
    for path in listing.below(root, Path(source.path).relative_to(root).parts):
        place = "/".join(map(_text, path.relative_to(root).parts))
        try:
            files.append(Found.at(path, place))
        except FileNotFoundError:
            if path.is_symlink():
                yield SourceError(f"{place}: expected a file, found a link to one that isn't there")
            # else somebody took it away meanwhile
        except OSError as error:
            yield SourceError(f"{place}: can't read the file: {error.strerror}")
    yield from sorted(files, key=lambda file: (int(file.modified.timestamp()), file.place))
    yield from listing.errors


def _named(path: Path) -> Found:
    try:
        file = Found.at(path, path.name)
    except OSError as error:
        what = "none" if isinstance(error, FileNotFoundError) else error.strerror
        raise SourceError(f"expected a file {path}, found {what}") from None
    if path.is_dir():
        raise SourceError(f"expected a file {path}, found a folder: its files are {path}/*")
    if not path.is_file():
        raise SourceError(f"expected a file {path}, found a pipe, a socket or a device")
    return file


class _Listing:
    """The files below a folder that a pattern matches."""

    def __init__(self, archive: Path | None) -> None:
        self.errors: list[SourceError] = []
        self._archive = archive

    def below(self, folder: Path, pattern: Sequence[str]) -> Iterator[Path]:
        """Those in the folder that match the pattern, a part of it for each folder down."""
        if folder == self._archive:
            return
        first, *rest = pattern
        if first == "**":
            yield from self.below(folder, rest or ["*"])
        fits = re.compile("" if first == "**" else fnmatch.translate(first), re.IGNORECASE)
        for entry in self._entries(folder):
            path = Path(entry)
            if first == "**":
                if entry.is_dir(follow_symlinks=False):
                    yield from self.below(path, pattern)
            elif fits.match(_text(entry.name)) is None:
                continue
            elif not rest and _may_be_file(entry):
                yield path
            elif rest and _is_folder(entry):
                yield from self.below(path, rest)

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                return [e for e in entries if not e.name.startswith((".", "~$"))]
        except OSError as error:
            self.errors.append(
                SourceError(f"{_text(str(folder))}: can't look into the folder: {error.strerror}")
            )
            return []


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # a link that goes round, or to where nobody may look


def _text(name: str) -> str:
    """A name as people read it: one that isn't UTF-8 came from a machine that writes GB18030."""
    written = os.fsencode(name)
    try:
        return written.decode()
    except UnicodeDecodeError:
        return written.decode("gb18030", "backslashreplace")


def _may_be_file(entry: "os.DirEntry[str]") -> bool:
    """Whether it is a file, or a link of which a look at it will say why it leads to none."""
    try:
        return entry.is_file() or (entry.is_symlink() and not Path(entry).exists())
    except OSError:
        return True


def _identity(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
