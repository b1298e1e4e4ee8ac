"""Benchmarks: how the product's speed compares, within one run, with what can't be beaten by much.

`python -m tests.bench [NAME …] [--rows N]`; no test, and collected by none.
"""
