"""Post-processing on FFmpeg's filters, in the helper: one pass over a file, sample by sample, so memory stays flat.

Loudness and true peak are FFmpeg's `ebur128`, after ITU-R BS.1770-4 and EBU R 128.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.error import BlockingIOError as NotYet
from av.error import EOFError as NoMore
from av.filter import Graph

from media.codec import MediaError, opened, sound_of, wav_header
from media.effects import Effects, Measured

#: `ebur128` says this of what its gate lets nothing through of.
_GATE: Final = -70.0
#: One `atempo` goes no slower.
_SLOWEST_TEMPO: Final = 0.5
#: A true peak lies between samples; it is held back where four times as many are known (BS.1770-4, annex 2).
_OVERSAMPLING: Final = 4
_LIMITER: Final = "attack=5:release=60:level=0:latency=1"
_METER: Final = "metadata=1:peak=true"

_Filters = list[tuple[str, str]]


def measure(source: Path, effects: Effects, audio_seconds: float) -> Measured:
    """What the sound measures with these effects; nothing is written."""
    return _pass(source, effects, audio_seconds, lambda _: None)


def render(source: Path, target: Path, effects: Effects, audio_seconds: float) -> Measured:
    """The sound with these effects as a WAV of 16 bits, measured as it is written."""
    with target.open("wb") as file:
        file.write(wav_header(0, 1))

        def write(frame: AudioFrame) -> None:
            # A plane is padded beyond its samples.
            file.write(memoryview(frame.planes[0])[: frame.samples * 2 * effects.channels])

        measured = _pass(source, effects, audio_seconds, write)
        file.seek(0)
        file.write(wav_header(measured.samples, measured.sample_rate, measured.channels))
    return measured


def _pass(source: Path, effects: Effects, audio_seconds: float, take: Callable[[AudioFrame], None]) -> Measured:
    with opened(source) as container:
        stream = sound_of(container)
        rate = effects.sample_rate or stream.codec_context.sample_rate
        # Played slowly it may become longer than it may come in.
        most = int(audio_seconds * rate / min(1.0, effects.speed)) + rate
        meter = _Meter()
        samples = 0
        filters = _chain(effects, rate, stream)
        for frame in _filtered(container.decode(stream), stream, filters, meter):
            samples += frame.samples
            if samples > most:
                raise MediaError("audio_too_long", f"the sound is longer than {audio_seconds:g} seconds")
            take(frame)
    if samples == 0:
        raise MediaError("audio_empty", "nothing of the sound is left")
    return Measured(samples, rate, effects.channels, meter.loudness, meter.peak)


class _Meter:
    """The loudness and the true peak of all that has gone by."""

    loudness: float | None = None
    peak: float | None = None

    def note(self, metadata: dict[str, str]) -> None:
        """What a frame says of all until its end; what the meter held back at the end says nothing."""
        if "lavfi.r128.I" not in metadata:
            return
        loudness, highest = float(metadata["lavfi.r128.I"]), float(metadata["lavfi.r128.true_peak"])
        self.loudness = loudness if math.isfinite(loudness) and loudness > _GATE else None
        self.peak = round(20 * math.log10(highest), 2) if highest > 0 else None


def _chain(effects: Effects, rate: int, source: AudioStream) -> _Filters:
    """The filters by FFmpeg's names, with what they are told."""
    own_rate, own_channels = source.codec_context.sample_rate, source.codec_context.channels
    samples = effects.samples(own_rate, rate)
    filters: _Filters = []
    if effects.end is not None:
        # Filters keep what they have not seen enough of: silence behind the sound brings it out, and goes in the end.
        filters += [
            ("atrim", f"start_sample={effects.begin}:end_sample={effects.end}"),
            ("asetpts", "PTS-STARTPTS"),
            ("apad", f"pad_len={own_rate}"),
        ]
    filters += _tempo(effects.speed)
    filters.append(("aresample", f"{rate}:filter_size=64:cutoff=0.97"))
    if effects.channels != own_channels:
        # One voice in the middle: each side has it as loud as it came.
        filters.append(("pan", "stereo|c0=c0|c1=c0" if effects.channels == 2 else "mono|c0=c0"))  # noqa: PLR2004
    if effects.fade_in:
        filters.append(("afade", f"type=in:nb_samples={max(1, round(effects.fade_in * rate))}:curve=tri"))
    if effects.fade_out and samples is not None:
        begun = max(0, samples - max(1, round(effects.fade_out * rate)))
        filters.append(("afade", f"type=out:start_sample={begun}:nb_samples={samples - begun}:curve=tri"))
    if effects.gain:
        filters.append(("volume", f"{effects.gain:.4f}dB:precision=double"))
    if effects.ceiling is not None:
        limit = 10 ** (effects.ceiling / 20)
        fine = rate * _OVERSAMPLING
        filters += [("aresample", f"{fine}"), ("alimiter", f"limit={limit:.6f}:{_LIMITER}"), ("aresample", f"{rate}")]
    if samples is not None:
        filters.append(("atrim", f"end_sample={samples}"))
    layout = "stereo" if effects.channels == 2 else "mono"  # noqa: PLR2004 - channels
    return [*filters, ("ebur128", _METER), ("aformat", f"sample_fmts=s16:channel_layouts={layout}")]


def _tempo(speed: float) -> _Filters:
    if speed == 1.0:
        return []
    # A frame of too few samples to make one of is an error to it.
    even = ("asetnsamples", "1024")
    slow = [] if speed >= _SLOWEST_TEMPO else [("atempo", f"{_SLOWEST_TEMPO}")]
    return [even, *slow, ("atempo", f"{speed / _SLOWEST_TEMPO if slow else speed:.6f}")]


def _filtered(
    frames: Iterator[AudioFrame], stream: AudioStream, filters: _Filters, meter: _Meter
) -> Iterator[AudioFrame]:
    graph = Graph()
    last = source = graph.add_abuffer(template=stream)
    for name, said in filters:
        following = graph.add(name, said)
        last.link_to(following)
        last = following
    last.link_to(graph.add("abuffersink"))
    graph.configure()
    position = 0
    for frame in frames:
        # Filters that know time go by the samples, not by what a container says.
        frame.pts = position
        position += frame.samples
        try:
            source.push(frame)
        except NoMore:
            # All that is wanted has gone by.
            break
        yield from _ready(graph, meter)
    else:
        source.push(None)
    yield from _ready(graph, meter)


def _ready(graph: Graph, meter: _Meter) -> Iterator[AudioFrame]:
    while True:
        try:
            frame = graph.pull()
        except (NotYet, NoMore):
            return
        if isinstance(frame, AudioFrame):
            meter.note(frame.metadata)
            yield frame
