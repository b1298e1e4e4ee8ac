"""The settings of the demonstration, as a user would write them."""

from jobs.demo.cases import HOST, ROUTE, TOKEN
from jobs.demo.days import Days
from jobs.demo.exchange import STATUS, STATUS_AT
from jobs.demo.identifiers import AREA

FILE = "yueqingling.toml"
STORE = "yueqingling.db"

_TEXT = """\
# The demonstration's settings: a made-up district (示范区). Every verb takes this file with
# --config, or finds it when run in this folder.

[office]
name = "示范区政务服务管理办公室"
area_code = "{area}"

[store]
url = "{store}"

[month_zero]
close = "workday:5"
strict_month = true
charge_pending = "office"
entry_limit_workdays = {{ check = 5, punish = 7, force = 5, other = 5 }}
links_known_from = {first}      # the first day of which the store holds checks
start = "{month}"                  # the first month with a statement

# --- the office's catalogues ---

[[source]]
name = "departments"
feed = "department"
kind = "files"
path = "catalogue/departments.csv"
every = "1h"

[[source]]
name = "items"
feed = "item"
kind = "files"
path = "catalogue/items.csv"
every = "1h"

[[source]]
name = "implement-lists"
feed = "implement_list"
kind = "files"
path = "catalogue/implement-lists.csv"
every = "1h"

[[source]]
name = "zero-reports"
feed = "zero_report"
kind = "files"
path = "catalogue/zero-reports.csv"
every = "15m"

# --- what departments upload as workbooks ---

[[source]]
name = "platform-check"
feed = "check"
kind = "files"
path = "inbox/check/*.xlsx"
status = {{ column = "状态", at = "状态时间" }}
every = "15m"

[[source]]
name = "platform-other"
feed = "other"
kind = "files"
path = "inbox/other/*.xlsx"
status = {{ column = "状态", at = "状态时间" }}
every = "15m"

# --- what comes through the front-end database ---

[[source]]
name = "exchange-punish"
feed = "punish"
kind = "sql"
url = "{exchange}"
table = "tr_t_jgxw_punish_action"
cursor = "cd_time"
status = {{ column = "{status}", at = "{status_at}" }}
every = "15m"

[[source]]
name = "exchange-force"
feed = "force"
kind = "sql"
url = "{exchange}"
table = "tr_t_jgxw_force_action"
cursor = "cd_time"
status = {{ column = "{status}", at = "{status_at}" }}
every = "15m"

# --- what the case-handling system says must be there ---

[[source]]
name = "cases"
feed = "expected"
kind = "http"
url = "http://{host}:{port}{route}"
token_file = "{token}"
records = "data.items"
paging = {{ kind = "page", size = 200 }}
every = "1h"

# --- whom the messages go to ---

[[channel]]
name = "console"
kind = "console"

[[route]]
department = "*"
audience = ["clerk", "leader"]
to = "console:#supervision-{{short_name}}"

[[route]]
department = "*"
audience = ["office", "justice", "operator"]
to = "console:#{office}"

[serve]
host = "127.0.0.1"
port = 9108
check_every = "15m"
"""


def settings_text(days: Days, exchange: str, store: str, port: int) -> str:
    """The settings file; `exchange` and `store` are database URLs."""
    return _TEXT.format(
        area=AREA,
        store=store,
        first=days.first.isoformat(),
        month=f"{days.first:%Y-%m}",
        exchange=exchange,
        status=STATUS,
        status_at=STATUS_AT,
        host=HOST,
        port=port,
        route=ROUTE,
        token=TOKEN,
        office="政务办",
    )
