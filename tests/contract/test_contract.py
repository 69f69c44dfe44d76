"""What an author of a family may count on, and what we count on from every family: one suite over the catalog."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from pipelines.catalog import Capability
from tests.contract.subjects import FAMILIES, FILLED, PACKAGED, TEXTS, Call, Subject, same, subjects, tried
from workers.contract import Audio, Engine, Mel, Progress

pytestmark = [
    pytest.mark.models,
    # misaki opens its lexicon by a call that Python deprecates.
    pytest.mark.filterwarnings("ignore:open_text is deprecated:DeprecationWarning"),
]

SUBJECTS = list(subjects())
CALLS = [Call(subject, capability) for subject in SUBJECTS for capability in tried(subject.model)]
#: Seconds; made-up weights speak fast.
SHORTEST = 0.02
#: `make soak` sets it: calls that must not grow memory.
REPEATS = int(os.environ.get("HARMONY_SOAK_CALLS", "20"))
#: Memory may grow so much over all repeated calls, as a share of what the process had after the first few.
GROWTH = 0.02

Load = Callable[[Subject], Engine]
every_call = pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.subject.name}-{call.capability}")


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Load]:
    """Each engine once; the one before is closed when the next is asked for, so that they need not all fit."""
    held: dict[str, Engine] = {}

    def engine(subject: Subject) -> Engine:
        if subject.name not in held:
            for other in held.values():
                other.close()
            held.clear()
            held[subject.name] = subject.load(_folder(tmp_path_factory, subject))
        return held[subject.name]

    yield engine
    for last in held.values():
        last.close()


def _folder(factory: pytest.TempPathFactory, subject: Subject) -> Path:
    folder = factory.getbasetemp() / f"weights-{subject.name}"
    folder.mkdir(exist_ok=True)
    return folder


def test_every_family_is_under_this_contract() -> None:
    assert set(FAMILIES) == {*PACKAGED, *FILLED}


@every_call
def test_it_does_what_it_says(call: Call, load: Load) -> None:
    chunks = list(call.chunks(load(call.subject), 0))
    results = [chunk for chunk in chunks if not isinstance(chunk, Progress)]
    assert results
    for chunk in results:
        if isinstance(chunk, Audio):
            assert chunk.sample_rate == call.subject.model.family.sample_rate
            assert chunk.samples.dtype == np.float32
            assert np.isfinite(chunk.samples).all()
            assert np.abs(chunk.samples).max(initial=0) <= 1
        if isinstance(chunk, Mel):
            assert np.isfinite(chunk.frames).all()


SPEAKING = [call for call in CALLS if call.capability is Capability.SPEECH]


@pytest.mark.parametrize(
    ("call", "language"),
    [pytest.param(c, lang, id=f"{c.subject.name}-{lang}") for c in SPEAKING for lang in c.subject.model.languages],
)
def test_it_speaks_every_language_that_it_names(call: Call, language: str, load: Load) -> None:
    pieces = [
        chunk
        for chunk in call.speak(load(call.subject), TEXTS[language[:2].lower()], language, {})
        if isinstance(chunk, Audio)
    ]
    assert sum(piece.seconds for piece in pieces) > SHORTEST


@every_call
def test_the_same_call_gives_the_same_whatever_came_between(call: Call, load: Load) -> None:
    engine = load(call.subject)
    first = call.result(engine, 0)
    second = call.result(engine, 1)
    assert same(call.result(engine, 0), first)
    assert same(call.result(engine, 1), second)
    assert not same(first, second)


#: The others draw no random numbers: the same call gives the same without a seed.
SEEDED = [call for call in CALLS if "seed" in call.subject.model.options(call.capability)]


@pytest.mark.parametrize("call", SEEDED, ids=lambda call: f"{call.subject.name}-{call.capability}")
def test_another_seed_gives_another_result(call: Call, load: Load) -> None:
    engine = load(call.subject)
    assert not same(call.result(engine, 0, seed=1), call.result(engine, 0, seed=2))


@every_call
def test_calls_side_by_side_do_not_mix(call: Call, load: Load) -> None:
    engine = load(call.subject)
    alone = [call.result(engine, variant) for variant in (0, 1)]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda variant: call.result(engine, variant), (0, 1)))
    assert same(together[0], alone[0])
    assert same(together[1], alone[1])


@every_call
def test_it_can_be_stopped_between_two_chunks(call: Call, load: Load) -> None:
    engine = load(call.subject)
    whole = call.result(engine, 0)
    chunks = call.chunks(engine, 1)
    next(chunks)
    # What a cancelled step does.
    chunks.close()  # type: ignore[attr-defined] # every engine's method is a generator, which the protocol leaves open
    assert same(call.result(engine, 0), whole)


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_repeated_calls_do_not_grow_memory(subject: Subject, load: Load) -> None:
    engine = load(subject)
    call = Call(subject, tried(subject.model)[0])
    for _ in range(3):
        call.result(engine, 0)
    before = _resident()
    for _ in range(REPEATS):
        call.result(engine, 0)
    assert _resident() - before <= GROWTH * before + 1e6


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_memory_comes_back_after_unload(subject: Subject, load: Load, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = _folder(tmp_path_factory, subject)

    def cycle() -> float:
        call = Call(subject, tried(subject.model)[0])
        engine = subject.load(folder)
        call.result(engine, 0)
        engine.close()
        del engine
        gc.collect()
        return _resident()

    load(SUBJECTS[-1])  # the suite's own copy of this model is closed before its cycles are measured
    after_first = max(cycle(), cycle())
    weights = subject.model.weights
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if weights else 0
    assert cycle() - after_first <= 0.5 * max(size, weights.bytes if weights else 0) + 5e6


def _resident() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss)
