"""Template files: patterns, order, errors with their file."""

from pathlib import Path

import pytest

import amp
from amp.config.glob import glob
from amp.config.templates import load_templates, parse_templates
from amp.errors import ConfigError


def config(folder: Path, *patterns: str) -> amp.Config:
    """A configuration in the folder, with these patterns."""
    text = f"route: {{receiver: r}}\nreceivers: [{{name: r}}]\ntemplates: {list(patterns)!r}\n"
    return amp.load_config(text, base_dir=folder)


def test_files_come_in_order_of_patterns_then_names(tmp_path: Path) -> None:
    for name in ("b.tmpl", "a.tmpl", "sub/c.tmpl", "sub/a.tmpl", "x.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    found = load_templates(config(tmp_path, "sub/*.tmpl", "?.tmpl", "x.txt", "none*"))
    assert found == [
        ("a.tmpl", "sub/a.tmpl"),
        ("c.tmpl", "sub/c.tmpl"),
        ("a.tmpl", "a.tmpl"),
        ("b.tmpl", "b.tmpl"),
        ("x.txt", "x.txt"),
    ]


def test_an_error_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "bad.tmpl").write_text('\n{{ define "x" }}{{ nonsense }}', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        parse_templates(config(tmp_path, "*.tmpl", "[a"))
    assert "nonsense" in caught.value.cause
    assert (caught.value.file, caught.value.line) == (str(tmp_path / "bad.tmpl"), 2)


def test_a_folder_is_no_template(tmp_path: Path) -> None:
    (tmp_path / "a.tmpl").mkdir()
    with pytest.raises(ConfigError, match="is a directory"):
        load_templates(config(tmp_path, "*.tmpl"))


@pytest.mark.parametrize("pattern", ["[", "[a", "[]", "[a-]", "[-a]", "a\\", "x/[a", "[^]"])
def test_malformed_patterns(pattern: str) -> None:
    with pytest.raises(ConfigError, match="syntax error in pattern"):
        glob(pattern, "templates[0]")


def test_classes_and_escapes(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "*", "[", "-"):
        (tmp_path / name).touch()

    def names(pattern: str) -> str:
        return "".join(Path(path).name for path in glob(f"{tmp_path}/{pattern}", "k"))

    assert names("[a-b]") == "ab"
    assert names("[^a-c]") == "*-["
    assert names("\\*") == "*"
    assert names("[\\-a]") == "-a"
    assert names("[b-a]") == ""
    assert len(names("?")) == 6
