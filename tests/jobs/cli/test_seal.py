"""`seal`: what was sealed, whether it still is, and the file that proves it without the product."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.store import Store
from monitor.store.tables import statement
from tests.jobs.cli.conftest import Shown
from tests.jobs.cli.user import yueqingling
from tests.ledger.book import A, B, Book, C

GUIDE = Path(__file__).parents[3] / "docs" / "operate.md"


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The script of the guide, as it is written there."""
    [text] = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    path = tmp_path / "verify.py"
    path.write_text(text, encoding="utf-8")
    return path


def proved(script: Path, file: Path) -> tuple[int, str]:
    """What the guide's script ends with and says of a file, with nothing but Python."""
    command = [sys.executable, "-I", script.name, str(file)]
    run = subprocess.run(
        command, cwd=script.parent, capture_output=True, text=True, check=False, encoding="utf-8"
    )
    return run.returncode, (run.stdout + run.stderr).strip()


def test_the_exported_file_is_proved_by_the_guides_script_alone(
    demo: Shown, script: Path, tmp_path: Path
) -> None:
    file = tmp_path / "seals.json"
    said = yueqingling(demo.folder, "seal", "export", "-o", str(file))
    seals = yueqingling(demo.folder, "seal", "list", "--json").json["seals"]
    assert seals
    assert f"{len(seals)} seals, the last {seals[-1]['hash']}" in said.out
    assert proved(script, file) == (0, f"as sealed; the last hash is {seals[-1]['hash']}")
    assert yueqingling(demo.folder, "seal", "export").json == json.loads(file.read_text("utf-8"))


@pytest.mark.parametrize("place", ["figure", "chain"])
def test_the_guides_script_names_the_month_of_a_changed_figure(
    demo: Shown, script: Path, tmp_path: Path, place: str
) -> None:
    document = yueqingling(demo.folder, "seal", "export").json
    if place == "figure":
        document["seals"][-1]["document"]["statements"][0]["backlog"] += 1
    else:
        document["seals"].insert(0, document["seals"][-1])
    file = tmp_path / "changed.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    month = document["seals"][-1]["month"]
    assert proved(script, file) == (1, f"{month}: not as it was sealed")


def test_on_a_narrow_terminal_a_seal_names_its_departments_whole(demo: Shown) -> None:
    month = yueqingling(demo.folder, "seal", "list", "--json").json["seals"][0]["month"]
    narrow = yueqingling(demo.folder, "seal", "show", month, columns=80)
    assert narrow.widest <= 80
    assert all(name in narrow.out for name in ("城管执法局", "市场监管局", "移出", "清零进度"))
    assert "关联率" not in narrow.out
    assert "关联率" in yueqingling(demo.folder, "seal", "show", month, columns=120).out


def test_a_sealed_silence_is_told_beside_the_state_that_it_made(
    tmp_path: Path, store_url: str
) -> None:
    (tmp_path / "yueqingling.toml").write_text(f'[store]\nurl = "{store_url}"\n', encoding="utf-8")
    store = Store(store_url)
    book = Book(store, [A, B])
    book.item("1000", B)
    key = book.record(status="draft", submitted=None)
    book.tick("2022-02-08T09:00")
    book.change(key, implement_institution_code=C)
    book.tick("2022-02-12T09:00")
    store.close()
    rows = yueqingling(tmp_path, "seal", "show", "2022-01").out.splitlines()
    [moved] = [each.split() for each in rows if each.startswith("示范1局")]
    [silent] = [each.split() for each in rows if each.startswith("示范2局")]
    assert moved[:7] == ["示范1局", "按期清零", "0", "0", "0", "0", "1"]
    assert silent[:3] == ["示范2局", "未清零", "零报送"]


def test_a_seal_is_shown_as_it_was_frozen(demo: Shown) -> None:
    month = yueqingling(demo.folder, "seal", "list", "--json").json["seals"][-1]["month"]
    document = yueqingling(demo.folder, "seal", "show", month, "--json").json["document"]
    shown = yueqingling(demo.folder, "seal", "show", month).out
    assert "全区" in shown
    assert all(str(each["obligations"]) in shown for each in document["statements"])
    refused = yueqingling(demo.folder, "seal", "show", "2001-01")
    assert refused.code == 2
    assert month in refused.err


def test_a_change_is_said_with_its_month_and_department(demo: Shown) -> None:
    assert "均未被改动" in yueqingling(demo.folder, "seal", "verify").out
    last = yueqingling(demo.folder, "seal", "list", "--json").json["seals"][-1]
    place = (statement.c.month == last["month"], statement.c.department == "district")
    store = Store(f"sqlite:///{demo.folder / 'yueqingling.db'}")
    with store.writing() as connection:
        before = connection.scalar(sa.select(statement.c.sealed_state).where(*place))
        connection.execute(sa.update(statement).where(*place).values(sealed_state="open"))
    said = yueqingling(demo.folder, "seal", "verify")
    document = yueqingling(demo.folder, "seal", "verify", "--json").json
    with store.writing() as connection:
        connection.execute(sa.update(statement).where(*place).values(sealed_state=before))
    store.close()
    assert said.code == 1
    assert f"{last['month']} 第 1 版 全区 统计表中的封存状态与封存文档不符" in said.out
    assert document["broken"] == [
        {
            "month": last["month"],
            "revision": 1,
            "department": "district",
            "fault": "state",
            "figure": None,
        }
    ]


def test_the_hash_noted_elsewhere_must_be_in_the_chain(demo: Shown) -> None:
    last = yueqingling(demo.folder, "seal", "list", "--json").json["seals"][-1]["hash"]
    assert yueqingling(demo.folder, "seal", "verify", "--expect", last).code == 0
    said = yueqingling(demo.folder, "seal", "verify", "--expect", "0" * 64)
    assert said.code == 1
    assert "封存链中没有给定的哈希" in said.out
