"""Encoding sound while it is made, on PyAV (FFmpeg). Runs only in the helper process, like `media.codec`.

What an encoder has given is never taken back: it writes to a place where nobody can go back to, so no header is mended
at the end. The same samples give the same bytes whatever pieces they come in, because the codec gets them in blocks of
one length; and so a second run over the beginning gives the same beginning (by one build of FFmpeg on processors with
the same vector instructions; rounding may differ on others).
"""

from __future__ import annotations

from typing import Any, cast

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.codec.context import Flags

from media.formats import ENCODINGS, AudioFormat, written_rate

#: Samples that the codec gets at a time: so many in a second.
_BLOCKS = 100
_BYTES = 2
#: Streams of one helper that have begun and not ended. A step that failed leaves one behind.
_MOST_STREAMS = 8

#: No times, random serial numbers or versions in what is written, and each packet goes out at once.
_PLAIN = {"fflags": "+bitexact", "flush_packets": "1"}

#: By container: an Ogg page for each packet, no MP3 header that tells a length, no room for FLAC's later marks.
_OPTIONS = {
    "ogg": {"page_duration": "20000"},
    "mp3": {"write_xing": "0", "id3v2_version": "0"},
    "adts": {},
    "flac": {"metadata_header_padding": "0"},
}


class Encoder:
    """Mono samples of 16 bits in, bytes of one format out, at `sample_rate` Hz or the next that the format can have.

    Kept back until more comes, as a decoder hears it at 24 kHz: Opus 26 to 56 ms (its look-ahead of 6.5 ms, a frame of
    20 ms, and each page waits for the next one), MP3 40 to 90 ms and AAC 40 to 110 ms (a frame or two, and the mixing
    of neighbours), FLAC up to 106 ms (its block). At 8 kHz MP3 and AAC keep up to 250 ms. `finish` gives the rest.
    MP3 and AAC add silence, in all up to two frames and 1,105 samples, for a stream has no header that counts it.
    """

    def __init__(self, form: AudioFormat, sample_rate: int) -> None:
        encoding = ENCODINGS[form]
        self._written = _Written()
        self._rate = sample_rate
        self._block = max(1, sample_rate // _BLOCKS) * _BYTES
        self._waiting = bytearray()
        self._samples = 0
        options = _PLAIN | _OPTIONS[encoding.container]
        self._output = av.open(self._written, "w", format=encoding.container, options=options)
        rate = written_rate(form, sample_rate)
        # The stub knows the kind of stream only for codecs given as literals.
        self._stream = cast("AudioStream", self._output.add_stream(encoding.codec, rate=rate, layout="mono"))
        if encoding.bit_rate:
            self._stream.bit_rate = encoding.bit_rate
        self._stream.codec_context.thread_count = 1
        self._stream.codec_context.flags |= Flags.bitexact
        self._resampler = AudioResampler(format=self._stream.format.name, layout="mono", rate=rate)

    def feed(self, pcm: bytes) -> bytes:
        """Takes samples (s16le); returns the bytes that are certain by now, perhaps none."""
        self._waiting += pcm
        whole = len(self._waiting) // self._block * self._block
        for start in range(0, whole, self._block):
            self._encode(self._frame(bytes(self._waiting[start : start + self._block])))
        del self._waiting[:whole]
        return self._written.take()

    def finish(self) -> bytes:
        """The last bytes; nothing may be fed any more. Of no samples at all a file of no sound."""
        rest = len(self._waiting) // _BYTES * _BYTES
        if rest:
            self._encode(self._frame(bytes(self._waiting[:rest])))
        self._encode(None)
        self._output.mux(self._stream.encode(None))
        self._output.close()
        return self._written.take()

    def _frame(self, pcm: bytes) -> AudioFrame:
        frame = AudioFrame(format="s16", layout="mono", samples=len(pcm) // _BYTES)
        frame.sample_rate = self._rate
        plane = frame.planes[0]
        # A plane is padded beyond its samples.
        plane.update(pcm + bytes(plane.buffer_size - len(pcm)))
        return frame

    def _encode(self, frame: AudioFrame | None) -> None:
        for resampled in self._resampler.resample(frame):
            resampled.pts = self._samples
            self._samples += resampled.samples
            self._output.mux(self._stream.encode(resampled))


class _Written:
    """A file that only grows: without `seek`, FFmpeg takes it for a pipe."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def write(self, data: bytes) -> int:
        self._bytes += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._bytes)
        self._bytes.clear()
        return taken


class Streams:
    """The encoders of streams that have begun and not ended, by number; of too many the oldest is forgotten."""

    def __init__(self) -> None:
        self._encoders: dict[int, Encoder] = {}

    def answer(self, request: dict[str, Any], sound: bytes) -> bytes | None:
        """What comes of these samples, with `end` also what was kept back; None for a stream that is not known."""
        number = int(request["stream"])
        if "format" in request:
            while len(self._encoders) >= _MOST_STREAMS:
                del self._encoders[next(iter(self._encoders))]
            self._encoders[number] = Encoder(request["format"], request["sample_rate"])
        encoder = self._encoders.get(number)
        if encoder is None:
            return None
        encoded = encoder.feed(sound)
        if request["end"]:
            del self._encoders[number]
            encoded += encoder.finish()
        return encoded
