"""The demonstration: a made-up district, delivered as departments deliver.

`build` writes the sources, the settings and the injected truth into a folder; `CasesService` is
the HTTP source of it. Nothing here imports the rules or the ledger: dates, check digits and reasons
are worked out anew, so that comparing the product's findings with the truth can fail.
"""

from jobs.demo.build import Demo, build
from jobs.demo.cases import CasesService, serve
from jobs.demo.options import DemoError, DemoOptions

__all__ = ["CasesService", "Demo", "DemoError", "DemoOptions", "build", "serve"]
