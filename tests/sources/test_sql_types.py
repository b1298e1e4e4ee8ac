"""Whatever types a front-end database has, its cells become text, and none stops the reading."""

import pytest
import sqlalchemy as sa

from monitor.sources.batch import frame_of
from monitor.sources.sql.database import opened
from tests.sources.exchange import execute, source

POSTGRESQL = {
    "'示范'::varchar(20)": "示范",
    "'  b '::char(4)": "  b ",
    "''::text": None,
    "true": "true",
    "7::smallint": "7",
    "1200.50::numeric(12, 2)": "1200.50",
    "'NaN'::numeric": "NaN",
    "1.5::real": "1.5",
    "2::double precision": "2",
    "1200.5::money": "$1,200.50",
    "date '2022-01-05'": "2022-01-05",
    "date 'infinity'": "infinity",
    "date '0044-03-15 BC'": "0044-03-15 BC",
    "date '12022-01-05'": "12022-01-05",
    "time '09:30'": "09:30:00",
    "time '24:00'": "24:00:00",
    "timetz '09:30+08'": "09:30:00+08:00",
    "timestamp '2022-01-05 09:30'": "2022-01-05 09:30:00",
    "timestamp '-infinity'": "-infinity",
    "timestamptz '2022-01-05 09:30+00'": "2022-01-05 17:30:00+08:00",
    "interval '25 hours'": "25:00:00",
    "'{\"甲\": [1]}'::json": '{"甲": [1]}',
    '\'["甲", "乙"]\'::jsonb': "甲、乙",
    "array['甲', '乙']": "甲、乙",
    "array[date '2022-01-05', date 'infinity']": '["2022-01-05", "infinity"]',
    "'甲'::odd": "甲",
    "row(1, '甲')::pair": "(1,甲)",
    "'\\xff00'::bytea": "\\xff00",
    "convert_to('示范', 'utf8')": "示范",
    "B'101'": "101",
    "'00000000-0000-0000-0000-000000000005'::uuid": "00000000-0000-0000-0000-000000000005",
    "'127.0.0.1'::inet": "127.0.0.1",
    "int4range(1, 5)": "[1, 5)",
    "point(1, 2)": "(1,2)",
}
MARIADB = {
    "示范:VARCHAR(20)": "示范",
    "示范:TEXT CHARACTER SET gbk": "示范",
    "1:TINYINT(1)": "1",
    "18446744073709551615:BIGINT UNSIGNED": "18446744073709551615",
    "1:BIT(1)": "1",
    "300:BIT(12)": "300",
    "1200.50:DECIMAL(12, 2)": "1200.50",
    "1.5:FLOAT": "1.5",
    "2:DOUBLE": "2",
    "2022:YEAR": "2022",
    "2022-01-05:DATE": "2022-01-05",
    "0000-00-00:DATE": "0000-00-00",
    "2022-00-00:DATE": "2022-00-00",
    "2022-01-05 09:30:DATETIME": "2022-01-05 09:30:00",
    "2022-01-05 09:30:00.5:DATETIME(6)": "2022-01-05 09:30:00.500000",
    "0000-00-00 00:00:00:DATETIME": "0000-00-00 00:00:00",
    "0000-00-00 00:00:00:TIMESTAMP": "0000-00-00 00:00:00",
    "-101:06:17:TIME": "-101:06:17",
    "示范:BLOB": "示范",
    "{}:JSON": "{}",
    "乙:ENUM('甲', '乙')": "乙",
    "甲,乙:SET('甲', '乙')": "甲,乙",
    "00000000-0000-0000-0000-000000000005:UUID": "00000000-0000-0000-0000-000000000005",
}
SQLITE = {
    "'示范'": "示范",
    "''": None,
    "NULL": None,
    "1": "1",
    "9223372036854775807": "9223372036854775807",
    "1.50": "1.5",
    "CAST(x'CABEB7B6' AS TEXT)": "示范",  # GB18030
    "x'CABEB7B6'": "示范",
    "x'ff00'": "\\xff00",
    "CAST(x'ff00' AS TEXT)": "\\xff00",
    "1 = 1": "1",
}


def cells(url: str, statement: str) -> list[str | None]:
    """The row's cells as they are handed out."""
    with opened(source(url)) as database:
        (rows,) = database.stream(sa.text(statement.replace(":", r"\:")), 10)
    return list(frame_of([str(number) for number in range(len(rows[0]))], rows).row(0))


def test_the_types_of_postgresql(postgres_front_end: str) -> None:
    execute(
        postgres_front_end,
        "CREATE TYPE odd AS ENUM ('甲')",
        "CREATE TYPE pair AS (number integer, word text)",
    )
    found = cells(postgres_front_end, f"SELECT {', '.join(POSTGRESQL)}")
    assert dict(zip(POSTGRESQL, found, strict=True)) == POSTGRESQL


def test_the_types_of_mariadb(mariadb_url: str) -> None:
    given = [written.rpartition(":") for written in MARIADB]
    types = ", ".join(f"c{number} {kind}" for number, (_, _, kind) in enumerate(given))
    values = ", ".join(value if value.isdigit() else f"'{value}'" for value, _, _ in given)
    execute(
        mariadb_url,
        "SET sql_mode = ''",  # which lets in dates that don't exist
        f"CREATE TABLE odd ({types})",
        f"INSERT INTO odd VALUES ({values})",
    )
    found = cells(mariadb_url, "SELECT * FROM odd")
    assert dict(zip(MARIADB, found, strict=True)) == MARIADB


@pytest.mark.parametrize(("expression", "text"), SQLITE.items())
def test_the_types_of_sqlite(tmp_path: object, expression: str, text: str | None) -> None:
    url = f"sqlite:///{tmp_path}/exchange.db"
    execute(url, "CREATE TABLE one (n)")
    assert cells(url, f"SELECT {expression}") == [text]
