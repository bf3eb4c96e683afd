"""What of an alert's annotations is searched."""

from __future__ import annotations

import json

from amp._core import history_words

SEARCHED = ("summary", "description")


def words_of(alert_name: str, annotations: str) -> str:
    """The words of a note as its index has them, separated by spaces.

    Args:
        alert_name: the label `alertname`.
        annotations: a JSON object.
    """
    held = json.loads(annotations)
    texts = [alert_name, *(held[name] for name in SEARCHED if name in held)]
    return " ".join(word for text in texts for word in history_words(text))
