"""YAML with the lines that its keys and items stand on, for messages that name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

#: Keys of mappings and indices of lists, from the top down.
Path = tuple[str | int, ...]


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong, and the line that it stands on, counted from 1."""

    line: int
    sentence: str


@dataclass(frozen=True)
class Document:
    """What a text says, and where it says it."""

    data: Any
    lines: Mapping[Path, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def line(self, path: Path) -> int:
        """The line of `path`, or of the nearest thing around it that the text has."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


def parse(text: str) -> Document:
    """The text as data; what cannot be read at all is a problem with its line."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(part for part in (error.context, error.problem) if part)
        return Document(None, problems=(Problem(1 if mark is None else mark.line + 1, f"not YAML: {said}"),))
    except (yaml.YAMLError, ValueError) as error:
        # Characters that YAML forbids, and dates that no calendar has.
        return Document(None, problems=(Problem(1, f"not YAML: {' '.join(str(error).split())}"),))
    found = list(_walk(node, ()))
    lines = {path: line for path, line, _ in found}
    twice = tuple(Problem(line, f"the key {path[-1]!r} stands here twice") for path, line, again in found if again)
    return Document(data, lines, twice)


def _walk(node: yaml.Node | None, path: Path) -> Iterator[tuple[Path, int, bool]]:
    """Every path with its line, and whether it is a key that the same mapping already had."""
    if node is None:
        return
    if not path:
        yield path, node.start_mark.line + 1, False
    if isinstance(node, yaml.MappingNode):
        seen = set[str]()
        for key, value in node.value:
            here = (*path, str(key.value))
            yield here, key.start_mark.line + 1, str(key.value) in seen
            seen.add(str(key.value))
            yield from _walk(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield (*path, number), item.start_mark.line + 1, False
            yield from _walk(item, (*path, number))
