"""Why a mail server did not take a message, in the words that people know from Go's client."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from amp.errors import AmpError
from amp.fields.quote import quote
from amp.httpclient.failure import broken_text, tls_text

if TYPE_CHECKING:
    from amp.smtpclient.connection import Reply

NO_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"}


class SmtpError(AmpError):
    """A step of the conversation with a mail server that failed."""


def refused(reply: Reply) -> SmtpError:
    """A reply with another code than the one that is needed (Go: textproto.Error)."""
    return SmtpError(f"{reply.code:03d} {quote(reply.text)}")


def malformed(line: str) -> SmtpError:
    """A line that is no reply (Go: textproto parseCodeLine)."""
    short = len(line) < 4 or line[3] not in " -"
    return SmtpError(f"{'short response' if short else 'invalid response code'}: {quote(line)}")


def lost(error: BaseException | None) -> SmtpError:
    """A connection that ended, or that never became secure."""
    if isinstance(error, ssl.SSLError):
        if error.reason in NO_TLS:
            return SmtpError("tls: first record does not look like a TLS handshake")
        return SmtpError(tls_text(error))
    if isinstance(error, OSError) and error.errno is None:
        return SmtpError("EOF")
    return SmtpError(broken_text(error))
