"""The file of all seals, which proves itself to whoever has a SHA-256."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from monitor.errors import OutputError
from monitor.ledger.seals import Seal

FORMAT = 1
_HOW = (
    "seals 按封存先后排列。每个 hash 是其 document 的 SHA-256（十六进制）：先写成 UTF-8 JSON，"
    "键按码位升序排列，不留空白，非 ASCII 字符不转义，数字照文件中的写法。"
    "document.previous_hash 是前一个封存的 hash，第一个为 null。"
    "同一月份可有多版（revision），后一版的 document.follows 写明其前一版的 hash、"
    "重新打开的时间和理由；最后一版有效。"
    "statements 中每个部门的 hash 以同样方式取自该部门除 hash 外的全部内容；"
    "marks 是每个数字的 SHA-256 的前 8 位，只用于指出被改动的是哪个数字。"
)


def exported(seals: Sequence[Seal], office: str) -> dict[str, Any]:
    """The seals in the order of the chain, and how they are verified."""
    return {
        "format": FORMAT,
        "what": f"{office}：月清零封存",
        "how_to_verify": _HOW,
        "last_hash": seals[-1].hash if seals else None,
        "seals": [seal.to_json() for seal in seals],
    }


def write_file(document: dict[str, Any], path: Path) -> None:
    """Write the document to `path`, which holds all of it or stays as it was.

    Raises OutputError where the file can't be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        try:
            text = json.dumps(document, ensure_ascii=False, indent=1)
            part.write_text(f"{text}\n", encoding="utf-8")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: can't be written: {error.strerror}") from None
