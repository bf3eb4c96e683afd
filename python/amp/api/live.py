"""Connections that a stream takes over: WebSockets, and bodies without an end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from amp.api.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from amp.api.request import Receive, Scope, Send
    from amp.stream.client import Ending

TRANSPORT = "amp.transport"
"""Where the server puts the connection's transport into the scope."""


class Live(Answer):
    """An answer after whose head the connection is written to directly. `body` stays empty.

    Like every stream it does not count among the GETs in flight and has no time limit.

    Args:
        headers: of the answer.
        run: gets the transport, and what is done once the client left; returns why it ended
            the stream, None when the client left.
    """

    __slots__ = ("run",)

    def __init__(
        self,
        headers: list[tuple[str, str]],
        run: Callable[[asyncio.Transport, asyncio.Future[None]], Awaitable[Ending | None]],
    ) -> None:
        super().__init__(200, b"", headers)
        self.run = run


async def serve_live(
    answer: Live,
    headers: list[tuple[bytes, bytes]],
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Opens, runs and closes a stream."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept", "headers": headers})
    else:
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    transport: asyncio.Transport = scope[TRANSPORT]
    leaving = asyncio.create_task(_left(receive))
    try:
        ending = await answer.run(transport, leaving)
    finally:
        leaving.cancel()
    if ending is None:
        return
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": ending.code, "reason": ending.reason})
    elif transport.get_write_buffer_size() == 0:
        await send({"type": "http.response.body", "body": b""})
    else:
        # The server would wait until the client took the rest, which it may never do.
        transport.write(b"0\r\n\r\n")
        transport.close()
    # Harmless where the connection is closed by then.
    asyncio.get_running_loop().call_later(ending.linger_seconds, transport.abort)


async def _left(receive: Receive) -> None:
    """Ends when the client closed its connection; what it says meanwhile is not heard."""
    while not (await receive())["type"].endswith(".disconnect"):
        pass
