"""What a service delivers stays what it delivered; what is no answer is explained."""

import json
from typing import Any

import polars as pl
import pytest

from monitor.config import HttpSource
from monitor.sources import reader
from monitor.sources.batch import Batch, Start
from monitor.sources.columns import Dialect
from tests.servers.records import record
from tests.servers.service import Reply, served
from tests.sources.taken import Taken, taken

MENDED = "; somebody has to mend the settings or the service"
AGAIN = "; the next pull tries again"
SETTINGS: dict[str, Any] = {
    "name": "cases",
    "feed": "expected",
    "kind": "http",
    "attempts": 1,
    "columns": {"decidedOn": "due_basis_on"},
}


def read(content: bytes, kind: str = "application/json", **more: Any) -> tuple[str, Taken]:
    """The service's address, and what is taken from this answer of its."""
    reply = Reply(content, headers={"Content-Type": kind})
    with served(lambda _: reply) as address:
        url = f"{address}/cases"
        return url, taken(SETTINGS | {"url": url} | more)


def cells(content: str, **more: Any) -> pl.DataFrame:
    """The delivered cells."""
    with served(lambda _: Reply(content.encode())) as address:
        source = HttpSource.model_validate(SETTINGS | {"url": f"{address}/cases"} | more)
        (batch,) = reader.read(source, Dialect(source), Start())
    assert isinstance(batch, Batch)
    return batch.parts[0].frame


def with_cells(written: str) -> pl.DataFrame:
    """The delivered cells of a record that holds what is written besides."""
    return cells('[{"decidedOn": "2022-01-20", "kind": "punish", ' + written + "}]")


@pytest.mark.parametrize(
    ("written", "cell"),
    [
        ("12345678901234567890123", "12345678901234567890123"),
        ("0.10", "0.10"),
        ("1e400", "1e400"),
        ("-0", "-0"),
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
        ("true", "true"),
        ("null", None),
        ('""', None),
        ('["甲", "乙"]', "甲、乙"),
        (r'"\ud83d\ude00"', "😀"),
        (r'"\ud83d"', "\ufffd"),
        (r'"\\ud83d"', r"\ud83d"),
        (r'"a\u0000b"', "ab"),
    ],
)
def test_a_value_stays_as_it_was_delivered(written: str, cell: str | None) -> None:
    assert with_cells(f'"x": {written}')["x"].to_list() == [cell]


def test_of_names_that_stand_twice_none_is_lost() -> None:
    found = with_cells('"x": 1, "x": 2')
    assert (found["x"].item(), found["x#2"].item()) == ("1", "2")


def test_what_stands_within_a_record_is_named_with_dots() -> None:
    found = with_cells('"act": {"no": "示罚1号", "by": {"code": 7}}')
    assert (found["act.no"].item(), found["act.by.code"].item()) == ("示罚1号", "7")


def test_records_may_leave_out_what_is_blank() -> None:
    found = cells('[{"decidedOn": "2022-01-20", "kind": "punish"}, {"documentNo": "示罚2号"}, {}]')
    assert found.rows() == [
        ("2022-01-20", "punish", None),
        (None, None, "示罚2号"),
        (None, None, None),
    ]


@pytest.mark.parametrize(
    ("encoding", "kind"),
    [
        ("utf-8", "application/json"),
        ("utf-8", "application/json; charset=GBK"),
        ("utf-8-sig", "application/json"),
        ("utf-16", "application/json"),
        ("gb18030", "application/json"),
        ("gb18030", "application/json; charset=gb2312"),
        ("gb18030", "application/json; charset=nobody-knows"),
        ("utf-16-le", "application/json; charset=utf-16-le"),
    ],
)
def test_text_is_read_in_the_encoding_that_it_is_in(encoding: str, kind: str) -> None:
    content = json.dumps([record(1)], ensure_ascii=False).replace("罚", "字").encode(encoding)
    _, found = read(content, kind)
    assert [row["document_no"] for row in found.cells.values()] == ["示字1号"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "expected JSON, found an empty answer" + AGAIN),
        (b'[{"id": "ca', "expected JSON, found its beginning: it ends after 11 bytes" + AGAIN),
        (b'[{"id": 1}', "expected JSON, found its beginning: it ends after 10 bytes" + AGAIN),
        (b'[{"id" 1}]', "expected JSON, found an error in it at character 7" + MENDED),
        (b"<p>busy", "expected JSON, found a page (text/x)" + MENDED),
        (b"busy", "expected JSON, found other text (text/x)" + MENDED),
        (b"\xff\xff\xff", "expected JSON, found 3 bytes that are no text (text/x)" + MENDED),
        (b"[" * 100_000, "expected JSON, found lists or objects nested too deeply" + MENDED),
        (b"[1]", "expected a list of objects at the answer itself, found a list with text or a "
                 "number" + MENDED),
        (b'{"data": {"rows": [{}, null]}}', "expected a list of objects at the answer itself, "
            "found an object with data; rows seem to be at data.rows: "
            'set records = "data.rows"' + MENDED),
        (b"true", "expected a list of objects at the answer itself, found true or false" + MENDED),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_explained(content: bytes, said: str) -> None:
    url, found = read(content, "text/x")
    assert str(found.error) == f"{url}: {said}"


@pytest.mark.parametrize(
    ("body", "path", "said"),
    [
        ({"data": {"rows": []}}, "data.items", "found an object with rows at data"),
        ({"rows": []}, "data.items", "found an object with rows"),
        ({"data": []}, "data.items", "found a list at data"),
        ({"data": "no JSON"}, "data.items", "in the text at data, found other text"),
        ({"data": {"items": {}}}, "data.items", "found an empty object"),
        ({"data": {"rows": [{}]}}, "rows", 'seem to be at data.rows: set records = "data.rows"'),
        ({"code": '{"rows": [{}]}'}, "", 'seem to be at code.rows: set records = "code.rows"'),
        ({"items": [{}], "more": [{}]}, "itms", "found an object with items, more; near it: items"),
    ],
)
def test_records_that_stand_elsewhere_are_explained(body: Any, path: str, said: str) -> None:
    _, found = read(json.dumps(body).encode(), records=path)
    assert said in str(found.error)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"a": json.dumps({"b": json.dumps([record(1)])})}, "a.b"),
        ({"a": [{"b": [record(1)]}]}, "a.0.b"),
        (json.dumps({"a": [record(1)]}), "a"),
        (json.dumps([record(1)]), ""),
    ],
    ids=["text in text", "place in a list", "all in text", "the text itself"],
)
def test_a_path_goes_through_text_and_lists(body: Any, path: str) -> None:
    _, found = read(json.dumps(body).encode(), records=path)
    assert (found.ids, found.error) == (["case-001"], None)


def test_null_is_a_list_without_records() -> None:
    _, found = read(b'{"data": null}', records="data")
    assert (found.ids, found.error) == ([], None)


@pytest.mark.parametrize(
    ("code", "shown"), [('"1"', None), ("1", None), ("true", None), ("0", "0"), ("null", "None")]
)
def test_a_code_is_compared_as_it_is_written(code: str, shown: str | None) -> None:
    ok = {"at": "code", "values": [1, True]}
    _, found = read(f'{{"code": {code}, "rows": []}}'.encode(), records="rows", ok=ok)
    assert (found.error is None) == (shown is None)


def test_an_answer_without_its_code_is_no_good_one() -> None:
    ok = {"at": "status.code", "values": ["1"], "text": "status.text"}
    url, found = read(b"[]", ok=ok)
    assert str(found.error) == f"{url}: expected 1 at status.code, found nothing{MENDED}"
