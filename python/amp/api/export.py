"""All episodes of a question as CSV or as lines of JSON, page after page."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from amp.api.answer import NO_STORE, Refusal, Stream, own_error
from amp.query.cursor import read_cursor
from amp.query.episodes import page

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from amp.api.memory import Memory
    from amp.api.request import Request
    from amp.query.cursor import Cursor
    from amp.query.episodes import Page
    from amp.query.filters import Parameters
    from amp.query.question import Question

ROWS = 1000
"""Of one page, and of one chunk that is sent."""
MOST_EXPORTS = 4
"""At a time."""

TYPES = {"csv": "text/csv", "ndjson": "application/x-ndjson"}
COLUMNS = (
    "fingerprint", "alert_name", "status", "starts_at", "ends_at", "duration_seconds",
    "fire_count", "receivers", "silenced", "inhibited", "delivered", "failed", "flapping_score",
    "ended_by", "generator_url", "labels", "annotations",
)  # fmt: skip
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def form_of(parameters: Parameters, request: Request) -> str:
    """`json`, `csv` or `ndjson`: the parameter `format`, else the header Accept.

    Raises:
        BadParameterError: another format.
    """
    given = parameters.one_of("format", ("json", *TYPES))
    if given is not None:
        return given
    accept = (request.header("accept") or "").lower()
    for form, media in TYPES.items():
        if media in accept and "json," not in accept:
            return form
    return "json"


class Exports:
    """Sends whole results, a few at a time, with one page in memory each."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._under_way = 0

    async def answer(self, form: str, question: Question, now_ns: int) -> Stream:
        """Begins to send.

        Raises:
            Refusal: 503 when too many are under way, or the store does not answer.
        """
        if self._under_way >= MOST_EXPORTS:
            text = f"{MOST_EXPORTS} exports are under way, try again later"
            raise Refusal(own_error(503, text))
        first = await self._page(question, now_ns, None)
        headers = [
            NO_STORE,
            ("content-type", f"{TYPES[form]}; charset=utf-8"),
            ("content-disposition", f'attachment; filename="history.{form}"'),
        ]
        return Stream(headers=headers, chunks=self._chunks(form, question, now_ns, first))

    async def _page(self, question: Question, now_ns: int, cursor: Cursor | None) -> Page:
        return await self._memory.read(lambda reader: page(reader, question, now_ns, ROWS, cursor))

    async def _chunks(
        self, form: str, question: Question, now_ns: int, first: Page
    ) -> AsyncGenerator[bytes, None]:
        self._under_way += 1
        digest = question.digest()
        try:
            found, before = first, b"" if form == "ndjson" else _line(COLUMNS)
            while True:
                yield before + _rows(form, found)
                if found.next_cursor is None:
                    return
                cursor = read_cursor(found.next_cursor, digest)
                found, before = await self._page(question, now_ns, cursor), b""
        finally:
            self._under_way -= 1


def _rows(form: str, found: Page) -> bytes:
    if form == "ndjson":
        return b"".join(b"%b\n" % line for line in found.lines)
    return b"".join(map(_row, found.alerts))


def _row(alert: dict[str, Any]) -> bytes:
    cells = {
        **alert,
        **alert["delivery"],
        "receivers": " ".join(alert["receivers"]),
        "labels": json.dumps(alert["labels"], ensure_ascii=False),
        "annotations": json.dumps(alert["annotations"], ensure_ascii=False),
    }
    return _line([_cell(cells[column]) for column in COLUMNS])


def _cell(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return f"'{text}" if text.startswith(DANGEROUS) else text


def _line(cells: Sequence[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().encode("utf-8", "replace")
