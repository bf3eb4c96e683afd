"""The library's identities."""

import amp


def test_fingerprint_equals_upstreams() -> None:
    assert amp.fingerprint({"alertname": "X", "g": "1"}) == "a4d780eda4348dd0"
