"""A slot: one Celery worker process with one child. Run it with `python -m workers.slot --queue cpu --name cpu-1`."""

from __future__ import annotations

import argparse
import os
import socket
from collections.abc import Sequence

#: Read by numeric libraries when they are imported, so set before anything else is.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the slot until SIGTERM or SIGINT: the running step ends, or is handed back after HARMONY_SHUTDOWN_SECONDS.

    A second one ends the slot at once.
    """
    # Celery would read this at import and end the child at SIGTERM, without a word in its job's row.
    os.environ.pop("REMAP_SIGTERM", None)
    from storage import logs
    from storage.settings import StorageSettings
    from storage.slots import SlotFacts
    from workers.settings import WorkerSettings

    parser = argparse.ArgumentParser(prog="workers.slot", description=__doc__)
    parser.add_argument("--queues", "--queue", default="", help="comma-separated; default: the device found here")
    parser.add_argument("--name", default="", help="unique among the slots; default: the first queue, host and pid")
    options = parser.parse_args(arguments)

    settings = WorkerSettings()
    logs.configure(StorageSettings().log_level)
    queues = [queue for queue in options.queues.split(",") if queue] or _found_here()
    host = socket.gethostname()
    name = options.name or f"{queues[0]}-{host}-{os.getpid()}"
    os.environ |= {"HARMONY_SLOT_NAME": name, "HARMONY_SLOT_DEVICE": device_class(queues)}
    for variable in THREAD_VARIABLES:
        os.environ.setdefault(variable, str(settings.engine_threads))

    from workers.parent import serve

    serve(SlotFacts(name, queues, host, os.getpid(), device_class(queues), settings.engine_threads))


def device_class(queues: Sequence[str]) -> str:
    """The device class that the queues name: a pool's is before its dot; `io` and `webhook` run on the CPU."""
    classes = {queue.partition(".")[0] for queue in queues}
    return next((name for name in ("gpu-nvidia", "gpu-amd") if name in classes), "cpu")


def _found_here() -> list[str]:
    from workers.devices import find_device_classes

    return [device.value for device in find_device_classes()]


if __name__ == "__main__":
    main()
