"""A verb of the command line: a function with its help taught from its docstring."""

import inspect
from collections.abc import Callable
from typing import Any

import typer


def add(
    app: typer.Typer,
    function: Callable[..., Any],
    name: str | None = None,
    panel: str | None = None,
) -> None:
    """Make `function` a verb of `app`, by its own name unless another is given."""
    app.command(name, help=flowing(function), rich_help_panel=panel)(function)


def flowing(function: Callable[..., Any]) -> str:
    """The docstring with each paragraph on one line, to be broken where the terminal ends."""
    paragraphs = (inspect.getdoc(function) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
