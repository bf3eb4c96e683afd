"""Records `matchers.json`: matcher texts in the three parser modes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from oracle import Reference, dump, oracle_argument, save

ABOUT = (
    "Matcher texts as list elements of a route (`lists`: the rendered matchers, sorted by name, "
    "value and operator, or the error text) and as a single API filter (`single`: accepted or "
    "the error text of GET /api/v2/silences), for each mode."
)
MODES = {"fallback": "", "classic": "classic-mode", "utf8": "utf8-strict-mode"}
EMPTY = "route: {receiver: r, routes: [{matchers: []}]}\nreceivers: [{name: r}]\n"


def config(text: str) -> str:
    """A configuration with the text as the only matcher element of a child route."""
    quoted = json.dumps(text, ensure_ascii=False).replace("\x7f", "\\x7f")
    return EMPTY.replace("matchers: []", f"matchers: [{quoted}]")


def scalar(text: str) -> str:
    """Reads one YAML scalar of the reference's dump."""
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    if not text.startswith('"'):
        return text
    table = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "v": "\v"}
    table |= {"f": "\f", "e": "\x1b", '"': '"', "\\": "\\", "N": "\x85", "_": "\xa0"}
    table |= {"L": "\u2028", "P": "\u2029"}

    def one(found: re.Match[str]) -> str:
        code = found.group(1)
        return chr(int(code[1:], 16)) if code[0] in "xuU" and len(code) > 1 else table[code]

    pattern = r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)"
    return re.sub(pattern, one, text[1:-1])


def rendered(original: str) -> list[str]:
    """The matchers of the child route in a dump."""
    found = []
    inside = False
    for line in original.split("\n"):
        if line.lstrip(" -") == "matchers:":
            inside = True
        elif inside and line.startswith("    - "):
            found.append(scalar(line[6:]))
        elif inside:
            break
    return found


def read_texts() -> list[tuple[str, str]]:
    """The texts of `cases/matchers.txt` with the rule that each holds."""
    covers = ""
    texts = []
    for line in (Path(__file__).parent / "cases/matchers.txt").read_text().splitlines():
        if line.startswith("covers:"):
            covers = line.removeprefix("covers:").strip()
        elif line.startswith('"'):
            texts.append((json.loads(line), covers))
    if len(set(texts)) != len(texts):
        raise ValueError(f"twice: {[text for text in texts if texts.count(text) > 1]}")
    return texts


def ask(server: Reference, text: str) -> tuple[Any, Any]:
    """The verdict on the text as a list and as a single matcher."""
    answer = server.reload(config(text))
    if answer.status == 200:
        as_list: Any = {"matchers": rendered(server.original())}
    else:
        error = answer.text().removeprefix("failed to reload config: ").removesuffix("\n")
        as_list = {"error": error}
    one = server.get("/api/v2/silences", filter=text)
    return as_list, {} if one.status == 200 else {"error": one.json()}


def main() -> None:
    """Asks one server per mode about every text."""
    oracle = oracle_argument(__doc__ or "")
    texts = read_texts()
    cases: list[dict[str, Any]] = [
        {"name": dump(text), "covers": [covers], "text": text, "lists": {}, "single": {}}
        for text, covers in texts
    ]
    for mode, feature in MODES.items():
        with Reference(oracle, EMPTY, flags=(f"--enable-feature={feature}",)) as server:
            for case in cases:
                case["lists"][mode], case["single"][mode] = ask(server, case["text"])
    save("matchers", ABOUT, cases)


if __name__ == "__main__":
    main()
