"""`check --gx-results` and `docs build`: what is written, what is said, and what is refused."""

import json
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.store import Store
from monitor.store.tables import to_judge
from tests.jobs.cli.conftest import NOW, Shown
from tests.jobs.cli.user import flat, yueqingling


def test_one_departments_results_are_written_and_the_time_of_all_is_told(
    demo: Shown, tmp_path: Path
) -> None:
    said = yueqingling(
        demo.folder, "check", "--gx-results", str(tmp_path), "-d", "市场监管局", "--now", NOW
    )
    assert " results of every department take " in said.err
    (folder,) = tmp_path.iterdir()
    kinds = {path.stem for path in folder.iterdir()}
    assert {"check", "punish"} <= kinds
    assert f"{len(kinds)} files" in said.out
    result = json.loads((folder / "check.json").read_text("utf-8"))
    assert result["meta"]["active_batch_definition"]["data_asset_name"] == f"check-{folder.name}"
    assert result["statistics"]["evaluated_expectations"] == len(result["results"]) > 50


def test_a_department_that_is_not_known_is_told_with_what_is_near(
    demo: Shown, tmp_path: Path
) -> None:
    said = yueqingling(
        demo.folder, "check", "--gx-results", str(tmp_path), "-d", "市监局", "--now", NOW
    )
    assert said.code == 2
    assert "near it: 市场监管局" in said.err
    assert not list(tmp_path.iterdir())


def test_a_check_as_such_is_of_every_department(demo: Shown) -> None:
    said = yueqingling(demo.folder, "check", "-d", "市场监管局")
    assert said.code == 2
    assert "--department: narrows what --gx-results writes" in flat(said.err)


def test_one_departments_pages_are_built_and_where_to_begin_is_told(
    demo: Shown, tmp_path: Path
) -> None:
    said = yueqingling(
        demo.folder, "docs", "build", str(tmp_path), "-d", "市场监管局", "--json", "--now", NOW
    )
    assert " results of every department take " in said.err
    told = json.loads(said.out)
    assert told["departments"] == 1
    begin = Path(told["open"])
    assert {path.name for path in begin.parent.iterdir()} >= {"index.html", "check.html"}
    assert len(list(begin.parent.iterdir())) == told["pages"] + 1
    assert 'href="check.html"' in begin.read_text("utf-8")


def test_pages_that_are_built_before_a_check_say_how_many_records_wait_for_it(
    demo: Shown, tmp_path: Path
) -> None:
    here = shutil.copytree(demo.folder, tmp_path / "here")
    store = Store(f"sqlite:///{here / 'yueqingling.db'}")
    with store.writing() as connection:
        connection.execute(sa.insert(to_judge).values(behavior_id=1))
    store.close()
    build = ("docs", "build", str(tmp_path / "pages"), "-d", "市场监管局", "--now", NOW)
    assert "1 records wait for a check: of them the pages" in yueqingling(here, *build).out
    assert yueqingling(here, *build, "--json").json["waiting"] == 1
    assert "wait for a check" not in yueqingling(demo.folder, *build).out


@pytest.mark.parametrize(
    "verb", [["docs", "build"], ["check", "--gx-results"], ["rules", "try", "check"]]
)
def test_the_district_has_no_records_of_its_own_and_is_refused_as_an_unknown_department(
    demo: Shown, tmp_path: Path, verb: list[str]
) -> None:
    folder = [] if verb[0] == "rules" else [str(tmp_path)]
    said = yueqingling(demo.folder, *verb, *folder, "-d", "district")
    assert said.code == 2
    assert (
        "expected a department's code, name or short name, found 'district'; there are: "
        in flat(said.err)
    )
    assert not list(tmp_path.iterdir())
