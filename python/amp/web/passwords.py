"""Checks passwords beside the loop, one at a time, and remembers what it found.

Upstream: exporter-toolkit web/handler.go webHandler.ServeHTTP, web/cache.go.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import re
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from amp.web.hash import Hash

if TYPE_CHECKING:
    from collections.abc import Mapping

    from amp.fields.secret import Secret

REMEMBERED = 1024
"""Most verdicts kept of each kind; the oldest goes first."""
MOST_WAITING = 512
"""Most different credentials that wait to be checked."""
POLITENESS = 10
"""Nice value of the thread: a flood of wrong passwords takes what the loop leaves."""
COST_OF_NOBODY = 10
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


class TooMany(Exception):
    """More credentials wait to be checked than are kept waiting."""


class Passwords:
    """Whether a request's credentials are those of a user.

    Verdicts are kept under a keyed digest of the header, so that neither a password nor its
    plain digest stays in memory. Right and wrong ones are kept apart: guesses cannot drive out
    those who are let in.
    """

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._right: dict[bytes, tuple[str, Secret]] = {}
        self._wrong: dict[bytes, tuple[str, Secret | None]] = {}
        self._waiting: dict[tuple[bytes, Secret | None], asyncio.Future[bool]] = {}
        self._thread: ThreadPoolExecutor | None = None
        self._nobody = Hash.nobody(COST_OF_NOBODY)

    async def allow(self, header: bytes, users: Mapping[str, Secret]) -> bool:
        """Whether an `Authorization` header lets its sender in.

        Raises:
            TooMany: when too many others wait for the same.
        """
        header = header.strip(b" \t")
        key = hashlib.blake2b(header, digest_size=16, key=self._secret).digest()
        known = self._right.get(key)
        if known is not None and users.get(known[0]) == known[1]:
            return True
        refused = self._wrong.get(key)
        if refused is not None and users.get(refused[0]) == refused[1]:
            return False
        given = credentials(header)
        if given is None:
            return False
        user, password = given
        hashed = users.get(user)
        matches = await self._checked(key, hashed, password, users)
        if matches and hashed is not None:
            _keep(self._right, key, (user, hashed))
            return True
        _keep(self._wrong, key, (user, hashed))
        return False

    async def _checked(
        self, key: bytes, hashed: Secret | None, password: bytes, users: Mapping[str, Secret]
    ) -> bool:
        """What the thread says; the same question is asked once."""
        question = (key, hashed)
        answer = self._waiting.get(question)
        if answer is None:
            if len(self._waiting) >= MOST_WAITING:
                raise TooMany
            loop = asyncio.get_running_loop()
            if self._thread is None:
                self._thread = ThreadPoolExecutor(1, "passwords", initializer=_be_polite)
            compared = self._stranger(users) if hashed is None else hashed.reveal()
            answer = loop.run_in_executor(self._thread, _matches, compared, password)
            self._waiting[question] = answer
            answer.add_done_callback(lambda _: self._waiting.pop(question, None))
        # One asker that goes away does not take the answer from the others.
        return await asyncio.shield(answer)

    def _stranger(self, users: Mapping[str, Secret]) -> Hash:
        """What an unknown user's password is compared with: time must not tell who exists."""
        cost = COST_OF_NOBODY
        for hashed in users.values():
            try:
                cost = Hash.parse(hashed.reveal()).cost
            except ValueError:
                continue
            break
        if cost != self._nobody.cost:
            self._nobody = Hash.nobody(cost)
        return self._nobody

    def close(self) -> None:
        """Forgets who waits; a check under way ends by itself."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)


def credentials(header: bytes) -> tuple[str, bytes] | None:
    """User and password of a `Basic` header; None when it is another or malformed."""
    if header[:6].lower() != b"basic " or _BASE64.fullmatch(header, 6) is None:
        return None
    user, colon, password = base64.b64decode(header[6:]).partition(b":")
    return (user.decode("utf-8", "surrogateescape"), password) if colon else None


def _matches(hashed: Hash | str, password: bytes) -> bool:
    if isinstance(hashed, str):
        try:
            hashed = Hash.parse(hashed)
        except ValueError:
            return False
    return hashed.matches(password)


def _keep(kept: dict[bytes, Any], key: bytes, value: object) -> None:
    if len(kept) >= REMEMBERED:
        del kept[next(iter(kept))]
    kept[key] = value


def _be_polite() -> None:
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), POLITENESS)
