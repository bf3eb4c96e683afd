"""Records `silences.json`: sequences of requests on silences and what the reference answers."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

from moments import UUID, fill, offsets, shade
from oracle import Reference, oracle_argument, save

ABOUT = (
    "Requests on a fresh server below /api/v2 (POST goes to /silences), in order, with status "
    "and answer (`crash`: the connection was closed unanswered). `$1` is the first silence's id, "
    "`{now+60}` a moment relative to now, `{started $1}` the exact start of that silence as GET "
    "shows it. `alerts` are label sets posted before. Times older than the run are `{now}` too."
)
CONFIG = "route: {receiver: r}\nreceivers: [{name: r}]\n"
SETTLE_SECONDS = 0.05


class Player:
    """Plays the steps of one case and remembers the ids."""

    def __init__(self, server: Reference, words: set[int]) -> None:
        self.server = server
        self.words = words
        self.ids: list[str] = []

    def play(self, method: str, argument: Any) -> dict[str, Any]:
        """Sends one request; returns it with its answer."""
        found: dict[str, Any] = {"method": method}
        path, body = "/api/v2/silences", None
        if method == "POST":
            found["body"] = argument
            body = self.fill(json.dumps(argument, ensure_ascii=False)).encode()
        else:
            found["path"] = argument
            path = "/api/v2" + self.fill(argument)
        try:
            answer = self.server.request(method, path, body, {"Content-Type": "application/json"})
        except OSError:
            return found | {"crash": True}
        text = answer.text()
        if method == "POST" and answer.status == 200:
            created = json.loads(text)["silenceID"]
            if created not in self.ids:
                self.ids.append(created)
        time.sleep(SETTLE_SECONDS)
        return found | {"status": answer.status, "answer": self.shade(text)}

    def fill(self, text: str) -> str:
        """Puts ids, starts and moments into a request."""
        text = re.sub(r"\{started \$(\d)\}", lambda m: self.started(int(m.group(1))), text)
        text = re.sub(r"\$(\d)", lambda m: self.ids[int(m.group(1)) - 1], text)
        return fill(text)

    def started(self, number: int) -> str:
        """The start of a silence as GET shows it."""
        path = f"/api/v2/silence/{self.ids[number - 1]}"
        return str(self.server.request("GET", path).json()["startsAt"])

    def shade(self, text: str) -> Any:
        """The answer with ids and moments replaced; JSON where it is JSON."""
        text = UUID.sub(self.name, text)
        shaded = shade(text, self.words | {0, 300})
        try:
            return json.loads(shaded)
        except ValueError:
            return shaded

    def name(self, found: re.Match[str]) -> str:
        """The short name of an id."""
        text = found.group(0)
        return f"${self.ids.index(text) + 1}" if text in self.ids else text


def record(oracle: Path, case: dict[str, Any]) -> dict[str, Any]:
    """Plays one case on a fresh server."""
    words = offsets(json.dumps(case))
    with Reference(oracle, CONFIG, flags=tuple(case.get("flags", []))) as server:
        if "alerts" in case:
            server.post("/api/v2/alerts", [{"labels": labels} for labels in case["alerts"]])
        player = Player(server, words)
        steps = [player.play(method, argument) for method, argument in case["steps"]]
    return case | {"steps": steps}


def main() -> None:
    """Records `cases/silences.json`."""
    oracle = oracle_argument(__doc__ or "")
    cases = json.loads((Path(__file__).parent / "cases/silences.json").read_text(encoding="utf-8"))
    save("silences", ABOUT, [record(oracle, case) for case in cases])


if __name__ == "__main__":
    main()
