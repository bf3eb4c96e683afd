"""Makes docs/compatibility.md: what the reference does, and which recorded cases hold it.

    python tests/compat/coverage.py

Rows come from tests/vectors/catalogue.yaml, cases from tests/vectors/*.json,
tests/receivers/cases/*.yaml, tests/receivers/mail.yaml and tests/compat/stories/*.yaml; keys of
configurations are counted in the accepted texts.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "compatibility.md"
NAMED = 2
OPAQUE = {"payload", "fields", "details", "labels", "match", "match_re", "headers", "attributes"}
OPAQUE |= {"custom_fields", "endpoint_params", "http_headers", "claims", "proxy_connect_header"}
OPAQUE |= {"source_match", "source_match_re", "target_match", "target_match_re"}
HEAD = """# Compatibility

What Alertmanager 0.34.2 does, and the cases that hold us to it. Every case was asked from the
reference's own binaries (`tests/vectors`, recorded by the scripts in `tests/vectors/record`) or is
a story that both servers play side by side (`tests/compat`). This file is made by
`tests/compat/coverage.py`; a test keeps it up to date.
"""


def held() -> dict[str, list[str]]:
    """The names of the cases that hold each row."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tests/vectors").glob("*.json")):
        for case in json.loads(path.read_text(encoding="utf-8")).get("cases", []):
            for key in case.get("covers", []):
                found[key.replace(".md ", " ")].append(f"{path.stem}: {case['name']}")
    receivers = ROOT / "tests/receivers"
    for path in [*sorted((receivers / "cases").glob("*.yaml")), receivers / "mail.yaml"]:
        for case in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader):
            for key in case["covers"]:
                found[key].append(f"{path.stem}: {case['name']}")
    for path in sorted((ROOT / "tests/compat/stories").glob("*.yaml")):
        for key in yaml.safe_load(path.read_text(encoding="utf-8"))["covers"]:
            found[key].append(f"story: {path.stem}")
    return found


def catalogue() -> list[dict[str, Any]]:
    """The chapters with their rows."""
    path = ROOT / "tests/vectors/catalogue.yaml"
    chapters: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return chapters


def keys() -> dict[str, int]:
    """Each configuration key with the number of accepted texts that have it."""
    found: dict[str, int] = defaultdict(int)
    path = ROOT / "tests/vectors/configs.json"
    for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
        if case["accepted"]:
            for key in set(walk(yaml.load(case["original"], yaml.CBaseLoader), "")):
                found[key] += 1
    return dict(sorted(found.items()))


def walk(node: Any, above: str) -> list[str]:
    """The dotted keys of a configuration; children of routes count as routes."""
    if isinstance(node, list):
        return [key for one in node for key in walk(one, above)]
    if not isinstance(node, dict) or above.rpartition(".")[2] in OPAQUE:
        return []
    found = []
    for name, value in node.items():
        key = f"{above}.{name}" if above else str(name)
        key = key.replace("route.routes.", "route.")
        found += [key, *walk(value, "route" if key == "route.routes" else key)]
    return found


def refusals() -> dict[str, list[str]]:
    """The refused configurations by row."""
    found: dict[str, list[str]] = defaultdict(list)
    path = ROOT / "tests/vectors/configs.json"
    for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
        if not case["accepted"]:
            error = case.get("error", "(the reference crashes)").split("\n")[-1].strip()
            found[case["covers"][0]].append(f"`{case['name']}`: {code(error)}")
    return found


def code(text: str) -> str:
    """The text as code in a list."""
    fence = "``" if "`" in text else "`"
    space = " " if "`" in text else ""
    return f"{fence}{space}{text}{space}{fence}"


def examples(names: list[str]) -> str:
    """Some names for a table's cell."""
    shown = [name.replace("|", "\\|").replace("\n", " ") for name in names[:NAMED]]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return "; ".join(shown) + more


def rows(rules: list[dict[str, Any]], cases: dict[str, list[str]]) -> list[str]:
    """The table of one chapter."""
    lines = ["| row | what | cases | such as |", "|---|---|---|---|"]
    for rule in rules:
        names = cases.get(rule["key"], []) + rule.get("tests", [])
        if names:
            text = f"| {rule['key']} | {rule['text']} | {len(names)} | {examples(names)} |"
            lines.append(text)
    return lines


def document() -> str:
    """The whole file."""
    cases = held()
    chapters = catalogue()
    known = {rule["key"] for chapter in chapters for rule in chapter["rules"]}
    if unknown := sorted(set(cases) - known):
        rules = [{"key": key, "text": "(not yet in the catalogue)"} for key in unknown]
        chapters.append({"chapter": "Other rows", "rules": rules})
    lines = [HEAD, "## Not covered", ""]
    lines += [
        f"- {rule['text']} ({rule['key']}): {rule['why']}"
        for chapter in chapters
        for rule in chapter["rules"]
        if not cases.get(rule["key"]) and not rule.get("tests")
    ]
    for chapter in chapters:
        lines += ["", f"## {chapter['chapter']}", "", *rows(chapter["rules"], cases)]
    lines += ["", "## Keys of the configuration", ""]
    lines += ["How many accepted and dumped configurations have each key.", ""]
    lines += [f"- `{key}`: {count}" for key, count in keys().items()]
    lines += ["", "## Refused configurations", ""]
    for row, names in refusals().items():
        lines += ["", f"### {row}", "", *(f"- {name}" for name in names)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
