"""The settings: one TOML file, parsed once into frozen objects.

Strings may hold `${NAME}`, replaced from the environment; every secret `x` may be given as `x_file`
instead, the path of a file that holds it. Relative paths count from the settings file's folder.
All mistakes are reported at once, each with file, key, expected and found.
"""

from monitor.config.channels import (
    Audience,
    ChannelSettings,
    ConsoleChannel,
    RouteSettings,
    SlackChannel,
)
from monitor.config.file import load
from monitor.config.part import parse_duration
from monitor.config.services import Answer, Paging
from monitor.config.settings import (
    AlertSettings,
    CalendarSettings,
    EntryLimits,
    MonthZeroSettings,
    OfficeSettings,
    PullSettings,
    RulesSettings,
    ServeSettings,
    Settings,
    StoreSettings,
)
from monitor.config.sources import (
    BEHAVIOR_FEEDS,
    FilesSource,
    HttpSource,
    SourceSettings,
    SqlSource,
    StatusSettings,
)

__all__ = [
    "BEHAVIOR_FEEDS",
    "AlertSettings",
    "Answer",
    "Audience",
    "CalendarSettings",
    "ChannelSettings",
    "ConsoleChannel",
    "EntryLimits",
    "FilesSource",
    "HttpSource",
    "MonthZeroSettings",
    "OfficeSettings",
    "Paging",
    "PullSettings",
    "RouteSettings",
    "RulesSettings",
    "ServeSettings",
    "Settings",
    "SlackChannel",
    "SourceSettings",
    "SqlSource",
    "StatusSettings",
    "StoreSettings",
    "load",
    "parse_duration",
]
