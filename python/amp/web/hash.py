"""bcrypt hashes as the web configuration file holds them (Upstream: x/crypto bcrypt/bcrypt.go)."""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass

from amp.fields.quote import quote

ALPHABET = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
SHORTEST = 59
SALT_BYTES = 22
DIGEST_BYTES = 31
PASSWORD_BYTES = 72
"""bcrypt looks at no more of a password."""
COSTS = range(4, 32)


@dataclass(frozen=True, slots=True)
class Hash:
    """A hash that can be compared with passwords."""

    cost: int
    salt: bytes
    digest: bytes

    @staticmethod
    def parse(text: str) -> Hash:
        """Reads a hash; the version's letter does not matter, nor what follows the digest.

        Raises:
            ValueError: with Go's text.
        """
        raw = text.encode()
        if len(raw) < SHORTEST:
            raise ValueError("crypto/bcrypt: hashedSecret too short to be a bcrypted password")
        if raw[:1] != b"$":
            raise ValueError(
                "crypto/bcrypt: bcrypt hashes must start with '$', but hashedSecret started with "
                f"'{chr(raw[0])}'"
            )
        if raw[1:2] > b"2":
            raise ValueError(
                f"crypto/bcrypt: bcrypt algorithm version '{chr(raw[1])}' requested is newer than "
                "current version '2'"
            )
        rest = raw[3:] if raw[2:3] == b"$" else raw[4:]
        digits = rest[:2].decode("latin-1")
        if not re.fullmatch(r"[+-]?[0-9]+", digits):
            raise ValueError(f"strconv.Atoi: parsing {quote(digits)}: invalid syntax")
        if int(digits) not in COSTS:
            raise ValueError(
                f"crypto/bcrypt: cost {int(digits)} is outside allowed inclusive range 4..31"
            )
        rest = rest[3:]
        return Hash(int(digits), rest[:SALT_BYTES], rest[SALT_BYTES:][:DIGEST_BYTES])

    @staticmethod
    def nobody(cost: int) -> Hash:
        """A hash that no password has, at the price of one that some password has."""
        salt = bytes(secrets.choice(ALPHABET) for _ in range(SALT_BYTES))
        return Hash(cost, salt, b"")

    def matches(self, password: bytes) -> bool:
        """Whether the password has this hash; takes the time that the cost asks for."""
        import bcrypt

        if any(one not in ALPHABET for one in self.salt):
            return False
        # Only two bits of the last character are salt; the package insists on the others being 0.
        last = ALPHABET[ALPHABET.index(self.salt[-1]) & 0x30]
        salt = b"$2b$%02d$" % self.cost + self.salt[:-1] + bytes((last,))
        found = bcrypt.hashpw(password[:PASSWORD_BYTES], salt)
        return hmac.compare_digest(found[-DIGEST_BYTES:], self.digest)
