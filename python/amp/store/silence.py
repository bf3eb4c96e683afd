"""One silence, and the rules that it has to keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from amp._core import (
    Matcher,
    MatcherError,
    compile_regex,
    decode_silence,
    encode_silence,
    silence_event,
    valid_label_name,
)
from amp.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from amp._core import SilenceRow

MatcherText = tuple[str, str, str]
"""Name, operator, value of a matcher whose regular expression may not even compile."""


@dataclass(frozen=True, slots=True)
class Silence:
    """A silence. Instants are Unix nanoseconds of any year.

    Attributes:
        id: a UUID; empty for one that is to be made.
        matcher_sets: it mutes what all matchers of one set match.
        updated_at_ns: when it was last written; the newer of two records wins.
    """

    id: str
    matcher_sets: tuple[tuple[MatcherText, ...], ...]
    starts_at_ns: int
    ends_at_ns: int
    updated_at_ns: int = 0
    created_by: str = ""
    comment: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)

    def state(self, now_ns: int) -> str:
        """`pending`, `active` or `expired`, as the API says it."""
        if now_ns < self.starts_at_ns:
            return "pending"
        return "active" if now_ns < self.ends_at_ns else "expired"

    def muting_state(self, now_ns: int) -> str:
        """The same for updates, where the last instant still counts as active.

        Upstream: silence/silence.go getState.
        """
        return "active" if now_ns == self.ends_at_ns else self.state(now_ns)

    def encode(self, expires_at_ns: int) -> bytes:
        """Upstream's MeshSilence message."""
        return encode_silence(self._row(expires_at_ns))

    def event(self) -> str:
        """The payload of its event, a JSON object."""
        return silence_event(self._row(0))

    def _row(self, expires_at_ns: int) -> SilenceRow:
        sets = [list(matchers) for matchers in self.matcher_sets]
        return (
            self.id,
            sets,
            self.starts_at_ns,
            self.ends_at_ns,
            self.updated_at_ns,
            expires_at_ns,
            self.created_by,
            self.comment,
            dict(self.annotations),
        )


def legacy_bytes(silence: Silence) -> int:
    """How much of an encoded silence is the copy of its first matcher set for old readers.

    Upstream adds that copy after it has checked the size.
    """
    if not silence.matcher_sets:
        return 0
    total = 0
    for name, op, value in silence.matcher_sets[0]:
        inner = (2 if op != "=" else 0) + _field_bytes(name) + _field_bytes(value)
        total += 1 + _varint_bytes(inner) + inner
    return total


def _field_bytes(text: str) -> int:
    size = len(text.encode("utf-8", "surrogatepass"))
    return 1 + _varint_bytes(size) + size if size else 0


def _varint_bytes(number: int) -> int:
    return max(1, (number.bit_length() + 6) // 7)


def from_row(row: SilenceRow) -> tuple[Silence, int]:
    """A silence and its expiry from what the snapshot decoder gives."""
    sets = tuple(tuple(matchers) for matchers in row[1])
    return Silence(row[0], sets, row[2], row[3], row[4], row[6], row[7], row[8]), row[5]


def decode(record: bytes) -> tuple[Silence, int]:
    """A silence and its expiry from upstream's message. ValueError: it is corrupt."""
    return from_row(decode_silence(record))


def compiled(silence: Silence) -> list[list[Matcher]]:
    """The matchers of each set. MatcherError: a regular expression is refused."""
    return [[Matcher(*matcher) for matcher in matchers] for matchers in silence.matcher_sets]


def validate(silence: Silence, mode: str) -> list[list[Matcher]]:
    """Checks what the store must not hold; the compiled matchers.

    Upstream: silence/silence.go validateSilence, validateMatcher.

    Args:
        silence: with its start and end.
        mode: the matcher mode, which decides about label names.

    Raises:
        BadRequest: with upstream's text.
    """
    if not silence.matcher_sets:
        raise BadRequest("invalid silence: at least one matcher set required")
    sets = [_checked_set(at, matchers, mode) for at, matchers in enumerate(silence.matcher_sets)]
    if silence.ends_at_ns < silence.starts_at_ns:
        raise BadRequest("invalid silence: end time must not be before start time")
    return sets


def _checked_set(at: int, matchers: Sequence[MatcherText], mode: str) -> list[Matcher]:
    if not matchers:
        raise BadRequest(f"invalid silence: matcher set {at}: at least one matcher required")
    found = []
    for index, matcher in enumerate(matchers):
        try:
            found.append(_checked(matcher, mode))
        except ValueError as error:
            raise BadRequest(
                f"invalid silence: invalid label matcher {index} in set {at}: {error}"
            ) from error
    if all(matcher.op in {"=", "=~"} and matcher.matches("") for matcher in found):
        raise BadRequest(
            f"invalid silence: matcher set {at}: "
            "at least one matcher must not match the empty string"
        )
    return found


def _checked(matcher: MatcherText, mode: str) -> Matcher:
    name, op, value = matcher
    if not valid_label_name(name, mode):
        raise ValueError(f"invalid label name {_quoted(name)}")
    try:
        if op in {"=~", "!~"}:
            compile_regex(value)
        return Matcher(name, op, value)
    except MatcherError as error:
        raise ValueError(f"invalid regular expression {_quoted(value)}: {error}") from error


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
