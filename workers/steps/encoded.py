"""The sound of a step in the format in which somebody listens, as far as it is certain by now."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import cast

from media.client import MediaHelper
from media.feeding import StreamEncoder
from media.formats import AudioFormat
from pipelines.errors import StepError
from storage.chunks import PCM
from workers.steps.gathering import GatheredSound


class EncodedSound:
    """The sound in the format in which somebody listens, from its beginning on."""

    def __init__(self, media: MediaHelper, sound: GatheredSound) -> None:
        self._media = media
        self._sound = sound
        self._encoder: StreamEncoder | None = None
        self._fed = 0
        self._ended = False
        #: Bytes that earlier attempts have stored: the same come again, as the encoder depends on the samples alone.
        self.skip = 0

    def expect(self, form: str | None) -> None:
        """Starts the helper, if it will be needed, while the first clause is made."""
        if form not in {None, PCM}:
            threading.Thread(target=self._start, name="media-start", daemon=True).start()

    def _start(self) -> None:
        # What keeps it from starting is said when it gets the first sound.
        with suppress(StepError):
            self._media.start()

    def more(self, form: str | None, rate: int, *, last: bool) -> bytes:
        """What is certain by now and was not had before; with the `last` the end. Nothing for samples as they are."""
        if form in {None, PCM} or rate == 0 or self._ended:
            return b""
        if self._encoder is None:
            self._encoder = self._media.stream(cast("AudioFormat", form), rate)
        made = b"".join(self._new(self._encoder.feed(piece)) for piece in self._sound.since(self._fed))
        self._fed = self._sound.size
        if last:
            made += self._new(self._encoder.finish())
            self._ended = True
        return made

    def _new(self, made: bytes) -> bytes:
        """Without what is stored already, piece by piece: of a book that would be too much to hold at once."""
        skipped = min(self.skip, len(made))
        self.skip -= skipped
        return made[skipped:]
