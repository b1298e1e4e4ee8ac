"""The documentation keeps step with the code."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from expectations.listing import as_markdown, listed_rules
from monitor.config import (
    ConsoleChannel,
    FilesSource,
    HttpSource,
    RouteSettings,
    Settings,
    SlackChannel,
    SqlSource,
)

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def settings_keys() -> Iterator[str]:
    """Every key that a settings file may hold."""
    tables: list[type[BaseModel]] = [
        field.annotation
        for field in Settings.model_fields.values()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    ]
    tables += [FilesSource, SqlSource, HttpSource, SlackChannel, ConsoleChannel, RouteSettings]
    for table in tables:
        yield from table.model_fields


@pytest.mark.parametrize("key", sorted(set(settings_keys())))
def test_every_setting_is_documented(key: str) -> None:
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    assert re.search(rf"\b{key}\b", page)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_pages_that_the_readme_promises_are_there() -> None:
    promised = {"install", "settings", "rules", "alerts", "metrics", "operate", "develop"}
    assert promised <= {page.stem for page in (ROOT / "docs").glob("*.md")}


def test_both_readmes_show_the_same_pictures_and_pages() -> None:
    english, chinese = (
        set(re.findall(r"\]\(([^)#]+)", (ROOT / name).read_text(encoding="utf-8")))
        for name in ("README.md", "README.zh-CN.md")
    )
    assert english - {"README.zh-CN.md"} == chinese - {"README.md"}


def test_the_page_of_rules_lists_the_rules_as_they_are() -> None:
    page = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
    assert page.endswith(as_markdown(listed_rules()))
