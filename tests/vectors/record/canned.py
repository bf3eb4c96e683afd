"""A server that gives the same answers whatever happens, and what of output stays the same."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

FOLDER = Path(__file__).resolve().parent.parent / "amtool"
SHADED = re.compile(r"time=\S+ (level=\w+) source=\S+")
ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
ROW = re.compile(r"^ {2}(?P<title>(?:-|    --|\[)\S.*?)(?: {2,}(?P<text>.*))?$")
AUTHOR = re.compile(r'--author="[^"]*"')
KEPT = ("Content-Type", "Accept", "Authorization")


class Canned:
    """An Alertmanager of paper.

    Args:
        answers: `METHOD /path` to status, content type and body (text, or a value for JSON); `*`
            answers the rest.
    """

    def __init__(self, answers: dict[str, list[Any]]) -> None:
        self.requests: list[list[Any]] = []
        canned = self

        class Handler(BaseHTTPRequestHandler):
            """Answers every method in the same way."""

            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                """Keeps the request, gives the answer."""
                body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
                named = [[name, self.headers[name]] for name in KEPT if name in self.headers]
                canned.requests.append([self.command, self.path, named, body])
                key = f"{self.command} {self.path.partition('?')[0]}"
                status, kind, told = answers.get(key) or answers["*"]
                text = (told if isinstance(told, str) else json.dumps(told)).encode()
                self.send_response(status)
                if kind:
                    self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_DELETE = answer  # noqa: N815  # http.server's names

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        class Server(ThreadingHTTPServer):
            """Says nothing of clients that hang up."""

            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """What they do is their business."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    def asked(self) -> list[list[Any]]:
        """Each request once, sorted."""
        return sorted(one for at, one in enumerate(self.requests) if one not in self.requests[:at])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def shaded(text: str, address: str) -> str:
    """Output without what is different each time."""
    text = ADDRESS.sub("ADDRESS", SHADED.sub(r"TIME \1", text))
    return text.replace(address, "SERVER")


def layout(text: str) -> list[str]:
    """A help without its prose: the line of usage, headings, flags with their column, commands."""
    lines = text.split("\n")
    kept, block = [lines[0]], ""
    for line in lines:
        if line in ("Flags:", "Args:", "Commands:"):
            block = line
            kept.append(line)
        elif block == "Commands:":
            kept.append(line)
        elif block in ("Flags:", "Args:") and (row := ROW.match(line)):
            column = str(row.start("text")) if row["text"] else ""
            kept.append(f"{AUTHOR.sub('--author=NAME', row['title'])}|{column}")
    return kept
