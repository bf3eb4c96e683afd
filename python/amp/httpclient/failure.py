"""Why a request got no answer, in the words that programs and people know from Go's client."""

from __future__ import annotations

import errno
import os
import socket
import ssl

from amp.errors import AmpError

NAMES_FOR_NUMBERS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset by peer",
    errno.EPIPE: "broken pipe",
    errno.ETIMEDOUT: "connection timed out",
    errno.EHOSTUNREACH: "no route to host",
    errno.ENETUNREACH: "network is unreachable",
    errno.EADDRNOTAVAIL: "cannot assign requested address",
    errno.ENOENT: "no such file or directory",
    errno.EACCES: "permission denied",
    errno.EISDIR: "is a directory",
    errno.EMFILE: "too many open files",
}
UNKNOWN_AUTHORITY = "x509: certificate signed by unknown authority"
CERTIFICATE_ERRORS = {
    2: UNKNOWN_AUTHORITY,
    9: "x509: certificate is not yet valid",
    10: "x509: certificate has expired or is not yet valid",
    18: UNKNOWN_AUTHORITY,
    19: UNKNOWN_AUTHORITY,
    20: UNKNOWN_AUTHORITY,
    21: UNKNOWN_AUTHORITY,
}
ALERTS = {
    "ALERT_UNEXPECTED_MESSAGE": "unexpected message",
    "ALERT_BAD_RECORD_MAC": "bad record MAC",
    "ALERT_HANDSHAKE_FAILURE": "handshake failure",
    "ALERT_BAD_CERTIFICATE": "bad certificate",
    "ALERT_CERTIFICATE_REVOKED": "revoked certificate",
    "ALERT_CERTIFICATE_EXPIRED": "expired certificate",
    "ALERT_CERTIFICATE_UNKNOWN": "unknown certificate",
    "ALERT_UNKNOWN_CA": "unknown certificate authority",
    "ALERT_ACCESS_DENIED": "access denied",
    "ALERT_PROTOCOL_VERSION": "protocol version not supported",
    "ALERT_INTERNAL_ERROR": "internal error",
    "ALERT_UNRECOGNIZED_NAME": "unrecognized name",
    "ALERT_CERTIFICATE_REQUIRED": "certificate required",
}


class RequestError(AmpError):
    """A request that got no usable answer. Its text never shows the URL's secrets."""


def forget_frames(error: BaseException) -> None:
    """Lets go of where the error came from: frames that hold it too would be left to the collector.

    A dead receiver makes thousands of errors, and collecting them holds up everybody.
    """
    cause: BaseException | None = error
    while cause is not None:
        cause.__traceback__ = None
        cause = cause.__cause__ or cause.__context__


def system_text(error: OSError) -> str:
    """What the operating system said, worded as Go does."""
    if error.errno is None:
        return str(error)
    known = NAMES_FOR_NUMBERS.get(error.errno)
    return known if known is not None else os.strerror(error.errno).lower()


def dial_text(address: tuple[str, int], error: OSError) -> str:
    """A connection that could not be made, as `dial tcp 127.0.0.1:1: connect: …`."""
    host, port = address
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"dial tcp {shown}: connect: {system_text(error)}"


def lookup_text(host: str, error: socket.gaierror) -> str:
    """A name without address."""
    missing = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
    why = "no such host" if error.errno in missing else (error.strerror or str(error)).lower()
    return f"dial tcp: lookup {host}: {why}"


def tls_text(error: ssl.SSLError) -> str:
    """A TLS handshake or record that failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        known = CERTIFICATE_ERRORS.get(error.verify_code)
        cause = known or f"x509: {error.verify_message}"
        return f"tls: failed to verify certificate: {cause}"
    reason = error.reason or str(error)
    for part, text in ALERTS.items():
        if part in reason:
            return f"remote error: tls: {text}"
    if reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST"}:
        return "http: server gave HTTP response to HTTPS client"
    if reason in {"PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"}:
        return "tls: first record does not look like a TLS handshake"
    if reason in {"UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS_AVAILABLE"}:
        return "tls: no supported versions satisfy MinVersion and MaxVersion"
    return f"tls: {reason.replace('_', ' ').lower()}"


def broken_text(error: BaseException | None) -> str:
    """A connection that ended before the answer was whole."""
    if error is None:
        return "EOF"
    if isinstance(error, ssl.SSLError):
        return tls_text(error)
    if isinstance(error, OSError):
        return f"read tcp: {system_text(error)}"
    return str(error)
