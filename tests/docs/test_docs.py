"""The documentation keeps step with the code."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from expectations.listing import as_markdown, classes_as_markdown, listed_rules
from expectations.loading import load_suites, verify
from expectations.suites import all_rules
from monitor.config import (
    ConsoleChannel,
    FilesSource,
    HttpSource,
    RouteSettings,
    RulesSettings,
    Settings,
    SlackChannel,
    SqlSource,
)
from monitor.store import Store

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


MODULES = sorted(path.stem for path in ROOT.glob("monitor/ledger/[a-z]*.py"))


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
    assert f"\n{classes_as_markdown(listed_rules())}\n" in page


def test_the_example_of_own_rules_does_what_the_page_says(tmp_path: Path) -> None:
    page = (ROOT / "docs/rules.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "own.yaml").write_text(example, encoding="utf-8")
    suites = load_suites(Settings(rules=RulesSettings(suites=tmp_path)))
    verify(Store("sqlite://"), suites)
    usual = {rule.id: rule for rule in all_rules(load_suites())}
    rules = {rule.id: rule for rule in all_rules(suites)}
    assert set(rules) - set(usual) == {"check.area_code.ended"}
    assert set(usual) - set(rules) == {"check.plan_id.length"}
    assert rules["check.party_name.length"].kwargs["max_value"] == 100
    assert rules["check.inspectors.two"].severity == "warning"


def test_every_module_of_the_ledger_is_named() -> None:
    page = (ROOT / "docs" / "develop.md").read_text()
    assert [name for name in MODULES if f"`{name}`" not in page] == []
