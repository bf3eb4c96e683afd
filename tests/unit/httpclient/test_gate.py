"""Who waits, and for what."""

from __future__ import annotations

import asyncio

from amp.httpclient.gate import Gates, Load

HERE = ("http", "here", 80)
THERE = ("http", "there", 80)


async def test_a_full_destination_delays_no_other():
    gates = Gates(1)
    await gates.enter(HERE)
    waiting = asyncio.ensure_future(gates.enter(HERE))
    await asyncio.sleep(0)
    await gates.enter(THERE)
    assert set(gates.load()) == {Load(HERE, 1, 1), Load(THERE, 1, 0)}
    gates.leave(HERE)
    await waiting
    gates.leave(HERE)
    gates.leave(THERE)
    assert list(gates.load()) == []


async def test_places_go_in_the_order_of_asking():
    gates = Gates(1)
    await gates.enter(HERE)
    order = []

    async def visit(name):
        await gates.enter(HERE)
        order.append(name)
        gates.leave(HERE)

    visits = [asyncio.ensure_future(visit(name)) for name in range(5)]
    await asyncio.sleep(0)
    visits[2].cancel()
    gates.leave(HERE)
    await asyncio.gather(*visits, return_exceptions=True)
    assert order == [0, 1, 3, 4]
    assert list(gates.load()) == []


async def test_a_place_handed_to_someone_who_left_is_passed_on():
    gates = Gates(1)
    await gates.enter(HERE)
    first = asyncio.ensure_future(gates.enter(HERE))
    second = asyncio.ensure_future(gates.enter(HERE))
    await asyncio.sleep(0)
    gates.leave(HERE)
    first.cancel()
    await second
    gates.leave(HERE)
    assert list(gates.load()) == []
