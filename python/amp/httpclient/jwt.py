"""The signed assertion of the JWT bearer grant (RFC 7523).

Signing needs the `cryptography` package (the extra `jwt`), imported with the first token.
"""

from __future__ import annotations

import json
import uuid
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any

from amp.httpclient.failure import RequestError

if TYPE_CHECKING:
    from amp.fields.http import OAuth2

LIFETIME_SECONDS = 600
NO_KEY = "invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key"
DIGESTS = {"RS256": "SHA256", "RS384": "SHA384", "RS512": "SHA512"}


def assertion(config: OAuth2, key: str, now_seconds: int) -> str:
    """Header, claims and signature.

    Upstream: prometheus/common config/oauth_assertion.go.

    Raises:
        RequestError: when the key cannot be used or the package is missing.
    """
    algorithm = config.signature_algorithm or "RS256"
    header = {"alg": algorithm, "typ": "JWT"}
    if config.client_certificate_key_id:
        header["kid"] = config.client_certificate_key_id
    claims: dict[str, Any] = {
        "iss": config.iss or config.client_id,
        "sub": config.client_id,
        "aud": config.audience or config.token_url,
        "jti": str(uuid.uuid4()),
        "iat": now_seconds,
        "exp": now_seconds + LIFETIME_SECONDS,
    }
    if config.scopes:
        claims["scope"] = " ".join(config.scopes)
    claims |= config.claims
    signed = f"{_part(header)}.{_part(claims)}"
    return f"{signed}.{_encode(_sign(key, signed.encode(), DIGESTS[algorithm]))}"


def _sign(key: str, message: bytes, digest: str) -> bytes:
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
    except ImportError:
        raise RequestError(
            "oauth2: the JWT bearer grant needs the package cryptography"
            " (pip install 'alertmanager-plus-plus[jwt]')"
        ) from None
    try:
        private = serialization.load_pem_private_key(key.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise RequestError(NO_KEY) from None
    if not isinstance(private, rsa.RSAPrivateKey):
        raise RequestError("invalid key: Key must be a valid RSA private key")
    return private.sign(message, padding.PKCS1v15(), getattr(hashes, digest)())


def _part(value: dict[str, Any]) -> str:
    return _encode(json.dumps(value, separators=(",", ":"), sort_keys=True).encode())


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
