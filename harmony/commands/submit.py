"""`harmony submit`: one job, from a text or a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.catalog import Capability

#: Kinds that read text; every other kind listens to audio.
_READS_TEXT = frozenset({Capability.SPEECH})


def submit(
    kind: Annotated[Capability, typer.Argument(help="What to do.")],
    source: Annotated[
        str | None, typer.Argument(metavar="[INPUT]", help="The text to speak, or the audio file.")
    ] = None,
    *,
    text: Annotated[str | None, typer.Option(help="The text to speak; - reads standard input.")] = None,
    file: Annotated[Path | None, typer.Option(help="The audio file, or a file with the text.")] = None,
    model: Annotated[str | None, typer.Option(help="A name of `harmony models list`; else the default.")] = None,
    voice: Annotated[str | None, typer.Option(help="A voice of the model, or the id of a saved one.")] = None,
    reference: Annotated[Path | None, typer.Option(help="Of speech: a recording of whom to sound like.")] = None,
    target: Annotated[
        Path | None, typer.Option(help="Of voice_conversion: a recording of whose voice to take.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Language as a tag: en, es-MX.")] = None,
    form: Annotated[str | None, typer.Option("--format", help="wav, flac, mp3, opus, aac, pcm.")] = None,
    option: Annotated[list[str] | None, typer.Option(help="One more option of the model: NAME=VALUE.")] = None,
    label: Annotated[list[str] | None, typer.Option(help="A label to find the job by: KEY=VALUE.")] = None,
    priority: Annotated[str, typer.Option(help="deferrable, low, normal or high.")] = "normal",
    webhook: Annotated[str | None, typer.Option(help="Address to call when the job has ended.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the end and show the result.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Write the result here, - is standard output; speech as it is made."),
    ] = None,
    play: Annotated[bool, typer.Option("--play", help="Play the sound while it is made.")] = False,
    url: Annotated[str | None, typer.Option(help="The server; default: HARMONY_URL.")] = None,
) -> None:
    """Submit a job; print its id, or with --wait its result; with --play or -o hear it while it is made."""
    from harmony.commands.following import follow, show_result
    from harmony.commands.hearing import check_hearing, hear
    from harmony.console import client

    converts = kind is Capability.VOICE_CONVERSION
    named = {"voice": None if converts else voice, "language": language, "format": form}
    job: dict[str, Any] = {
        "kind": kind.value,
        "priority": priority,
        "options": {
            **{name: value for name, value in named.items() if value is not None},
            **{name: _value(value) for name, value in pairs(option, "--option").items()},
        },
        "labels": pairs(label, "--label"),
    }
    if model is not None:
        job["model"] = model
    if webhook is not None:
        job["webhook"] = {"url": webhook}
    audio = _input(job, kind, source, text, file)
    _check_voices(kind, voice, reference, target)
    if converts and target is None:
        job["input"] = {"target": {"voice": voice}}
    player = check_hearing(output, playing=play)
    with client(url) as server:
        accepted = server.submit(job, audio=audio, reference=reference, target=target)
        if player is not None or (output is not None and accepted.get("streams")):
            hear(server, accepted, output, player)
        elif wait or output is not None:
            show_result(server, follow(server, accepted), output)
        else:
            print(accepted["id"])


def pairs(items: list[str] | None, flag: str) -> dict[str, str]:
    """`["a=b", …]` as a table."""
    table = {}
    for item in items or ():
        name, equals, value = item.partition("=")
        if not (name and equals):
            raise typer.BadParameter(f"{item!r} is not NAME=VALUE", param_hint=flag)
        table[name] = value
    return table


def _value(text: str) -> str | float | bool | None:
    """Numbers and truth values as JSON has them; anything else is a string."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, (int, float, bool)) or value is None else text


def _check_voices(kind: Capability, voice: str | None, reference: Path | None, target: Path | None) -> None:
    """What says whose voice goes with the kind, and nothing says it twice."""
    if reference is not None and kind is not Capability.SPEECH:
        raise typer.BadParameter("goes with speech", param_hint="--reference")
    if kind is Capability.VOICE_CONVERSION:
        if (voice is None) == (target is None):
            raise typer.BadParameter("give either --target with a recording, or --voice with the id of a saved voice")
    elif target is not None:
        raise typer.BadParameter("goes with voice_conversion", param_hint="--target")


def _input(
    job: dict[str, Any], kind: Capability, source: str | None, text: str | None, file: Path | None
) -> Path | None:
    """Puts the text into the job, or gives the audio file to send beside it."""
    if sum(value is not None for value in (source, text, file)) != 1:
        raise typer.BadParameter("give exactly one input: as an argument, with --text, or with --file")
    if kind not in _READS_TEXT:
        if text is not None:
            raise typer.BadParameter(f"{kind} takes an audio file", param_hint="--text")
        return file or Path(source or "")
    words = text or source or "" if file is None else file.read_text(encoding="utf-8")
    job["input"] = {"text": sys.stdin.read() if words == "-" else words}
    return None
