"""What stands in a folder beside plain files is told of by name, and holds up no other file."""

import os
from pathlib import Path

import pytest

from monitor.errors import SourceError
from monitor.sources import inbox
from monitor.sources.inbox import Found
from tests.sources.deliveries import files


def look(path: Path) -> tuple[list[str], list[str]]:
    """The places of the files, and what is complained about."""
    found = list(inbox.found(files(path)))
    places = [file.place for file in found if isinstance(file, Found)]
    return places, [str(error) for error in found if isinstance(error, SourceError)]


def test_a_link_to_a_file_is_read_and_one_to_nothing_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    folder.mkdir()
    (tmp_path / "there.csv").write_text("a")
    (folder / "a.csv").symlink_to(tmp_path / "there.csv")
    (folder / "b.csv").symlink_to(tmp_path / "gone.csv")
    assert look(folder / "*.csv") == (
        ["a.csv"],
        ["b.csv: expected a file, found a link to one that isn't there"],
    )


@pytest.mark.parametrize("pattern", ["*.csv", "*/*.csv", "**/*.csv"])
def test_a_link_that_goes_round_holds_up_no_other_file(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    (tmp_path / "one").mkdir()
    for name in ("a.csv", "one/b.csv"):
        (tmp_path / name).write_text("a")
    places, errors = look(tmp_path / pattern)
    assert places
    assert errors in ([], ["loop.csv: can't read the file: Too many levels of symbolic links"])
    assert bool(errors) is (pattern != "*/*.csv")


def test_a_name_in_the_encoding_of_a_chinese_windows_is_read_as_people_wrote_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "示范局").mkdir()
    name = os.fsencode(tmp_path / "示范局") + "/检查1.csv".encode("gb18030")
    Path(os.fsdecode(name)).write_text("a")
    assert look(tmp_path / "*" / "检查*.csv") == (["示范局/检查1.csv"], [])


@pytest.mark.parametrize("glob", [False, True])
def test_a_pipe_is_no_file(tmp_path: Path, *, glob: bool) -> None:
    pipe = tmp_path / "a.csv"
    os.mkfifo(pipe)
    if glob:
        assert look(tmp_path / "*.csv") == ([], [])
    else:
        with pytest.raises(SourceError, match="found a pipe, a socket or a device"):
            look(pipe)
