"""A scripted SMTP server that writes down what is said, for recordings and for tests."""

from __future__ import annotations

import base64
import contextlib
import socket
import struct
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import ssl

GREETING = "220 mail.test ESMTP"
LOGIN = ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6", "235 welcome"]
CHALLENGE = "334 " + base64.b64encode(b"<1896.697170952@mail.test>").decode()
CONVERSATIONS = {"PLAIN": ["235 welcome"], "LOGIN": LOGIN, "CRAM-MD5": [CHALLENGE, "235 welcome"]}
REPLIES = {
    "HELO": "250 mail.test",
    "STARTTLS": "220 go ahead",
    "MAIL": "250 sender ok",
    "RCPT": "250 recipient ok",
    "DATA": "354 end with a dot",
    ".": "250 queued",
    "*": "501 cancelled",
    "QUIT": "221 bye",
}
RESET = struct.pack("ii", 1, 0)
PATIENCE_SECONDS = 30.0


class HungUp(Exception):
    """The script says that the connection ends here."""


@dataclass
class Script:
    """How the server behaves. A reply is a text with `\\n` between its lines.

    Attributes:
        implicit: whether TLS begins at once.
        extensions: the lines after the first of the answer to EHLO.
        secured: the same after STARTTLS; None means `extensions` without STARTTLS.
        replies: by verb; a list has one for each time. null hangs up, `RESET` breaks the
            connection, `` (empty) never answers.
        auth: the answers to AUTH and what follows it; empty: as the mechanism wants.
    """

    implicit: bool = False
    greeting: str | None = GREETING
    extensions: list[str] = field(default_factory=list)
    secured: list[str] | None = None
    replies: dict[str, Any] = field(default_factory=dict)
    auth: list[str | None] = field(default_factory=list)


@dataclass
class Session:
    """One connection: what was said (`C:`, `S:`, `TLS`), and the message without its dots."""

    said: list[str] = field(default_factory=list)
    message: bytes | None = None
    over: threading.Event = field(default_factory=threading.Event)


class MailServer:
    """Listens on the loopback address, in threads of its own; use it as a context manager."""

    def __init__(
        self, script: Script, context: ssl.SSLContext | None = None, *, host: str = "127.0.0.1"
    ) -> None:
        self.script = script
        self.context = context
        self.sessions: list[Session] = []
        self.socket = socket.create_server((host, 0), backlog=1024)
        self.port: int = self.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self._thread.join()

    def session(self, which: int = 0) -> Session:
        """A connection, once it is over."""
        session = self.sessions[which]
        if not session.over.wait(PATIENCE_SECONDS):
            raise TimeoutError("the session does not end")
        return session

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE_SECONDS)
            session = Session()
            self.sessions.append(session)
            conversation = _Conversation(self.script, self.context, session, connection)
            threading.Thread(target=conversation.run, daemon=True).start()


class _Conversation:
    """One connection's thread."""

    def __init__(
        self,
        script: Script,
        context: ssl.SSLContext | None,
        session: Session,
        connection: socket.socket,
    ) -> None:
        self.script = script
        self.context = context
        self.session = session
        self.connection = connection
        self.stream = connection.makefile("rb")
        self.used: dict[str, int] = {}
        self.extensions = script.extensions

    def run(self) -> None:
        try:
            if self.script.implicit:
                self.secure()
            self.say(self.script.greeting)
            while line := self.stream.readline():
                self.answer(line.decode("utf-8", "surrogateescape").rstrip("\r\n"))
        except (HungUp, OSError):
            pass
        finally:
            self.stream.close()
            self.connection.close()
            self.session.over.set()

    def secure(self) -> None:
        """Speaks TLS from now on."""
        assert self.context is not None
        self.stream.close()
        try:
            self.connection = self.context.wrap_socket(self.connection, server_side=True)
        except OSError:
            self.session.said.append("TLS failed")
            raise
        self.stream = self.connection.makefile("rb")
        shown = " with a certificate" if self.connection.getpeercert(binary_form=True) else ""
        self.session.said.append(f"TLS{shown}")

    def say(self, reply: str | None) -> None:
        """Sends a reply, or does what it stands for."""
        if reply is None:
            self.session.said.append("S hangs up")
            raise HungUp
        if reply == "RESET":
            self.session.said.append("S resets")
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            raise HungUp
        if not reply:
            self.session.said.append("S says nothing")
            return
        lines = reply.split("\n")
        self.session.said += [f"S: {line}" for line in lines]
        self.connection.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def answer(self, line: str) -> None:
        """Answers one command."""
        if line.startswith("\x16"):
            self.session.said.append("C: (TLS)")
            self.say("500 what")
            raise HungUp
        self.session.said.append(f"C: {line}")
        verb = line.split(" ")[0].upper()
        if verb == "AUTH":
            self.authenticate(line)
            return
        reply = self.reply(verb)
        self.say(reply)
        if verb == "STARTTLS" and reply is not None and reply.startswith("220"):
            self.secure()
            self.extensions = [one for one in self.extensions if one != "STARTTLS"]
            if self.script.secured is not None:
                self.extensions = self.script.secured
        elif verb == "DATA" and reply is not None and reply.startswith("354"):
            self.take_message()
        elif verb == "QUIT":
            raise HungUp

    def reply(self, verb: str) -> str | None:
        """The script's reply, else a friendly one."""
        if verb in self.script.replies:
            told: Any = self.script.replies[verb]
            if not isinstance(told, list):
                return told  # type: ignore[no-any-return]
            number = self.used[verb] = self.used.get(verb, -1) + 1
            if number < len(told):
                return told[number]  # type: ignore[no-any-return]
        if verb == "EHLO":
            lines = ["mail.test", *self.extensions]
            return "\n".join([f"250-{one}" for one in lines[:-1]] + [f"250 {lines[-1]}"])
        return REPLIES.get(verb, "500 what")

    def authenticate(self, line: str) -> None:
        """Goes through the answers to AUTH; the client may give up with `*`."""
        mechanism = line.split(" ")[1] if " " in line else ""
        replies = self.script.auth or CONVERSATIONS.get(mechanism, ["504 unknown mechanism"])
        for reply in replies:
            self.say(reply)
            if reply is None or not reply.startswith("334"):
                return
            heard = self.stream.readline().decode("utf-8", "surrogateescape").rstrip("\r\n")
            self.session.said.append(f"C: {heard}")
            if heard == "*":
                self.say(REPLIES["*"])
                return
        self.say("535 enough")

    def take_message(self) -> None:
        """Reads up to the lonely dot."""
        lines = []
        while line := self.stream.readline():
            if line == b".\r\n":
                self.session.said.append("C: (the message)")
                self.session.message = b"".join(
                    one[1:] if one.startswith(b".") else one for one in lines
                )
                self.say(self.reply("."))
                return
            lines.append(line)
        raise HungUp
