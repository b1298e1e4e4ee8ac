"""The rules as Great Expectations suites, and how a suite is judged."""
