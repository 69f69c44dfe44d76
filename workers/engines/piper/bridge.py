"""A program of its own: `python bridge.py VOICE.onnx` speaks what comes in on stdin, a JSON object per line.

It is the only file that imports piper (GPL-3) and is never imported itself; it needs nothing else of this repository.
Each answer is a line of JSON: `{"ready": true}` at first, then per sentence `{"bytes", "sample_rate"}` followed by so
many bytes of 16-bit sound, and `{"done": true}` or `{"error": KIND}` at the end of each request.
"""

from __future__ import annotations

import json
import sys
from typing import Any

#: The exit status of a program without piper.
MISSING = 3


def main(path: str) -> int:
    """Answers until stdin ends."""
    try:
        from piper import PiperVoice
    except ImportError:
        return MISSING
    voice = PiperVoice.load(path)
    _tell({"ready": True})
    for line in sys.stdin:
        try:
            _speak(voice, json.loads(line))
        except Exception as error:  # noqa: BLE001 - the other side is told, and the next request is served
            _tell({"error": type(error).__name__})
    return 0


def _speak(voice: Any, asked: dict[str, Any]) -> None:  # noqa: ANN401 - the library is imported at run time only
    from piper import SynthesisConfig

    manner = SynthesisConfig(
        length_scale=1 / asked["speed"], noise_scale=asked["noise_scale"], noise_w_scale=asked["noise_w"]
    )
    for sentence in voice.synthesize(asked["text"], manner):
        sound = sentence.audio_int16_bytes
        _tell({"bytes": len(sound), "sample_rate": sentence.sample_rate})
        sys.stdout.buffer.write(sound)
        sys.stdout.buffer.flush()
    _tell({"done": True})


def _tell(answer: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
