"""What a backup holds: the tables in the order in which they stand in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

Row = tuple[object, ...]


class Table(NamedTuple):
    """One table.

    Attributes:
        name: the same in both databases and in the file.
        columns: in the file's order.
        key: how many of the first columns order the rows; they are the primary key.
        blobs: positions of columns with bytes.
        texts: whether a column holds text; without, lines are made a chunk at a time.
    """

    name: str
    columns: tuple[str, ...]
    key: int = 1
    blobs: tuple[int, ...] = ()
    texts: bool = True


def _table(
    name: str, columns: str, key: int = 1, *, blobs: tuple[int, ...] = (), texts: bool = True
) -> Table:
    return Table(name, tuple(columns.split()), key, blobs, texts)


SILENCE = _table("silence", "id updated_at_ns expires_at_ns record", blobs=(3,))
LOG = _table("notification_log", "id timestamp_ns expires_at_ns entry", blobs=(0, 3))
ALERT = _table(
    "alert",
    "fingerprint labels annotations starts_at_ns ends_at_ns updated_at_ns timeout generator_url",
)
SERIES = _table(
    "series",
    "id fingerprint labels name_id severity_id namespace_id open_at_ns last_at_ns flap fires",
)
LABEL = _table("label", "id name value")
SERIES_LABEL = _table("series_label", "label_id series_id", 2, texts=False)
TEXT = _table("text", "id body")
NOTE = _table("note", "id hash alert_name annotations generator_url url_hash")
ROUTE_GROUP = _table("route_group", "id group_key receiver labels")
EPISODE = _table(
    "episode",
    "starts_at_ns series_id ends_at_ns ended_by note_id silenced inhibited notified failed flap "
    "name_id severity_id namespace_id",
    2,
    texts=False,
)
EPISODE_GROUP = _table("episode_group", "group_id starts_at_ns series_id", 3, texts=False)
EPISODE_RECEIVER = _table("episode_receiver", "receiver_id starts_at_ns series_id", 3, texts=False)
EPISODE_SILENCE = _table("episode_silence", "silence_id starts_at_ns series_id", 3, texts=False)
FLUSH = _table("flush", "id group_id firing resolved alerts", blobs=(4,))
DELIVERY = _table(
    "delivery",
    "id flush_id group_id receiver_id integration position reason attempt delivered retryable "
    "failure status_code latency_us error target request answer",
)
EVENT = _table("event", "seq at_ns kind series_id group_id ref_id", texts=False)
MARK = _table("history_mark", "name value")

STATE: Sequence[Table] = (SILENCE, LOG, ALERT)
HISTORY: Sequence[Table] = (
    SERIES, LABEL, SERIES_LABEL, TEXT, NOTE, ROUTE_GROUP, EPISODE, EPISODE_GROUP,
    EPISODE_RECEIVER, EPISODE_SILENCE, FLUSH, DELIVERY, EVENT, MARK,
)  # fmt: skip
"""What is named stands before what names it."""
