"""All settings of all packages in one place: to check the environment's names, and to write `.env.example`.

`python -m harmony.settings` prints that file.
"""

from __future__ import annotations

import difflib
import json
import os
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

from dotenv import dotenv_values
from pydantic import BaseModel, Field, SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "HARMONY_"
_HEADER = """\
Every setting with a sentence and its default. Copy this file to .env and take the # from what you change; variables of
the environment win. A name that starts with HARMONY_ and is not listed here is an error. Written by `make fix` from the
classes in */settings.py."""


class ClientSettings(BaseSettings):
    """Settings of the command line when it speaks to a server."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True)

    url: str = Field("http://127.0.0.1:8000", description="The server that the command line speaks to.")


class UnknownSetting(Exception):
    """A variable starts with HARMONY_ but no package reads it: most likely a typing error."""


def settings_classes() -> tuple[tuple[str, type[BaseSettings]], ...]:
    """The class of each package, with a heading for its part of the file."""
    from api.settings import ApiSettings
    from storage.settings import StorageSettings
    from workers.settings import WorkerSettings

    return (
        ("Every process", StorageSettings),
        ("The API", ApiSettings),
        ("Dispatcher and workers", WorkerSettings),
        ("The command line", ClientSettings),
    )


def known_settings() -> dict[str, FieldInfo]:
    """Each setting by the name of its environment variable."""
    return {name: info for _, settings in settings_classes() for name, info in _fields(settings)}


def given_names(environ: Mapping[str, str] = os.environ, env_file: Path = Path(".env")) -> set[str]:
    """The names with our prefix that the operator has set, in the environment or in `.env`."""
    names = {*environ, *(dotenv_values(env_file) if env_file.is_file() else ())}
    return {name for name in names if name.upper().startswith(PREFIX)}


def check_names(environ: Mapping[str, str] = os.environ, env_file: Path = Path(".env")) -> None:
    """Raises UnknownSetting for a name with our prefix that no package reads."""
    known = known_settings()
    unknown = sorted(name for name in given_names(environ, env_file) if name.upper() not in known)
    if unknown:
        raise UnknownSetting("; ".join(_hint(name, known) for name in unknown))


def example() -> str:
    """The text of `.env.example`."""
    parts = [_comment(_HEADER)]
    seen = set[str]()
    for heading, settings in settings_classes():
        own = [(name, info) for name, info in _fields(settings) if name not in seen]
        seen.update(name for name, _ in own)
        if own:
            parts.append(f"# {heading} " + "-" * (110 - len(heading)))
            parts.extend(f"{_comment(info.description or '')}\n{_line(name, info)}" for name, info in own)
    return "\n\n".join(parts) + "\n"


def _fields(settings: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    for name, info in settings.model_fields.items():
        yield PREFIX + name.upper(), info


def _line(name: str, info: FieldInfo) -> str:
    default = info.get_default(call_default_factory=False)
    if default is None or info.is_required() or isinstance(default, SecretStr):
        return f"#{name}="
    if isinstance(default, bool):
        return f"#{name}={str(default).lower()}"
    return f"#{name}={json.dumps(default) if isinstance(default, (list, dict, tuple)) else default}"


def _comment(text: str) -> str:
    paragraph = " ".join(text.split())
    return textwrap.fill(paragraph, 118, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def _hint(name: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(name.upper(), known, n=1)
    return f"{name} is not a setting" + (f"; did you mean {near[0]}?" if near else "; .env.example lists them all")


if __name__ == "__main__":
    print(example(), end="")
