"""Causes (原因): why a unit entered the backlog, changed in it, or left it."""

from monitor.words import Reason, Word


class Cause(Word):
    """Why a unit entered the backlog, changed in it, or left it."""

    FOUND = "found", "发现"
    FOUND_LATE = "found_late", "清零时点后发现"
    ENTERED = "entered", "录入"
    SUBMITTED = "submitted", "提交"
    RETURNED = "returned", "退回"
    JUDGED = "judged", "检核"
    FIXED = "fixed", "整改"
    ACCEPTED = "accepted", "通过"
    MATCHED = "matched", "比对"
    DELETED = "deleted", "删除"
    WITHDRAWN = "withdrawn", "应录撤回"
    DATE_CHANGED = "date_changed", "日期变更"
    TRANSFERRED = "transferred", "部门变更"
    EXEMPTED = "exempted", "免报核销"
    ITEM_ENDED = "item_ended", "事项停用"
    SUCCEEDED = "succeeded", "机构承接"
    DUPLICATE = "duplicate", "重复"
    EXEMPT_NO_MORE = "exempt_no_more", "不再免报核销"
    DUPLICATE_NO_MORE = "duplicate_no_more", "不再重复"


MOVED_OUT = (
    Cause.DELETED,
    Cause.WITHDRAWN,
    Cause.DATE_CHANGED,
    Cause.TRANSFERRED,
    Cause.SUCCEEDED,
    Cause.EXEMPTED,
    Cause.ITEM_ENDED,
    Cause.DUPLICATE,
)
"""The causes by which a unit leaves a month without having been cleared (移出)."""

CHANGED_BY = {
    Reason.UNENTERED: Cause.DELETED,
    Reason.DRAFT: Cause.ENTERED,
    Reason.RETURNED: Cause.RETURNED,
    Reason.PENDING: Cause.SUBMITTED,
    Reason.INVALID: Cause.JUDGED,
    Reason.UNLINKED: Cause.JUDGED,
}
"""The cause by which a unit came to stand under another reason, by that reason."""
CLEARED_BY = {
    Reason.UNENTERED: Cause.ENTERED,
    Reason.DRAFT: Cause.SUBMITTED,
    Reason.RETURNED: Cause.FIXED,
    Reason.PENDING: Cause.ACCEPTED,
    Reason.INVALID: Cause.FIXED,
    Reason.UNLINKED: Cause.FIXED,
}
"""The cause by which a unit was cleared, by the reason under which it stood."""
