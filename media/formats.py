"""Formats by name: what we write, at which rates, and what FFmpeg may read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pipelines.formats import WRITTEN_RATES

AudioFormat = Literal["wav", "flac", "mp3", "opus", "aac", "pcm"]

#: format → (media type, file name extension). `pcm` is raw: signed, 16 bits, little-endian, channels interleaved.
MEDIA_TYPES: dict[AudioFormat, tuple[str, str]] = {
    "wav": ("audio/wav", "wav"),
    "flac": ("audio/flac", "flac"),
    "mp3": ("audio/mpeg", "mp3"),
    "opus": ("audio/ogg", "opus"),
    "aac": ("audio/aac", "aac"),
    "pcm": ("application/octet-stream", "pcm"),
}


@dataclass(frozen=True)
class Encoding:
    """How FFmpeg writes a format. `rates` are the sampling rates it can carry, rising; none means any."""

    container: str
    codec: str
    rates: tuple[int, ...] = ()
    bit_rate: int | None = None


ENCODINGS: dict[AudioFormat, Encoding] = {
    "wav": Encoding("wav", "pcm_s16le"),
    "flac": Encoding("flac", "flac"),
    "mp3": Encoding("mp3", "libmp3lame", WRITTEN_RATES["mp3"], 96_000),
    "opus": Encoding("ogg", "libopus", WRITTEN_RATES["opus"], 48_000),
    "aac": Encoding("adts", "aac", WRITTEN_RATES["aac"], 96_000),
    "pcm": Encoding("s16le", "pcm_s16le"),
}

#: Demuxers by FFmpeg's names; `ogg` is opus too, `mov` m4a and mp4, `matroska` webm. No playlists, no protocols.
DEMUXERS = ("wav", "w64", "mp3", "flac", "ogg", "aac", "mov", "matroska")

#: Decoders by FFmpeg's names; also keeps it from probing video.
DECODERS = (
    "aac",
    "ac3",
    "adpcm_ima_wav",
    "adpcm_ms",
    "alac",
    "eac3",
    "flac",
    "libopus",
    "mp1float",
    "mp2",
    "mp2float",
    "mp3",
    "mp3float",
    "opus",
    "pcm_alaw",
    "pcm_f32be",
    "pcm_f32le",
    "pcm_f64be",
    "pcm_f64le",
    "pcm_mulaw",
    "pcm_s16be",
    "pcm_s16le",
    "pcm_s24be",
    "pcm_s24le",
    "pcm_s32be",
    "pcm_s32le",
    "pcm_s8",
    "pcm_u8",
    "vorbis",
)


def written_rate(audio_format: AudioFormat, rate: int) -> int:
    """The rate a format is written at when the sound has `rate`: the same, else the next one up, else the highest."""
    rates = ENCODINGS[audio_format].rates
    return rate if not rates else next((known for known in rates if known >= rate), rates[-1])


def can_write(audio_format: AudioFormat, rate: int) -> bool:
    """Whether a format carries exactly this rate."""
    rates = ENCODINGS[audio_format].rates
    return not rates or rate in rates
