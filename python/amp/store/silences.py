"""All silences: made, changed, expired, found, forgotten.

Upstream: silence/silence.go.
"""

from __future__ import annotations

import asyncio
import heapq
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from amp._core import MatcherError, frame_silences
from amp.clock import SECOND_NS
from amp.errors import BadRequest, NotFound, StoreUnavailable
from amp.store.base import Changes, SilenceEntry, within_reach
from amp.store.silence import compiled, decode, legacy_bytes, validate

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Sequence

    from amp._core import EventQueue, Matcher
    from amp.clock import Clock
    from amp.log import Logger
    from amp.metrics import Metrics
    from amp.store.silence import MatcherText, Silence
    from amp.store.writer import Writer

Result = TypeVar("Result")

EVENTS = {"create silence": "silence_created", "update silence": "silence_updated"}
"""The changes that are events; the end of a silence is none."""

TOLD = {
    "create silence": "silence_created",
    "update silence": "silence_changed",
    "expire silence": "silence_expired",
}
"""The changes as the journal calls them."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SilenceSink(Protocol):
    """Who mutes by silences: the engine."""

    def set_silence(
        self,
        id: str,
        matcher_sets: Sequence[Sequence[Matcher]],
        starts_at_ns: int,
        ends_at_ns: int,
    ) -> None:
        """Adds a silence or replaces the one with this id."""

    def remove_silence(self, id: str) -> None:
        """Forgets a silence."""

    def describe_silence(self, id: str, text: str | None) -> None:
        """Learns how events show a silence; None forgets it. Only where events are recorded."""


class Silences:
    """Every silence held, expired ones until their retention ends.

    A change is in the store before it is in memory; one that the store cannot take changes nothing.

    Attributes:
        told: is told of each change, and of each end: what happened, to which silence, when.
    """

    def __init__(
        self,
        sink: SilenceSink,
        writer: Writer,
        *,
        retention_seconds: float,
        clock: Clock,
        log: Logger,
        metrics: Metrics,
        max_silences: int = 0,
        max_size_bytes: int = 0,
        log_changes: bool = False,
        matcher_mode: str = "fallback",
        events: EventQueue | None = None,
    ) -> None:
        self._events = events
        self._sink = sink
        self._writer = writer
        self._retention_ns = int(retention_seconds * SECOND_NS)
        self._clock = clock
        self._log = log.bind(component="silences")
        self._metrics = metrics
        self._max_silences = max_silences
        self._max_size_bytes = max_size_bytes
        self._log_changes = log_changes
        self._mode = matcher_mode
        self._held: dict[str, tuple[Silence, SilenceEntry]] = {}
        self._indexed: set[str] = set()
        self._turn = asyncio.Lock()
        self._running: set[asyncio.Future[Any]] = set()
        self._ends: list[tuple[int, str]] = []
        self.told: Callable[[str, Silence, int], None] | None = None

    def __len__(self) -> int:
        return len(self._held)

    async def set(self, silence: Silence) -> str:
        """Creates a silence, or updates or replaces the one with its id; the id of the result.

        Upstream: api/v2/api.go postSilencesHandler, silence/silence.go Silences.Set.

        Raises:
            BadRequest: it is refused, with upstream's text.
            NotFound: there is no silence with its id.
            StoreUnavailable: the store is away; nothing changed.
        """
        return await self._whole(self._set(silence))

    async def _set(self, silence: Silence) -> str:
        async with self._turn:
            now_ns = self._clock.now_ns()
            if silence.starts_at_ns >= silence.ends_at_ns:
                raise BadRequest("Failed to create silence: start time must be before end time")
            if silence.ends_at_ns < now_ns:
                raise BadRequest("Failed to create silence: end time can't be in the past")
            validate(silence, self._mode)
            previous = self._previous(silence.id)
            if previous is not None and _updatable(previous, silence, now_ns):
                updated = replace(silence, updated_at_ns=now_ns)
                await self._commit([("update silence", updated)])
                return updated.id
            return await self._create(silence, previous, now_ns)

    def _previous(self, id: str) -> Silence | None:
        if not id:
            return None
        try:
            return self._held[id][0]
        except KeyError:
            raise NotFound("silence not found") from None

    async def _create(self, silence: Silence, previous: Silence | None, now_ns: int) -> str:
        if 0 < self._max_silences <= len(self._held):
            raise BadRequest(
                f"exceeded maximum number of silences: {len(self._held)} "
                f"(limit: {self._max_silences})"
            )
        created = replace(
            silence,
            id=str(uuid.uuid4()),
            starts_at_ns=max(silence.starts_at_ns, now_ns),
            updated_at_ns=now_ns,
        )
        changes = [("create silence", created)]
        if previous is not None and previous.muting_state(now_ns) != "expired":
            changes.insert(0, ("expire silence", _expired(previous, now_ns)))
        await self._commit(changes)
        return created.id

    async def expire(self, id: str) -> None:
        """Ends a silence now; nothing when it has ended.

        Raises:
            NotFound: there is no such silence.
            StoreUnavailable: the store is away; nothing changed.
        """
        await self._whole(self._expire(id))

    async def _expire(self, id: str) -> None:
        async with self._turn:
            held = self._held.get(id)
            if held is None:
                raise NotFound("silence not found")
            now_ns = self._clock.now_ns()
            if held[0].muting_state(now_ns) != "expired":
                await self._commit([("expire silence", _expired(held[0], now_ns))])

    def get(self, id: str) -> Silence:
        """The silence with this id.

        Raises:
            NotFound: there is none.
        """
        self._metrics.silences_queries.inc()
        held = self._held.get(id)
        if held is None:
            raise NotFound("silence not found")
        self._metrics.silences_scanned.inc()
        return held[0]

    def query(
        self,
        filters: Sequence[MatcherText],
        *,
        active: bool = True,
        expired: bool = True,
        pending: bool = True,
    ) -> list[Silence]:
        """Silences by state: active (soonest end first), pending (start), expired (latest end).

        Upstream: api/v2/api.go getSilencesHandler, checkSilenceMatchesFilterLabels, sortSilences.

        Args:
            filters: matchers that one matcher set of the silence must literally contain.
            active: whether to return active ones.
            expired: whether to return expired ones.
            pending: whether to return pending ones.
        """
        begun = perf_counter()
        now_ns = self._clock.now_ns()
        wanted = frozenset(filters)
        found: dict[str, list[Silence]] = {"active": [], "pending": [], "expired": []}
        for silence, _ in self._held.values():
            if not wanted or any(wanted.issubset(matchers) for matchers in silence.matcher_sets):
                found[silence.state(now_ns)].append(silence)
        found["active"].sort(key=lambda silence: silence.ends_at_ns)
        found["pending"].sort(key=lambda silence: silence.starts_at_ns)
        found["expired"].sort(key=lambda silence: -silence.ends_at_ns)
        self._metrics.silences_queries.inc()
        self._metrics.silences_scanned.inc(len(self._held))
        self._metrics.silences_query_seconds.observe(perf_counter() - begun)
        kept = (("active", active), ("pending", pending), ("expired", expired))
        return [silence for state, wants in kept if wants for silence in found[state]]

    def counts(self, now_ns: int) -> dict[str, int]:
        """How many silences are active, pending, expired at a moment."""
        counts = {"active": 0, "pending": 0, "expired": 0}
        self._metrics.silences_queries.inc(len(counts))
        for silence, _ in self._held.values():
            counts[silence.state(now_ns)] += 1
        return counts

    def ending(self, now_ns: int, within_seconds: float) -> int:
        """How many silences are active and end soon."""
        until_ns = now_ns + int(within_seconds * SECOND_NS)
        return sum(
            silence.starts_at_ns <= now_ns < silence.ends_at_ns <= until_ns
            for silence, _ in self._held.values()
        )

    def entries(self) -> list[SilenceEntry]:
        """What the store and the snapshot file keep of all silences."""
        return [entry for _, entry in self._held.values()]

    def snapshot(self) -> bytes:
        """Upstream's file of all silences."""
        return frame_silences([entry.record for _, entry in self._held.values()])

    def merge(self, entries: Iterable[SilenceEntry]) -> list[SilenceEntry]:
        """Takes records (newer wins, expired is ignored); those that were news.

        Upstream: silence/silence.go state.merge, loadSnapshot.
        """
        now_ns = self._clock.now_ns()
        news = []
        for entry in entries:
            known = self._held.get(entry.id)
            old = known is not None and known[1].updated_at_ns >= entry.updated_at_ns
            if old or entry.expires_at_ns <= now_ns:
                continue
            try:
                silence, _ = decode(entry.record)
            except ValueError as error:
                self._log.error("Silence is corrupt and left out", id=entry.id, err=str(error))
                self._metrics.silences_gc_errors.inc()
                continue
            self._apply(silence, entry)
            news.append(entry)
        self._measure()
        return news

    def collect_garbage(self) -> int:
        """Forgets silences whose retention ended; how many. The store forgets them by time."""
        begun = perf_counter()
        now_ns = self._clock.now_ns()
        gone = [id for id, (_, entry) in self._held.items() if entry.expires_at_ns <= now_ns]
        for id in gone:
            del self._held[id]
            self._unindex(id)
        self._metrics.silences_gc_seconds.observe(perf_counter() - begun)
        self._measure()
        return len(gone)

    def _entry(self, silence: Silence) -> SilenceEntry:
        expires_at_ns = silence.ends_at_ns + self._retention_ns
        record = silence.encode(expires_at_ns)
        size = len(record) - legacy_bytes(silence)
        if 0 < self._max_size_bytes < size:
            raise BadRequest(
                f"silence exceeded maximum size: {size} bytes (limit: {self._max_size_bytes} bytes)"
            )
        return SilenceEntry(
            silence.id, within_reach(silence.updated_at_ns), within_reach(expires_at_ns), record
        )

    async def _whole(self, change: Coroutine[None, None, Result]) -> Result:
        """Runs a change to its end even if whoever asked for it goes away."""
        task = asyncio.ensure_future(change)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _commit(self, changes: Sequence[tuple[str, Silence]]) -> None:
        """Makes changes last, then true."""
        entries = [self._entry(silence) for _, silence in changes]
        try:
            await self._writer.write(Changes(silences=entries))
        except StoreUnavailable:
            held = {entry.id: self._held.get(entry.id) for entry in entries}
            self._writer.repair({id: both and both[1] for id, both in held.items()})
            raise
        for (message, silence), entry in zip(changes, entries, strict=True):
            self._apply(silence, entry)
            if self._log_changes:
                self._tell(message, silence)
            if self._events is not None and message in EVENTS:
                self._events.record(EVENTS[message], silence.event(), self._clock.now_ns())
            if self.told is not None:
                self.told(TOLD[message], silence, self._clock.now_ns())
        self._measure()

    def _apply(self, silence: Silence, entry: SilenceEntry) -> None:
        self._held[silence.id] = (silence, entry)
        if silence.ends_at_ns > self._clock.now_ns():
            heapq.heappush(self._ends, (silence.ends_at_ns, silence.id))
        try:
            sets = compiled(silence)
        except MatcherError as error:
            self._metrics.silences_load_errors.inc()
            self._log.error(
                "Failed to compile silence matchers during snapshot load",
                silence_id=silence.id,
                err=str(error),
            )
            self._unindex(silence.id)
            return
        starts_at_ns, ends_at_ns = silence.starts_at_ns, silence.ends_at_ns
        self._sink.set_silence(
            silence.id, sets, within_reach(starts_at_ns), within_reach(ends_at_ns)
        )
        self._indexed.add(silence.id)
        if self._events is not None:
            self._sink.describe_silence(silence.id, silence.event())

    def tell_ended(self) -> None:
        """Tells of the silences of which the time is over since this was last called."""
        now_ns = self._clock.now_ns()
        previous = None
        while self._ends and self._ends[0][0] <= now_ns:
            end = heapq.heappop(self._ends)
            held = self._held.get(end[1])
            if end != previous and held is not None and held[0].ends_at_ns == end[0]:
                previous = end
                if self.told is not None:
                    self.told("silence_expired", held[0], now_ns)

    def _unindex(self, id: str) -> None:
        if id in self._indexed:
            self._indexed.discard(id)
            self._sink.remove_silence(id)
            if self._events is not None:
                self._sink.describe_silence(id, None)

    def _measure(self) -> None:
        self._metrics.silences_state_size.set(len(self._held))
        self._metrics.silences_matcher_index_size.set(len(self._indexed))
        self._metrics.silences_version_index_size.set(len(self._indexed))

    def _tell(self, message: str, silence: Silence) -> None:
        self._log.info(
            message,
            Id=silence.id,
            CreatedBy=silence.created_by,
            Comment=silence.comment,
            StartsAt=_whole_seconds(silence.starts_at_ns),
            EndsAt=_whole_seconds(silence.ends_at_ns),
            Matchers=";".join(
                ",".join("".join(matcher) for matcher in matchers)
                for matchers in silence.matcher_sets
            ),
        )


def _whole_seconds(at_ns: int) -> str:
    """An instant as log lines show it."""
    return (EPOCH + timedelta(seconds=at_ns // SECOND_NS)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _expired(silence: Silence, now_ns: int) -> Silence:
    """The silence, ended now. Upstream: silence/silence.go Silences.expire."""
    starts_at_ns = min(silence.starts_at_ns, now_ns)
    return replace(silence, starts_at_ns=starts_at_ns, ends_at_ns=now_ns, updated_at_ns=now_ns)


def _updatable(old: Silence, new: Silence, now_ns: int) -> bool:
    """Whether the change does not rewrite history. Upstream: silence/silence.go canUpdate."""
    if old.matcher_sets != new.matcher_sets:
        return False
    match old.muting_state(now_ns):
        case "active":
            same_start = new.starts_at_ns // SECOND_NS == old.starts_at_ns // SECOND_NS
            return same_start and new.ends_at_ns >= now_ns
        case "pending":
            return new.starts_at_ns >= now_ns
        case _:
            return False
