"""A service is asked for what is new since the last pull, and never for less."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from monitor.config import HttpSource
from monitor.store import Store
from tests.servers.records import SHAPES, RecordsService, record
from tests.servers.service import Reply
from tests.sources.deliveries import pulled
from tests.sources.taken import NOW, taken

IDS = [f"case-{number:03d}" for number in range(1, 8)]


@pytest.fixture(params=["pages by number", "token and params"])
def service(request: pytest.FixtureRequest) -> Iterator[RecordsService]:
    """A service that can be asked for records since an instant."""
    records = [record(number) for number in range(1, 8)]
    with RecordsService(SHAPES[request.param], records).running() as made:
        yield made


def asked_since(service: RecordsService) -> set[object]:
    """What the requests since the last look asked for."""
    found = {
        (one.body["params"] if one.body else one.query).get("updatedAfter") for one in service.asked
    }
    service.asked.clear()
    return found


def test_the_first_pull_reads_all_and_later_ones_what_is_new(
    service: RecordsService, store: Store, now: datetime
) -> None:
    source = HttpSource.model_validate(service.source())
    assert pulled(store, source, now).landed == 7
    assert asked_since(service) == {None}
    service.records.append(record(8, updatedAt="2022-01-21 09:00:00"))
    report = pulled(store, source, now)
    assert (report.error, report.landed) == (None, 1)
    assert asked_since(service) == {"2022-01-21 07:57:00"}
    pulled(store, source, now)
    assert asked_since(service) == {"2022-01-21 08:50:00"}


def test_a_pull_that_fails_leaves_the_cursor_where_it_was(service: RecordsService) -> None:
    service.before = lambda number: service.next.append(Reply({}, 403)) if number == 2 else None
    found = taken(service.source())
    assert found.error is not None
    assert (found.ids, found.cursors) == (IDS[:3], {})


def test_what_changes_while_pages_are_read_does_not_move_the_cursor(
    service: RecordsService,
) -> None:
    service.records.append(record(8, updatedAt="2022-01-28 10:00:05"))  # five seconds after NOW
    found = taken(service.source())
    assert "2022-01-21T00:07:00" in found.cursors["updatedAt"]
    assert found.remarks == []


def test_a_time_that_is_yet_to_come_hides_nothing_and_is_remarked_on(
    service: RecordsService,
) -> None:
    service.records.insert(0, record(8, updatedAt="2099-01-01 00:00:00"))
    found = taken(service.source())
    assert found.remarks == [
        "updatedAt reaches into the future (2099-01-01): records from there are read each time "
        "until then"
    ]
    service.records.append(record(9, updatedAt="2022-01-22 08:00:00"))
    assert "case-009" in taken(service.source(), found.cursors).ids


def test_the_cursor_never_goes_back(service: RecordsService) -> None:
    first = taken(service.source())
    service.records = [record(1)]
    again = taken(service.source(), first.cursors, everything=True)
    assert again.cursors == first.cursors


@pytest.mark.parametrize(
    ("since", "asked"),
    [
        (date(2022, 1, 1), "2022-01-01 00:00:00"),
        (date(2022, 1, 25), "2022-01-21 07:57:00"),
    ],
    ids=["before the cursor", "after it"],
)
def test_reading_again_since_a_day_passes_over_nothing(
    service: RecordsService, since: date, asked: str
) -> None:
    first = taken(service.source())
    service.asked.clear()
    taken(service.source(), first.cursors, since)
    assert asked_since(service) == {asked}


def test_reading_everything_again_asks_for_everything(service: RecordsService) -> None:
    first = taken(service.source())
    service.asked.clear()
    assert taken(service.source(), first.cursors, everything=True).ids == IDS
    assert asked_since(service) == {None}


@pytest.mark.parametrize(
    ("form", "asked"),
    [
        ("%Y-%m-%dT%H:%M:%S%z", "2022-01-21T07:57:00+0800"),
        ("%Y%m%d", "20220121"),
        ("seconds", 1642723020),
        ("milliseconds", 1642723020000),
    ],
)
def test_the_instant_is_written_as_the_service_wants_it(form: str, asked: object) -> None:
    shape = SHAPES["token and params"]
    with RecordsService(shape, [record(7)]).running() as service:
        source = service.source(since_format=form)
        cursors = taken(source).cursors
        service.asked.clear()
        service.records = []
        taken(source, cursors)
        assert asked_since(service) == {asked}


def test_a_number_is_asked_for_a_thousand_rows_back_and_names_no_day() -> None:
    shape = SHAPES["token and params"]
    with RecordsService(shape, [record(1, serial=12_345)]).running() as service:
        source = service.source(cursor="serial", since_format="number")
        cursors = taken(source).cursors
        service.asked.clear()
        service.records = []
        taken(source, cursors)
        assert asked_since(service) == {11_345}
        found = taken(source, cursors, NOW.date() - timedelta(days=9))
        assert asked_since(service) == {None}
        assert found.remarks == [
            "serial is a number, which names no day: everything was read again"
        ]


def test_a_field_that_no_record_has_is_remarked_on(service: RecordsService) -> None:
    found = taken(service.source(cursor="changedAt"))
    (remark,) = found.remarks
    assert remark.startswith("expected the cursor changedAt in the records, found id, kind,")
    assert (found.ids, found.cursors) == (IDS, {})


def test_records_without_the_field_are_counted(service: RecordsService) -> None:
    service.records[2] |= {"updatedAt": "昨天"}
    service.records[3] |= {"updatedAt": None}
    found = taken(service.source())
    assert found.remarks == [
        "2 of 7 records have no updatedAt that can be read: whether one of those changes, only the "
        "service knows"
    ]
    assert found.ids == IDS
