"""Records `templates.json`: what amtool renders of template texts, and its error texts.

Lines of `cases/templates/*.txt` are template texts (`⏎` is a newline) or set what follows:
`covers: KEYS`, `data: NAME` (of `templates_data.json`), `mode: text|html`, `file: NAME = TEXT` adds
a template file, `files: none` forgets them, `# …` is a remark.
"""

from __future__ import annotations

import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from oracle import VECTORS, amtool, oracle_argument, save

ABOUT = (
    "`text` rendered in `mode` with the data of that name in templates_data.json, on top of "
    "`files` (name, text), as amtool does (data by value, raw route labels): `output`, or `error`."
)
CASES = Path(__file__).parent / "cases/templates"
PREFIX = "amtool: error: "


def read() -> list[dict[str, Any]]:
    """All cases without their results."""
    cases = []
    for path in sorted(CASES.glob("*.txt")):
        covers, data, mode = "", "main", "text"
        files: list[list[str]] = []
        for line in path.read_text(encoding="utf-8").splitlines():
            word, _, rest = line.partition(": ")
            if word == "covers":
                covers = rest
            elif word == "data":
                data = rest
            elif word == "mode":
                mode = rest
            elif word == "file":
                name, _, text = rest.partition(" = ")
                files = [*files, [name, text.replace("⏎", "\n")]]
            elif line == "files: none":
                files = []
            elif line and not line.startswith("# "):
                cases.append(
                    {
                        "name": f"{path.stem}: {mode} {data}: {line}",
                        "covers": [covers],
                        "mode": mode,
                        "data": data,
                        "files": files,
                        "text": line.replace("⏎", "\n"),
                    }
                )
    return cases


def ask(oracle: Path, data: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    """One case with what amtool says."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data.json").write_text(json.dumps(data[case["data"]]))
        for file, text in case["files"]:
            (folder / file).write_text(text)
        code, output, error = amtool(
            oracle,
            "template",
            "render",
            f"--template.glob={folder}/*.tmpl",
            f"--template.type={case['mode']}",
            f"--template.data={folder}/data.json",
            f"--template.text={case['text']}",
        )
    if code == 0:
        return case | {"output": output}
    return case | {"error": error.removeprefix(PREFIX).rstrip("\n")}


def main() -> None:
    """Asks every case."""
    oracle = oracle_argument(__doc__ or "")
    data = json.loads((VECTORS / "templates_data.json").read_text(encoding="utf-8"))
    with ThreadPoolExecutor(2) as pool:
        cases = list(pool.map(partial(ask, oracle, data), read()))
    save("templates", ABOUT, cases)


if __name__ == "__main__":
    main()
