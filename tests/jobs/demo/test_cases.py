"""The case service pages, wants its token, and comes up again from its folder."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from jobs.demo import CasesService, Demo, DemoError

Answer = tuple[int, dict[str, Any]]


@pytest.fixture
def service(demo: Demo) -> Iterator[str]:
    with CasesService(demo.folder, port=0) as url:
        yield f"{url}/api/decisions"


def get(url: str, token: str | None) -> Answer:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def token(demo: Demo) -> str:
    return (demo.folder / "cases-token").read_text(encoding="utf-8").strip()


def test_pages_put_together_are_all_the_cases(demo: Demo, service: str) -> None:
    kept = json.loads((demo.folder / "cases.json").read_text(encoding="utf-8"))
    found = []
    for page in range(1, len(kept) // 7 + 2):
        _, body = get(f"{service}?page={page}&size=7", token(demo))
        assert body["data"]["total"] == len(kept)
        found += body["data"]["items"]
    assert found == kept


def test_a_page_after_the_last_is_empty(demo: Demo, service: str) -> None:
    status, body = get(f"{service}?page=99999&size=200", token(demo))
    assert (status, body["data"]["items"]) == (200, [])


@pytest.mark.parametrize("wrong", [None, "", "demo-0000000000000000"])
def test_a_wrong_token_is_refused(service: str, wrong: str | None) -> None:
    status, body = get(f"{service}?page=1", wrong)
    assert status == 401
    assert "data" not in body


@pytest.mark.parametrize("query", ["page=0", "size=0", "size=100000", "page=one"])
def test_a_page_that_cannot_be_is_refused(demo: Demo, service: str, query: str) -> None:
    assert get(f"{service}?{query}", token(demo))[0] == 400


def test_another_path_is_not_found(demo: Demo, service: str) -> None:
    assert get(service.replace("decisions", "people"), token(demo))[0] == 404


def test_a_port_that_is_taken_is_named(demo: Demo) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DemoError, match=rf"can't listen on 127\.0\.0\.1:{port}"):
            CasesService(demo.folder, port=port).__enter__()


def test_a_folder_without_a_demonstration_is_named(demo: Demo) -> None:
    with pytest.raises(DemoError, match="expected a folder that `yueqingling demo` made"):
        CasesService(demo.folder / "inbox")
