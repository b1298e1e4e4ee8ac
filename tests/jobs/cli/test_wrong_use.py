"""What a user can do wrong: each gets one sentence, exit code 2, and never a traceback."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.jobs.cli.conftest import NOW, Shown
from tests.jobs.cli.user import Said, flat, yueqingling

READING = [
    "pull",
    "check",
    "status",
    "remind",
    "deliver",
    "serve",
    "explain district 2026-10",
    "findings all",
]


def settings(folder: Path, store: str) -> Path:
    path = folder / "yueqingling.toml"
    path.write_text(f'[store]\nurl = "{store}"\n', encoding="utf-8")
    return path


def refused(said: Said, *expected: str) -> None:
    """The command ended with 2 and says what was expected and found, and no more."""
    assert said.code == 2
    assert "Traceback" not in said.err
    shown = flat(said.err)
    assert [text for text in expected if text not in shown] == []


@pytest.mark.parametrize("verb", [*READING, "config check", "db upgrade"])
def test_without_a_settings_file_it_says_how_to_get_one(tmp_path: Path, verb: str) -> None:
    said = yueqingling(tmp_path, *verb.split())
    refused(said, "yueqingling.toml: no such settings file", "--config", "yueqingling demo")
    assert not list(tmp_path.iterdir())


def test_a_folder_is_no_settings_file(tmp_path: Path) -> None:
    refused(yueqingling(tmp_path, "status", "-c", "."), "not a readable TOML file", "directory")


@pytest.mark.parametrize("verb", READING)
def test_a_store_that_was_not_made_says_what_to_run(tmp_path: Path, verb: str) -> None:
    settings(tmp_path, "sqlite:///new.db")
    refused(yueqingling(tmp_path, *verb.split()), "new.db is empty. Run: yueqingling db upgrade")


def test_making_the_store_twice_does_nothing_the_second_time(tmp_path: Path) -> None:
    settings(tmp_path, "sqlite:///new.db")
    assert "new.db: applied " in yueqingling(tmp_path, "db", "upgrade").out
    assert "new.db: up to date" in yueqingling(tmp_path, "db", "upgrade").out


def test_a_store_of_another_version_is_not_worked_on(tmp_path: Path, store_url: str) -> None:
    engine = sa.create_engine(store_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    settings(tmp_path, store_url)
    refused(yueqingling(tmp_path, "status"), "9999")


def test_a_store_that_cannot_be_reached_is_named_without_its_password(tmp_path: Path) -> None:
    settings(tmp_path, "postgresql+psycopg://user:geheim@127.0.0.1:9/ledger")
    said = yueqingling(tmp_path, "status")
    refused(said, "can't open the store", "127.0.0.1:9/ledger", "Connection refused")
    assert "geheim" not in said.err


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "new.db").write_text("hello\n" * 300, encoding="utf-8")
    settings(tmp_path, "sqlite:///new.db")
    refused(yueqingling(tmp_path, "db", "upgrade"), "new.db: file is not a database")


@pytest.fixture
def half_a_store(tmp_path: Path, sqlite_url: str) -> Path:
    """A folder with a store that lost a table."""
    settings(tmp_path, sqlite_url)
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))) as connection:
        connection.execute("DROP TABLE statement")
        connection.commit()
    return tmp_path


def test_a_store_that_fails_meanwhile_is_explained(half_a_store: Path) -> None:
    refused(yueqingling(half_a_store, "status"), "the store sqlite:///", "no such table")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("frobnicate", "No such command 'frobnicate'"),
        ("status --frob", "No such option: --frob"),
        ("status -m 2026-13", "expected a month such as 2026-10, found '2026-13'"),
        ("status -m october", "expected a month such as 2026-10, found 'october'"),
        ("status --now 20x", "expected an instant such as 2026-11-03T10:00, found '20x'"),
        ("status -d nobody", "found 'nobody'; there are: "),
        (
            "status --trend district -d 教委",
            "--trend: expected whose it is and --days alone, found",
        ),
        ("status --trend district -m 2026-10", "found --month, too"),
        ("explain 城管 2026-10", "found '城管'; near it: 城管执法局"),
        ("explain", "Missing argument 'DEPARTMENT'"),
        (
            "explain 城管执法局 2020-01",
            "No statement of 2020-01 for 城管执法局; there are those of 2026-09, 2026-10",
        ),
        ("explain 城管执法局 2026-10 -n few", "Invalid value for '--records'"),
        ("findings nobody", "found 'nobody'; there are: "),
        ("findings all -m 2026", "expected a month such as 2026-10, found '2026'"),
        (
            "findings all -r check.party_id.creditcode",
            "found 'check.party_id.creditcode'; near it: check.party_id.credit_code",
        ),
        ("findings all -r x", "near it: none; see yueqingling rules list"),
        (
            "findings all --class 11",
            "expected one of 01, 02, 03, 04, 05, 06, 07, 08, 09",
        ),
        ("findings all -f xlsx", "--output: a workbook needs a file"),
        ("findings all -f table -o a.txt", "--output: a table goes to the terminal"),
        ("findings all -o a.pdf", "expected a name that ends with .csv, .xlsx or .json, or"),
        ("findings all -o nowhere/a.csv", "nowhere/a.csv: can't be written: No such file"),
        ("remind -d nobody", "found 'nobody'; there are: "),
        ("pull nosuch cases", "expected names of sources in yueqingling.toml (departments, items,"),
        ("status --source nosuch", "expected names of sources in yueqingling.toml (departments,"),
        ("status --runs 0", "Invalid value for '--runs'"),
        ("pull --since yesterday", "expected a day such as 2026-10-01, found 'yesterday'"),
        (
            "pull --since 2026-11-04 --now 2026-11-03T23:59",
            "--since: expected a day that has begun, found 2026-11-04",
        ),
        ("pull --since 2026-11-01 --all", "expected --since or --all, found both"),
        ("rules list -k nokind", "expected one of check, force, month_zero, other, punish, found"),
        ("rules try nothing", "expected a suite's file or one of check, force, month_zero, other"),
        ("rules try check -d nobody", "found 'nobody'; there are: "),
        ("rules try check -m may", "expected a month such as 2026-10, found 'may'"),
        ("rules list --json -f markdown", "expected either --format markdown or --json, found"),
        ("rules list --json -f classes", "expected either --format classes or --json, found"),
    ],
)
def test_wrong_arguments_are_told_what_was_expected(
    demo: Shown, arguments: str, expected: str
) -> None:
    refused(yueqingling(demo.folder, *arguments.split()), expected)


def test_a_mistyped_department_plans_no_messages(demo: Shown) -> None:
    def waiting() -> int:
        with closing(sqlite3.connect(demo.folder / "yueqingling.db")) as connection:
            (count,) = connection.execute("SELECT count(*) FROM outbox").fetchone()
        return int(count)

    before = waiting()
    later = ("--now", "2026-11-06T10:00")
    refused(yueqingling(demo.folder, "remind", "-d", "nobody", *later), "nobody")
    assert waiting() == before


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("status --days 0", "'--days': expected a whole number from 1 on, found '0'"),
        ("status --runs two", "'--runs': expected a whole number from 1 on, found 'two'"),
        ("explain a 2026-10 -n -1", "expected a whole number from 0 on, found '-1'"),
        ("seal show 2026-10 --revision 1.5", "expected a whole number from 1 on, found '1.5'"),
        ("pull --rows 9999", "expected a whole number from 1 to 1000, found '9999'"),
        ("demo --port x", "'--port': expected a whole number, found 'x'"),
    ],
)
def test_a_number_that_an_option_does_not_take_is_told(
    tmp_path: Path, arguments: str, expected: str
) -> None:
    refused(yueqingling(tmp_path, *arguments.split()), expected)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("--departments 3", "departments: expected 4 to 400, found 3"),
        ("--months 0", "months: expected 1 to 36, found 0"),
        ("--records -5", "records: expected 400 to 5000000, found -5"),
        ("--store mysql://x", "store: expected sqlite:///FILE or postgresql+psycopg://"),
        ("--dir file", "expected a folder to write in: File exists"),
        ("--dir .", "expected an empty folder or an earlier demonstration, found other files"),
        ("--sources-only --dir nowhere", "expected a folder that `yueqingling demo` made"),
    ],
)
def test_a_demonstration_that_cannot_be_made_says_why(
    tmp_path: Path, arguments: str, expected: str
) -> None:
    (tmp_path / "file").touch()
    refused(yueqingling(tmp_path, "demo", "--once", "--now", NOW, *arguments.split()), expected)


def test_what_is_wrong_with_own_suites_is_told_by_every_verb_that_needs_them(
    tmp_path: Path, store_url: str
) -> None:
    path = settings(tmp_path, store_url)
    path.write_text(path.read_text() + '[rules]\nsuites = "own"\n', encoding="utf-8")
    (tmp_path / "own").mkdir()
    suite = tmp_path / "own" / "bad.yaml"
    suite.write_text("name: check\nexpectations: [{meta: {id: check.a.b}}]\n", encoding="utf-8")
    for verb in ("config check", "check", "check --full", "rules list", "serve"):
        said = yueqingling(tmp_path, *verb.split())
        refused(said, "bad.yaml:2: rule check.a.b: type: expected the name of an", "meta.message")
