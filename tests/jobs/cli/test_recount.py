"""`check --full`: everything judged anew, and what is said of it."""

import sqlalchemy as sa

from monitor.store import Store
from monitor.store.tables import behavior, finding, statement, unit
from tests.jobs.cli.conftest import NOW, Shown
from tests.jobs.cli.user import flat, yueqingling


def test_what_the_demonstrations_checks_made_stands_up_to_a_recount(demo: Shown) -> None:
    said = yueqingling(demo.folder, "check", "--full", "--now", NOW)
    same = "tallies, units, statements and findings came out the same."
    assert same in " ".join(said.out.split())
    recount = yueqingling(demo.folder, "check", "--full", "--now", NOW, "--json").json["recount"]
    assert recount["same"] is True
    assert (recount["added"], recount["removed"], recount["differences"]) == (0, 0, [])
    assert (recount["units"], recount["statements"]) == (0, 0)
    assert recount["records"] > 400 > recount["findings"] > 0
    assert "recount" not in yueqingling(demo.folder, "check", "--now", NOW, "--json").json


def test_a_finding_that_was_missed_is_told_once_and_put_right(demo: Shown) -> None:
    store = Store(f"sqlite:///{demo.folder / 'yueqingling.db'}")
    with store.writing() as connection:
        first = sa.select(sa.func.min(finding.c.behavior_id)).scalar_subquery()
        kind = connection.scalar(sa.select(behavior.c.kind).where(behavior.c.id == first))
        gone = connection.execute(sa.delete(finding).where(finding.c.behavior_id == first)).rowcount
    store.close()
    said = yueqingling(demo.folder, "check", "--full", "--now", NOW)
    assert said.code == 1
    assert f"{kind}." in said.out
    assert f"{gone} findings had been missed, 0 held no more" in " ".join(said.out.split())
    again = yueqingling(demo.folder, "check", "--full", "--now", NOW)
    assert "came out the same" in flat(again.out)


def test_a_unit_and_a_statement_that_are_otherwise_are_told_and_put_right(demo: Shown) -> None:
    store = Store(f"sqlite:///{demo.folder / 'yueqingling.db'}")
    with store.writing() as connection:
        first = sa.select(sa.func.min(unit.c.number)).scalar_subquery()
        connection.execute(sa.update(unit).where(unit.c.number == first).values(mandatory=0))
        connection.execute(sa.update(statement).values(obligations=statement.c.obligations + 1))
        statements = connection.scalar(sa.select(sa.func.count()).select_from(statement))
    store.close()
    said = yueqingling(demo.folder, "check", "--full", "--now", NOW)
    told = "0 counts differ, 0 findings had been missed, 0 held no more; 2 units and counts and "
    assert f"{told}{statements} statements were otherwise" in " ".join(said.out.split())
    again = yueqingling(demo.folder, "check", "--full", "--now", NOW)
    assert "came out the same" in flat(again.out)
