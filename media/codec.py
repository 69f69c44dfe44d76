"""Decoding and encoding on PyAV (FFmpeg). Runs only in the helper process: no engine, no database, no NumPy here.

FFmpeg gets the `file` protocol, a short list of demuxers and of audio decoders, one thread, and nothing else.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError

from media.formats import DECODERS, DEMUXERS, ENCODINGS, AudioFormat
from media.protocol import MediaInfo

WAV_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
#: Packets that cannot be decoded, out of all: a scratched recording is still one, noise is not.
MOST_BAD = 0.5


class MediaError(Exception):
    """The input cannot be used: a code of `pipelines.errors` with its sentence."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass
class _Count:
    """How decoding goes."""

    packets: int = 0
    bad: int = 0


def decode(source: Path, target: Path, sample_rate: int, audio_seconds: float) -> MediaInfo:
    """Any input to a WAV file: mono, 16 bits, `sample_rate` Hz. Streams, so memory stays flat."""
    with opened(source) as container, target.open("wb") as file:
        stream = sound_of(container)
        file.write(bytes(WAV_HEADER.size))
        written = 0
        count = _Count()
        most = int(audio_seconds * sample_rate)
        for frame in _resampled(_frames(container, stream, count), "s16", sample_rate):
            written += _write(file, frame)
            if written > most:
                raise MediaError("audio_too_long", f"the recording is longer than {audio_seconds:g} seconds")
        _judge(count, written)
        file.seek(0)
        file.write(wav_header(written, sample_rate))
        return _info(container, stream, written / sample_rate, sample_rate)


def encode(source: Path, target: Path, audio_format: AudioFormat, sample_rate: int) -> MediaInfo:
    """A file of ours to another format, at `sample_rate` Hz; two channels stay two."""
    encoding = ENCODINGS[audio_format]
    with opened(source) as container, av.open(f"file:{target}", "w", format=encoding.container) as output:
        stream = sound_of(container)
        stereo = stream.codec_context.channels == 2  # noqa: PLR2004 - channels
        layout = "stereo" if stereo else "mono"
        written = 0
        count = _Count()
        # The stub knows the kind of stream only for codecs given as literals.
        encoder = cast("AudioStream", output.add_stream(encoding.codec, rate=sample_rate, layout=layout))
        if encoding.bit_rate:
            encoder.bit_rate = encoding.bit_rate * (2 if stereo else 1)
        encoder.codec_context.thread_count = 1
        for frame in _resampled(_frames(container, stream, count), encoder.format.name, sample_rate, layout):
            frame.pts = written
            written += frame.samples
            output.mux(encoder.encode(frame))
        _judge(count, written)
        output.mux(encoder.encode(None))
        return _info(container, stream, written / sample_rate, sample_rate)


def opened(source: Path) -> InputContainer:
    """The file, read by what is listed only."""
    options = {
        "protocol_whitelist": "file",
        "format_whitelist": ",".join(DEMUXERS),
        "codec_whitelist": ",".join(DECODERS),
    }
    try:
        return av.open(f"file:{source}", options=options, metadata_errors="ignore")
    except FFmpegError as error:
        if error.errno == errno.ENOMEM:
            raise MemoryError from error
        raise _undecodable() from error


def sound_of(container: InputContainer) -> AudioStream:
    """Its first stream of sound."""
    stream = next(iter(container.streams.audio), None)
    if stream is None:
        raise MediaError("audio_no_stream", "the file holds no audio")
    context = stream.codec_context
    if getattr(context, "codec", None) is None or context.codec.name not in DECODERS:
        raise _undecodable()
    context.thread_count = 1
    return stream


def _frames(container: InputContainer, stream: AudioStream, count: _Count) -> Iterator[AudioFrame]:
    """Decoded frames in order; counts packets that cannot be decoded instead of stopping at the first."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except FFmpegError as error:
            # The container is broken here: what came before still counts.
            _count_bad(error, count)
            return
        if packet is None:
            return
        count.packets += 1
        try:
            yield from packet.decode()
        except FFmpegError as error:
            _count_bad(error, count)


def _count_bad(error: FFmpegError, count: _Count) -> None:
    """FFmpeg names a dozen ways in which data is wrong; only want of memory is something else."""
    if error.errno == errno.ENOMEM:
        raise MemoryError from error
    count.bad += 1


def _resampled(
    frames: Iterator[AudioFrame], sample_format: str, rate: int, layout: str = "mono"
) -> Iterator[AudioFrame]:
    """In one layout at one rate; starts anew where the input changes its own shape, as chained streams do."""
    resampler: AudioResampler | None = None
    shape: tuple[str, str, int] | None = None
    for frame in frames:
        if frame.sample_rate <= 0 or frame.samples == 0:
            continue
        frame.pts = None
        now = (frame.format.name, frame.layout.name, frame.sample_rate)
        if resampler is None or now != shape:
            if resampler is not None:
                yield from resampler.resample(None)
            resampler, shape = AudioResampler(format=sample_format, layout=layout, rate=rate), now
        yield from resampler.resample(frame)
    if resampler is not None:
        yield from resampler.resample(None)


def _write(file: BinaryIO, frame: AudioFrame) -> int:
    # A plane is padded beyond its samples.
    file.write(memoryview(frame.planes[0])[: frame.samples * 2])
    return frame.samples


def _judge(count: _Count, written: int) -> None:
    if count.bad and (written == 0 or count.bad > count.packets * MOST_BAD):
        raise _undecodable()
    if written == 0:
        raise MediaError("audio_empty", "the recording holds no sound")


def _undecodable() -> MediaError:
    return MediaError("audio_undecodable", "the file is not audio in a format that is read here, or it is damaged")


def wav_header(frames: int, rate: int, channels: int = 1) -> bytes:
    """What stands before the samples of a WAV of 16 bits."""
    frame = channels * 2
    size = frames * frame
    return WAV_HEADER.pack(
        b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, channels, rate, rate * frame, frame, 16, b"data", size
    )


def _info(container: InputContainer, stream: AudioStream, seconds: float, sample_rate: int) -> MediaInfo:
    context = stream.codec_context
    return MediaInfo(
        seconds=seconds,
        sample_rate=sample_rate,
        source_format=f"{container.format.name.partition(',')[0]}/{context.codec.canonical_name}",
        source_sample_rate=context.sample_rate,
        source_channels=context.channels,
    )
