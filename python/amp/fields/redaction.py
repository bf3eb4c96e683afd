"""Hides secrets in texts that are kept, however JSON, URLs, forms and HTML spell them."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import unquote

from amp.errors import ConfigError
from amp.fields.secret import REDACTED
from amp.fields.url import parse_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SHORTEST_CHARACTERS = 4
"""Shorter secrets are not looked for: they would be found everywhere."""
PIECE_CHARACTERS = 128
"""Longer secrets are looked for piece by piece."""
LONGEST_CHARACTERS = 64 << 10
KEPT_TEXTS = 256
ESCAPED_CHARACTERS = 16
"""How long one escaped character may be, escaped twice."""
LEAST_REACH = 256
ELLIPSIS = "…"

_FREQUENT = frozenset({"http", "https", "alert", "alerts", "webhook"})
_RUN = re.compile(r"[0-9A-Za-z]+")
_BACKSLASH = r"(?:\\|%(?:25)*+5[Cc])"
_LETTERS = {"\b": "b", "\t": "t", "\n": "n", "\f": "f", "\r": "r"}
_NAMES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}
_USER = re.compile(r"(:(?:\\?/){2})[^/\s\"'<>@\\?#]{1,1024}@")
_ESCAPED_USER = re.compile(
    r"(%(?:25)*3[Aa](?:%(?:25)*2[Ff]){2})(?:(?!%(?:25)*(?:2[Ff]|40))[^\s&]){1,1024}(%(?:25)*40)"
)
_ESCAPED_COLON = re.compile("3[Aa]%")
_TELLING = re.compile("token|key|secret|pass|sig|auth|code|pwd", re.IGNORECASE)
_WORDS = re.compile(r"[a-z._-]{1,19}|[A-Z_]{1,19}")


class _Hidden:
    """One piece of a secret.

    Attributes:
        core: letters and digits of it, which every spelling has; the cheap question comes first.
        reach: how many characters its longest spelling may have.
    """

    __slots__ = ("_pattern", "_text", "core", "reach")

    def __init__(self, text: str) -> None:
        self._text = text
        self._pattern: re.Pattern[str] | None = None
        runs = _RUN.findall(text)
        # Of several that are as long the last: hosts come before what is secret.
        rare = [run for run in reversed(runs) if run not in _FREQUENT] or runs
        self.core = max(rare, key=len, default="")
        plain = sum(map(len, runs))
        self.reach = plain + (len(text) - plain) * ESCAPED_CHARACTERS

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        if self._pattern is None:
            self._pattern = re.compile(_spellings(self._text))
        return (found.span() for found in self._pattern.finditer(text))


class Redactor:
    """Replaces the secrets that it knows by `<secret>`.

    Args:
        secrets: texts; of those that are URLs the telling parts are secrets too.
    """

    __slots__ = ("_hidden", "_kept", "_reach")

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._kept: dict[str, tuple[_Hidden, ...]] = {}
        self._take(dict.fromkeys(piece for text in secrets for piece in self._pieces(text)))

    def _take(self, hidden: Iterable[_Hidden]) -> None:
        self._hidden = tuple(hidden)
        self._reach = max((one.reach for one in self._hidden), default=0)
        self._reach = max(self._reach, LEAST_REACH)

    def knowing(self, secrets: Iterable[str]) -> Redactor:
        """One that knows more secrets; cheap for texts that were seen before."""
        more = [piece for text in secrets for piece in self._pieces(text)]
        if not more:
            return self
        made = Redactor()
        made._take((*self._hidden, *more))
        return made

    def redact(self, text: str) -> str:
        """The text without secrets and without the user information of URLs."""
        places = [
            place for hidden in self._hidden if hidden.core in text for place in hidden.places(text)
        ]
        if places:
            text = _without(text, places)
        if "@" in text:
            text = _USER.sub(rf"\1{REDACTED}@", text)
        if "%" in text and _ESCAPED_COLON.search(text):
            text = _ESCAPED_USER.sub(rf"\1{REDACTED}\2", text)
        return text

    def excerpt(self, given: bytes | str, limit_bytes: int) -> str:
        """The beginning without secrets, at most so many bytes of UTF-8; `…` ends what was cut.

        What stands at the cut is redacted first: a secret there does not show its first half.
        """
        if not given:
            return ""
        seen = limit_bytes + self._reach
        whole = len(given) <= seen
        beginning = given if whole else given[:seen]
        if isinstance(beginning, bytes):
            beginning = beginning.decode("utf-8", "surrogateescape")
        # At the end of what was seen a secret may begin whose end was not.
        return _cut(self.redact(beginning), limit_bytes, unsure_bytes=0 if whole else self._reach)

    def _pieces(self, secret: str) -> tuple[_Hidden, ...]:
        known = self._kept.get(secret)
        if known is None:
            texts = [secret, *url_secrets(secret)] if "://" in secret else [secret]
            known = tuple(_Hidden(piece) for text in dict.fromkeys(texts) for piece in _parts(text))
            if len(self._kept) >= KEPT_TEXTS:
                self._kept.clear()
            self._kept[secret] = known
        return known


def url_secrets(text: str) -> list[str]:
    """What of a secret URL is secret by itself: path with query, what looks random, passwords.

    A plain word of the path (`/alerts`) is none, since it would be found everywhere.
    """
    try:
        url = parse_url(text)
    except ConfigError:
        return []
    found = user_secrets(text)
    query = "" if url.query is None else f"?{url.query}"
    words = [word for segment in url.path.split("/") for word in (segment, unquote(segment))]
    if any(map(_is_random, words)) or query:
        found.append((url.path + query).strip("/"))
    found += filter(_is_random, words)
    for pair in (url.query or "").split("&"):
        name, _, value = pair.partition("=")
        telling = _TELLING.search(name) is not None
        found += [one for one in (value, unquote(value)) if telling or _is_random(one)]
    return found


def user_secrets(text: str) -> list[str]:
    """The password of a URL, and user and password as a header has them."""
    try:
        url = parse_url(text)
    except ConfigError:
        return []
    if not url.password:
        return []
    pair = f"{url.user}:{url.password}".encode("utf-8", "surrogateescape")
    return [url.password, b64encode(pair).decode()]


def _is_random(word: str) -> bool:
    return len(word) >= 8 and _WORDS.fullmatch(word) is None and "{{" not in word


def _parts(secret: str) -> Iterator[str]:
    """Pieces that are not too long; none of a secret that is too short."""
    if len(secret) < SHORTEST_CHARACTERS:
        return
    secret = secret[:LONGEST_CHARACTERS]
    begin = 0
    while len(secret) - begin >= PIECE_CHARACTERS + SHORTEST_CHARACTERS:
        yield secret[begin : begin + PIECE_CHARACTERS]
        begin += PIECE_CHARACTERS
    yield secret[begin:]


def _spellings(secret: str) -> str:
    """A pattern of all spellings; letters and digits have one. Nothing in it goes back far."""
    out: list[str] = []
    for part in re.findall(r"[0-9A-Za-z]+|\\+|%(?:25)*|.", secret, re.DOTALL):
        if _RUN.fullmatch(part):
            out.append(part)
        elif part[0] == "\\":
            # At the beginning one will do: a text of nothing else would be read again and again.
            out.append(f"{_BACKSLASH}++" if out else _BACKSLASH)
        else:
            before = f"{_BACKSLASH}*+" if out else ""
            out.append(f"{before}(?:{'|'.join(_ways(part[0]))})")
    return "".join(out)


def _ways(character: str) -> Iterator[str]:
    """How a character that is neither letter nor digit may be written, after backslashes."""
    code = ord(character)
    if character in _NAMES:
        yield f"&(?:amp;)*+(?:{_NAMES[character]}|#0*{code}|#[xX]0*(?i:{code:x}));"
        if character == "&":
            yield "&(?:amp;)++"
    if character == "%":
        yield "%(?:25)*+"
    yield re.escape(character)
    if code > 0xFFFF:
        high, low = divmod(code - 0x10000, 0x400)
        yield f"(?i:u{0xD800 + high:04x}{_BACKSLASH}++u{0xDC00 + low:04x})"
    else:
        yield f"(?i:u{code:04x})"
    if code < 0x100:
        yield f"(?i:x{code:02x})"
    if character in _LETTERS:
        yield _LETTERS[character]
    if character == " ":
        yield r"\+"
    raw = character.encode("utf-8", "surrogateescape")
    yield "".join(f"%(?:25)*+(?i:{byte:02x})" for byte in raw)


def _without(text: str, places: list[tuple[int, int]]) -> str:
    """The text with a mark for each place; places that touch or overlap are one."""
    places.sort()
    out: list[str] = []
    at = 0
    begin, end = places[0]
    for next_begin, next_end in [*places[1:], (len(text) + 1, 0)]:
        if next_begin <= end:
            end = max(end, next_end)
            continue
        out += [text[at:begin], REDACTED]
        at, begin, end = end, next_begin, next_end
    out.append(text[at:])
    return "".join(out)


def _cut(text: str, limit_bytes: int, *, unsure_bytes: int) -> str:
    """Valid text without zeros, which no database takes, at most so many bytes.

    Args:
        text: may hold undecoded bytes.
        limit_bytes: with the mark of what was cut.
        unsure_bytes: of the end, not to be shown; 0 when the text is whole.
    """
    if not text.isascii():
        text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    size = len(text) if text.isascii() else len(text.encode())
    if not unsure_bytes and size <= limit_bytes:
        return text
    kept = min(limit_bytes - len(ELLIPSIS.encode()), max(0, size - unsure_bytes))
    return text.encode()[:kept].decode("utf-8", "ignore") + ELLIPSIS
