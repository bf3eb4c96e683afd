"""Fingerprints as the reference shows them."""

from typing import Any

import pytest

import amp
from vectors.facts import cases, names


@pytest.mark.parametrize("case", cases("fingerprints"), ids=names("fingerprints"))
def test_the_fingerprint_is_the_references(case: dict[str, Any]) -> None:
    assert amp.fingerprint(case["labels"]) == case["fingerprint"]
