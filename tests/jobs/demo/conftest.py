"""A small demonstration, built once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from jobs.demo import Demo, DemoOptions, build

SEEN_AT = datetime(2022, 3, 18, 2, tzinfo=UTC)
"""Friday 2022-03-18 10:00 in China: January and February are closed, March is in progress."""


def options(
    folder: Path, *, departments: int = 8, records: int = 1_500, months: int = 3, seed: int = 7
) -> DemoOptions:
    """The options of a small district."""
    return DemoOptions(folder, SEEN_AT, departments, records, months, seed)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """A demonstration of 8 departments and about 1,500 records."""
    return build(options(tmp_path_factory.mktemp("demo")))
