"""The words of the field, each with its Chinese name.

Kinds, reasons, statuses and states are plain strings in the store; these enumerations are the
one place that lists them.
"""

from enum import StrEnum


class Word(StrEnum):
    """A word in code with its Chinese name in `zh`."""

    zh: str

    def __new__(cls, value: str, zh: str = "") -> "Word":
        word = str.__new__(cls, value)
        word._value_ = value
        word.zh = zh
        return word


class Kind(Word):
    """Kind of a supervision behaviour (监管行为)."""

    CHECK = "check", "行政检查"
    PUNISH = "punish", "行政处罚"
    FORCE = "force", "行政强制"
    OTHER = "other", "其他行为"


class Feed(Word):
    """What a source delivers (数据来源类别)."""

    CHECK = "check", "行政检查行为"
    PUNISH = "punish", "行政处罚行为"
    FORCE = "force", "行政强制行为"
    OTHER = "other", "其他监管行为"
    EXPECTED = "expected", "应录清单"
    DEPARTMENT = "department", "部门"
    ITEM = "item", "监管事项目录清单"
    IMPLEMENT_LIST = "implement_list", "检查实施清单"
    ZERO_REPORT = "zero_report", "零报送"
    EXEMPTION = "exemption", "免报核销"
    PLAN = "plan", "双随机计划"
    DRAWN_OBJECT = "drawn_object", "抽查对象"


class Status(Word):
    """Where a record stands in the platform."""

    DRAFT = "draft", "暂存"
    PENDING = "pending", "待审"
    RETURNED = "returned", "退回"
    ACCEPTED = "accepted", "通过"
    DELETED = "deleted", "已删除"


class Reason(Word):
    """Why an obligation is not cleared; the first that matches wins, in this order."""

    UNENTERED = "unentered", "应录未录"
    DRAFT = "draft", "暂存未报"
    RETURNED = "returned", "退回未改"
    PENDING = "pending", "待审"
    INVALID = "invalid", "不合格"
    UNLINKED = "unlinked", "未关联"


class TimeState(Word):
    """Where a backlog unit stands in time."""

    IN_LIMIT = "in_limit", "期限内"
    OVERDUE = "overdue", "超期"
    CARRIED = "carried", "往月结转"


class DayKind(Word):
    """Why a day is a working day or a free one."""

    WEEKDAY = "weekday", "工作日"
    MAKE_UP = "make_up", "调休上班"
    OFFICE_WORKING = "office_working", "本办规定上班"
    WEEKEND = "weekend", "周末"
    HOLIDAY = "holiday", "节假日"
    OFFICE_FREE = "office_free", "本办规定休息"

    @property
    def is_working(self) -> bool:
        """Whether such a day counts."""
        return self in (DayKind.WEEKDAY, DayKind.MAKE_UP, DayKind.OFFICE_WORKING)


class MonthState(Word):
    """Where a department stands in a month."""

    OPEN = "open", "进行中"
    CLEARED_ON_TIME = "cleared_on_time", "按期清零"
    AWAITING_AUDIT = "awaiting_audit", "待审"
    NOT_CLEARED = "not_cleared", "未清零"
    CLEARED_LATE = "cleared_late", "逾期清零"
    NO_DATA = "no_data", "无数据"


class Severity(Word):
    """Great Expectations' severities; only critical makes backlog."""

    CRITICAL = "critical", "严重"
    WARNING = "warning", "警告"
    INFO = "info", "提示"


BY_HAND = "office"
"""The source of what people enter by hand; no source of the settings can have this name."""

UNKNOWN_DEPARTMENT = "unknown"
"""Owner of records whose department can't be told; the office answers for them."""

DISTRICT = "district"
"""Stands for the sum of all departments where a department's code is expected."""
