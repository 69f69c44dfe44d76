"""The options of a call as arguments of the library: its names, and what it expects where nothing is asked for."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, Final

from pipelines.errors import PermanentError
from workers.enginekit import Options

#: Options that the library knows by the same name, by how they are read.
_NUMBERS: Final = (
    "patience",
    "length_penalty",
    "repetition_penalty",
    "compression_ratio_threshold",
    "log_prob_threshold",
    "no_speech_threshold",
    "prompt_reset_on_temperature",
    "max_initial_timestamp",
    "language_detection_threshold",
)
_INTEGERS: Final = ("beam_size", "best_of", "no_repeat_ngram_size", "language_detection_segments")
_FLAGS: Final = (
    "word_timestamps",
    "condition_on_previous_text",
    "suppress_blank",
    "without_timestamps",
    "multilingual",
)

#: A pause that ends speech, in ms: the library's own choice, and ours for batches. Its own for them, 160, cuts between
#: words that belong together, and some at the cuts are lost.
_SILENCE: Final = 2000
_SILENCE_IN_BATCHES: Final = 500


def arguments(options: Options) -> dict[str, Any]:
    """What the library's `transcribe` takes, in batches if `batch_size` is above 1; PermanentError `invalid_option`."""
    batched = options.integer("batch_size") > 1
    made: dict[str, Any] = {name: options.number(name) for name in _NUMBERS}
    made |= {name: options.integer(name) for name in _INTEGERS}
    made |= {name: options.flag(name) for name in _FLAGS}
    made |= {
        "temperature": _temperatures(options),
        "suppress_tokens": [int(token) for token in _listed(options, "suppress_tokens")],
        "max_new_tokens": options.integer("max_new_tokens") or None,
        "initial_prompt": options.text("prompt") or None,
        "prefix": options.text("prefix") or None,
        "hotwords": options.text("hotwords") or None,
        "hallucination_silence_threshold": options.number_or_none("hallucination_silence_threshold"),
        # Only speech can be cut into windows that stand for themselves.
        "vad_filter": batched or options.flag("vad_filter"),
        "vad_parameters": _vad(options, batched=batched),
    }
    clips = _clips(options)
    if batched:
        if clips:
            raise _refused("clip_timestamps", "cannot be heard in batches; leave batch_size or clip_timestamps out")
        made["batch_size"] = options.integer("batch_size")
        # With places of segments in the text, what follows the last one in a window would be lost.
        made["without_timestamps"] = True
    elif clips:
        made["clip_timestamps"] = clips
    return made


def _temperatures(options: Options) -> list[float]:
    """The temperature that is asked for; the likeliest text (0) has others to fall back to."""
    temperature = options.number("temperature")
    return [temperature] if temperature > 0 else [0.0, *_listed(options, "temperature_fallback")]


def _vad(options: Options, *, batched: bool) -> dict[str, Any]:
    threshold, neg_threshold = options.number("vad_threshold"), options.number_or_none("vad_neg_threshold")
    if neg_threshold is not None and neg_threshold > threshold:
        raise _refused("vad_neg_threshold", f"must not be above vad_threshold ({threshold:g})")
    silence = options.number_or_none("vad_min_silence_duration_ms")
    longest = options.number_or_none("vad_max_speech_duration_s")
    return {
        "threshold": threshold,
        "neg_threshold": neg_threshold,
        "min_speech_duration_ms": options.integer("vad_min_speech_duration_ms"),
        "max_speech_duration_s": math.inf if longest is None else longest,
        "min_silence_duration_ms": int((_SILENCE_IN_BATCHES if batched else _SILENCE) if silence is None else silence),
        "speech_pad_ms": options.integer("vad_speech_pad_ms"),
    }


def _clips(options: Options) -> list[float]:
    clips = _listed(options, "clip_timestamps")
    if any(later <= earlier for earlier, later in pairwise(clips)):
        raise _refused("clip_timestamps", "must rise from one to the next")
    return clips


def _listed(options: Options, name: str) -> list[float]:
    return [float(part) for part in options.text(name).split(",") if part.strip()]


def _refused(name: str, message: str) -> PermanentError:
    return PermanentError(f"{name} {message}.", code="invalid_option", field=f"options.{name}")
