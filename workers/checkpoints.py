"""Published checkpoints: read as tensors and nothing else, brought to one spelling, loaded strictly.

A checkpoint never runs code: pickles are opened with `weights_only`, other files are safetensors. Weight norm
(arXiv 1602.07868) is folded into plain weights here, so that networks are built without it and no call pays for it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import pickle
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

import torch
from pydantic import BaseModel, ValidationError
from torch import Tensor, nn

from pipelines.errors import PermanentError

log = logging.getLogger(__name__)

State = dict[str, Tensor]

#: The two spellings of weight norm: suffix of the length, suffix of the direction, suffix of what they make.
_WEIGHT_NORM: Final = (
    ("weight_g", "weight_v", "weight"),
    ("parametrizations.weight.original0", "parametrizations.weight.original1", "weight"),
)
#: A report names this many entries of each sort; a wrong file would otherwise fill the page.
_NAMED: Final = 8

_Config = TypeVar("_Config", bound=BaseModel)


def load_state(path: Path, container: Sequence[str] = ()) -> State:
    """The tensors of `path`, on the CPU, from inside the nested dict that `container` names key by key.

    PermanentError: `weights_corrupt` for a file that is truncated or holds more than plain data, `weights_mismatch`
    for one without the container or with something else than tensors in it, `weights_missing` for none at all.
    """
    digest = _sha256(path)
    content: object = _safetensors(path) if path.suffix == ".safetensors" else _pickled(path)
    for key in container:
        if not isinstance(content, Mapping) or key not in content:
            raise PermanentError(f"{path.name} has no entry {'/'.join(container)}.", code="weights_mismatch")
        content = content[key]
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise PermanentError(f"{path.name} is no table of tensors.", code="weights_mismatch")
    log.info("checkpoint_read file=%s tensors=%d sha256=%s", path.name, len(content), digest)
    return dict(content)


def load_tensor(path: Path) -> Tensor:
    """The one tensor that `path` holds, on the CPU. PermanentError as `load_state`."""
    digest = _sha256(path)
    content = _pickled(path)
    if not isinstance(content, Tensor):
        raise PermanentError(f"{path.name} is no tensor.", code="weights_mismatch")
    log.info("checkpoint_read file=%s tensors=1 sha256=%s", path.name, digest)
    return content


def load_strictly(network: nn.Module, state: Mapping[str, Tensor], name: str, *, unused: Collection[str] = ()) -> None:
    """Fills `network` from `state`, whose weight norms are folded; both must have the same keys and shapes.

    `unused` names entries that the file may hold and inference has no use for. PermanentError `weights_mismatch`
    lists what is missing, what is unexpected and what has another shape; `name` is the file's.
    """
    given = {key: value for key, value in folded(state).items() if key not in unused}
    wanted = network.state_dict()
    problems = [
        _listed("missing", [key for key in wanted if key not in given]),
        _listed("unexpected", [key for key in given if key not in wanted]),
        _listed(
            "of another shape",
            [
                f"{key} {list(given[key].shape)}, not {list(tensor.shape)}"
                for key, tensor in wanted.items()
                if key in given and given[key].shape != tensor.shape
            ],
        ),
    ]
    if any(problems):
        raise PermanentError(f"{name}: {'; '.join(filter(None, problems))}.", code="weights_mismatch")
    network.load_state_dict(given, strict=True)


def folded(state: Mapping[str, Tensor]) -> State:
    """`state` with each pair of a weight norm, in either spelling, as the one weight that it stands for.

    A half without its other half stays as it is, for the report of strict loading.
    """
    plain = dict(state)
    for length, direction, weight in _WEIGHT_NORM:
        for key in [key for key in plain if key == length or key.endswith(f".{length}")]:
            stem = key.removesuffix(length)
            if stem + direction in plain:
                g, v = plain.pop(key), plain.pop(stem + direction)
                plain[stem + weight] = torch._weight_norm(v, g, 0)  # noqa: SLF001 - what torch's own weight norm calls
    return plain


def load_config(path: Path, schema: type[_Config]) -> _Config:
    """The `config.json` beside the weights; PermanentError `weights_config` names the entries that are wrong."""
    try:
        return schema.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise PermanentError(f"There is no {path.parent.name}/{path.name}.", code="weights_missing") from error
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()[:_NAMED]]
        raise PermanentError(f"{path.name}: {'; '.join(wrong)}.", code="weights_config") from error
    except ValueError as error:
        raise PermanentError(f"{path.name} is no JSON.", code="weights_config") from error


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise PermanentError(f"There is no {path.parent.name}/{path.name}.", code="weights_missing") from error


def _pickled(path: Path) -> object:
    try:
        content: object = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, EOFError, OSError, RuntimeError, ValueError, KeyError) as error:
        raise _corrupt(path) from error
    return content


def _safetensors(path: Path) -> State:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise _corrupt(path) from error


def _corrupt(path: Path) -> PermanentError:
    return PermanentError(
        f"{path.name} is truncated, or holds more than tensors; fetch it again.", code="weights_corrupt"
    )


def _listed(what: str, entries: Sequence[str]) -> str:
    if not entries:
        return ""
    more = f" and {len(entries) - _NAMED} more" if len(entries) > _NAMED else ""
    return f"{what}: {', '.join(entries[:_NAMED])}{more}"
