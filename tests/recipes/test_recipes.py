"""Every program in `docs/recipes`, run as it stands: by bash and curl, Python, Node."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.recipes.conftest import Kitchen
from tests.services.npm import NODE, node_modules

RECIPES = Path(__file__).parents[2] / "docs" / "recipes"
#: Whose lock file has OpenAI's SDK.
_PACKAGES = RECIPES.parents[1] / "tests" / "conformance" / "node"
FILES = sorted(path.name for path in RECIPES.glob("*.md") if path.name != "README.md")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
#: What runs a block, by its language; `console` shows what a person types elsewhere.
_RUNNERS = {"bash": ["bash", "-euo", "pipefail"], "python": [sys.executable], "javascript": [str(NODE)]}
_SUFFIXES = {"bash": ".sh", "python": ".py", "javascript": ".mjs"}

#: What each recipe must have made or said, beside ending without an error.
FILES_MADE = {
    "curl.md": {"morning.wav": b"RIFF", "hello.mp3": b"", "spoken.wav": b"RIFF"},
    "python.md": {"morning.mp3": b"", "talk.json": b"{"},
    "openai-python.md": {"morning.mp3": b""},
    "node.md": {"morning.mp3": b""},
    "cloning.md": {"morning.wav": b"RIFF", "evening.wav": b"RIFF", "converted.wav": b"RIFF"},
    "long-text.md": {"book.mp3": b"", "book.wav": b"RIFF"},
    "subtitles.md": {"talk.srt": b"1\n", "talk.vtt": b"WEBVTT", "talk.txt": b"", "english.srt": b"1\n"},
    "webhooks.md": {},
}
WORDS_SAID = {
    "curl.md": ["event: job.succeeded", "x-job-id: job_"],
    "python.md": ["unknown_voice", "options.voice"],
    "openai-python.md": ["job: job_", "succeeded"],
    "node.md": ["event: job.succeeded", "audio/wav", "orning"],
    "cloning.md": ["ready"],
    "long-text.md": ["job.succeeded", "eighteen"],
    "subtitles.md": [],
    "webhooks.md": ["job.succeeded job_"],
}

pytestmark = [
    pytest.mark.models,
    pytest.mark.slow,
    pytest.mark.stack,
    pytest.mark.xdist_group("recipes"),
]


@pytest.mark.parametrize("name", FILES)
def test_the_recipe_runs(name: str, kitchen: Kitchen, table: Path) -> None:
    blocks = [(language, code) for language, code in _BLOCK.findall(_text(name, kitchen)) if language in _RUNNERS]
    assert blocks
    said = "".join(_run(table, number, *block, kitchen) for number, block in enumerate(blocks))
    for made, begin in FILES_MADE[name].items():
        content = (table / made).read_bytes()
        assert content, made
        assert content.startswith(begin), made
    for words in WORDS_SAID[name]:
        assert words in said


def test_every_recipe_is_listed() -> None:
    listed = re.findall(r"\]\((\w[\w-]*\.md)\)", (RECIPES / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == FILES == sorted(FILES_MADE) == sorted(WORDS_SAID)


def _text(name: str, kitchen: Kitchen) -> str:
    """The recipe with the addresses of this run: nothing else is changed."""
    text = (RECIPES / name).read_text(encoding="utf-8")
    moved = {
        "http://127.0.0.1:8000": kitchen.url,
        ":9000": f":{kitchen.hook_port}",
        ", 9000)": f", {kitchen.hook_port})",
    }
    for old, new in moved.items():
        text = text.replace(old, new)
    return text


def _run(table: Path, number: int, language: str, code: str, kitchen: Kitchen) -> str:
    """What the block prints."""
    if 'from "openai"' in code and not (table / "node_modules").exists():
        (table / "node_modules").symlink_to(node_modules(_PACKAGES))
    program = table / f"block-{number}{_SUFFIXES[language]}"
    program.write_text(code, encoding="utf-8")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [*_RUNNERS[language], str(program)],
        check=False,
        cwd=table,
        env={**os.environ, "PATH": path, "HARMONY_URL": kitchen.url, "PYTHONPATH": str(RECIPES.parents[1])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, f"{code}\n{done.stdout}\n{done.stderr}"
    return done.stdout
