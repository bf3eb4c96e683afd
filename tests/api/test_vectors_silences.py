"""Sequences of requests on silences: the same answers."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from vectors.facts import cases, names
from vectors.record.moments import UUID, fill, offsets, shade

if TYPE_CHECKING:
    from collections.abc import Callable

    from compat.servers import Server

LONG_AGO = "2000-01-01T00:00:00.000Z"
JSON = {"Content-Type": "application/json"}


class Player:
    """Plays the steps of one case; the silences and alerts of other cases are out of sight."""

    def __init__(self, server: Server, words: set[int], labels: list[dict[str, str]]) -> None:
        self.server = server
        self.words = words
        self.labels = labels
        self.ids: list[str] = []

    def play(self, step: dict[str, Any]) -> tuple[int, Any]:
        """Sends one request; status and normalised answer."""
        path, body = "/api/v2/silences", None
        if step["method"] == "POST":
            body = self.fill(json.dumps(step["body"], ensure_ascii=False)).encode()
        else:
            path = "/api/v2" + self.fill(step["path"])
        answer = self.server.request(step["method"], path, body, JSON)
        if step["method"] == "POST" and answer.status == 200:
            created = answer.json()["silenceID"]
            if created not in self.ids:
                self.ids.append(created)
        return answer.status, self.shade(answer.body)

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
        shaded = shade(UUID.sub(self.name, text), self.words | {0, 300})
        try:
            found = json.loads(shaded)
        except ValueError:
            return shaded
        if isinstance(found, list):
            return [one for one in found if self.mine(one)]
        return found

    def mine(self, one: dict[str, Any]) -> bool:
        """Whether a silence or alert of a list belongs to this case."""
        return one["id"].startswith("$") if "id" in one else one["labels"] in self.labels

    def name(self, found: re.Match[str]) -> str:
        """The short name of an id."""
        text = found.group(0)
        return f"${self.ids.index(text) + 1}" if text in self.ids else text

    def forget(self) -> None:
        """Ends everything of this case."""
        for one in self.ids:
            assert self.server.request("DELETE", f"/api/v2/silence/{one}").status == 200
        ended = [
            {"labels": labels, "startsAt": LONG_AGO, "endsAt": LONG_AGO} for labels in self.labels
        ]
        assert self.server.post("/api/v2/alerts", ended).status == 200


def sized(answer: object) -> object:
    """The answer, whatever the moment: the nanoseconds of `updated_at` take four bytes or five."""
    if isinstance(answer, str):
        return re.sub("maximum size: 22[23] bytes", "maximum size: 222 or 223 bytes", answer)
    return answer


@pytest.mark.parametrize("case", cases("silences"), ids=names("silences"))
def test_silences_are_answered_as_the_reference_does(
    case: dict[str, Any], serve: Callable[..., Server]
) -> None:
    server = serve(tuple(case.get("flags", [])))
    labels = case.get("alerts", [])
    if labels:
        server.post("/api/v2/alerts", [{"labels": one} for one in labels])
    player = Player(server, offsets(json.dumps(case)), labels)
    for step in case["steps"]:
        status, answer = player.play(step)
        if "crash" in step:
            assert status == 400
        else:
            assert (status, sized(answer)) == (step["status"], sized(step["answer"])), step
    player.forget()
