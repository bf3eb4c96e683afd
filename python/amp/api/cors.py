"""Which browser pages of other origins may call `/api/v2/`. Upstream: `--web.cors.origin`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amp._core import Matcher
from amp.api.answer import Answer

if TYPE_CHECKING:
    from amp.api.request import Request

METHODS = ("GET", "POST", "DELETE")


class Cors:
    """The rule of one origin pattern.

    Args:
        pattern: a Go regular expression that must match the whole origin, scheme and port included.

    Raises:
        MatcherError: when the pattern is refused.
    """

    def __init__(self, pattern: str) -> None:
        self._origin = Matcher("origin", "=~", pattern)

    def preflight(self, request: Request) -> Answer | None:
        """The answer to a preflight request, None for any other."""
        asked = request.header("access-control-request-method")
        if request.method != "OPTIONS" or not asked:
            return None
        vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
        answer = Answer(204, b"", [("vary", vary)])
        origin = request.header("origin")
        if origin and self._origin.matches(origin) and asked in METHODS:
            answer.headers += [
                ("access-control-allow-origin", origin),
                ("access-control-allow-methods", asked),
                ("access-control-max-age", "600"),
            ]
            headers = request.header("access-control-request-headers")
            if headers:
                answer.headers.append(("access-control-allow-headers", headers))
        return answer

    def allows(self, origin: str) -> bool:
        """Whether pages of this origin may call."""
        return self._origin.matches(origin)

    def mark(self, request: Request, answer: Answer) -> None:
        """Adds the headers of an ordinary answer."""
        answer.headers.append(("vary", "Origin"))
        origin = request.header("origin")
        if origin and self._origin.matches(origin):
            answer.headers.append(("access-control-allow-origin", origin))
