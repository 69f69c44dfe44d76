"""What was measured: a table with the targets beside the figures, and one flat JSON object."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

#: Figures and facts by name; numbers, or text where a number would say nothing.
Figures = dict[str, float | int | str]


@dataclass(frozen=True)
class Target:
    """What a figure should reach (issues 3 to 7)."""

    figure: str
    title: str
    bound: float
    unit: str = ""
    least: bool = False

    @property
    def words(self) -> str:
        return f"{'≥' if self.least else '≤'} {self.bound:g}{self.unit}"

    def met(self, value: float) -> bool:
        compare: Callable[[float, float], bool] = operator.ge if self.least else operator.le
        return compare(value, self.bound)


TARGETS = (
    Target("overhead_ratio_postgresql", "jobs/s of the raw chain's, PostgreSQL", 0.5, least=True),
    Target("overhead_ratio_sqlite", "jobs/s of the raw chain's, SQLite", 0.3, least=True),
    Target("idle_latency_p50_ms", "idle, POST to succeeded over the engine's time, p50", 40, " ms"),
    Target("efficiency_ratio_transcription", "bare engine's time of ours, transcription", 0.95, least=True),
    Target("efficiency_ratio_speech", "bare engine's time of ours, speech", 0.95, least=True),
    Target(
        "first_audio_spoken_1_added_p50_ms",
        "first sound by HTTP, later than the bare engine's, one stream, p50",
        30,
        " ms",
    ),
    Target("first_audio_spoken_1_added_p95_ms", "the same, p95", 60, " ms"),
    Target("first_audio_spoken_8_added_p50_ms", "the same with eight streams at once, p50", 30, " ms"),
    Target("first_audio_spoken_8_added_p95_ms", "the same with eight streams at once, p95", 60, " ms"),
    Target(
        "first_audio_paced_1_added_p50_ms", "the same of an engine that takes no processor, one stream, p50", 30, " ms"
    ),
    Target("first_audio_paced_1_added_p95_ms", "the same, p95", 60, " ms"),
    Target("first_audio_paced_8_added_p50_ms", "the same with eight streams at once, p50", 30, " ms"),
    Target("first_audio_paced_8_added_p95_ms", "the same with eight streams at once, p95", 60, " ms"),
    Target(
        "door_wav_added_p50_ms", "OpenAI's door, later than a bare FastAPI route, a sentence as wav, p50", 40, " ms"
    ),
    Target("door_mp3_added_p50_ms", "the same as mp3, p50", 70, " ms"),
    Target("door_transcription_added_p50_ms", "the same for a transcription of 5 s, p50", 70, " ms"),
    Target("upload_growth_mb", "growth of the API under uploads of 100 MB", 10, " MB"),
    Target("pss_api_mb", "PSS of the API after 100 requests", 130, " MB"),
    Target("pss_dispatcher_mb", "PSS of the dispatcher", 110, " MB"),
    Target("pss_worker_mb", "PSS of a slot, parent and child, before a model", 170, " MB"),
    Target("growth_sqlite_worst_ratio", "slowest call with a million jobs, of a thousand's, SQLite", 1.3),
    Target("growth_postgresql_worst_ratio", "slowest call with a million jobs, of a thousand's, PostgreSQL", 1.3),
    Target("growth_sqlite_claims_ratio", "claims with 100 waiting, of those with 100,000, SQLite", 1.3),
    Target("growth_postgresql_claims_ratio", "claims with 100 waiting, of those with 100,000, PostgreSQL", 1.3),
    Target("page_slowest_interactive_ms", "a page of the menu until it can be used, the slowest", 1000, " ms"),
    Target("ready_s", "`harmony up`, warm, until ready", 10, " s"),
    Target("families_outside_worst", "share of a family's call outside its network, the largest", 0.05),
    Target("melo_times_as_fast", "MeloTTS's network, times as fast as the outside package's", 1.0, least=True),
)
#: Figures that begin so have a table of their own.
APART = "family_"


def show(figures: Mapping[str, float | int | str], facts: Mapping[str, float | int | str], console: Console) -> bool:
    """Prints the table; whether every target that was measured is met."""
    table = Table(title="Harmony Speech Engine: benchmarks", caption=_caption(facts))
    for name, justify in (("figure", "left"), ("measured", "right"), ("target", "right"), ("", "left")):
        table.add_column(name, justify="right" if justify == "right" else "left")
    missed = False
    for target in TARGETS:
        value = figures.get(target.figure)
        if isinstance(value, str) or value is None:
            continue
        met = target.met(value)
        missed |= not met
        verdict = "[green]pass[/]" if met else "[red]miss[/]"
        table.add_row(target.title, f"{value:.3g}{target.unit}", target.words, verdict)
    table.add_section()
    named = {target.figure for target in TARGETS}
    for name, value in figures.items():
        if name not in named and not name.startswith(APART):
            table.add_row(name, value if isinstance(value, str) else f"{value:.4g}")
    console.print(table)
    return not missed


def write(path: Path, figures: Figures, facts: Figures) -> None:
    """Writes one flat object: the figures, then the machine's facts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rounded = {name: round(value, 4) if isinstance(value, float) else value for name, value in figures.items()}
    path.write_text(json.dumps(rounded | facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _caption(facts: Mapping[str, float | int | str]) -> str:
    shown = ("cpu_model", "cores", "memory_gb", "python", "kernel")
    return " · ".join(f"{name.replace('_', ' ')}: {facts[name]}" for name in shown if name in facts)
