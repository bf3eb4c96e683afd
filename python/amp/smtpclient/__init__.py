"""Mail to a server: one connection for each message."""

from amp.smtpclient.client import SmtpClient
from amp.smtpclient.failure import SmtpError
from amp.smtpclient.session import Session

__all__ = ["Session", "SmtpClient", "SmtpError"]
