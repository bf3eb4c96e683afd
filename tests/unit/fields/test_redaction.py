"""Secrets never appear in what is kept, however they are spelled there."""

from __future__ import annotations

import html
import json
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from amp.fields.redaction import Redactor, url_secrets
from amp.fields.secret import REDACTED

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)
SECRETS = st.text(
    st.one_of(
        st.sampled_from("ab01&\"'<>/\\% +=\n:@é€😀"), st.characters(exclude_categories=["Cs"])
    ),
    min_size=4,
    max_size=40,
)
SPELLINGS = {
    "plain": lambda text: text,
    "json": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "json in ASCII": lambda text: json.dumps(text)[1:-1],
    "json in json": lambda text: json.dumps(json.dumps(text))[3:-3],
    "go": lambda text: (
        json.dumps(text, ensure_ascii=False)[1:-1]
        .replace("&", "\\u0026").replace("<", "\\u003C").replace(">", "\\u003e")
    ),
    "php": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "url": lambda text: quote(text, safe=""),
    "path": lambda text: quote(text),
    "lower": lambda text: quote(text, safe="").replace("%2F", "%2f").replace("%3A", "%3a"),
    "twice": lambda text: quote(quote(text, safe=""), safe=""),
    "form": quote_plus,
    "json in a form": lambda text: quote_plus(json.dumps(text)[1:-1]),
    "html": html.escape,
}  # fmt: skip


def spelled(secret: str) -> list[str]:
    return [spelling(secret) for spelling in SPELLINGS.values()]


@given(secret=SECRETS, before=TEXTS, after=TEXTS, limit=st.integers(16, 200))
@example(secret="a&b<c", before="", after="", limit=64)
@example(secret="\\\\\\\\", before="\\\\", after="\\", limit=64)
def test_no_spelling_leaks(secret: str, before: str, after: str, limit: int) -> None:
    redactor = Redactor([secret])
    for name, spelling in SPELLINGS.items():
        shown = spelling(secret)
        text = before + shown + after
        redacted = redactor.redact(text)
        assert shown not in redacted.replace(REDACTED, ""), name
        assert REDACTED in redacted
        kept = redactor.excerpt(text.encode(), limit)
        assert shown not in kept.replace(REDACTED, "")
        assert len(kept.encode()) <= limit


@given(
    secrets=st.lists(SECRETS, min_size=1, max_size=5),
    pieces=st.lists(TEXTS, max_size=5),
    data=st.data(),
)
def test_several_secrets_that_overlap(
    secrets: list[str], pieces: list[str], data: st.DataObject
) -> None:
    known = st.sampled_from([one for secret in secrets for one in spelled(secret)])
    text = "".join(data.draw(st.sampled_from(pieces) | known) for _ in range(8)) if pieces else ""
    redacted = Redactor(secrets).redact(text)
    parts = redacted.split(REDACTED)
    assume("<" not in "".join(secrets))
    for secret in secrets:
        assert all(secret not in part for part in parts)


@given(secret=st.text("abcdef0123456789", min_size=12, max_size=300), at=st.integers(0, 330))
def test_a_secret_at_the_cut_shows_no_beginning(secret: str, at: int) -> None:
    redactor = Redactor([secret])
    limit = 300
    for filler in ("-", "é", "😀"):
        text = filler * at + secret + filler * 2000
        kept = redactor.excerpt(text.encode(), limit)
        assert not set(kept.replace(REDACTED, "")) & set(secret) - set("<secret>")
        assert len(kept.encode()) <= limit
        assert kept.endswith("…")


@given(repeated=st.integers(1, 400), rest=st.integers(0, 60))
def test_marks_that_are_shorter_than_the_secret_pull_nothing_in(repeated: int, rest: int) -> None:
    secret = "0123456789abcdefghij0123456789ABCDEFGHIJ"
    text = secret * repeated + "." * rest + secret[:-1]
    kept = Redactor([secret]).excerpt(text.encode() + secret[-1:].encode() + b"x" * 999, 1024)
    assert "0123456" not in kept


def test_what_is_short_or_unknown_stays() -> None:
    redactor = Redactor(["abc", ""])
    assert redactor.redact("abc abcd") == "abc abcd"
    assert redactor.excerpt(b"", 10) == ""
    assert redactor.excerpt("12345678901", 10) == "1234567…"
    assert redactor.excerpt(b"12345\xff\xfe\x00", 100) == "12345\ufffd\ufffd\ufffd"
    assert redactor.excerpt("ééééé".encode(), 10) == "ééééé"
    assert redactor.excerpt("éééééé".encode(), 10) == "ééé…"


def test_long_secrets_are_found_piece_by_piece() -> None:
    secret = "".join(f"{number:04d}" for number in range(500))
    redacted = Redactor([secret]).redact(f"<{secret[:300]}>")
    assert secret[:128] not in redacted
    assert Redactor([secret]).redact(f"<{secret}>") == f"<{REDACTED}>"


@pytest.mark.parametrize(
    ("url", "secret", "plain"),
    [
        (
            "https://hooks.slack.com/services/T00000001/B0000001/XXXXXXXXXXXXXXXXXXXXXXXX",
            ["services/T00000001/B0000001/XXXXXXXXXXXXXXXXXXXXXXXX", "XXXXXXXXXXXXXXXXXXXXXXXX"],
            ["services", "hooks.slack.com"],
        ),
        ("http://host/alerts", [], ["alerts", "host"]),
        (
            "http://host/alerts?key=word&space=team",
            ["word", "alerts?key=word&space=team"],
            ["team"],
        ),
        ("http://user:pass@host/", ["pass", "dXNlcjpwYXNz"], ["user", "host"]),
        ("http://u:p%40ssword@host/", ["p@ssword"], []),
        ("{{ template `x` }}://?", [], []),
    ],
)
def test_parts_of_a_url(url: str, secret: list[str], plain: list[str]) -> None:
    found = url_secrets(url)
    assert set(secret) <= set(found)
    assert not set(plain) & set(found)
    redactor = Redactor([url])
    assert redactor.redact(f"no {url}!") == f"no {REDACTED}!"
    for word in secret:
        assert word not in redactor.redact(f"no {word}!")


def test_user_information_of_any_url() -> None:
    redactor = Redactor()
    assert redactor.redact("see https://me:word@h/x?a@b") == "see https://<secret>@h/x?a@b"
    assert redactor.redact('"https:\\/\\/me:word@h"') == '"https:\\/\\/<secret>@h"'
    form = urlencode({"u": "https://me:word@h/x", "m": "me@example.com"})
    assert redactor.redact(form) == "u=https%3A%2F%2F<secret>%40h%2Fx&m=me%40example.com"
    assert redactor.redact("mail me@example.com") == "mail me@example.com"


def test_more_secrets_for_once() -> None:
    redactor = Redactor(["first-one"])
    more = redactor.knowing(["second"])
    assert more.redact("first-one second") == "<secret> <secret>"
    assert redactor.redact("first-one second") == "<secret> second"
    assert redactor.knowing([]) is redactor
