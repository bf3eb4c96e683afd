"""Records `web_config.json`: web configuration files, and what clients get while they are in force.

Needs trustme for the certificates.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from cases.web_config import DIFFERS, STARTS, STORIES
from oracle import READY_WITHIN_SECONDS, free_port, oracle_argument, save

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from webclient import WebFolder

ABOUT = (
    "Web configuration files (`text`; null: there is none) beside the certificates that "
    "tests/webclient.py makes. `error` is why the reference does not start. `steps` are taken in "
    "order: `write` changes the file, `renew` the server's certificate, everything else is a "
    "request (`tls`: how) and has its `answer`: an HTTP answer, a TLS alert, or a closed "
    "connection. `differs` tells why ours is another."
)
CONFIG = "route: {receiver: r}\nreceivers: [{name: r}]\n"
COVERS = ["api 10 web config"]


class Server:
    """The reference on a folder, started with one web configuration."""

    def __init__(self, oracle: Path, folder: Path) -> None:
        self.port = free_port()
        self._log = folder / "log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    str(oracle / "alertmanager"), "--config.file=alertmanager.yml",
                    "--storage.path=data", f"--web.listen-address=127.0.0.1:{self.port}",
                    "--cluster.listen-address=", "--web.config.file=web.yml",
                ],
                cwd=folder, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if "TLS is " in self._log.read_text():
                break
            time.sleep(0.01)
        time.sleep(0.05)  # What is wrong after that line ends the process at once.

    def error(self) -> str | None:
        """Why it ended; None when it runs."""
        if self.process.poll() is None:
            return None
        found = re.search(
            r'msg="alertmanager exited with error" err="(.*)"\n', self._log.read_text()
        )
        text = found[1] if found else ""
        return text.replace('\\"', '"').replace("\\n", "\n")

    def stop(self) -> None:
        """Ends it."""
        self.process.terminate()
        self.process.wait()


def record(oracle: Path, name: str, text: str | None, steps: list[dict[str, Any]]) -> Any:
    """Asks about one file."""
    found: dict[str, Any] = {"name": name, "covers": COVERS, "text": text}
    if name in DIFFERS:
        found["differs"] = DIFFERS[name]
    with tempfile.TemporaryDirectory() as home:
        folder = WebFolder(Path(home))
        (folder.path / "alertmanager.yml").write_text(CONFIG)
        folder.write(text)
        server = Server(oracle, folder.path)
        try:
            error = server.error()
            if error is not None:
                found["error"] = error
            elif steps:
                found["steps"] = [step | _answer(folder, server.port, step) for step in steps]
        finally:
            server.stop()
    return found


def _answer(folder: WebFolder, port: int, step: dict[str, Any]) -> dict[str, Any]:
    answer = folder.play(port, step)
    return {"answer": answer} if answer else {}


if __name__ == "__main__":
    at = oracle_argument(__doc__ or "")
    cases = [record(at, name, text, []) for name, text in STARTS.items()]
    cases += [record(at, name, text, steps) for name, (text, steps) in STORIES.items()]
    save("web_config", ABOUT, cases)
