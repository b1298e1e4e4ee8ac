"""The archive: where files go once what they hold has landed."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from monitor.errors import SourceError
from monitor.sources.inbox import Found


class Archive:
    """A folder; files keep their place below it, and none is ever overwritten."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, file: Found) -> None:
        """Move the file there, unless another has taken its name since it was found.

        A crash leaves it under one name or under both; the next reading moves it again. Raises
        SourceError where the folder can't be written to.
        """
        try:
            if not file.is_as_found():
                return
            for target in self._names(file.place):
                target.parent.mkdir(parents=True, exist_ok=True)
                if _moved(file.path, target):
                    return
        except OSError as error:
            raise SourceError(
                f"{file.place}: can't be moved to {self._folder}: {error.strerror}"
            ) from None

    def _names(self, place: str) -> Iterator[Path]:
        """The place itself, then with .2, .3 … before its suffix."""
        target = self._folder / place
        yield target
        number = 2
        while True:
            yield target.with_name(f"{target.stem}.{number}{target.suffix}")
            number += 1


def _moved(path: Path, target: Path) -> bool:
    """Whether the file could be moved: not where something else has the name."""
    try:
        target.hardlink_to(path)
    except FileExistsError:
        if not target.samefile(path):
            return False
    except OSError:
        return _copied(path, target)
    path.unlink()
    return True


def _copied(path: Path, target: Path) -> bool:
    """The same where a link can't be made: on another file system, or on one without links."""
    try:
        target.touch(exist_ok=False)
    except FileExistsError:
        return False
    partial = target.with_name(f".{target.name}.part")
    shutil.copy2(path, partial)
    partial.replace(target)
    path.unlink()
    return True
