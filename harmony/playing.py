"""Playing sound while it comes, by whichever player the machine has."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO

#: The head of a WAV file of 16 bits, one channel: its sample rate, and the two places that say how long it is.
_HEAD = 44
_RATE_AT, _LENGTH_AT = 24, 40
_ENDLESS = 0xFFFFFFFF

#: In the order of preference; `{rate}` is the sample rate in Hz. Each reads WAV, or its samples, from standard input.
_PLAYERS = {
    "aplay": ("-q", "-t", "raw", "-f", "S16_LE", "-c", "1", "-r", "{rate}", "-"),
    "paplay": ("--raw", "--format=s16le", "--channels=1", "--rate={rate}"),
    "ffplay": ("-nodisp", "-autoexit", "-loglevel", "error", "-f", "wav", "-i", "-"),
}
_READS_HEAD = frozenset({"ffplay"})


class NoPlayer(Exception):
    """This machine cannot play; the sentence says what to do instead."""


def find_player() -> str:
    """The first player that is installed; NoPlayer."""
    for name in _PLAYERS:
        if shutil.which(name):
            return name
    names = ", ".join(_PLAYERS)
    raise NoPlayer(f"none of {names} is on this machine: install one, or write to a file with -o hello.wav")


def play(player: str, wav: Iterator[bytes]) -> None:
    """Plays a WAV stream (16 bits, one channel) as it comes, to its end; NoPlayer if the player gives up."""
    head, rest = _head(wav)
    (rate,) = struct.unpack_from("<I", head, _RATE_AT)
    arguments = [part.format(rate=rate) for part in _PLAYERS[player]]
    with subprocess.Popen([player, *arguments], stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        if process.stdin is None or process.stderr is None:
            raise RuntimeError("the player was started without pipes")
        try:
            process.stdin.write(head + rest if player in _READS_HEAD else rest)
            for chunk in wav:
                process.stdin.write(chunk)
                process.stdin.flush()
            process.stdin.close()
        except BrokenPipeError:
            pass  # it has said why, below
        said = process.stderr.read().decode(errors="replace").strip()
    if process.returncode:
        raise NoPlayer(f"{player} does not play: {said.splitlines()[-1] if said else process.returncode}")


def write(chunks: Iterator[bytes], file: IO[bytes]) -> int:
    """Writes each chunk at once; how many bytes there were."""
    total = 0
    for chunk in chunks:
        file.write(chunk)
        file.flush()
        total += len(chunk)
    return total


def say_length(path: Path) -> None:
    """Puts the length into a WAV file that was written while nobody knew it."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        head = file.read(_HEAD)
        if len(head) < _HEAD or head[:4] != b"RIFF" or struct.unpack_from("<I", head, _LENGTH_AT)[0] != _ENDLESS:
            return
        file.seek(4)
        file.write(struct.pack("<I", min(size - 8, _ENDLESS)))
        file.seek(_LENGTH_AT)
        file.write(struct.pack("<I", min(size - _HEAD, _ENDLESS)))


def _head(wav: Iterator[bytes]) -> tuple[bytes, bytes]:
    """The first bytes, up to the samples, and what came with them."""
    came = b""
    for chunk in wav:
        came += chunk
        if len(came) >= _HEAD:
            return came[:_HEAD], came[_HEAD:]
    raise NoPlayer("there is nothing to play: the sound ended within its head")
