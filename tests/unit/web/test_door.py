"""What the door adds to answers, and what it says when it cannot check."""

from __future__ import annotations

import asyncio
import base64
import io
from typing import TYPE_CHECKING, Any

import bcrypt

from amp.log import Logger
from amp.web.config import WebFile
from amp.web.door import Door
from amp.web.passwords import MOST_WAITING

if TYPE_CHECKING:
    from pathlib import Path

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


async def behind(scope: Any, receive: Any, send: Any) -> None:
    del scope, receive
    own = [(b"x-frame-options", b"sameorigin")]
    await send({"type": "http.response.start", "status": 200, "headers": own})
    await send({"type": "http.response.body", "body": b"in"})


async def ask(door: Door, *headers: tuple[bytes, bytes], method: str = "GET") -> Answer:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nobody reads the body")

    await door({"type": "http", "method": method, "headers": list(headers)}, receive, send)
    return sent[0]["status"], sent[0]["headers"], sent[1]["body"]


def made(folder: Path, text: str) -> Door:
    (folder / "web.yml").write_text(text, encoding="utf-8")
    return Door(behind, WebFile(str(folder / "web.yml")), None, Logger(io.StringIO()))


async def test_headers_are_one_line_and_the_answers_own_ones_win(tmp_path: Path) -> None:
    door = made(
        tmp_path,
        "http_server_config: {headers: {X-Frame-Options: deny,"
        ' X-XSS-Protection: " a\\r\\nSet-Cookie: é\\n"}}\n',
    )
    status, headers, body = await ask(door)
    assert (status, body) == (200, b"in")
    assert headers == [
        (b"x-frame-options", b"sameorigin"),
        (b"x-xss-protection", "a  Set-Cookie: é".encode()),
    ]


async def test_too_many_guesses_are_put_off(tmp_path: Path) -> None:
    hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(8)).decode()
    door = made(tmp_path, f'basic_auth_users: {{alice: "{hashed}"}}\n')

    def guess(number: object) -> tuple[bytes, bytes]:
        return b"authorization", b"Basic " + base64.b64encode(f"alice:{number}".encode())

    waiting = [asyncio.create_task(ask(door, guess(number))) for number in range(MOST_WAITING)]
    await asyncio.sleep(0)
    status, headers, body = await ask(door, guess("one more"))
    assert (status, body) == (503, b"Too many passwords to check\n")
    assert (b"www-authenticate", b"Basic") not in headers
    assert (await ask(door))[0] == 401
    door.close()
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
