"""Records `webhook.json`: the requests that webhooks cause, and what becomes of their answers."""

from __future__ import annotations

import json
import re
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from cases.webhook import OK, Case, all_cases
from oracle import Reference, free_port, oracle_argument, save

ABOUT = (
    "One delivery attempt to one webhook. `webhook` is its configuration, `answers` what its "
    "server answers by request target (raw; null: never; absent: an empty 200), `requests` what "
    "the server got in that attempt (body `JSON` stands for the webhook's body), `error` the "
    "attempt's error (null: delivered) and `retry` whether another attempt follows. HERE is the "
    "server's address, OTHER the same under the name localhost, CLOSED an address without "
    "listener, FOLDER the folder of `files`. `differs` is our error where its words are not the "
    "reference's."
)
FIRST_ATTEMPT_SECONDS = 0.2
ALL_DONE_SECONDS = 16.0


class Server:
    """Answers a case's requests and keeps them with their arrival."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.requests: list[tuple[float, dict[str, Any]]] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.closed = free_port()
        self.folder = ""
        threading.Thread(target=self.accept, daemon=True).start()

    def filled(self, text: str) -> str:
        """The text with real addresses."""
        return (
            text.replace("HERE", f"127.0.0.1:{self.port}")
            .replace("CLOSED", f"127.0.0.1:{self.closed}")
            .replace("OTHER", f"localhost:{self.port}")
            .replace("FOLDER", self.folder)
        )

    def tidy(self, text: str) -> str:
        """The text without real addresses."""
        text = text.replace(f"127.0.0.1:{self.port}", "HERE")
        text = text.replace(f"127.0.0.1:{self.closed}", "CLOSED")
        return text.replace(f"localhost:{self.port}", "OTHER").replace(self.folder, "FOLDER")

    def accept(self) -> None:
        """Serves every connection in a thread of its own."""
        while True:
            connection, _ = self.socket.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        """Reads requests until the connection ends."""
        stream = connection.makefile("rb")
        with connection:
            while first := stream.readline().decode("latin-1"):
                if not first.startswith(("POST", "GET", "CONNECT")):
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    return
                headers = []
                while line := stream.readline().decode("latin-1").rstrip("\r\n"):
                    name, _, value = line.partition(": ")
                    headers.append([name, value])
                size = next((int(v) for n, v in headers if n == "Content-Length"), 0)
                reply = self.reply(first.split(" ")[:2], headers, stream.read(size))
                if reply is None:
                    time.sleep(60)
                    return
                connection.sendall(reply.encode())
                if not reply or "Connection: close" in reply or not reply.startswith("HTTP"):
                    return

    def reply(self, first: list[str], headers: list[list[str]], body: bytes) -> str | None:
        """Keeps the request and finds its answer."""
        target = self.tidy(first[1])
        text = self.tidy(body.decode())
        request = {
            "method": first[0],
            "target": target,
            "headers": sorted([name, self.tidy(value)] for name, value in headers),
            "body": "JSON" if text.startswith('{"receiver"') else text,
        }
        length = next((value for name, value in headers if name == "Content-Length"), None)
        if request["body"] == "JSON":
            request["headers"].remove(["Content-Length", length])
        self.requests.append((time.monotonic(), request))
        answers = self.case.answers
        answer = answers.get(target, OK)
        return answer if answer is None else self.filled(answer)

    def first_attempt(self) -> list[dict[str, Any]]:
        """The requests of the first attempt."""
        if not self.requests:
            return []
        until = self.requests[0][0] + FIRST_ATTEMPT_SECONDS
        return [request for at, request in self.requests if at < until]


def configuration(servers: list[Server]) -> str:
    """One receiver with all webhooks, as JSON (which is YAML)."""
    hooks = [json.loads(server.filled(json.dumps(server.case.webhook))) for server in servers]
    route = {"receiver": "hooks", "group_wait": "0s", "group_interval": "5s"}
    return json.dumps({"route": route, "receivers": [{"name": "hooks", "webhook_configs": hooks}]})


def outcomes(log: str, count: int) -> list[tuple[str | None, bool]]:
    """Error and retry of each webhook, read from the log."""
    found: list[tuple[str | None, bool]] = [(None, False)] * count
    failed = re.search(r'msg="Notify for alerts failed".* err="((?:[^"\\]|\\.)*)"', log)
    text = json.loads(f'"{failed.group(1)}"') if failed else ""
    parts = re.split(r"(?:^|\n)hooks/webhook\[(\d+)\]: ", text)[1:]
    for index, cause in zip(parts[::2], parts[1::2], strict=True):
        retry = not cause.startswith("notify retry canceled due to unrecoverable")
        found[int(index)] = (re.sub(r"^notify retry.*? attempts: ", "", cause), retry)
    return found


def main() -> None:
    """Records all cases in one run of the reference."""
    oracle = oracle_argument(__doc__ or "")
    servers = [Server(case) for case in all_cases()]
    with tempfile.TemporaryDirectory() as folder:
        for index, server in enumerate(servers):
            server.folder = f"{folder}/{index}"
            Path(server.folder).mkdir()
            for name, content in server.case.files.items():
                (Path(server.folder) / name).write_text(server.filled(content))
        config = configuration(servers)
        with Reference(oracle, config, ("--log.level=debug",), folder=Path(folder)) as reference:
            reference.post("/api/v2/alerts", [{"labels": {"alertname": "Down"}}])
            time.sleep(ALL_DONE_SECONDS)
            log = (reference.home / "log").read_text()
    cases = []
    for server, (error, retry) in zip(servers, outcomes(log, len(servers)), strict=True):
        case = server.case
        cases.append(
            {
                "name": case.name,
                "covers": [case.covers],
                "webhook": case.webhook,
                "answers": case.answers,
                "files": case.files,
                "requests": server.first_attempt(),
                "error": error if error is None else server.tidy(error),
                "retry": retry,
            }
            | ({"differs": case.differs} if case.differs else {})
        )
    save("webhook", ABOUT, cases)


if __name__ == "__main__":
    main()
