"""Weights as one file: what leaves one machine arrives at another whole, or not at all."""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from harmony.cli import app
from pipelines.catalog import WeightFile, WeightSet
from workers.weights import WeightsCorrupt, WeightStore, WeightsUnavailable
from workers.weights.bundles import BundleRefused, export
from workers.weights.importing import import_bundle

LARGE = os.urandom(2_500_000)
SMALL = b'{"rate": 24000}'
DIGEST = hashlib.sha256(SMALL).hexdigest()


@pytest.fixture
def weights(tmp_path: Path) -> WeightSet:
    """One file with a pinned hash and one without, both of a folder."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "model.bin").write_bytes(LARGE)
    (folder / "config.json").write_bytes(SMALL)
    files = [
        {"path": "model.bin", "sources": [[f"path:{folder}/model.bin"]]},
        {
            "path": "text/config.json",
            "sha256": DIGEST,
            "bytes": len(SMALL),
            "sources": [[f"path:{folder}/config.json"]],
        },
    ]
    return WeightSet(licence="MIT", files=tuple(WeightFile.model_validate(file) for file in files))


@pytest.fixture
def here(tmp_path: Path, weights: WeightSet) -> WeightStore:
    store = WeightStore(tmp_path / "here")
    store.ensure(weights, "voice")
    return store


@pytest.fixture
def there(tmp_path: Path, weights: WeightSet, here: WeightStore, monkeypatch: pytest.MonkeyPatch) -> WeightStore:
    """Another machine: the folder is not there, nor a network."""
    (tmp_path / "models").rename(tmp_path / "elsewhere")
    monkeypatch.setenv("HARMONY_OFFLINE", "1")
    return WeightStore(tmp_path / "there")


def contents(store: WeightStore) -> list[str]:
    return sorted(str(path.relative_to(store.cache)) for path in store.cache.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", ["voice.tar", "voice.tar.gz"])
def test_what_leaves_arrives(
    here: WeightStore, there: WeightStore, weights: WeightSet, tmp_path: Path, name: str
) -> None:
    export(here, [("voice", weights)], tmp_path / name)
    assert (tmp_path / name).read_bytes()[:2] == (b"\x1f\x8b" if name.endswith("gz") else b"ma")
    with pytest.raises(WeightsUnavailable):
        there.ensure(weights, "voice")
    assert [model.name for model in import_bundle(there, tmp_path / name).models] == ["voice"]
    folder = there.link(weights)
    assert folder is not None
    assert there.ensure(weights, "voice") == folder
    assert (folder / "model.bin").read_bytes() == LARGE
    assert (folder / "text" / "config.json").read_bytes() == SMALL
    assert there.verify(weights) == []


def test_what_is_not_here_cannot_leave(here: WeightStore, weights: WeightSet, tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailable, match="harmony models pull voice"):
        export(WeightStore(tmp_path / "empty"), [("voice", weights)], tmp_path / "voice.tar")
    assert not (tmp_path / "voice.tar").exists()


def test_what_is_damaged_does_not_leave(here: WeightStore, weights: WeightSet, tmp_path: Path) -> None:
    with (here.places.blobs / DIGEST).open("r+b") as stream:
        stream.write(b"!")
    with pytest.raises(WeightsCorrupt, match=r"text/config\.json of voice is damaged"):
        export(here, [("voice", weights)], tmp_path / "voice.tar")
    assert list(tmp_path.glob("*.tar")) == list(tmp_path.glob(".*.partial")) == []


def manifest(**changes: Any) -> bytes:
    file = {"path": "a.bin", "sha256": DIGEST, "bytes": len(SMALL)}
    model = {"name": "voice", "licence": "MIT", "files": [file]}
    return json.dumps({"format": "harmony-weights", "version": 1, "models": [model], **changes}).encode()


def tar_of(path: Path, *members: tuple[str, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


BLOB = (f"blobs/{DIGEST}", SMALL)


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ([("manifest.json", manifest()), ("../evil", b"x")], "'../evil' does not belong"),
        ([("manifest.json", manifest()), ("/etc/passwd", b"x")], "'/etc/passwd' does not belong"),
        ([("manifest.json", manifest()), (f"blobs/../../{DIGEST}", SMALL)], "does not belong"),
        ([("manifest.json", manifest()), BLOB, ("blobs/extra", b"x")], "'blobs/extra' does not belong"),
        ([("manifest.json", manifest()), BLOB, BLOB], "does not belong"),
        ([("manifest.json", manifest())], "is missing; 1 in all"),
        ([("manifest.json", manifest()), (BLOB[0], SMALL[::-1])], f"the SHA-256 of blobs/{DIGEST} is"),
        ([("manifest.json", manifest()), (BLOB[0], SMALL + b"!")], "has 16 bytes; its manifest says 15"),
        ([("readme.txt", b"hello")], "does not begin with manifest.json"),
        ([("manifest.json", b"{")], "its manifest is not JSON"),
        ([("manifest.json", manifest(format="ollama"))], "of another format"),
        ([("manifest.json", manifest(version=2)), BLOB], "version 2 of the format; this program reads 1"),
        ([("manifest.json", manifest(models=[{"name": "x"}])), BLOB], "models.0.licence: Field required"),
        ([("manifest.json", manifest(extra=1)), BLOB], "extra: Extra inputs"),
        (
            [
                (
                    "manifest.json",
                    manifest(
                        locks=[{"parts": ["a"], "sha256": "0" * 64, "bytes": 1, "fetched": ["a"], "versions": ["1"]}]
                    ),
                ),
                BLOB,
            ],
            "names a file that is not here",
        ),
    ],
)
def test_other_files_are_refused_by_name_and_leave_nothing(
    tmp_path: Path, members: list[tuple[str, bytes]], sentence: str
) -> None:
    store = WeightStore(tmp_path / "cache")
    with pytest.raises(BundleRefused) as refused:
        import_bundle(store, tar_of(tmp_path / "voice.tar", *members))
    assert sentence in refused.value.detail
    assert "voice.tar" in refused.value.detail
    assert contents(store) == ["lock"]


def test_links_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "voice.tar"
    tar_of(path, ("manifest.json", manifest()))
    with tarfile.open(path, "a") as archive:
        link = tarfile.TarInfo(BLOB[0])
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(BundleRefused, match="does not belong"):
        import_bundle(WeightStore(tmp_path / "cache"), path)


def _text(path: Path) -> None:
    path.write_bytes(b"not a tar at all " * 100)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _damaged(path: Path) -> None:
    with path.open("r+b") as stream:
        stream.seek(path.stat().st_size // 2)
        stream.write(b"damage")


@pytest.mark.parametrize("harm", [_text, _empty, _half, _damaged])
@pytest.mark.parametrize("name", ["voice.tar", "voice.tgz"])
def test_a_damaged_file_changes_nothing(
    here: WeightStore, there: WeightStore, weights: WeightSet, name: str, harm: Callable[[Path], None]
) -> None:
    file = there.cache.parent / name
    export(here, [("voice", weights)], file)
    harm(file)
    with pytest.raises(BundleRefused, match=name):
        import_bundle(there, file)
    assert contents(there) == ["lock"]
    assert not there.present(weights)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """`harmony models …` with a cache of its own and one model, whose weights are a folder's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tuned").mkdir()
    (tmp_path / "tuned" / "silero_vad.onnx").write_bytes(SMALL)
    (tmp_path / "config.yml").write_text(
        f"models: [{{name: mine, family: silero_vad, weights: v6, source: 'path:{tmp_path}/tuned'}}]"
    )

    def run(*arguments: str, cache: str = "cache") -> tuple[int, str]:
        result = CliRunner().invoke(app, ["models", *arguments], env={"HARMONY_CACHE_DIR": str(tmp_path / cache)})
        return result.exit_code, result.output + (str(result.exception) if result.exception else "")

    return run


def done(answer: tuple[int, str]) -> None:
    code, said = answer
    assert code == 0, said


def test_the_commands_move_weights_and_find_damage(command: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    assert command("verify") == (0, "mine: not here\n")
    assert command("verify", "mine")[0] == 1
    done(command("pull"))
    assert command("verify", "mine") == (0, "mine: as it should be\n")
    done(command("export", "mine.tar", "mine"))
    assert command("export", "mine.tar", "other")[0] == 1
    (tmp_path / "tuned").rename(tmp_path / "gone")
    code, said = command("import", "mine.tar", cache="offline")
    assert (code, "mine: its weights are here" in said) == (0, True)
    assert command("verify", cache="offline") == (0, "mine: as it should be\n")
    blob = tmp_path / "offline" / "blobs" / DIGEST
    with blob.open("r+b") as stream:
        stream.write(b"!")
    code, said = command("verify", cache="offline")
    assert (code, "its SHA-256 is not" in said, "pull --again mine" in said) == (1, True, True)
    # A file that is imported again heals what was damaged.
    done(command("import", "mine.tar", cache="offline"))
    done(command("verify", cache="offline"))


def test_pulling_again_asks_the_source_anew(command: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    done(command("pull"))
    blob = tmp_path / "cache" / "blobs" / DIGEST
    with blob.open("r+b") as stream:
        stream.write(b"!")
    done(command("pull"))
    assert command("verify")[0] == 1
    done(command("pull", "--again"))
    done(command("verify"))


def test_check_prints_errors_by_line_or_what_is_lacking(
    command: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    code, said = command("check")
    assert code == 0
    assert "warning: weights: not here yet: mine" in said
    assert "config.yml: 1 models, no errors, 1 warnings" in said
    (tmp_path / "config.yml").write_text("models:\n- name: mine\n  family: silero\n- name: mine\n  family: tone\n")
    code, said = command("check")
    assert code == 1
    assert "config.yml:3: model mine: unknown family 'silero'; did you mean 'silero_vad'?" in said
    assert "config.yml:4: two models are named mine" in said
