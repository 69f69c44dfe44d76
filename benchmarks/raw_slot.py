"""A slot of the bare queue: `python -m benchmarks.raw_slot QUEUE`; Celery's worker as the product runs it."""

from __future__ import annotations

import os
import sys
from typing import Any

from celery import signals


def main() -> None:
    """Runs until SIGTERM."""
    os.environ.setdefault("REMAP_SIGTERM", "SIGQUIT")
    (queue,) = sys.argv[1:]
    from benchmarks.raw_chain import app
    from workers.parent import worker_arguments

    signals.setup_logging.connect(_no_logging, weak=False)
    app.set_current()
    app.worker_main(worker_arguments([queue], f"raw-{queue}@localhost"))


def _no_logging(**_: Any) -> None:  # noqa: ANN401 - Celery's signals send what they like
    """Connected so that Celery leaves logging alone, as in the product."""


if __name__ == "__main__":
    main()
