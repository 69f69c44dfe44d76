"""Where the published files of OpenVoice lie under a folder of weights, and what is in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from torch import nn

from pipelines.errors import PermanentError
from workers.checkpoints import load_config, load_state, load_strictly, load_tensor
from workers.contract import Samples
from workers.vits.config import VitsConfig
from workers.vits.synthesis import unfilled

_CONTAINER: Final = ("model",)

_Network = TypeVar("_Network", bound=nn.Module)


@dataclass(frozen=True)
class Layout:
    """The folders of one version. Base speakers, by language, are V1's alone; V2 speaks through MeloTTS."""

    converter: Path
    base_speakers: Mapping[str, Path]
    #: Where the embeddings of the voices that speak first lie.
    embeddings: tuple[Path, ...]

    @classmethod
    def of(cls, weights: Path) -> Layout:
        """The layout of what lies in `weights`."""
        first = weights / "checkpoints"
        if not first.is_dir():
            return cls(weights / "converter", {}, (weights / "base_speakers" / "ses",))
        speakers = {"EN": first / "base_speakers" / "EN", "ZH": first / "base_speakers" / "ZH"}
        return cls(first / "converter", speakers, tuple(speakers.values()))


class BaseVoices:
    """The embeddings of the voices that speak before the converter does.

    V1 has one for `en-default`, one for all other English styles and one for `zh-default`; V2 has one for each of
    MeloTTS's speakers, whatever the case and the dashes that those are written in.
    """

    def __init__(self, vectors: Mapping[str, Samples]) -> None:
        self._vectors = vectors

    @classmethod
    def load(cls, layout: Layout, size: int) -> BaseVoices:
        """Those of `layout`, of `size` numbers each; PermanentError if one has another size."""
        files = [file for folder in layout.embeddings for file in sorted(folder.glob("*.pth"))]
        return cls({_key(file.stem): _embedding(file, size) for file in files if file.name != "checkpoint.pth"})

    def of(self, voice: str) -> Samples:
        """float32 [size]; PermanentError for a voice without one."""
        key = _key(voice)
        style = f"{key.partition('-')[0]}-style"
        vector = self._vectors.get(key, self._vectors.get(style))
        if vector is None:
            message = f"There is no embedding of the base voice {voice!r}."
            raise PermanentError(message, code="unknown_voice", field="options.voice")
        return vector


def load_network(folder: Path, build: Callable[[VitsConfig], _Network]) -> tuple[VitsConfig, _Network]:
    """`config.json` and `checkpoint.pth` of `folder`; PermanentError if they are damaged or disagree."""
    config = load_config(folder / "config.json", VitsConfig)
    state = load_state(folder / "checkpoint.pth", _CONTAINER)
    network = unfilled(lambda: build(config))
    load_strictly(network, state, f"{folder.name}/checkpoint.pth")
    return config, network


def _key(name: str) -> str:
    return name.lower().replace("_", "-").removesuffix("-se")


def _embedding(file: Path, size: int) -> Samples:
    tensor = load_tensor(file)
    if tensor.numel() != size:
        message = f"{file.name} holds {tensor.numel()} numbers; the converter takes {size}."
        raise PermanentError(message, code="weights_mismatch")
    vector: Samples = tensor.reshape(-1).float().numpy()
    return vector
