"""Records the snapshot files that the reference writes: silences, log entries, an empty state.

Writes `tests/vectors/snapshots/*` and `tests/vectors/snapshots.json`.
"""

from __future__ import annotations

import shutil
import time

from oracle import VECTORS, Reference, Sink, instant, oracle_argument, save

FOLDER = VECTORS / "snapshots"
COVERS = ["snapshot.silences", "snapshot.nflog"]
CONFIG = """
route:
  receiver: first
  group_by: [alertname, g]
  group_wait: 100ms
  group_interval: 1s
  repeat_interval: 1h
  routes:
    - matchers: [team="db"]
      receiver: both
receivers:
  - name: first
    webhook_configs: [{url: 'http://127.0.0.1:PORT/first'}]
  - name: both
    webhook_configs:
      - {url: 'http://127.0.0.1:PORT/zero'}
      - {url: 'http://127.0.0.1:PORT/one', send_resolved: false}
"""


def silence(comment: str, start: float, end: float, *matchers: tuple[str, str, str]) -> dict:
    """A silence as the API takes it; matchers are name, operator, value."""
    return {
        "matchers": [
            {"name": name, "value": value, "isRegex": "~" in op, "isEqual": op[0] == "="}
            for name, op, value in matchers
        ],
        "startsAt": instant(start),
        "endsAt": instant(end),
        "createdBy": "recorder é",
        "comment": comment,
    }


def silences(server: Reference) -> list[str]:
    """Creates one of each kind; the ids in order."""
    every = [("a", "=", "1"), ("b", "!=", "2"), ("c", "=~", "x|y"), ("d", "!~", "z.*")]
    bodies = [
        silence("all operators", 0, 1e9, *every),
        silence("pending", 1e9, 2e9, ("only", "=", 'pending "quoted"\nline')),
        silence("", 0, 1e9, ("é", "=", "ü")) | {"annotations": {"ticket": "T-1", "a": ""}},
        silence("to expire", 0, 1e9, ("x", "=", "1")),
        silence("far away", 0, 1e9, ("y", "=", "1")) | {"endsAt": "9998-12-31T23:59:59.5Z"},
    ]
    ids = []
    for body in bodies:
        answer = server.post("/api/v2/silences", body)
        if answer.status != 200:
            raise SystemExit(answer.text())
        ids.append(answer.json()["silenceID"])
    server.request("DELETE", f"/api/v2/silence/{ids[3]}")
    return ids


def alerts(server: Reference, sink: Sink) -> None:
    """Two groups of which one resolves; one of them goes to two integrations."""
    labels = [
        {"alertname": "X", "g": "1"},
        {"alertname": "X", "g": "1", "instance": "i2"},
        {"alertname": "DB", "team": "db"},
    ]
    server.post("/api/v2/alerts", [{"labels": one} for one in labels])
    sink.quiet(1.5)
    server.post("/api/v2/alerts", [{"labels": labels[1], "endsAt": instant(-0.01)}])
    sink.quiet(2.5)


def main() -> None:
    """Runs the server twice: once with state, once empty."""
    oracle = oracle_argument(__doc__ or "")
    FOLDER.mkdir(exist_ok=True)
    flags = ("--data.retention=876000h",)
    with Sink() as sink:
        config = CONFIG.replace("PORT", str(sink.port))
        with Reference(oracle, config, flags) as server:
            ids = silences(server)
            alerts(server, sink)
            view = server.get("/api/v2/silences").json()
            server.stop()
            for name in ("silences", "nflog"):
                shutil.copyfile(server.home / "data" / name, FOLDER / name)
    empty = {}
    with Reference(oracle, CONFIG.replace("PORT", "1"), flags) as server:
        time.sleep(0.1)
        server.stop()
        for name in ("silences", "nflog"):
            empty[name] = (server.home / "data" / name).stat().st_size
    save(
        "snapshots",
        "Files of --storage.path written at shutdown, kept in snapshots/. `api`: the silences as "
        "the API showed them; `empty`: the files' sizes without any state.",
        [{"name": "state", "covers": COVERS, "ids": ids, "api": view, "empty": empty}],
    )


if __name__ == "__main__":
    main()
