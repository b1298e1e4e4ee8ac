"""What the tests of the rules share."""

import pytest

from expectations.loading import load_suites
from expectations.suites import Suite


@pytest.fixture(scope="session")
def suites() -> tuple[Suite, ...]:
    """The product's own suites."""
    return load_suites()


@pytest.fixture(scope="session")
def checks(suites: tuple[Suite, ...]) -> tuple[Suite, ...]:
    """The suite of checks alone, for what doesn't depend on the rules."""
    return tuple(suite for suite in suites if suite.name == "check")
