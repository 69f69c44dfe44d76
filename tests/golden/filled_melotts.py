"""A MeloTTS voice model with made-up weights in the published layout, and a language model of a made vocabulary."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from transformers import AutoTokenizer, BertConfig, BertModel

from pipelines.catalog import load_families
from tests.golden.fill import fill
from tests.golden.filled import GOLDEN, component_of, contained, write_config
from tests.golden.melotts import lexicon_folder

#: The weight sets of the family: the golden front-end file that has sentences of their language, and their speakers.
_SETS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "en": ("en", ("EN-US", "EN-BR", "EN_INDIA", "EN-AU", "EN-Default")),
    "en_v2": ("en", ("EN-US", "EN-BR", "EN_INDIA", "EN-AU", "EN-Default")),
    "en_newest": ("en", ("EN-Newest",)),
    "es": ("es", ("ES",)),
    "fr": ("fr", ("FR",)),
    "zh": ("zh_mix_en", ("ZH",)),
    "jp": ("jp", ("JP",)),
    "kr": ("kr", ("KR",)),
}
#: Whose language models were published as safetensors, with the tokenizer in one file.
_NEWER_FILES: Final = ("en", "zh_mix_en")
_WITHOUT_ACCENTS: Final = ("en", "zh_mix_en")
_MARKS: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_ASCII: Final = "".join(map(chr, range(33, 127)))
#: Of the language model: layers, heads and width inside a layer, small and as published.
_SMALL: Final = (4, 4, 64)
_PUBLISHED: Final = (12, 12, 3072)
_WIDTH: Final = 768


def write_melotts(folder: Path, weights: str = "en", *, full: bool = False) -> Path:
    """The weight set `weights` under `folder`; small networks have the published symbols, tones and languages too."""
    sentences, speakers = _SETS[weights]
    component = component_of("melotts/synthesizer", full=full)
    published = component_of("melotts/synthesizer", full=True).config
    tables = {name: published[name] for name in ("symbols", "num_tones", "num_languages")}
    data = {**component.config["data"], "spk2id": {name: number for number, name in enumerate(speakers)}}
    config = {**component.config, **tables, "data": data}
    write_config(config, folder)
    rows = {
        "enc_p.emb.weight": len(config["symbols"]),
        "enc_p.tone_emb.weight": config["num_tones"],
        "enc_p.language_emb.weight": config["num_languages"],
    }
    keys = [(key, [rows.get(key, shape[0]), *shape[1:]], kind) for key, shape, kind in _keys(component.manifest)]
    state = {key: torch.from_numpy(value) for key, value in fill(keys, component.run["seed"]).items()}
    torch.save(contained(state, component.manifest["container"]), folder / "checkpoint.pth")
    write_language_model(folder / "bert", sentences, full=full)
    for file in load_families()["melotts"].weights[weights].files:
        if file.sources[0][0].startswith("package:"):
            (folder / file.path).parent.mkdir(exist_ok=True)
            shutil.copyfile(lexicon_folder() / file.path, folder / file.path)
    return folder


def write_language_model(folder: Path, sentences: str, *, full: bool = False, positions: int = 512) -> None:
    """A BERT model with drawn weights that knows the letters of the golden sentences; `positions` tokens at once."""
    content: dict[str, Any] = json.loads((GOLDEN / "melotts" / f"frontend_{sentences}.json").read_text("utf-8"))
    seen = "".join(str(value) for sentence in content["sentences"] for value in _texts(sentence))
    letters = sorted({*_ASCII, *seen, *seen.lower()} - set(" \n"))
    vocabulary = [*_MARKS, *letters, *(f"##{letter}" for letter in letters)]
    layers, heads, inner = _PUBLISHED if full else _SMALL
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=_WIDTH,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=inner,
        max_position_embeddings=positions,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = BertModel(config, add_pooling_layer=False)
    if sentences in _NEWER_FILES:
        model.save_pretrained(folder)
    else:
        # As published: with the name of the network in front, since a head was trained along with it.
        config.save_pretrained(folder)
        state = {f"bert.{key}": value for key, value in model.state_dict().items()}
        torch.save(state, folder / "pytorch_model.bin")
    (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in vocabulary), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(_tokenizer(sentences)), encoding="utf-8")
    if sentences in _NEWER_FILES:
        tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))


def _tokenizer(sentences: str) -> dict[str, Any]:
    if sentences == "jp":
        return {
            "tokenizer_class": "BertJapaneseTokenizer",
            "do_lower_case": False,
            "word_tokenizer_type": "mecab",
            "subword_tokenizer_type": "wordpiece",
            "mecab_kwargs": {"mecab_dic": "unidic_lite"},
        }
    # French is written with capitals; Spanish keeps its accents, and Korean letters fall apart without them.
    return {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": sentences != "fr",
        "strip_accents": sentences in _WITHOUT_ACCENTS,
    }


def _keys(manifest: Mapping[str, Any]) -> Iterable[tuple[str, list[int], str]]:
    yield from manifest["keys"]


def _texts(sentence: Mapping[str, Any]) -> Iterable[object]:
    yield sentence["text"]
    yield from (piece.get("normalised", "") for piece in sentence["pieces"])
