"""Steps the clock of every process that has this folder on its path: SQLite's, which is the one that rows go by.

The file named by TEST_CLOCK holds the seconds that it is off by; it may change at any time.
"""

import os
import sqlite3
import time
from pathlib import Path
from typing import Any

_file = Path(os.environ["TEST_CLOCK"])
_connect = sqlite3.connect


def _julianday(_moment: str) -> float:
    off = float(_file.read_text(encoding="utf-8"))
    return (time.time() + off) / 86400.0 + 2440587.5


def _connect_shifted(*arguments: Any, **more: Any) -> sqlite3.Connection:
    connection: sqlite3.Connection = _connect(*arguments, **more)
    connection.create_function("julianday", 1, _julianday)
    return connection


sqlite3.connect = sqlite3.dbapi2.connect = _connect_shifted  # type: ignore[assignment]  # the driver's own name for it
