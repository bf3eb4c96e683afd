"""The Rust core: what crosses the border, and in which shape. Instants are Unix nanoseconds."""

from collections.abc import Callable, Mapping, Sequence
from typing import final

# --- text and labels (core) ---------------------------------------------------------------------

class MatcherError(ValueError): ...

def fingerprint(labels: Mapping[str, str]) -> str: ...
def content_id(labels: Mapping[str, str]) -> str: ...
def format_labels(labels: Mapping[str, str]) -> str: ...
def valid_label_name(name: str, mode: str = "utf8") -> bool: ...

@final
class Matcher:
    def __new__(cls, name: str, op: str, value: str) -> Matcher: ...
    @property
    def name(self) -> str: ...
    @property
    def op(self) -> str: ...
    @property
    def value(self) -> str: ...
    def matches(self, value: str) -> bool: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

def parse_matchers(text: str, mode: str = "fallback") -> list[Matcher]: ...
def parse_matcher(text: str, mode: str = "fallback") -> Matcher: ...

@final
class MatcherWarning:
    """What upstream would log about a text; why and a better text if only one grammar reads it."""

    @property
    def message(self) -> str: ...
    @property
    def error(self) -> str | None: ...
    @property
    def suggestion(self) -> str | None: ...

def parse_matchers_noting(
    text: str, mode: str, single: bool
) -> tuple[list[Matcher], MatcherWarning | None]: ...
def format_matchers(matchers: Sequence[Matcher]) -> str: ...
def compile_regex(pattern: str) -> None:
    """Checks a Go RE2 pattern; MatcherError with Go's error text when it is refused."""

# --- the library's route tree, inhibition, silences, intervals (core) -----------------------------

class ConfigError(ValueError): ...

@final
class RouteTree:
    """Compiled from the `route` object of a plan (JSON, see CONTRIBUTING.md)."""

    def __new__(cls, plan: bytes) -> RouteTree: ...
    def routes(self) -> list[Route]:
        """Every route in upstream's index order (post-order, root last)."""
    def match(self, labels: Mapping[str, str]) -> list[RouteMatch]: ...

@final
class Route:
    index: int
    route_id: str
    route_key: str
    receiver: str
    continue_matching: bool
    group_by: list[str]
    group_by_all: bool
    group_wait_ns: int
    group_interval_ns: int
    repeat_interval_ns: int
    mute_time_intervals: list[str]
    active_time_intervals: list[str]
    labels: dict[str, str]

@final
class RouteMatch:
    receiver: str
    route_id: str
    route_key: str
    group_key: str
    group_labels: dict[str, str]
    route_labels: dict[str, str]
    group_wait_seconds: float
    group_interval_seconds: float
    repeat_interval_seconds: float
    mute_time_intervals: list[str]
    active_time_intervals: list[str]

@final
class InhibitIndex:
    def __new__(cls, plan: bytes) -> InhibitIndex: ...
    def update(self, labels: Mapping[str, str], starts_at_ns: int, ends_at_ns: int) -> None: ...
    def inhibited_by(self, labels: Mapping[str, str], now_ns: int) -> list[str]: ...

@final
class SilenceIndex:
    def __new__(cls) -> SilenceIndex: ...
    def set(self, id: str, matcher_sets: Sequence[Sequence[Matcher]]) -> None: ...
    def remove(self, id: str) -> None: ...
    def silenced_by(self, labels: Mapping[str, str]) -> list[str]: ...

@final
class TimeInterval:
    """One entry of `time_intervals`, from a YAML file's mapping; ConfigError when refused."""

    def __new__(cls, spec: Mapping[str, object]) -> TimeInterval: ...
    def contains_ns(self, at_ns: int) -> bool: ...

# --- templates (templates) --------------------------------------------------------------------------

class TemplateError(ValueError):
    """A template that does not parse or fails while it runs, with upstream's text.

    From `Templates.render_many` it has `index`: which text failed.
    """

@final
class TemplateData:
    """What templates see of one notification, read from JSON in the shape of the webhook's body.

    Route labels in it are rendered already; with `sample` (as amtool renders) they are raw, and
    `routeLabels` renders them. ValueError when the JSON has another shape.
    """

    def __new__(cls, json: bytes, *, sample: bool = False) -> TemplateData: ...

@final
class Templates:
    """All templates of one configuration: the built-in ones, then the files (base name, text) in order.

    Raises TemplateError with upstream's text for a file that does not parse.
    """

    def __new__(cls, files: Sequence[tuple[str, str]] = ...) -> Templates: ...
    def render(
        self,
        text: str,
        data: bytes | TemplateData,
        now_ns: int,
        *,
        html: bool = False,
        sample: bool = False,
    ) -> str:
        """Renders a text; `sample` says how JSON is read (see TemplateData)."""

    def render_many(
        self, texts: Sequence[tuple[str, bool]], data: TemplateData, now_ns: int
    ) -> list[str]:
        """Renders texts, each as HTML or not, in one call. TemplateError's `index` says which one failed."""

def check_template(text: str, builtins_only: bool = False) -> None:
    """Raises TemplateError when the text does not parse; `builtins_only`: Alertmanager's functions are unknown."""

def encode_json(value: object, other: Callable[[object], str]) -> bytes:
    """Compact JSON as Go writes it, with a final newline; keys keep their order.

    `other` gives the JSON of what is no dict, list, tuple, str, int, float, bool or None. Floats are
    written as Python does. RecursionError: nested deeper than 500.
    """

def plain_json(text: str) -> str | None:
    """A JSON text as Go's encoder writes it; None where it is none, or YAML may read something else."""

# --- the engine (engine) ------------------------------------------------------------------------------

@final
class IngestReport:
    status: int
    body: bytes
    """The answer's body: empty with 200; with 400 and 422 upstream's exact bytes."""
    firing: int
    """Alerts counted as firing, respectively resolved, before validation (alerts_received_total)."""
    resolved: int
    invalid: int
    """Alerts that failed validation (alerts_invalid_total)."""
    new: int
    refreshed: int
    changed: int
    ended: int
    limited: list[str]
    """The alertname of every alert dropped by the per-alertname limit."""
    timers: list[tuple[int, int, bool]]
    """New groups: (group id, route index, flush at once)."""
    refused: list[tuple[int, str]]
    """Alerts that were not taken: position in the body and why."""

@final
class Batch:
    """The alerts of one flush, frozen. Stages make smaller ones of it."""

    group_id: int
    route_index: int
    group_key: str
    receiver: str
    count: int
    firing_count: int
    route_label_errors: list[tuple[str, str]]
    def firing_only(self) -> Batch: ...
    def without(self, fingerprints: Sequence[str]) -> Batch:
        """The batch without the alerts of these fingerprints."""
    def webhook_json(self, reason: str, external_url: str, max_alerts: int) -> bytes:
        """The webhook's version 4 body with its final newline (receivers.md 17), max_alerts 0 = all."""
    def template_data(self, reason: str, external_url: str) -> TemplateData:
        """What templates see of the batch; `reason` says why now (`first notification`, …)."""
    def labels_text(self) -> str:
        """The alerts for a log line, as upstream's debug lines show them."""
    def alert_rows(self) -> list[tuple[str, bool]]:
        """Fingerprint and whether it fires, of each alert."""

def stored_batch(
    receiver: str,
    group_key: str,
    group_labels: str,
    alerts: Sequence[tuple[str, str, str, int, int]],
) -> Batch:
    """A batch of stored alerts: labels and annotations (JSON), generator URL, start, end (0: firing)."""

@final
class Engine:
    """The state of all alerts. Every method is short, or releases the GIL."""
    def __init__(self) -> None: ...
    def configure(
        self, plan: bytes, templates: Templates, now_ns: int
    ) -> list[tuple[int, int, bool]]:
        """Swaps in routes and inhibit rules; rebuilds all groups from the alerts; new timers."""
    def routes(self) -> list[Route]: ...
    def set_limits(
        self,
        *,
        classic_names: bool,
        per_alertname: int,
        max_alerts: int,
        max_name_bytes: int,
        max_value_bytes: int,
    ) -> None: ...
    def set_external_url(self, external_url: str) -> None:
        """What templates of route labels see."""
    def ingest(self, body: bytes, now_ns: int, resolve_timeout_ns: int) -> IngestReport: ...
    def collect_garbage(self, now_ns: int) -> int:
        """Drops alerts with end <= now from the store (groups keep theirs); how many."""
    def flush(self, group_ids: Sequence[int], now_ns: int) -> list[Batch | None]:
        """Frozen batches (route labels rendered); None for an empty or unknown group."""
    def drop_inhibited(self, batch: Batch, now_ns: int) -> Batch:
        """The batch without inhibited alerts; writes the group's markers."""
    def drop_silenced(self, batch: Batch, now_ns: int) -> Batch: ...
    def set_muted_by(self, group_id: int, names: Sequence[str]) -> None: ...
    def complete(self, batch: Batch, now_ns: int = 0) -> bool:
        """After a successful flush: forgets the batch's resolved alerts that did not change since; whether
        the group is now destroyed. `now_ns` is when its events happened.
        """
    def record_to(self, queue: EventQueue) -> None:
        """Tells the queue of everything that happens; before the first `configure`."""
    def describe_silence(self, id: str, text: str | None) -> None:
        """Learns how events show a silence (`silence_event`); None forgets it."""
    def journal_to(self, journal: Journal) -> None:
        """Tells the journal of everything that happens; before the first `configure`."""
    def expire(self, now_ns: int) -> int:
        """Tells the journal of alerts whose end passed; how many."""
    def announce(self, now_ns: int, first: int = 0, limit: int = ...) -> int | None:
        """Tells the journal of firing alerts again, for a history that missed some: of so many, from a
        place on, until it is half full; the place to go on from, None at the end.
        """
    def firing(self) -> list[tuple[int, int]]:
        """Signed fingerprint and start of each alert that the journal knows as firing."""
    def groups_of(self, fingerprints: Sequence[str]) -> list[tuple[int, str, str, list[str]]]:
        """The living groups of alerts: id, key, receiver, which of these alerts are in it."""
    def inhibition(self, now_ns: int) -> list[tuple[str, list[tuple[int, str]]]]:
        """Each inhibited alert with (rule index, source fingerprint)."""
    def inhibited_by(
        self, labels: Mapping[str, str], now_ns: int
    ) -> list[tuple[int, str, dict[str, str]]]:
        """What inhibits an alert with these labels: (rule index, source fingerprint, its labels)."""
    def inhibition_sources(self, now_ns: int) -> list[int]:
        """By rule: how many firing alerts match its source side."""
    def maintain_groups(self) -> int:
        """Removes destroyed groups; how many are left."""
    def set_silence(
        self,
        id: str,
        matcher_sets: Sequence[Sequence[Matcher]],
        starts_at_ns: int,
        ends_at_ns: int,
    ) -> None: ...
    def remove_silence(self, id: str) -> None: ...
    def query_alerts(
        self,
        now_ns: int,
        *,
        active: bool,
        silenced: bool,
        inhibited: bool,
        filters: Sequence[Matcher],
        receivers: Sequence[str] | None,
        and_receivers: Sequence[str] | None = None,
    ) -> bytes:
        """The JSON of GET /api/v2/alerts; of `receivers` and of `and_receivers` an alert must have one
        each, None = any.
        """
    def query_groups(
        self,
        now_ns: int,
        *,
        active: bool,
        silenced: bool,
        inhibited: bool,
        muted: bool,
        filters: Sequence[Matcher],
        receivers: Sequence[str] | None,
    ) -> bytes: ...
    def counts(self, now_ns: int) -> dict[str, int]:
        """For metrics: alerts_active, alerts_suppressed, alerts_unprocessed (over groups), stored, groups."""
    def counts_by_group(self, now_ns: int) -> list[tuple[str, int, int, int]]: ...
    def drain(self, limit: int) -> list[AlertRow]:
        """Changes that the store must learn, oldest first, coalesced per alert."""
    def pending(self) -> int:
        """How many changes wait to be drained."""
    def mark_all(self) -> None:
        """Queues every alert again: the store lost what it had."""
    def restore(
        self, rows: Sequence[AlertRow], now_ns: int, grace_ns: int
    ) -> tuple[int, list[tuple[int, int, bool]]]:
        """Brings alerts back: how many, and new timers (none before configure). Known ones stay."""

# --- events (event) -----------------------------------------------------------------------------

@final
class EventQueue:
    """Events on their way to whoever writes them out, bounded by bytes; thread-safe, adding never waits.

    `seed` (16 random bytes) makes the names of groups.
    """

    def __new__(cls, instance: str, seed: bytes, max_bytes: int) -> EventQueue: ...
    def record(self, name: str, payload: str, now_ns: int) -> None:
        """Adds an event of a kind (`silence_created`, …) whose payload is a JSON object."""
    def record_notification(
        self,
        batch: Batch,
        flushed: Batch,
        *,
        reason: str,
        repeat_interval_ns: int,
        integration: str,
        index: int,
        now_ns: int,
    ) -> None:
        """Adds that an integration took a batch; `flushed` is the batch with the resolved alerts."""
    def take(self, limit: int, wait_seconds: float) -> list[tuple[str, int, bytes]]:
        """Takes the oldest events (kind, when, line of JSON); waits for the first if there are none."""
    def wake(self) -> None:
        """Ends the wait of `take`."""
    def take_drops(self) -> list[tuple[str, int]]:
        """How many events of each kind did not fit since this was last asked."""
    def __len__(self) -> int: ...

def silence_event(record: SilenceRow) -> str:
    """The payload of a silence's event."""

# --- the journal and the history (history) --------------------------------------------------------

@final
class Journal:
    """What happened, in order: a bounded ring that never makes anybody wait; thread-safe.

    `max_bytes` bounds all events, `kept_bytes` those that the history has and streams may still want.
    """

    def __new__(cls, max_bytes: int, kept_bytes: int) -> Journal: ...
    def take(self, limit: int, wait_seconds: float) -> Drained:
        """The next events for the history's writer; waits for the first if there are none."""
    def missed(self) -> int:
        """Events that the writer came too late for since this was last asked."""
    def pending(self) -> int:
        """Events that the writer has not taken."""
    def size_bytes(self) -> int:
        """About how much memory the events take."""
    def wake(self) -> None:
        """Ends the wait of `take`."""
    def last_seq(self) -> int:
        """The last sequence number given, 0 before the first."""
    def write_to_history(self, wanted: bool) -> None:
        """Whether somebody takes; otherwise events are only kept for streams."""
    def read(
        self,
        after_seq: int,
        limit: int,
        kinds: Sequence[str] | None,
        matchers: Sequence[Matcher],
    ) -> tuple[list[tuple[int, bytes]], int, bool]:
        """Of the next `limit` events those that pass, as lines of JSON without their end; where to go
        on from; whether events in between are gone. ValueError: an unknown kind.
        """
    def silence(self, kind: str, id: str, body: str, now_ns: int) -> int:
        """`silence_created`, `silence_changed`, `silence_expired`; the body as the API shows it."""
    def reloaded(self, body: str, now_ns: int) -> int: ...
    def held(self, batch: Batch, by: str, names: Sequence[str], now_ns: int) -> None:
        """What intervals do to a group at a flush, nothing without names; only changes are events."""
    def flushed(self, batch: Batch, reason: str, now_ns: int) -> int:
        """Somebody must be told; the flush's id."""
    def delivered(
        self,
        batch: Batch,
        *,
        flush_id: int,
        receiver: str,
        integration: str,
        position: int,
        reason: str,
        attempt: int,
        delivered: bool,
        retryable: bool,
        failure: str,
        status_code: int | None,
        latency_seconds: float,
        error: str,
        target: str,
        request: str,
        answer: str,
        now_ns: int,
    ) -> int:
        """One attempt, texts without secrets; the delivery's id."""

@final
class Drained:
    """Events on their way into the history."""

    count: int
    last_seq: int
    """0 when there is none."""
    first_at_ns: int

@final
class Fold:
    """Turns events into rows. What it remembers holds as long as all rows it gave are written."""

    def __new__(cls, next_series_id: int, next_note_id: int) -> Fold: ...
    def unknown(self, drained: Drained) -> tuple[list[int], list[int]]:
        """Signed fingerprints and hashes of notes to look up and `learn` before `rows`."""
    def learn(
        self,
        series: Sequence[tuple[int, int, int | None, int, float, int, int, int]],
        notes: Sequence[tuple[int, int]],
    ) -> None:
        """Series (fingerprint, id, open_at_ns, last_at_ns, flap, name_id, severity_id, namespace_id),
        notes (hash, id).
        """
    def rows(self, drained: Drained) -> HistoryRows: ...
    def lost(
        self,
        open_rows: Sequence[tuple[int, int]],
        firing: Sequence[tuple[int, int]],
        now_ns: int,
    ) -> HistoryRows:
        """Ends what is open in the store and not firing: (signed fingerprint, start), learnt before."""
    def forget(self) -> None:
        """Rows were not written, or the store dropped some: it must be asked again."""

@final
class HistoryRows:
    """Rows of the history's tables, columns in the schema's order."""

    labels: list[tuple[int, str, str]]
    texts: list[tuple[int, str]]
    notes: list[tuple[int, int, str, str, str, int, str]]
    """The last column: words, separated by spaces."""
    groups: list[tuple[int, str, str, str]]
    series_new: list[tuple[int, int, str, int, int, int, int | None, int, float, int]]
    series_changed: list[tuple[int | None, int, float, int, int]]
    """open_at_ns, last_at_ns, flap, fires added, id."""
    series_labels: list[tuple[int, int]]
    episodes_moved: list[tuple[int, int, int]]
    """New start, old start, series; before all other rows of episodes."""
    episodes_new: list[
        tuple[int, int, int | None, int, int, int, int, int, int, float, int, int, int]
    ]
    episodes_changed: list[tuple[int | None, int, int | None, int, int, int, int, float, int, int]]
    """ends_at_ns, ended_by, note_id, four flags, flap, starts_at_ns, series_id: merged into the row."""
    episode_groups: list[tuple[int, int, int]]
    episode_receivers: list[tuple[int, int, int]]
    episode_silences: list[tuple[int, int, int]]
    events: list[tuple[int, int, int, int | None, int | None, int | None]]
    flushes: list[tuple[int, int, int, int, bytes]]
    deliveries: list[
        tuple[
            int,
            int,
            int,
            int,
            str,
            int,
            str,
            int,
            int,
            int,
            str,
            int | None,
            int,
            str,
            str,
            str,
            str,
        ]
    ]
    def __len__(self) -> int: ...

def history_id(*parts: str) -> int:
    """The id of the row that names these texts: 62 bits, positive."""

def episodes_json(
    rows: Sequence[
        tuple[
            int,
            int,
            int | None,
            int,
            int,
            int,
            int,
            int,
            float,
            int,
            str,
            int,
            str | None,
            str | None,
            str | None,
        ]
    ],
    fires: Mapping[int, int] | None,
    now_ns: int,
) -> list[bytes]:
    """Episodes as the API shows them, a JSON object each: starts_at_ns, series_id, ends_at_ns, ended_by,
    silenced, inhibited, notified, failed, flap, signed fingerprint, labels, fires, annotations,
    generator URL, list of receivers. `fires` says how many of a series are in the window.
    """

def history_words(text: str) -> list[str]:
    """The words by which a text is found, in lower case."""

def history_note_hash(alert_name: str, annotations: str, generator_url: str) -> int:
    """The hash of a note."""

def flush_alerts(blob: bytes) -> list[tuple[int, int, int, int]]:
    """Series, start, end (0: firing), note of each alert of a flush. ValueError: damaged."""

def flush_alerts_blob(alerts: Sequence[tuple[int, int, int, int]]) -> bytes:
    """The inverse of flush_alerts."""

AlertRow = tuple[str, bool, str, str, int, int, int, bool, str]
"""fingerprint, deleted, labels JSON, annotations JSON, starts, ends, updated (ns), timeout, generator URL."""

# --- notification log and snapshot files (store) ----------------------------------------------

@final
class NotificationLog:
    """What was last sent, for each group and integration; thread-safe."""
    def __init__(self) -> None: ...
    def decide(
        self,
        batch: Batch,
        receiver: str,
        integration: str,
        index: int,
        *,
        send_resolved: bool,
        repeat_interval_ns: int,
        now_ns: int,
    ) -> str | None:
        """The reason to notify ("first notification", ...), or None."""
    def record(
        self,
        batch: Batch,
        receiver: str,
        integration: str,
        index: int,
        *,
        now_ns: int,
        expires_at_ns: int,
        data: Mapping[str, str | int | float],
    ) -> bool:
        """Writes the entry unless a newer one is there; whether it was written."""
    def record_hashes(
        self,
        group_key: str,
        firing: Sequence[int],
        resolved: Sequence[int],
        receiver: str,
        integration: str,
        index: int,
        *,
        now_ns: int,
        expires_at_ns: int,
        data: Mapping[str, str | int | float],
    ) -> bool:
        """As record, for hashes of alerts."""
    def contains(self, group_key: str, receiver: str, integration: str, index: int) -> bool:
        """Whether there is an entry (upstream counts a look-up without one as a query error)."""
    def data(
        self, group_key: str, receiver: str, integration: str, index: int
    ) -> dict[str, str | int | float]: ...
    def drain(self, limit: int) -> list[LogRow]:
        """Entries that the store must learn, oldest change first, each with its newest state."""
    def pending(self) -> int: ...
    def mark_all(self) -> None:
        """Puts every entry before the next drains: the store lost what it had."""
    def merge(self, rows: Sequence[LogRow], now_ns: int) -> int:
        """Takes the store's rows (newer wins, expired is ignored); the news. ValueError: corrupt."""
    def load_snapshot(self, data: bytes, now_ns: int) -> int:
        """Takes upstream's file, all or nothing; how many were news. ValueError: corrupt."""
    def snapshot(self) -> bytes: ...
    def collect_garbage(self, now_ns: int) -> int: ...
    def __len__(self) -> int: ...

LogRow = tuple[bytes, int, int, bytes]
"""Key (16 bytes), timestamp, expiry (ns), upstream's Entry message."""

SilenceRow = tuple[
    str, list[list[tuple[str, str, str]]], int, int, int, int, str, str, dict[str, str]
]
"""id, matcher sets of (name, op, value); starts, ends, updated, expires (ns); author, comment,
annotations."""

def decode_silences(data: bytes) -> list[SilenceRow]:
    """Reads upstream's file. ValueError: corrupt, with the place."""

def frame_silences(records: Sequence[bytes]) -> bytes:
    """Upstream's file from records as encode_silence gives them."""

def decode_silence(data: bytes) -> SilenceRow: ...
def encode_silence(record: SilenceRow) -> bytes:
    """One record without framing; its length is what --silences.max-silence-size-bytes bounds."""
