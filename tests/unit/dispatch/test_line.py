"""Who is flushed next when many groups are due."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amp.dispatch.groups import GroupTimer
from amp.dispatch.line import Line


@dataclass
class Route:
    receiver: str


def timer(group_id: int, receiver: str) -> GroupTimer:
    route: Any = Route(receiver)
    return GroupTimer(group_id, route, 0, 0)


def ids(timers: list[GroupTimer]) -> list[int]:
    return [one.group_id for one in timers]


def test_each_receiver_in_turn():
    line = Line()
    for number in range(5):
        line.add(timer(number, "busy"))
    line.add(timer(10, "calm"))
    assert ids(line.take(3)) == [0, 10, 1]
    line.add(timer(11, "calm"))
    assert ids(line.take(9)) == [2, 11, 3, 4]
    assert line.take(1) == []


def test_the_turns_go_on_from_call_to_call():
    line = Line()
    for number in range(3):
        line.add(timer(number, "a"))
        line.add(timer(10 + number, "b"))
    assert [ids(line.take(1)) for _ in range(6)] == [[0], [10], [1], [11], [2], [12]]


def test_a_group_that_waits_is_not_added_again():
    line = Line()
    one = timer(1, "a")
    line.add(one)
    line.add(one)
    assert ids(line.take(2)) == [1]
    line.add(one)
    assert ids(line.take(2)) == [1]
