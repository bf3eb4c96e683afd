"""Answers that are long, break off or never come, and tables of odd texts."""

from __future__ import annotations

import io
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from amp.cli.amtool import run
from amp.cli.amtool.table import aligned
from vectors.record.canned import Canned

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COUNT = 6000


def outcome(address: str, home: Path, *words: str) -> tuple[int, str, str]:
    """Exit code and output."""
    out, err = io.StringIO(), io.StringIO()
    line = [f"--alertmanager.url=http://{address}", "--no-version-check", *words]
    code = run(line, {"HOME": str(home)}, io.BytesIO(), out, err)
    return code, out.getvalue(), err.getvalue()


@contextmanager
def raw(answer: bytes) -> Iterator[str]:
    """A server that says some bytes and hangs up; without any it says nothing."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)
                if not answer:
                    done.wait()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        done.set()
        thread.join()


def test_all_of_a_long_answer_is_read(tmp_path: Path) -> None:
    alert = {
        "annotations": {"summary": "s" * 300},
        "startsAt": "2026-01-01T00:00:00Z",
        "endsAt": "2026-01-01T00:00:00Z",
        "status": {"state": "active"},
    }
    alerts = [{**alert, "labels": {"alertname": str(number)}} for number in range(COUNT)]
    with Canned({"*": [200, "application/json", alerts]}) as alertmanager:
        code, text, _ = outcome(alertmanager.address, tmp_path, "alert")
    assert code == 0
    names = [line.split()[0] for line in text.splitlines()[1:]]
    assert names == [str(number) for number in range(COUNT)]


def test_an_answer_that_breaks_off_is_no_empty_one(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
    for answer in (head, head + b"[]"):
        with raw(answer) as address:
            told = outcome(address, tmp_path, "alert")
        assert told == (1, "", "amtool: error: unexpected EOF\n\n")


def test_a_server_that_says_nothing(tmp_path: Path) -> None:
    with raw(b"") as address:
        code, text, error = outcome(address, tmp_path, "--timeout=20ms", "cluster")
    assert (code, text) == (1, "")
    url = f"http://{address}/api/v2/status"
    assert error == f'amtool: error: Get "{url}": context deadline exceeded\n\n'


def test_a_form_feed_ends_all_columns() -> None:
    assert aligned("a\tb\t\naaaa\tb\t\f\tc\n") == "a     b  \naaaa  b  \n  c\n"


def test_a_gap_parts_columns() -> None:
    assert aligned("aaa\tb\t\nx\na\tb\tc") == "aaa  b  \nx\na  b  c"
