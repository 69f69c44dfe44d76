"""A plan run step by step in this process: each gets what it takes, as the claim would hand it over."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from media.client import MediaHelper
from pipelines.catalog import Catalog
from pipelines.jobs import INPUTS, ArtifactRef
from pipelines.planning import Limits, Planned, plan
from pipelines.requests import parse_request
from pipelines.voices import Known
from storage.claims import Claim, SlotChild, Work
from storage.local import LocalArtifacts
from workers.contract import Audio, Device
from workers.heartbeat import Pulse
from workers.residency import Residency
from workers.steps import Result, Scratch, StepContext, perform
from workers.wav import read_wav, write_wav
from workers.weights import WeightStore, default_cache


@dataclass
class Chain:
    """Runs plans; what each step made stays here."""

    catalog: Catalog
    store: LocalArtifacts
    media: MediaHelper
    made: list[tuple[int, ArtifactRef]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.residency = Residency(self.catalog, WeightStore(default_cache()), Device())
        self._scratch = Scratch()

    def plan(self, body: dict[str, Any], known: Known | None = None) -> Planned:
        return plan(parse_request(body), self.catalog, Limits(), known)

    def run(
        self, body: dict[str, Any], recordings: Mapping[str, Audio | bytes] | None = None, known: Known | None = None
    ) -> Result:
        """What the last step gives; `recordings` are the job's inputs by role, as sound or as files of any format."""
        return self.go(self.plan(body, known), recordings)

    def go(self, planned: Planned, recordings: Mapping[str, Audio | bytes] | None = None) -> Result:
        """The same for what is planned already."""
        self.made = [
            (INPUTS, self.stored(role, sound if isinstance(sound, bytes) else write_wav(sound)))
            for role, sound in (recordings or {}).items()
        ]
        result = Result([])
        for number in range(len(planned.plan.steps)):
            result = self.step(planned, number)
            for output in result.outputs:
                assert not isinstance(output, ArtifactRef)
                content = output.content if isinstance(output.content, bytes) else output.content.read_bytes()
                ref = self.stored(output.role, content, output.media_type, output.seconds, output.sample_rate)
                self.made.append((number, ref))
            self._scratch.__exit__()
        return result

    def step(self, planned: Planned, number: int) -> Result:
        """One step's result; its files live until the next."""
        steps = planned.plan.steps
        step, sources = steps[number], planned.plan.sources(number) or [(number - 1, None)]
        inputs = [
            ref for index, role in sources for made, ref in self.made if made == index and role in {None, ref.role}
        ]
        work = Work(
            "job_1",
            number,
            len(steps),
            "speech",
            step.action,
            step.queue,
            step.model,
            step.options,
            planned.plan.route(number),
            inputs,
        )
        claim = Claim(work, SlotChild("cpu-1", "cpu-1:1:1.0"), 1, 0.0, 600.0)
        self._scratch.__exit__()
        self._scratch = Scratch()
        try:
            return perform(StepContext(work, self.store, self.residency, self.media, self._scratch, Pulse(claim)))
        except BaseException:
            self._scratch.__exit__()
            raise

    def stored(
        self,
        role: str,
        content: bytes,
        media_type: str = "audio/wav",
        seconds: float | None = None,
        sample_rate: int | None = None,
    ) -> ArtifactRef:
        key = f"test/{len(self.made)}-{hashlib.sha256(content).hexdigest()}"
        stored = self.store.put(key, io.BytesIO(content), media_type=media_type)
        return ArtifactRef(key, role, key, media_type, stored.bytes, stored.sha256, seconds, sample_rate)

    def document(self, role: str) -> dict[str, Any]:
        """The last JSON of that role."""
        ref = [ref for _, ref in self.made if ref.role == role][-1]
        document: dict[str, Any] = json.loads(self.store.read(ref.key, ref.sha256))
        return document

    def sound(self) -> Audio:
        """The last sound that was made."""
        ref = [ref for _, ref in self.made if ref.role == "audio"][-1]
        return read_wav(self.store.read(ref.key, ref.sha256))
