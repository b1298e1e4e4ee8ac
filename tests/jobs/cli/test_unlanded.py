"""Rows that can't land are counted with the sources, and listed for whoever asks."""

from pathlib import Path

from tests.jobs.cli.user import flat, yueqingling
from tests.sources.deliveries import PARTY, credit_code, write_csv

CODE = credit_code("11500112DEM000009")
SETTINGS = """
[store]
url = "{store}"
[[source]]
name = "directory"
feed = "department"
kind = "files"
path = "departments.csv"
settle = "0s"
"""


def test_a_row_that_can_not_land_is_listed_until_it_comes_right(
    tmp_path: Path, store_url: str
) -> None:
    (tmp_path / "yueqingling.toml").write_text(SETTINGS.format(store=store_url))
    known = {"统一社会信用代码": CODE, "部门名称": "示范二局", "别的": ""}
    bare = {"统一社会信用代码": "", "部门名称": "示范局", "别的": PARTY}
    path = write_csv(tmp_path / "departments.csv", [known, bare])
    pulled = yueqingling(tmp_path, "pull", columns=200)
    assert pulled.code == 0
    assert "1 row is kept apart" in pulled.out

    listed = flat(yueqingling(tmp_path, "status", "--unlanded", columns=200).out)
    assert "departments.csv row 3" in listed
    assert "部门名称 示范局" in listed
    assert PARTY not in listed
    document = yueqingling(tmp_path, "status", "--unlanded", "--json").json
    assert document["sources"][0]["unlanded"] == 1
    (row,) = document["unlanded"]
    assert (row["source"], row["place"], row["row"]) == ("directory", "departments.csv", 3)
    assert row["lacking"] == ["code"]
    assert row["delivered"] == {"部门名称": "示范局", "别的": "***"}

    write_csv(path, [known])
    assert yueqingling(tmp_path, "pull").code == 0
    assert "no row is kept apart" in yueqingling(tmp_path, "status", "--unlanded").out
    assert (
        yueqingling(tmp_path, "status", "--sources", "--json").json["sources"][0]["unlanded"] == 0
    )
