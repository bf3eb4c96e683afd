from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from amp.errors import AmpError
from amp.events.file import FileOutput
from amp.events.output import Event
from amp.events.stdout import StdoutOutput

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = [Event("alert_created", 1, b'{"a":1}'), Event("notification", 2, b"{}")]


async def test_events_are_appended_as_lines(tmp_path: Path) -> None:
    path = tmp_path / "events"
    path.write_bytes(b"before\n")
    output = FileOutput(str(path))
    output.open()
    assert output.send(EVENTS) == [8, 3]
    await output.close(0)
    assert path.read_bytes() == b'before\n{"a":1}\n{}\n'
    assert output.name == f"file:{path}"


async def test_a_file_that_was_moved_away_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "events"
    output = FileOutput(str(path))
    output.open()
    output.send(EVENTS[:1])
    path.rename(tmp_path / "events.1")
    output.send(EVENTS[1:])
    path.unlink()
    output.send(EVENTS[:1])
    assert (tmp_path / "events.1").read_bytes() == b'{"a":1}\n'
    assert path.read_bytes() == b'{"a":1}\n'
    assert path.stat().st_mode & 0o077 == 0o044 & ~_umask()
    await output.close(0)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


async def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(AmpError, match=r"open .*/no/events: no such file or directory"):
        FileOutput(str(tmp_path / "no" / "events")).open()


async def test_a_folder_that_went_away_loses_events_and_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    output = FileOutput(str(folder / "events"))
    output.open()
    folder.rename(tmp_path / "gone")
    with pytest.raises(FileNotFoundError):
        output.send(EVENTS)
    folder.mkdir()
    output.send(EVENTS[1:])
    assert (folder / "events").read_bytes() == b"{}\n"
    await output.close(0)


async def test_standard_output_gets_lines_and_stays_open() -> None:
    read, write = os.pipe()
    output = StdoutOutput(write)
    output.open()
    assert output.send(EVENTS) == [8, 3]
    await output.close(0)
    assert os.read(read, 100) == b'{"a":1}\n{}\n'
    os.write(write, b"x")
    os.close(read)
    os.close(write)
