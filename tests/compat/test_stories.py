"""Each story, played on the reference and on ours side by side."""

from __future__ import annotations

import difflib
import pprint
from typing import TYPE_CHECKING

import pytest

from compat.player import story_names

if TYPE_CHECKING:
    from compat.player import Performance, Told

SLACK_SECONDS = 1.9
"""Less than half of the shortest group_interval in the stories: a missed tick is seen."""
COLD_SECONDS = 1.5
"""A fresh process may be later with its first delivery, on a busy machine above all."""


def same(ours: object, reference: object) -> None:
    """Fails with the lines that differ."""
    if ours != reference:
        texts = [pprint.pformat(one, width=150).splitlines() for one in (reference, ours)]
        lines = difflib.unified_diff(*texts, "reference", "ours", lineterm="", n=2)
        pytest.fail("\n".join(lines), pytrace=False)


def bodies(notifications: dict[str, list[Told]]) -> dict[str, list[object]]:
    """What was sent, without when."""
    return {key: [(one.status, one.body) for one in told] for key, told in notifications.items()}


@pytest.mark.parametrize("name", story_names())
def test_both_tell_the_same_story(name: str, performances: dict[str, Performance]) -> None:
    reference, ours = performances[name].transcripts()
    same(ours.answers, reference.answers)
    same(bodies(ours.notifications), bodies(reference.notifications))
    slack = SLACK_SECONDS + performances[name].story.skew_seconds
    for key, told in reference.notifications.items():
        expected = [one.after_seconds for one in told]
        found = [one.after_seconds for one in ours.notifications[key]]
        slacks = [slack + COLD_SECONDS, *[slack] * (len(told) - 1)]
        late = [abs(a - b) > most for a, b, most in zip(found, expected, slacks, strict=True)]
        assert not any(late), f"{key}: at {found}, the reference at {expected} seconds"
