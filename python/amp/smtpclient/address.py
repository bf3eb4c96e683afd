"""Addresses of mail as people write them. Upstream: Go net/mail addrParser."""

from __future__ import annotations

import ipaddress
import re
from base64 import b64decode

from amp.errors import AmpError
from amp.fields.quote import quote

CHARSETS = {"utf-8": "utf-8", "iso-8859-1": "latin-1", "us-ascii": "ascii"}
COMMENT = "misformatted parenthetical comment"
_SPECIALS = frozenset('()<>[]:;@\\,"')
_ENCODED_WORD = re.compile(r"=\?([^?]+)\?([bBqQ])\?([^?]*)\?=")
_HEXADECIMAL = re.compile(r"=([0-9A-Fa-f]{2})")


class AddressError(AmpError):
    """A text that is no list of addresses, in Go's words."""

    def __init__(self, cause: str, *, begin: str = "mail: ") -> None:
        super().__init__(f"{begin}{cause}")


def parse_addresses(text: str) -> list[str]:
    """The addresses (`local@domain`) of a list, those of its groups included.

    Raises:
        AddressError: when it is none.
    """
    return _Parser(text).addresses()


class _Parser:
    """Where the reading of a text stands; methods move on behind what they return."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def addresses(self) -> list[str]:
        found: list[str] = []
        while True:
            self.skip_space()
            if self.take(","):
                continue
            found += self.address(groups=True)
            self.skip_comments()
            if not self.next:
                return found
            if self.next != ",":
                raise AddressError("expected comma")
            while self.take(","):
                self.skip_space()
            if not self.next:
                return found

    def address(self, *, groups: bool) -> list[str]:
        """One address, or the addresses of a group."""
        self.skip_space()
        if not self.next:
            raise AddressError("no address")
        before = self.at
        try:
            plain = self.plain_address()
        except AddressError:
            self.at = before
            return self.named_address(groups=groups)
        self.skip_space()
        if self.take("("):
            for word in self.comment().split():
                decoded(word)
        return [plain]

    def named_address(self, *, groups: bool) -> list[str]:
        """An address in angle brackets, perhaps with a name before it, or a group."""
        name = "" if self.next == "<" else self.phrase()
        self.skip_space()
        if groups and self.take(":"):
            return self.group()
        if not self.take("<"):
            atoms = all(atomic(character) for character in name)
            raise AddressError("missing '@' or angle-addr" if atoms else "no angle-addr")
        plain = self.plain_address()
        if not self.take(">"):
            raise AddressError("unclosed angle-addr")
        return [plain]

    def group(self) -> list[str]:
        """The members of a group up to its semicolon."""
        found: list[str] = []
        self.skip_space()
        if self.take(";"):
            self.skip_comments()
            return found
        while True:
            self.skip_space()
            found += self.address(groups=False)
            self.skip_comments()
            if self.take(";"):
                self.skip_comments()
                return found
            if not self.take(","):
                raise AddressError("expected comma")

    def plain_address(self) -> str:
        """`local@domain`; how far it came when it fails is the caller's to forget."""
        self.skip_space()
        if not self.next:
            raise AddressError("no addr-spec")
        if self.next == '"':
            try:
                local = self.quoted()
            except AddressError:
                # Go says the same of one that is broken.
                local = ""
            if not local:
                raise AddressError("empty quoted string in addr-spec")
        else:
            local = self.atom(strict=True)
        if not self.take("@"):
            raise AddressError("missing @ in addr-spec")
        self.skip_space()
        if not self.next:
            raise AddressError("no domain in addr-spec")
        domain = self.literal() if self.next == "[" else self.atom(strict=True)
        return f"{local}@{domain}"

    def phrase(self) -> str:
        """The words of a name; encoded ones that follow each other are one."""
        words: list[str] = []
        encoded = ""
        failure: AddressError | None = None
        while failure is None:
            if words:
                self.skip_comments()
            self.skip_space()
            if not self.next:
                break
            try:
                word, was_encoded = self.word()
            except AddressError as error:
                failure = error
                continue
            if was_encoded:
                encoded += word
                continue
            if encoded:
                words.append(encoded)
                encoded = ""
            words.append(word)
        if encoded:
            words.append(encoded)
        if failure is not None and not words:
            raise AddressError(f"missing word in phrase: {failure}")
        return " ".join(words)

    def word(self) -> tuple[str, bool]:
        """One word of a name, and whether it was encoded."""
        if self.next == '"':
            return self.quoted(), False
        return decoded(self.atom(strict=False))

    def quoted(self) -> str:
        """A text in double quotes."""
        found: list[str] = []
        escaped = False
        for at in range(self.at + 1, len(self.text)):
            character = self.text[at]
            if not escaped and character == '"':
                self.at = at + 1
                return "".join(found)
            if not escaped and character == "\\":
                escaped = True
                continue
            if not visible(character) and character not in " \t":
                raise AddressError(f"bad character in quoted-string: {quoted_rune(character)}")
            found.append(character)
            escaped = False
        raise AddressError("unclosed quoted-string")

    def atom(self, *, strict: bool) -> str:
        """Letters with dots; strictly none at the ends and no two together."""
        begin = self.at
        while self.next and atomic(self.next):
            self.at += 1
        found = self.text[begin : self.at]
        if not found:
            raise AddressError("invalid string")
        if strict:
            if found.startswith("."):
                raise AddressError("leading dot in atom")
            if ".." in found:
                raise AddressError("double dot in atom")
            if found.endswith("."):
                raise AddressError("trailing dot in atom")
        return found

    def literal(self) -> str:
        """An address in square brackets."""
        begin = self.at + 1
        end = self.text.find("]", begin)
        inside = self.text[begin : end if end >= 0 else None]
        for character in inside:
            if not visible(character) or character in "[\\":
                raise AddressError(f"bad character in domain-literal: {quoted_rune(character)}")
        if end < 0:
            raise AddressError("unclosed domain-literal")
        try:
            if "%" in inside:
                raise ValueError(inside)
            ipaddress.ip_address(inside)
        except ValueError:
            shown = quote(inside)
            raise AddressError(f"invalid IP address in domain-literal: {shown}") from None
        self.at = end + 1
        return f"[{inside}]"

    def comment(self) -> str:
        """What is in parentheses, the first of which is taken already."""
        depth = 1
        found: list[str] = []
        while self.next and depth:
            if self.next == "\\" and self.at + 1 < len(self.text):
                self.at += 1
            elif self.next == "(":
                depth += 1
            elif self.next == ")":
                depth -= 1
            if depth:
                found.append(self.next)
            self.at += 1
        if depth:
            raise AddressError(COMMENT)
        return "".join(found)

    def skip_comments(self) -> None:
        self.skip_space()
        while self.take("("):
            self.comment()
            self.skip_space()

    def skip_space(self) -> None:
        while self.next in (" ", "\t"):
            self.at += 1

    def take(self, character: str) -> bool:
        if self.next != character:
            return False
        self.at += 1
        return True

    @property
    def next(self) -> str:
        """The next character, empty at the end."""
        return self.text[self.at : self.at + 1]


def atomic(character: str) -> bool:
    """Whether the character may stand in an atom with dots."""
    return visible(character) and character not in _SPECIALS


def visible(character: str) -> bool:
    """Printable ASCII but the blank, and everything beyond ASCII."""
    return "!" <= character <= "~" or character >= "\x80"


def quoted_rune(character: str) -> str:
    """Go's `%q` of a control character."""
    return f"'{quote(character)[1:-1]}'"


def decoded(word: str) -> tuple[str, bool]:
    """An encoded word's text; another word itself (RFC 2047)."""
    match = _ENCODED_WORD.fullmatch(word)
    if match is None:
        return word, False
    charset, encoding, text = match.groups()
    try:
        data = b64decode(text.encode(), validate=True) if encoding in "bB" else _unquoted(text)
    except ValueError:
        return word, False
    codec = CHARSETS.get(charset.lower())
    if codec is None:
        raise AddressError(quote(charset.lower()), begin="charset not supported: ")
    return data.decode(codec, "replace"), True


def _unquoted(text: str) -> bytes:
    if "=" in _HEXADECIMAL.sub("", text):
        raise ValueError(text)
    plain = text.replace("_", " ").encode("ascii")
    return re.sub(rb"=(..)", lambda match: bytes([int(match[1], 16)]), plain)
