"""Few connections are made at a time; the others take their turn, or what is given back."""

from __future__ import annotations

import asyncio

import pytest

from amp.httpclient.dials import Dials
from amp.httpclient.failure import RequestError

HERE = "here"
THERE = "there"


def nothing(_key):
    return None


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


class Visits:
    """Tasks that dial, and end when they are told to."""

    def __init__(self, dials, count, idle=nothing):
        self.dials = dials
        self.idle = idle
        self.ends = [asyncio.Event() for _ in range(count)]
        self.came = [asyncio.Event() for _ in range(count)]
        self.begun = []
        self.tasks = [asyncio.create_task(self.visit(number)) for number in range(count)]

    async def visit(self, number):
        await self.dials.turn(HERE, self.idle)
        if self.idle(HERE):
            self.begun.append(number)
            return
        with self.dials.dial(HERE):
            self.begun.append(number)
            self.came[number].set()
            await self.ends[number].wait()

    async def end(self, numbers):
        for number in numbers:
            self.ends[number].set()
        await settle()


async def test_no_more_than_the_size_dial_at_a_time_and_in_order():
    visits = Visits(dials := Dials(2), 6)
    await settle()
    assert visits.begun == [0, 1]
    await visits.end([1])
    assert visits.begun == [0, 1, 2]
    visits.tasks[3].cancel()
    await visits.end([0, 2])
    assert visits.begun == [0, 1, 2, 4, 5]
    await visits.end([4, 5])
    assert dials.dialing(HERE) == 0


async def test_a_full_destination_delays_no_other():
    visits = Visits(dials := Dials(1), 1)
    await settle()
    await asyncio.wait_for(dials.turn(THERE, nothing), 1)
    await visits.end([0])


async def test_who_waits_takes_a_connection_that_is_given_back():
    idle = set()
    visits = Visits(dials := Dials(1), 3, idle.__contains__)
    await settle()
    assert visits.begun == [0]
    idle.add(HERE)
    dials.wake(HERE)
    await settle()
    assert visits.begun == [0, 1]
    idle.clear()
    await visits.end([0])
    assert visits.begun == [0, 1, 2]
    await visits.end([2])


async def test_who_comes_too_late_for_a_connection_stays_first_in_line():
    visits = Visits(dials := Dials(1), 3)
    await settle()
    dials.wake(HERE)
    await settle()
    assert visits.begun == [0]
    await visits.end([0])
    assert visits.begun == [0, 1]
    await visits.end([1, 2])


async def test_a_turn_given_to_someone_who_left_is_passed_on():
    visits = Visits(dials := Dials(1), 3)
    await settle()
    visits.ends[0].set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    visits.tasks[1].cancel()
    await settle()
    assert visits.begun[-1] == 2
    await visits.end([1, 2])
    assert dials.dialing(HERE) == 0


async def test_a_dial_that_hangs_gives_its_place_back():
    visits = Visits(dials := Dials(1), 2)
    async with asyncio.timeout(30):
        await visits.came[1].wait()
    await visits.end([0, 1])
    assert dials.dialing(HERE) == 0


async def test_refusals_leave_turns_to_others(clients):
    client = clients.client()
    turns = 0

    async def count_turns():
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    with pytest.raises(RequestError, match="connection refused"):
        await client.request("POST", "http://127.0.0.1:1/", body=b"{}")
    counting = asyncio.create_task(count_turns())
    results = await asyncio.gather(
        *(client.request("POST", "http://127.0.0.1:1/", body=b"{}") for _ in range(320)),
        return_exceptions=True,
    )
    counting.cancel()
    assert {type(result) for result in results} == {RequestError}
    assert turns >= 320 // 16
