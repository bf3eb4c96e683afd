"""Upstream's files: whole or not at all, and never in the way of a start."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry

from amp.log import Logger
from amp.metrics import Metrics
from amp.store.marks import Marks
from amp.store.snapshots import SnapshotFile, free_name

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def told() -> io.StringIO:
    """The log."""
    return io.StringIO()


@pytest.fixture
def metrics() -> Metrics:
    """Instruments."""
    return Metrics(CollectorRegistry())


@pytest.fixture
def file(tmp_path: Path, told: io.StringIO, metrics: Metrics) -> SnapshotFile:
    """A file that does not exist yet."""
    return SnapshotFile(tmp_path, "nflog", Marks(tmp_path), log=Logger(told), metrics=metrics)


def refuse(data: bytes) -> int:
    """Reads nothing."""
    raise ValueError(f"{len(data)} bytes of nonsense")


def test_threads_that_write_at_once_do_not_disturb_each_other(
    file: SnapshotFile, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(file.write, [bytes([number]) * 100_000 for number in range(40)]))
    written = (tmp_path / "nflog").read_bytes()
    assert written == written[:1] * 100_000


def test_what_is_written_is_read(file: SnapshotFile, tmp_path: Path) -> None:
    assert file.read(len) == 0
    file.write(b"first")
    file.write(b"second")
    assert file.read(len) == 6
    assert sorted(path.name for path in tmp_path.iterdir()) == ["amp.files", "nflog"]


def test_a_corrupt_file_is_moved_aside(
    file: SnapshotFile, tmp_path: Path, told: io.StringIO, metrics: Metrics
) -> None:
    for count in (1, 2):
        file.write(b"x" * count)
        assert file.read(refuse) == 0
    aside = [path for path in tmp_path.iterdir() if path.name != "amp.files"]
    assert sorted(path.read_bytes() for path in aside) == [b"x", b"xx"]
    assert all(path.name.startswith("nflog.corrupt-") for path in aside)
    assert "1 bytes of nonsense" in told.getvalue()
    value = metrics.registry.get_sample_value("amp_snapshot_corrupt_total", {"file": "nflog"})
    assert value == 2


def test_a_file_that_cannot_be_read_is_moved_aside(file: SnapshotFile, tmp_path: Path) -> None:
    (tmp_path / "nflog").mkdir()
    assert file.read(len) == 0
    file.write(b"new")
    assert (tmp_path / "nflog").read_bytes() == b"new"


def test_a_file_that_can_be_neither_read_nor_moved_is_left_alone(
    tmp_path: Path, told: io.StringIO, metrics: Metrics
) -> None:
    # A folder that is a file: nothing below it can be read, moved or written.
    (tmp_path / "folder").write_bytes(b"")
    folder = tmp_path / "folder"
    file = SnapshotFile(folder, "nflog", Marks(folder), log=Logger(told), metrics=metrics)
    assert not file.is_foreign()
    assert file.read(len) == 0
    assert "level=ERROR" in told.getvalue()
    with pytest.raises(OSError, match="left alone"):
        file.write(b"new")


def test_a_write_that_fails_keeps_the_old_file(file: SnapshotFile, tmp_path: Path) -> None:
    file.write(b"old")
    (tmp_path / "nflog.new").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        file.write(b"new")
    assert (tmp_path / "nflog").read_bytes() == b"old"


def test_a_file_that_another_program_wrote_is_foreign_until_it_is_read(
    file: SnapshotFile, tmp_path: Path, told: io.StringIO, metrics: Metrics
) -> None:
    assert not file.is_foreign(), "a file that is not there was written by nobody"
    file.write(b"ours")
    (tmp_path / "nflog").write_bytes(b"theirs")
    for foreign in (True, False):
        again = SnapshotFile(tmp_path, "nflog", Marks(tmp_path), log=Logger(told), metrics=metrics)
        assert again.is_foreign() is foreign
        again.read(len)


def test_marks_hold_the_file_before_and_after_its_replacement(tmp_path: Path) -> None:
    marks = Marks(tmp_path)
    for data in (b"1", b"2", b"3", b"3"):
        marks.add("nflog", data)
    again = Marks(tmp_path)
    assert [again.knows("nflog", data) for data in (b"1", b"2", b"3")] == [False, True, True]
    assert not again.knows("silences", b"3")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"nflog": 1}'])
def test_marks_that_cannot_be_read_know_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "amp.files").write_text(text)
    assert not Marks(tmp_path).knows("nflog", b"")


def test_a_free_name_is_free(tmp_path: Path) -> None:
    name = str(tmp_path / "a")
    assert free_name(name) == name
    (tmp_path / "a").touch()
    (tmp_path / "a.1").symlink_to("nowhere")
    assert free_name(name) == f"{name}.2"
