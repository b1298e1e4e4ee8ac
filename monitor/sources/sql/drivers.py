"""What the drivers are taught, so that no value and no lost connection makes them fail.

Each driver is imported only where its database is a source.
"""

from typing import Any

from monitor.sources.cells import cell_text

_PSYCOPG_TIMES = ("date", "time", "timetz", "timestamp", "timestamptz", "interval")


def read_any_text(connection: Any) -> None:
    """Text of an SQLite file comes as its bytes: old programs leave GB18030 there.

    Whole columns of them become text sooner than a function would for each cell.
    """
    connection.text_factory = bytes


def plain_text(value: Any) -> Any:
    """A cursor's value out of such a file."""
    return cell_text(value) if isinstance(value, bytes) else value


def read_any_time(connection: Any) -> None:
    """Times that Python has no value for (infinity, 24:00, years before 1) come as their text."""
    from psycopg import DataError
    from psycopg.adapt import Buffer, Loader
    from psycopg.pq import Format

    for name in _PSYCOPG_TIMES:
        oid = connection.adapters.types[name].oid
        usual = connection.adapters.get_loader(oid, Format.TEXT)

        class Lenient(Loader):
            _usual = usual

            def __init__(self, oid: int, context: Any = None) -> None:
                super().__init__(oid, context)
                self._reader = self._usual(oid, context)

            def load(self, data: Buffer) -> Any:
                try:
                    return self._reader.load(data)
                except DataError:
                    return bytes(data).decode()

        connection.adapters.register_loader(oid, Lenient)


def pymysql_arguments() -> dict[str, Any]:
    """A cursor that streams and can be left, and BIT as the number that it is."""
    from pymysql.constants import FIELD_TYPE
    from pymysql.converters import conversions
    from pymysql.cursors import SSCursor

    class Streaming(SSCursor):
        """PyMySQL reads a result to its end before it closes; there is none where the line is cut.

        Without this a lost connection leaves tracebacks on standard error.
        """

        _result: Any

        def close(self) -> None:
            is_cut = self.connection is not None and not self.connection.open
            if is_cut and self._result is not None:
                self._result.unbuffered_active = False
            super().close()

        __del__ = close

    bits = {FIELD_TYPE.BIT: lambda delivered: int.from_bytes(delivered, "big")}
    return {"cursorclass": Streaming, "conv": conversions | bits}
