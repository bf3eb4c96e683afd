"""How answers are judged, and what integrations read."""

from __future__ import annotations

import os

import pytest

from amp.errors import SendError
from amp.httpclient import Response
from amp.receivers.base import check, read_secret, reason_of


def response(status: int, body: bytes = b"") -> Response:
    return Response(status, "", "", "", body)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (101, "other"),
        (302, "other"),
        (400, "clientError"),
        (401, "authError"),
        (403, "authError"),
        (404, "clientError"),
        (429, "rateLimited"),
        (500, "serverError"),
        (599, "serverError"),
        (600, "other"),
    ],
)
def test_reasons(status, reason):
    assert reason_of(status) == reason
    with pytest.raises(SendError) as caught:
        check(response(status))
    assert caught.value.reason == reason
    assert caught.value.retryable is (500 <= status < 600)


def test_success_and_more_statuses_to_retry():
    check(response(200))
    check(response(299))
    with pytest.raises(SendError) as caught:
        check(response(429), retry=(429,), details="slow down")
    assert (str(caught.value), caught.value.retryable) == (
        "unexpected status code 429: slow down",
        True,
    )


def test_long_bodies_are_cut():
    with pytest.raises(SendError) as caught:
        check(response(500, b"x" * 100_000))
    assert str(caught.value) == "unexpected status code 500: " + "x" * (16 << 10) + "…"


def test_secret_files(tmp_path):
    file = tmp_path / "secret"
    file.write_text(" word\n")
    assert read_secret(str(file), "url_file") == "word"
    assert read_secret(str(file), "url_file", strip=False) == " word\n"
    with pytest.raises(SendError) as caught:
        read_secret("none", "url_file")
    assert (str(caught.value), caught.value.retryable) == (
        "read url_file: open none: no such file or directory",
        False,
    )


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda path: None, "open {}: no such file or directory"),
        (lambda path: path.mkdir(), "read {}: is a directory"),
        (os.mkfifo, "not a regular file"),
        (lambda path: path.write_bytes(b"x" * ((4 << 20) + 1)), "larger than 4194304"),
        (lambda path: path.write_bytes(b"caf\xe9"), "{} is not UTF-8"),
    ],
)
def test_secret_files_that_are_none(tmp_path, make, text):
    path = tmp_path / "secret"
    make(path)
    with pytest.raises(SendError) as caught:
        read_secret(str(path), "url_file")
    assert str(caught.value) == f"read url_file: {text.format(path)}"
