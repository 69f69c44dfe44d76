"""The helper process: `python -m media.helper PARENT_PID`; one request at a time, frames on stdin and stdout.

It dies with its worker, lowers its own limits before it opens anything, and answers every failure it survives.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, BinaryIO

from media.effects import Effects
from media.protocol import receive, receive_sound, send, send_sound

if TYPE_CHECKING:
    from media.streaming import Streams

PR_SET_PDEATHSIG = 1
OPEN_FILES = 32


def main() -> None:
    """Serves requests until the worker closes the pipe."""
    _die_with(int(sys.argv[1]))
    requests, answers = _own_pipes()
    # Loaded before the first limit: what a request may use is counted without it.
    import av.logging

    from media import codec, finishing, streaming

    # FFmpeg's own messages may quote what is in the file.
    av.logging.set_level(None)
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    send(answers, {"ready": True})
    streams = streaming.Streams()
    while (request := receive(requests)) is not None:
        if "stream" in request:
            _encode(codec, streams, request, requests, answers)
        else:
            send(answers, _answer(codec, finishing, request))


def _die_with(parent: int) -> None:
    """SIGKILL when the worker's starting thread ends; leaves at once if it already has."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Takes stdin and stdout away from libraries that might print."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return os.fdopen(requests, "rb"), os.fdopen(answers, "wb")


def _limit(request: dict[str, Any]) -> None:
    """Soft limits of this request; processor time counts from what earlier ones used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used = int(usage.ru_utime + usage.ru_stime) + 1
    _soft(resource.RLIMIT_CPU, used + int(request["cpu_seconds"]))
    _soft(resource.RLIMIT_AS, int(request["memory_bytes"]))
    _soft(resource.RLIMIT_FSIZE, int(request["output_bytes"]))


def _soft(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    resource.setrlimit(which, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _answer(codec: ModuleType, finishing: ModuleType, request: dict[str, Any]) -> dict[str, Any]:
    _limit(request)
    source, target = Path(request["source"]), Path(request["target"])
    try:
        match request["verb"]:
            case "decode":
                info = codec.decode(source, target, request["sample_rate"], request["audio_seconds"])
            case "encode":
                info = codec.encode(source, target, request["format"], request["sample_rate"])
            case "measure":
                info = finishing.measure(source, Effects(**request["effects"]), request["audio_seconds"])
            case _:
                info = finishing.render(source, target, Effects(**request["effects"]), request["audio_seconds"])
    except codec.MediaError as error:
        return {"code": error.code, "detail": error.detail}
    except MemoryError:
        return _failed(errno.ENOMEM)
    except (OSError, codec.FFmpegError) as error:
        return _failed(error.errno)
    return {"info": asdict(info)}


def _encode(
    codec: ModuleType, streams: Streams, request: dict[str, Any], requests: BinaryIO, answers: BinaryIO
) -> None:
    """Takes some of a sound that is being made, and answers with what it is encoded to."""
    sound = receive_sound(requests, request)
    if sound is None:
        # The worker has died in the middle.
        return
    _limit(request)
    try:
        encoded = streams.answer(request, sound)
    except MemoryError:
        send(answers, _failed(errno.ENOMEM))
    except (OSError, codec.FFmpegError) as error:
        send(answers, _failed(error.errno))
    else:
        if encoded is None:
            send(answers, {"code": "media_helper", "detail": "the media helper was started anew within the sound"})
        else:
            send_sound(answers, {}, encoded)


def _failed(number: int | None) -> dict[str, Any]:
    """What the system refused: a file over its limit, memory, else something wrong with the disk."""
    if number == errno.EFBIG:
        return {"code": "decode_limit", "detail": "the result is larger than one request may write"}
    if number == errno.ENOMEM:
        return {"code": "decode_limit", "detail": "decoding needs more memory than one request may use"}
    return {"code": "media_io", "detail": f"reading or writing failed: {errno.errorcode.get(number or 0, 'unknown')}"}


if __name__ == "__main__":
    main()
