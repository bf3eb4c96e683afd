"""Records `identity.json`: the alert hashes and group keys that upstream writes to disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fingerprints import HAND, generated
from oracle import Reference, Sink, oracle_argument, save

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ABOUT = (
    "What the reference writes into `nflog` for an alert alone in its group (`hash` is xxHash64 "
    "of the labels, decimal), and the value of alertmanager_config_hash for configuration texts."
)
CONFIG = """route: {{receiver: 'a.b', group_by: ['...'], group_wait: 0s}}
receivers:
- name: 'a.b'
  webhook_configs:
  - {{url: 'http://127.0.0.1:{port}/0'}}
  - {{url: 'http://127.0.0.1:{port}/1'}}
"""
TEXTS = [
    "route: {receiver: r}\nreceivers: [{name: r}]\n",
    "route: {receiver: r}\nreceivers: [{name: r}]\n\n",
    "route: {receiver: r}\nreceivers: [{name: r}] # comment\n",
    "route: {receiver: é}\nreceivers: [{name: é}]",
    "route:\r\n  receiver: r\r\nreceivers: [{name: r}]\r\n",
]


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A protobuf varint and the position behind it."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field of a message."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
            yield tag >> 3, value
        elif tag & 7 == 2:
            length, at = varint(data, at)
            yield tag >> 3, data[at : at + length]
            at += length
        else:
            raise ValueError(f"wire type {tag & 7}")


def message(data: bytes) -> dict[int, Any]:
    """A message with the last value of each field."""
    return dict(fields(data))


def entries(data: bytes) -> Iterator[dict[str, Any]]:
    """The notification log's entries of the file."""
    at = 0
    while at < len(data):
        length, at = varint(data, at)
        entry = message(message(data[at : at + length])[1])
        at += length
        receiver = message(entry[2])
        yield {
            "group_key": entry[1].decode(),
            "receiver": receiver[1].decode(),
            "integration": receiver[2].decode(),
            "index": receiver.get(3, 0),
            "firing": list(packed(entry.get(6, b""))),
        }


def packed(data: bytes) -> Iterator[int]:
    """The numbers of a packed field."""
    at = 0
    while at < len(data):
        value, at = varint(data, at)
        yield value


def main() -> None:
    """Lets the reference notify about single alerts, stops it and reads its file."""
    oracle = oracle_argument(__doc__ or "")
    sets = HAND + generated(40)
    with Sink() as sink, Reference(oracle, CONFIG.format(port=sink.port)) as server:
        server.post("/api/v2/alerts", [{"labels": labels} for labels in sets])
        bodies = sink.quiet(1.5)
        server.stop()
        found = list(entries((server.home / "data/nflog").read_bytes()))
    keys = {body["groupKey"]: body["alerts"][0]["labels"] for _, body in bodies}
    for entry in found:
        entry["labels"] = keys[entry["group_key"]]
    found.sort(key=lambda entry: (sets.index(entry["labels"]), entry["index"]))
    cases = [
        {
            "name": f"label set {number // 2}, webhook {entry['index']}",
            "covers": ["pipeline 1 alert hash", "pipeline 9 nflog"],
            "labels": entry["labels"],
            "hash": str(entry["firing"][0]),
            "group_key": entry["group_key"],
            "receiver": [entry["receiver"], entry["integration"], entry["index"]],
        }
        for number, entry in enumerate(found)
    ]
    save("identity", ABOUT, cases + [hashed(oracle, text) for text in TEXTS])


def hashed(oracle: Path, text: str) -> dict[str, Any]:
    """The configuration hash as the metric shows it."""
    with Reference(oracle, text) as server:
        metrics = server.get("/metrics").text()
    line = next(one for one in metrics.splitlines() if one.startswith("alertmanager_config_hash "))
    return {
        "name": f"hash of {text[:40]!r} {len(text)}",
        "covers": ["pipeline 1 config hash"],
        "text": text,
        "config_hash": line.split()[1],
    }


if __name__ == "__main__":
    main()
