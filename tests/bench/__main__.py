"""The benchmarks by name: runs those asked for, or all, and prints a line for each measurement."""

import argparse
import logging
import os
import tempfile
from pathlib import Path

import structlog

from tests.bench import (
    checking,
    cli,
    columnar,
    databases,
    gx,
    judging,
    ledger,
    loaders,
    memory,
    metrics,
    pulling,
    soda,
    workbooks,
)
from tests.bench.measurement import HEADER
from tests.bench.places import STORES, Places

BENCHMARKS = {
    "pull": pulling.measure,
    "xlsx": workbooks.measure,
    "sql": databases.measure,
    "dlt": loaders.measure,
    "memory": memory.measure,
    "judge": judging.measure,
    "gx": gx.measure,
    "soda": soda.measure,
    "duckdb": columnar.measure,
    "check": checking.measure,
    "checks": checking.measure_many,
    "ledger": ledger.measure,
    "metrics": metrics.measure,
    "help": cli.measure,
}


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--rows", type=int, default=100_000, help="records (default: 100,000)")
    parser.add_argument("--store", choices=STORES, help="measure in this kind of store only")
    parser.add_argument(
        "--runs", type=int, default=3, help="runs of what varies; the best counts (default: 3)"
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="keep filled stores here, so that a later run of as many rows needn't fill its own",
    )
    asked = parser.parse_args()
    unknown = [name for name in asked.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"expected names of {', '.join(BENCHMARKS)}, found {', '.join(unknown)}")
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    logging.disable(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(prefix="yueqingling-bench-") as folder:
        places = Places(
            Path(folder),
            asked.rows,
            stores=[asked.store] if asked.store else STORES,
            runs=asked.runs,
            kept=asked.keep,
        )
        print(f"{asked.rows:,} rows, {os.cpu_count()} cores\n\n{HEADER}")
        for name in asked.names or BENCHMARKS:
            for measurement in BENCHMARKS[name](places):
                print(measurement, flush=True)
        places.close()


if __name__ == "__main__":
    main()
