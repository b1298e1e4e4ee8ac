"""One row of every feed, and a source of every kind that delivers it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from monitor.config import HttpSource, SourceSettings, SqlSource
from monitor.words import Feed
from tests.servers.cases import served
from tests.sources.deliveries import FEEDS, check_row, files, write_csv, write_workbook

_OF_A_PARTY = {
    name: cell
    for name, cell in check_row().items()
    if name.startswith(("行政", "监管", "实施机构编码")) and "清单" not in name
} | {"违法事实": "示范", "强制依据": "示范", "处罚依据": "示范"}
ROWS = FEEDS | {
    Feed.CHECK: check_row(),
    Feed.PUNISH: _OF_A_PARTY
    | {"处罚行为编号": "示罚一", "作出行政处罚决定日期": "2022-01-20", "罚款金额": "500元"},
    Feed.FORCE: _OF_A_PARTY
    | {
        "强制行为编号": "示强一",
        "实施强制措施的起始时间": "2022-01-20",
        "强制决定书号": "示强（2022）1号",
    },
    Feed.OTHER: _OF_A_PARTY | {"行为编号": "示他一", "开始时间": "2022-01-20"},
}


@contextmanager
def every_kind_of(folder: Path, feed: Feed) -> Iterator[list[SourceSettings]]:
    """A source of each kind, each with the feed's one row."""
    row = ROWS[feed]
    database = f"sqlite:///{folder / 'front.db'}"
    engine = sa.create_engine(database)
    delivered = sa.Table("delivered", sa.MetaData(), *(sa.Column(name, sa.Text) for name in row))
    with engine.begin() as connection:
        delivered.create(connection)
        connection.execute(sa.insert(delivered).values([*row.values()]))
    engine.dispose()
    book = write_workbook(folder / "a.xlsx", {"一月": [[*row], [*row.values()]]})
    read = files(book, feed).model_dump(include={"feed", "status"}, exclude_none=True)
    with served([row]) as address:
        yield [
            files(write_csv(folder / "a.csv", [row]), feed, name="csv"),
            files(book, feed, name="xlsx"),
            SqlSource.model_validate(
                read | {"name": "sql", "kind": "sql", "url": database, "table": "delivered"}
            ),
            HttpSource.model_validate(
                read | {"name": "http", "kind": "http", "url": f"{address}/cases"}
            ),
        ]
