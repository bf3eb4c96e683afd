"""`amp schema`: what editors need to complete and check the configuration files."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amp.fields.json_schema import Schema

USAGE = """usage: amp schema [alertmanager.yml|amp.yml]

Prints the JSON Schema (2020-12) of a configuration file, by default of alertmanager.yml.
"""
FILES = ("alertmanager.yml", "amp.yml")


def schema_of(file: str) -> Schema:
    """The schema of one of the `FILES`."""
    from amp.fields.json_schema import document

    if file == "amp.yml":
        from amp.config.own import OwnConfig
        from amp.fields.struct import StructOf

        return document(StructOf(OwnConfig), "amp.yml of Alertmanager++")
    from amp.config.root import ROOT

    return document(ROOT, "alertmanager.yml of Alertmanager 0.34")


def main(arguments: Sequence[str]) -> int:
    """Prints one schema; the exit code."""
    words = list(arguments) or [FILES[0]]
    if words[0] in ("--help", "-h"):
        print(USAGE, end="")
        return 0
    if len(words) > 1 or words[0] not in FILES:
        print(f"amp schema: error: unexpected {words[-1]}, try --help", file=sys.stderr)
        return 2
    print(json.dumps(schema_of(words[0]), ensure_ascii=False, indent=2, sort_keys=True))
    return 0
