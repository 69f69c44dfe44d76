from collections import Counter
from pathlib import Path

import pytest

from harmony.settings import UnknownSetting, check_names, example, known_settings, settings_classes

ROOT = Path(__file__).parents[2]


def test_env_example_says_what_the_classes_say() -> None:
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == example(), "run: make fix"


def test_every_setting_has_a_sentence() -> None:
    silent = [name for name, info in known_settings().items() if not (info.description or "").endswith(".")]
    assert silent == []


def test_no_two_packages_read_the_same_name() -> None:
    names = Counter(field for _, settings in settings_classes() for field in settings.model_fields)
    assert [name for name, count in names.items() if count > 1] == []


def test_a_copied_example_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = [settings().model_dump() for _, settings in settings_classes()]
    Path(".env").write_text((ROOT / ".env.example").read_text(encoding="utf-8"), encoding="utf-8")
    assert [settings().model_dump() for _, settings in settings_classes()] == before


def test_every_line_of_the_example_may_be_uncommented(tmp_path: Path) -> None:
    lines = [line.removeprefix("#") for line in example().splitlines() if line.startswith("#HARMONY_")]
    (tmp_path / ".env").write_text("\n".join(lines), encoding="utf-8")
    for _, settings in settings_classes():
        chosen = [line for line in lines if not line.endswith("=")]
        (tmp_path / ".env").write_text("\n".join(chosen), encoding="utf-8")
        assert settings(_env_file=tmp_path / ".env").model_dump() == settings(_env_file=None).model_dump()


def test_a_misspelt_name_is_refused_with_the_right_one(tmp_path: Path) -> None:
    with pytest.raises(UnknownSetting, match="HARMONY_DATABSE_URL is not a setting; did you mean HARMONY_DATABASE_URL"):
        check_names({"HARMONY_DATABSE_URL": "x"}, tmp_path / ".env")


def test_the_names_in_the_env_file_count_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HARMONY_NONSENSE=1\nOTHER=2\n", encoding="utf-8")
    with pytest.raises(UnknownSetting, match="HARMONY_NONSENSE"):
        check_names({}, tmp_path / ".env")


def test_known_names_pass(tmp_path: Path) -> None:
    check_names({"HARMONY_DATA_DIR": "x", "PATH": "y"}, tmp_path / ".env")
