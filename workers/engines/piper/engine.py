"""Piper's English voices, spoken by a separate program: piper-tts is GPL-3 and never part of this process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Final, Self

import numpy as np

from pipelines.catalog import Model
from workers.contract import Audio, Device, Progress, SynthesisRequest
from workers.enginekit import Options
from workers.engines.piper.program import Program

VOICE: Final = "voice.onnx"


class Piper:
    """Implements Synthesizer. A program stays loaded between calls; calls at the same time have one each."""

    def __init__(self, model: Model, voice: Path, python: str) -> None:
        self._model = model
        self._voice = voice
        self._python = python
        self._lock = Lock()
        self._idle: list[Program] = [Program(python, voice)]

    @classmethod
    def load(cls, model: Model, weights: Path | None, device: Device) -> Self:
        """The model's setting `python` names an interpreter that has piper-tts; without it, the one we run in."""
        del device
        return cls(model, (weights or Path()) / VOICE, str(model.settings.get("python") or sys.executable))

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for program in idle:
            program.stop()

    def synthesize(self, request: SynthesisRequest) -> Iterator[Audio | Progress]:
        """Sentence by sentence. A call that is broken off ends its program, which may still be speaking."""
        options = Options.of(self._model, request.options)
        asked = {name: options.number(name) for name in ("speed", "noise_scale", "noise_w")}
        silence = options.number("sentence_silence")
        program = self._taken()
        finished = False
        try:
            for number, sentence in enumerate(program.speak({"text": request.text, **asked})):
                if number and silence:
                    pause = np.zeros(round(silence * sentence.sample_rate), np.float32)
                    yield Audio(pause, sentence.sample_rate)
                yield sentence
            finished = True
        finally:
            self._returned(program, usable=finished)

    def _taken(self) -> Program:
        with self._lock:
            program = self._idle.pop() if self._idle else None
        if program is not None and program.alive:
            return program
        if program is not None:
            program.stop()
        return Program(self._python, self._voice)

    def _returned(self, program: Program, *, usable: bool) -> None:
        """Keeps one for the next call."""
        with self._lock:
            kept = usable and not self._idle
            if kept:
                self._idle.append(program)
        if not kept:
            # A cancelled call has two seconds before its whole worker is ended, and a sentence may take longer.
            program.stop(at_once=not usable)
