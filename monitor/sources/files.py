"""Files under a glob: CSV in any usual encoding, Excel workbooks, JSON lines and Parquet.

Which of the files are read is `taken`'s to say; what one holds is told from its content, whatever
its name is. A file's fingerprint lands with its last rows; where a part of it was refused it
doesn't, so that the file is read and complained about again.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from monitor.config import FilesSource
from monitor.errors import SourceError
from monitor.sources import csvs, delivered, formats, headers, inbox, jsonl, parquets, workbooks
from monitor.sources.archive import Archive
from monitor.sources.batch import Batch, Part, Reading, Remark, Start
from monitor.sources.columns import Dialect
from monitor.sources.inbox import Found
from monitor.sources.passed import Passed
from monitor.sources.taken import Taken, Verdict
from monitor.sources.texts import Text

_READ_WITH = delivered.READ_WITH | {"format", "encoding", "delimiter"}
"""The settings that another reading of the same file would differ by."""


def read(source: FilesSource, dialect: Dialect, start: Start) -> Reading:
    """The rows of the files that are to be taken; cursors are fingerprints by place.

    `start.since` looks at the day on which a file was last written to. Raises SourceError where the
    folder, or the file that the path names, isn't there.
    """
    yield from _Inbox(source, dialect, start).reading()


class _Inbox:
    """One look at a source's files.

    The share of what is read counts bytes, those of files that are passed over not among them.
    """

    def __init__(self, source: FilesSource, dialect: Dialect, start: Start) -> None:
        self._source = source
        self._dialect = dialect
        self._start = start
        self._taken = Taken(start.cursors)
        self._archive = Archive(Path(source.archive)) if source.archive else None
        self._behind = self._ahead = 0

    def reading(self) -> Reading:
        """The files one after the other; what is wrong with one holds up no other."""
        files = list(inbox.found(self._source))
        self._ahead = sum(file.size for file in files if isinstance(file, Found))
        for file in files:
            if isinstance(file, SourceError):
                yield file
                continue
            self._ahead -= file.size
            if reason := file.unfinished(self._source.settle, self._start.now):
                yield Remark(f"{file.place}: left for the next pull: {reason}")
            else:
                try:
                    yield from self._file(file)
                except SourceError as error:
                    yield error
                except OSError as error:
                    yield SourceError(f"{file.place}: can't read the file: {error.strerror}")
        if not files:
            yield Remark(f"expected files {self._source.path}, found none")

    def _file(self, file: Found) -> Reading:
        content = _fingerprint(file, self._source)
        verdict = self._taken.verdict(file.place, content)
        is_asked_for = self._start.everything or (
            self._start.since is not None and file.day >= self._start.since
        )
        if verdict in (Verdict.NEW, Verdict.CHANGED) or is_asked_for:
            yield from self._read(file, content)
        elif verdict is Verdict.MOVED:
            yield Remark(f"{file.place}: not read: {verdict}")
            yield Batch((), {file.place: content}, self._afterwards(file))
        elif self._archive is not None:
            self._archive.put(file)

    def _read(self, file: Found, content: str) -> Reading:
        """The file's batches; the last one carries the cursor, where nothing was refused."""
        waiting: Batch | None = None
        refused = False
        passed = Passed()
        for part in _batches(self._parts(file, passed), self._source.batch_rows):
            if isinstance(part, Batch):
                if waiting is not None:
                    yield waiting
                waiting = replace(part, share=self._share(file, passed.share))
            else:
                refused = refused or isinstance(part, SourceError)
                yield part
        if waiting is None:
            return
        waiting = replace(waiting, share=self._share(file, 1.0))
        self._behind += file.size
        if refused:
            yield waiting
        elif file.is_as_found():
            self._taken.take(file.place, content)
            yield replace(waiting, cursors={file.place: content}, afterwards=self._afterwards(file))
        else:
            yield waiting
            yield Remark(f"{file.place}: written to while it was read: read again at the next pull")

    def _share(self, file: Found, of_file: float) -> float:
        """How much of all files is read, where so much is of this one."""
        read, all_of_it = self._behind, self._behind + file.size + self._ahead
        return (read + file.size * of_file) / max(all_of_it, 1)

    def _afterwards(self, file: Found) -> tuple[Callable[[], None], ...]:
        return (partial(self._archive.put, file),) if self._archive else ()

    def _parts(self, file: Found, passed: Passed) -> Iterator[Part | Remark | SourceError]:
        source, dialect = self._source, self._dialect
        match formats.of(file.path, file.place, source.format):
            case "csv":
                text = Text(file.path, file.place, source.encoding)
                rows = csvs.blocks(text, source.delimiter, dialect.recognised)
                parts = headers.parts(dialect, rows, file.place, file.place)
                yield from _passing(parts, text, passed)
                yield from _broken(text)
            case "jsonl":
                text = Text(file.path, file.place, source.encoding)
                rows_of_json = jsonl.parts(dialect, text, source.records, source.batch_rows)
                yield from _passing(rows_of_json, text, passed)
                yield from _broken(text)
            case "parquet":
                yield from parquets.parts(dialect, file.path, file.place, passed)
            case "excel":
                limit = source.max_unpacked_bytes
                yield from workbooks.parts(dialect, file.path, file.place, limit, passed)


def _passing(
    parts: Iterator[Part | Remark | SourceError], text: Text, passed: Passed
) -> Iterator[Part | Remark | SourceError]:
    """The parts, and with each how much of the text is read."""
    for part in parts:
        passed.share = text.share
        yield part


def _fingerprint(file: Found, source: FilesSource) -> str:
    """The hash of the file and of the settings that it is read with."""
    if file.size > source.max_bytes:
        raise SourceError(
            f"{file.place}: expected at most {source.max_bytes} bytes, found {file.size}"
        )
    settings = source.model_dump_json(include=_READ_WITH)
    with file.path.open("rb") as opened:
        content = hashlib.file_digest(opened, "sha256")
    content.update(settings.encode() + source.records.encode())
    return content.hexdigest()


def _batches(parts: Iterator[Part | Remark | SourceError], rows: int) -> Reading:
    """The parts in batches of so many rows; what ends the reading comes after the last of them."""
    held: list[Part] = []
    height = 0
    error: SourceError | None = None
    try:
        for part in parts:
            if not isinstance(part, Part):
                yield part
                continue
            while height + part.frame.height > rows:
                if height < rows:
                    head, part = _split(part, rows - height)
                    held.append(head)
                yield Batch(tuple(held))
                held, height = [], 0
            held.append(part)
            height += part.frame.height
    except SourceError as raised:
        error = raised
    if held:
        yield Batch(tuple(held))
    if error is not None:
        yield error


def _split(part: Part, rows: int) -> tuple[Part, Part]:
    head = replace(part, frame=part.frame[:rows], numbers=part.numbers[:rows])
    return head, replace(part, frame=part.frame[rows:], numbers=part.numbers[rows:])


def _broken(text: Text) -> Iterator[Remark]:
    if text.broken:
        yield Remark(
            f"{text.place}: {text.broken} places that are no {text.encoding} text, the first in "
            f"line {text.broken_line}: kept with \ufffd there"
        )
