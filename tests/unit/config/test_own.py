"""AMP's own file."""

from pathlib import Path

import pytest

from amp.config.own import OwnConfig, load_own
from amp.errors import ConfigError


def test_an_absent_file_is_fine(tmp_path: Path) -> None:
    assert load_own(tmp_path / "amp.yml") == OwnConfig()
    with pytest.raises(ConfigError, match="no such file"):
        load_own(tmp_path / "amp.yml", required=True)


def test_keys_are_strict(tmp_path: Path) -> None:
    file = tmp_path / "amp.yml"
    file.write_text("database_url: postgresql://h/d\n", encoding="utf-8")
    assert load_own(file).database_url == "postgresql://h/d"
    file.write_text("\ndatabase: x\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="field database not found") as caught:
        load_own(file)
    assert (caught.value.file, caught.value.line, caught.value.key) == (str(file), 2, "database")
    file.write_text("# nothing\n", encoding="utf-8")
    assert load_own(file) == OwnConfig()
    file.write_text("- a\n", encoding="utf-8")
    with pytest.raises(ConfigError):
        load_own(file)
