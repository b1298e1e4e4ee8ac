"""The settings file: parsed once, every mistake told at once with key, expected and found."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from monitor.config import FilesSource, Settings, SqlSource, load
from monitor.errors import SettingsError

GOOD = """
[office]
name = "示范区政务服务管理办公室"
area_code = "500112"

[month_zero]
close = "day:5"
entry_limit_workdays = { punish = 10 }

[calendar]
working = [2027-02-06]

[[source]]
name = "platform-check"
feed = "check"
kind = "files"
path = "inbox/check/*.xlsx"
status = { column = "状态", map = { "办结" = "accepted" } }

[[source]]
name = "exchange-punish"
feed = "punish"
kind = "sql"
url = "${EXCHANGE_URL}"
table = "tr_t_jgxw_punish_action"
cursor = "cd_time"
status = "accepted"
every = "1h"

[[channel]]
name = "slack"
kind = "slack"
token_file = "slack-token"

[[route]]
audience = ["clerk"]
to = "slack:#supervision-{short_name}"
"""

SEVEN_MISTAKES = """
[office]
area_code = "5001"
colour = "red"

[month_zero]
close = "workday:0"
entry_limit_workdays = { check = "five" }

[[source]]
name = "cases"
feed = "expected"
kind = "ftp"

[[channel]]
name = "slack"
kind = "slack"
token = "xoxb-very-secret"
timeout = "10"

[[route]]
audience = ["clerk", "boss"]
to = "slack:#x"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "yueqingling.toml"
    path.write_text(text, encoding="utf-8")
    return path


def loaded(folder: Path, text: str) -> Settings:
    return load(written(folder, text), {"EXCHANGE_URL": "sqlite:///exchange.db"})


def mistakes(folder: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        loaded(folder, text)
    return str(caught.value)


def test_a_right_file_becomes_settings(tmp_path: Path) -> None:
    (tmp_path / "slack-token").write_text("xoxb-made-up\n")
    settings = loaded(tmp_path, GOOD)
    files, sql = settings.source
    assert isinstance(files, FilesSource)
    assert files.path == str(tmp_path / "inbox/check/*.xlsx")
    assert isinstance(sql, SqlSource)
    assert sql.url.get_secret_value() == f"sqlite:///{tmp_path / 'exchange.db'}"
    assert sql.every == timedelta(hours=1)
    assert settings.month_zero.entry_limit_workdays.of("punish") == 10
    assert settings.month_zero.entry_limit_workdays.of("check") == 5
    assert settings.days.is_working(date(2027, 2, 6))


def test_secrets_are_read_from_their_file_and_shown_nowhere(tmp_path: Path) -> None:
    (tmp_path / "slack-token").write_text("xoxb-made-up\n")
    settings = loaded(tmp_path, GOOD)
    assert settings.channel[0].kind == "slack"
    assert settings.channel[0].token.get_secret_value() == "xoxb-made-up"
    assert "xoxb" not in repr(settings)


def test_the_store_lies_beside_the_settings_file(tmp_path: Path) -> None:
    url = loaded(tmp_path, "").store.url.get_secret_value()
    assert url == f"sqlite:///{tmp_path / 'yueqingling.db'}"


def test_seven_mistakes_are_all_told_at_once(tmp_path: Path) -> None:
    lines = mistakes(tmp_path, SEVEN_MISTAKES).splitlines()
    assert [line.removeprefix(f"{tmp_path / 'yueqingling.toml'}: ") for line in lines] == [
        r"office.area_code: expected text of the form ^\d{6}$, found '5001'",
        "office.colour: unknown key",
        "month_zero.close: expected workday:N (N from 1 to 99), last_day or day:N (N from 1 to 28)"
        ", found 'workday:0'",
        "month_zero.entry_limit_workdays.check: expected a whole number, found 'five'",
        "source[1] \"cases\": expected kind = one of 'files', 'sql', 'http', found 'ftp'",
        "channel[1] \"slack\".timeout: expected a span such as 30s, 15m, 26h or 1d, found '10'",
        "route[1].audience[2]: expected 'clerk', 'leader', 'office', 'justice' or 'operator', "
        "found 'boss'",
    ]


SOURCE = '[[source]]\nname = "a"\nfeed = "item"\nkind = "files"\npath = "*.csv"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[pul]\nparallel = 2\n", "pul: unknown key; near it: pull"),
        (SOURCE + 'colums = { a = "name" }\n', '"a".colums: unknown key; near it: columns'),
        (SOURCE + 'tabel = "t"\n', '"a".tabel: unknown key'),  # tables are in a database
        (SOURCE + 'status = { colunm = "b" }\n', '"a".status.colunm: unknown key; near it: column'),
    ],
)
def test_a_key_that_nobody_knows_is_told_with_those_near_it(
    tmp_path: Path, text: str, said: str
) -> None:
    assert mistakes(tmp_path, text).endswith(said)


def test_a_source_is_due_by_interval_or_by_crontab_line(tmp_path: Path) -> None:
    text = "".join(
        SOURCE.replace('"a"', f'"{name}"') + line
        for name, line in (
            ("plain", ""),
            ("often", 'every = "90s"\n'),
            ("rarely", 'every = "48h"\n'),
            ("nightly", 'cron = "30 2 * * *"\njitter = "5m"\n'),
        )
    )
    assert [source.schedule for source in loaded(tmp_path, text).source] == [
        "every 15m",
        "every 90s",
        "every 2d",
        'cron "30 2 * * *"',
    ]


def test_a_source_is_not_due_in_two_ways(tmp_path: Path) -> None:
    text = SOURCE + 'every = "15m"\ncron = "30 2 * * *"'
    assert 'source[1] "a": expected either every or cron, found both' in mistakes(tmp_path, text)


def test_what_is_no_crontab_line_is_refused_with_what_one_looks_like(tmp_path: Path) -> None:
    assert mistakes(tmp_path, SOURCE + 'cron = "daily"').endswith(
        'source[1] "a".cron: expected the five fields of a crontab line, minute hour day month '
        "weekday, such as \"30 2 * * 1-5\" (1 field), found 'daily'"
    )


def test_the_longest_rest_is_no_shorter_than_the_first(tmp_path: Path) -> None:
    found = mistakes(tmp_path, '[pull]\nrest = "8h"\nparallel = 0')
    assert "pull.parallel: expected 1 or more, found 0" in found
    found = mistakes(tmp_path, '[pull]\nrest = "8h"\nrest_at_most = "1h"')
    assert "pull.rest_at_most: expected at least rest = 8h, found '1h'" in found


def test_an_unset_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="EXCHANGE_URL to be set, found it unset"):
        load(written(tmp_path, GOOD), {})


def test_a_behaviour_source_must_tell_the_status(tmp_path: Path) -> None:
    text = '[[source]]\nname="a"\nfeed="check"\nkind="files"\npath="*.csv"'
    assert 'source[1] "a": status: expected status = "accepted"' in mistakes(tmp_path, text)


def test_a_status_that_is_none_is_refused_with_those_that_are(tmp_path: Path) -> None:
    text = '[[source]]\nname="a"\nfeed="check"\nkind="files"\npath="*.csv"\nstatus="done"'
    found = mistakes(tmp_path, text)
    assert 'source[1] "a".status: expected one of draft, pending, returned' in found
    assert "found 'done'" in found


def test_no_source_has_the_name_of_what_is_entered_by_hand(tmp_path: Path) -> None:
    text = '[[source]]\nname="office"\nfeed="item"\nkind="files"\npath="*.csv"'
    assert "expected a name other than 'office'" in mistakes(tmp_path, text)


def test_two_sources_of_one_name_are_refused(tmp_path: Path) -> None:
    source = '[[source]]\nname="a"\nfeed="item"\nkind="files"\npath="*.csv"\n'
    assert "source[2].name: expected a name of its own, found 'a' again" in mistakes(
        tmp_path, source * 2
    )


def test_a_route_to_a_channel_that_is_not_set_up_is_refused(tmp_path: Path) -> None:
    text = '[[route]]\naudience=["clerk"]\nto="slack:#x"'
    assert "route[1].to: expected a channel that is set up (none is), found 'slack'" in mistakes(
        tmp_path, text
    )


def test_a_missing_secret_file_is_named(tmp_path: Path) -> None:
    found = mistakes(tmp_path, GOOD)
    assert f"token_file: can't read {tmp_path / 'slack-token'}: No such file" in found


def test_a_secret_file_without_a_secret_is_named(tmp_path: Path) -> None:
    (tmp_path / "slack-token").write_text("\n")
    found = mistakes(tmp_path, GOOD)
    assert f"token_file: expected a secret in {tmp_path / 'slack-token'}, found nothing" in found


def test_what_else_is_wrong_is_told_beside_a_missing_secret_file(tmp_path: Path) -> None:
    text = (
        '[[source]]\nname = "a"\nfeed = "expected"\nkind = "http"\nurl = "https://a.example"\n'
        'token_file = "none"\ndialect = "nobody-knows"\nevery = "soon"\n'
    )
    lines = mistakes(tmp_path, text).splitlines()
    assert [line.split('"a".')[1].split(":")[0] for line in lines] == [
        "every",
        "dialect",
        "token_file",
    ]


def test_a_secret_is_not_shown_where_its_neighbour_is_wrong(tmp_path: Path) -> None:
    assert "very-secret" not in mistakes(tmp_path, SEVEN_MISTAKES)


def test_no_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such settings file"):
        load(tmp_path / "none.toml")


def test_a_file_that_is_not_toml_says_where(tmp_path: Path) -> None:
    assert "(at line 2, column 8)" in mistakes(tmp_path, "[office]\nname = x")


@pytest.mark.parametrize("url", ["reader:s3cret-word@db", "mysql://reader:s3cret-word@db:port/x"])
def test_what_is_no_url_of_a_database_is_refused_and_not_shown(tmp_path: Path, url: str) -> None:
    said = mistakes(
        tmp_path,
        f"""
        [[source]]
        name = "exchange"
        feed = "check"
        kind = "sql"
        status = "accepted"
        url = "{url}"
        table = "checks"
        """,
    )
    assert "url: expected a URL such as mysql://user:password@host/database" in said
    assert "s3cret-word" not in said
