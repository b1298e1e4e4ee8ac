"""Great Expectations' Data Docs as pages that load nothing: a page of results, and of contents.

Its own renderers say what each expectation is and what was observed. The frame around them is ours
(expectations/pages), because its own takes style, scripts and pictures from servers outside.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.results import Batch
from monitor import standard
from monitor.directory import Department
from monitor.words import Kind, Severity
from monitor.workdays import ZONE, Month

if TYPE_CHECKING:
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

_TEMPLATES = Path(__file__).parent / "pages"
_HEADER = ["结果", "字段", "检核说明", "类型", "级别", "期望", "实测"]
_SHOWN = 20
"""Of longer lists of values only so many are shown: a catalogue has thousands."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a page of contents says of a department's records of one kind, and where the page is."""

    department: str
    kind: str
    rules: int
    failed: int
    address: str


class DataDocs:
    """The pages of results as of `at`; loads Great Expectations' renderers once."""

    def __init__(self, at: datetime, month: Month | None = None) -> None:
        from great_expectations.render.renderer.content_block import (
            validation_results_table_content_block as table_block,
        )
        from great_expectations.render.view.view import DefaultJinjaPageView

        self._rows = table_block.ValidationResultsTableContentBlockRenderer
        self._view = DefaultJinjaPageView(custom_views_directory=str(_TEMPLATES))
        self._frame = {"at": f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}", "month": month}

    def results(
        self, batch: Batch, result: "ExpectationSuiteValidationResult", department: Department
    ) -> str:
        """The page of a batch's results, those that are not met first."""
        from great_expectations.render.components import (
            RenderedSectionContent,
            RenderedTableContent,
        )

        rows = [
            self._row(each, config, batch.kind)
            for each in sorted(result.results, key=lambda each: bool(each.success))
            if (config := each.expectation_config)
        ]
        table = RenderedTableContent(header_row=_HEADER, table=rows)
        return self._page(
            "results.html",
            [RenderedSectionContent(content_blocks=[table])],
            title=f"{department.name} · {Kind(batch.kind).zh}",
            rules=len(rows),
            failed=batch.failed,
        )

    def contents(self, title: str, lines: Iterable[Line]) -> str:
        """The page that lists pages of results."""
        return self._page("contents.html", [], title=title, lines=list(lines))

    def _row(
        self, result: "ExpectationValidationResult", config: "ExpectationConfiguration", kind: str
    ) -> list[Any]:
        """A rule's line; what is text of ours is escaped, as Great Expectations escapes its own."""
        config.kwargs.update(
            {
                key: [*value[:_SHOWN], f"…（共 {len(value)} 项）"]
                for key, value in config.kwargs.items()
                if isinstance(value, list) and len(value) > _SHOWN
            }
        )
        rendered: Any = self._rows.render([result], include_column_name=True)
        (row,) = rendered.table
        status, expectation, observed = row
        meta, severity = config.meta or {}, config.severity
        return [
            status,
            escape(standard.field_name(kind, meta["field"])),
            f'{escape(meta["message"])}<br><span class="note">{escape(meta["id"])}</span>',
            standard.code_list("数据检核类型").get(meta["class"], ""),
            Severity(severity.value).zh if severity else "",
            expectation,
            observed,
        ]

    def _page(self, template: str, sections: list[Any], **values: Any) -> str:
        from great_expectations.render.components import RenderedDocumentContent

        document = RenderedDocumentContent(sections=sections)
        render: Callable[..., str] = self._view.render
        return render(document, template=template, **self._frame, **values)
