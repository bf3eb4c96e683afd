"""How a client proves who it is. Upstream: Go net/smtp auth.go, notify/email loginAuth."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import ClassVar

from amp.smtpclient.failure import SmtpError

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
UNEXPECTED = "unexpected server challenge"


@dataclass(frozen=True, slots=True)
class Plain:
    """PLAIN: everything at once, on connections that nobody else can read."""

    identity: str
    username: str
    password: str
    name: ClassVar = "PLAIN"
    shown: ClassVar = "*smtp.plainAuth"

    def start(self, host: str, *, secure: bool) -> bytes:
        """Identity, name and password."""
        if not secure and host not in LOCAL:
            raise SmtpError("unencrypted connection")
        return _bytes("\0".join([self.identity, self.username, self.password]))

    def answer(self, challenge: bytes) -> bytes:
        """There is nothing more to say."""
        raise SmtpError(UNEXPECTED)


@dataclass(frozen=True, slots=True)
class Login:
    """LOGIN: the server asks for the name and the password."""

    username: str
    password: str
    name: ClassVar = "LOGIN"
    shown: ClassVar = "*email.loginAuth"

    def start(self, host: str, *, secure: bool) -> bytes:
        """Nothing yet."""
        return b""

    def answer(self, challenge: bytes) -> bytes:
        """What is asked for."""
        asked = challenge.lower()
        if asked == b"username:":
            return _bytes(self.username)
        if asked == b"password:":
            return _bytes(self.password)
        raise SmtpError(UNEXPECTED)


@dataclass(frozen=True, slots=True)
class CramMd5:
    """CRAM-MD5: a digest of the server's challenge with the secret."""

    username: str
    secret: str
    name: ClassVar = "CRAM-MD5"
    shown: ClassVar = "*smtp.cramMD5Auth"

    def start(self, host: str, *, secure: bool) -> bytes:
        """Nothing yet."""
        return b""

    def answer(self, challenge: bytes) -> bytes:
        """The name and the digest."""
        digest = hmac.new(_bytes(self.secret), challenge, "md5").hexdigest()
        return _bytes(f"{self.username} {digest}")


Mechanism = Plain | Login | CramMd5
"""`name` is how AUTH calls one, `shown` how errors do: upstream's Go type.

`start` gives what goes with AUTH, `answer` the answer to what the server asks; SmtpError when there
is none.
"""


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
