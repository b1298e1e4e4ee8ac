"""The settings that the page on sources shows are right, and read what they say they read."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.config import load
from tests.servers.records import SHAPES, TOKEN, RecordsService, record
from tests.sources.taken import taken

PAGE = Path(__file__).parents[2] / "docs/sources.md"
SHOWN = {
    "cases-by-page": "pages by number",
    "mobile-platform": "token and params",
    "exchange-platform": "result code and content",
    "cases-by-link": "Link header",
}
"""The shape of the service that each example is for."""


def blocks() -> Iterator[str]:
    """The TOML blocks of the page."""
    for block in PAGE.read_text(encoding="utf-8").split("```toml\n")[1:]:
        yield block.partition("```")[0]


@pytest.mark.parametrize("block", [*blocks()])
def test_every_example_is_a_settings_file(block: str, tmp_path: Path) -> None:
    for source in tomllib.loads(block)["source"]:
        for key in [key for key in source if key.endswith("_file")]:
            (tmp_path / Path(source[key]).name).write_text(TOKEN)
    path = tmp_path / "yueqingling.toml"
    path.write_text(block.replace("/run/secrets/", ""), encoding="utf-8")
    assert load(path).source


@pytest.mark.parametrize("name", SHOWN)
def test_every_example_reads_the_service_that_it_is_for(name: str) -> None:
    sources = [source for block in blocks() for source in tomllib.loads(block)["source"]]
    (settings,) = [source for source in sources if source["name"] == name]
    del settings["token_file"]
    records = [record(number) for number in range(1, 1003)]
    with RecordsService(SHAPES[SHOWN[name]], records).running() as service:
        found = taken(settings | {"url": service.url, "token": TOKEN})
    assert (found.error, found.remarks) == (None, [])
    assert found.ids == [one["id"] for one in records]
