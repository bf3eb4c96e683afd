"""Passwords: what is remembered, what is forgotten, and who waits for whom."""

from __future__ import annotations

import asyncio
import base64

import bcrypt
import pytest

from amp.fields.secret import Secret
from amp.web.passwords import MOST_WAITING, REMEMBERED, Passwords, TooMany, credentials


def hashed(password: str, cost: int = 4) -> Secret:
    return Secret(bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode())


def header(user: str, password: str) -> bytes:
    return b"Basic " + base64.b64encode(f"{user}:{password}".encode())


@pytest.fixture
def passwords():
    made = Passwords()
    yield made
    made.close()


async def test_a_changed_hash_counts_at_once_and_the_old_one_is_remembered(passwords):
    users = {"alice": hashed("one")}
    assert await passwords.allow(header("alice", "one"), users)
    assert not await passwords.allow(header("alice", "two"), users)
    changed = {"alice": hashed("two")}
    assert not await passwords.allow(header("alice", "one"), changed)
    assert await passwords.allow(header("alice", "two"), changed)
    assert not await passwords.allow(header("alice", "two"), {})
    assert not await passwords.allow(header("alice", "two"), {"bob": hashed("two")})


async def test_guesses_do_not_drive_out_who_is_let_in(passwords):
    users = {"alice": hashed("right")}
    assert await passwords.allow(header("alice", "right"), users)
    guesses = [header("alice", str(number)) for number in range(REMEMBERED + 10)]
    for at in range(0, len(guesses), 100):
        verdicts = await asyncio.gather(
            *(passwords.allow(guess, users) for guess in guesses[at : at + 100])
        )
        assert not any(verdicts)
    # The thread is gone: only what is remembered can still be answered.
    passwords.close()
    assert await passwords.allow(header("alice", "right"), users)
    assert not await passwords.allow(guesses[-1], users)
    with pytest.raises(RuntimeError):
        await passwords.allow(guesses[0], users)


async def test_who_is_known_does_not_wait_for_guesses(passwords):
    users = {"alice": hashed("right", cost=8)}
    assert await passwords.allow(header("alice", "right"), users)
    guesses = [
        asyncio.create_task(passwords.allow(header("alice", str(number)), users))
        for number in range(100)
    ]
    await asyncio.sleep(0)
    for _ in range(10):
        assert await passwords.allow(header("alice", "right"), users)
    assert not all(guess.done() for guess in guesses)
    for guess in guesses:
        guess.cancel()
    await asyncio.gather(*guesses, return_exceptions=True)


async def test_the_same_question_is_asked_once_and_too_many_are_refused(passwords):
    users = {"alice": hashed("right", cost=6)}
    same = [
        asyncio.create_task(passwords.allow(header("alice", "right"), users))
        for _ in range(MOST_WAITING + 1)
    ]
    assert all(await asyncio.gather(*same))
    waiting = [
        asyncio.create_task(passwords.allow(header("bob", str(number)), users))
        for number in range(MOST_WAITING)
    ]
    await asyncio.sleep(0)
    with pytest.raises(TooMany):
        await passwords.allow(header("bob", "one more"), users)
    assert await passwords.allow(header("alice", "right"), users)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_one_that_goes_away_takes_no_answer_from_the_others(passwords):
    users = {"alice": hashed("right", cost=6)}
    first, second = (
        asyncio.create_task(passwords.allow(header("alice", "right"), users)) for _ in range(2)
    )
    await asyncio.sleep(0)
    first.cancel()
    assert await second


async def test_nothing_that_is_kept_shows_a_password(passwords):
    users = {"alice": hashed("correct horse")}
    await passwords.allow(header("alice", "correct horse"), users)
    await passwords.allow(header("alice", "wrong donkey"), users)
    shown = repr(vars(passwords))
    assert "horse" not in shown
    assert "donkey" not in shown
    assert users["alice"].reveal() not in shown


@pytest.mark.parametrize(
    "text", ["", "Basic", "Basic YQ==", "Basic Y Q==", "Basic YTpi=", "Digest YTpi", "Basic YTpé"]
)
def test_malformed_credentials(text):
    assert credentials(text.encode()) is None


def test_credentials():
    assert credentials(header("a", "b:c")) == ("a", b"b:c")
    assert credentials(header("", "")) == ("", b"")
