"""URLs as Go reads and prints them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amp.errors import ConfigError
from amp.fields.url import parse_http_url, parse_url, with_final_slash


@given(st.text(alphabet="http:/?#@[]%41azé \\\x00.&=;", max_size=40))
def test_what_is_printed_reads_the_same(text: str) -> None:
    try:
        url = parse_http_url(text)
    except ConfigError:
        return
    assert str(parse_url(str(url))) == str(url)


@pytest.mark.parametrize(
    ("given_url", "printed"),
    [
        ("HTTP://Host/A b", "http://Host/A%20b"),
        ("http://u:p%40@h/", "http://u:p%40@h/"),
        ("http://h?a b#c d", "http://h?a b#c%20d"),
        ("http://h/%2f", "http://h/%2f"),
        ("mailto:x", "mailto:x"),
    ],
)
def test_printing(given_url: str, printed: str) -> None:
    assert str(parse_url(given_url)) == printed


def test_redacting_hides_the_password_only() -> None:
    assert parse_url("http://user:word@h/x").redacted() == "http://user:xxxxx@h/x"
    assert parse_url("http://user@h/x").redacted() == "http://user@h/x"


def test_a_secret_url_is_not_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_http_url('http://host/token": x%zz', secret=True)
    assert str(caught.value) == 'parse "<secret>": invalid URL escape "%zz"'


def test_final_slash() -> None:
    assert with_final_slash("http://h") == "http://h/"
    assert with_final_slash("http://h/a?b=c") == "http://h/a/?b=c"
    assert with_final_slash("http://h/a/?b=c") == "http://h/a/?b=c"
