"""Bodies that every mail program reads back as they were."""

from __future__ import annotations

import quopri
import re

from hypothesis import given
from hypothesis import strategies as st

from amp.smtpclient.encodedword import encoded
from amp.smtpclient.quotedprintable import quoted_printable

TEXTS = st.text(st.sampled_from("ab =\t\n.üé🔥\x00\x7f\u2028"), max_size=400)


@given(TEXTS)
def test_what_is_written_is_read(text):
    written = quoted_printable(text)
    assert quopri.decodestring(written).decode() == text.replace("\n", "\r\n")


@given(TEXTS | st.text(st.characters(exclude_categories=["Cs"])))
def test_lines_are_short_and_plain(text):
    for line in quoted_printable(text).split(b"\r\n"):
        assert len(line) <= 76
        assert re.fullmatch(rb"[\t -~]*", line)
        assert not line.endswith((b" ", b"\t"))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_headers_are_plain_and_their_words_short(text):
    value = encoded(text)
    assert re.fullmatch(r"[\t -~]*", value)
    if value != text:
        assert max(map(len, value.split(" "))) <= 75
