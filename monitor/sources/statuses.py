"""Where a record stands in the platform, out of the word that its source uses."""

import unicodedata

import polars as pl

from monitor.config import SourceSettings, StatusSettings
from monitor.words import Status

KNOWN = {
    Status.DRAFT: (
        *(
            "暂存",
            "已暂存",
            "草稿",
            "保存",
            "已保存",
            "待提交",
            "未提交",
            "待上报",
            "未上报",
            "待报送",
        ),
        *("draft", "save", "saved"),
    ),
    Status.PENDING: (
        *("待审", "待审核", "提交", "已提交", "上报", "已上报", "报送", "已报送", "审核", "审核中"),
        *("pending", "submit", "submitted"),
    ),
    Status.RETURNED: (
        *(
            "退回",
            "已退回",
            "退回修改",
            "审核退回",
            "驳回",
            "已驳回",
            "不通过",
            "未通过",
            "审核不通过",
        ),
        *("审核未通过", "returned", "rejected"),
    ),
    Status.ACCEPTED: (
        *(
            "通过",
            "已通过",
            "审核通过",
            "已审核",
            "审核完成",
            "已入库",
            "accepted",
            "approved",
            "passed",
        ),
    ),
    Status.DELETED: ("删除", "已删除", "作废", "已作废", "deleted"),
}
"""The words of the platform's entry (暂存 → 提交 → 审核 → 通过 / 退回), as systems write them."""

SUBMITTED = (Status.PENDING, Status.RETURNED, Status.ACCEPTED)
UNREADABLE = Status.PENDING
"""What a row with a word that nobody knows counts as: no department is charged with it, and it is
never taken for accepted."""


def status(source: SourceSettings, text: pl.Expr) -> pl.Expr:
    """The status that trimmed `text` says; null for a word that neither source nor we know.

    A source that has one status for every row has it for these, whatever they say.
    """
    if not isinstance(source.status, StatusSettings):
        return pl.lit(str(source.status) if source.status else None, pl.String)
    words = {_key(word): status for status, known in KNOWN.items() for word in known}
    words |= {_key(word): status for word, status in source.status.map.items()}
    return text.str.to_lowercase().replace_strict(
        list(words), [str(word) for word in words.values()], default=None, return_dtype=pl.String
    )


def _key(word: str) -> str:
    return unicodedata.normalize("NFKC", word).strip().lower()
