"""Checks a certificate and its key before OpenSSL sees them, in Go's words.

Upstream: crypto/tls X509KeyPair.
"""

from __future__ import annotations

import re

_BLOCK = re.compile(rb"-----BEGIN ([^\r\n-]+)-----\r?\n.*?-----END \1-----", re.DOTALL)


def check_certificate(text: bytes) -> None:
    """Refuses a text without a certificate.

    Raises:
        ValueError: with Go's text.
    """
    kinds = _kinds(text)
    if "CERTIFICATE" in kinds:
        return
    if not kinds:
        raise ValueError("tls: failed to find any PEM data in certificate input")
    if len(kinds) == 1 and kinds[0].endswith("PRIVATE KEY"):
        raise ValueError(
            "tls: failed to find certificate PEM data in certificate input, but did find a private"
            " key; PEM inputs may have been switched"
        )
    raise ValueError(
        'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks'
        f" of the following types: [{' '.join(kinds)}]"
    )


def check_key(text: bytes) -> None:
    """Refuses a text without a private key.

    Raises:
        ValueError: with Go's text.
    """
    kinds = _kinds(text)
    if any(kind == "PRIVATE KEY" or kind.endswith(" PRIVATE KEY") for kind in kinds):
        return
    if not kinds:
        raise ValueError("tls: failed to find any PEM data in key input")
    if kinds == ["CERTIFICATE"]:
        raise ValueError(
            "tls: found a certificate rather than a key in the PEM for the private key"
        )
    raise ValueError(
        'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after'
        f" skipping PEM blocks of the following types: [{' '.join(kinds)}]"
    )


def certificates(text: bytes) -> list[str]:
    """The certificates of a text, each in PEM; everything else is skipped."""
    return [
        found[0].decode("ascii", "ignore")
        for found in _BLOCK.finditer(text)
        if found[1] == b"CERTIFICATE"
    ]


def _kinds(text: bytes) -> list[str]:
    return [found[1].decode("latin-1") for found in _BLOCK.finditer(text)]
