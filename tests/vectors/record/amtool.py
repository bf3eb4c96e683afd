"""Records `amtool.json`: what the reference's amtool says to command lines.

Lines of `cases/amtool.txt` are command lines or set what follows: `covers: KEYS` (separated by
semicolons), `answers: NAME` (of `amtool/answers.json`; `SERVER` in a command line is that server),
`settings: TEXT` is the configuration file in the home folder, `# …` is a remark, and
`differs: WHY | FROM => TO | …` tells why the next line's outcome is not ours, and what in it is
something else. What stands behind ` <<< ` is standard input. `⏎` is a newline, `→` a tab.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from canned import FOLDER, Canned, layout, shaded
from oracle import dump, oracle_argument, save

ABOUT = (
    "`words` given to amtool in a copy of the folder `amtool`, with `stdin`, with `settings` as "
    "configuration file and with a server at SERVER that gives the `answers` of that name in "
    "amtool/answers.json: exit `code`, `out`, `err` (TIME stands for the time and place of log "
    "lines, ADDRESS for one in memory) and the `requests` that the server saw (method, path, "
    "headers, body; each once, sorted). Where it `differs`, `ours` is what to replace in `out` and "
    "`err`."
)
HELPED = """
alert; alert query; alert add; silence; silence add; silence expire; silence import; silence query;
silence update; check-config; cluster; cluster show; config; config show; config routes;
config routes show; config routes test; template; template render; help
"""
CASES = Path(__file__).parent / "cases/amtool.txt"


def unescaped(text: str) -> str:
    """A text of a case file as it is meant."""
    return text.replace("⏎", "\n").replace("→", "\t")


def read() -> list[dict[str, Any]]:
    """All cases without their results."""
    cases: list[dict[str, Any]] = []
    given: dict[str, str] = {}
    for line in CASES.read_text(encoding="utf-8").splitlines():
        word, colon, rest = line.partition(": ")
        if line.startswith("# ") or not line:
            continue
        if word in ("covers", "answers", "settings", "differs") and colon:
            given[word] = rest
            continue
        command, _, stdin = line.partition(" <<< ")
        case: dict[str, Any] = {
            "name": f"{len(cases)}: {line}",
            "covers": given["covers"].split("; "),
            "words": [unescaped(one) for one in shlex.split(command)],
        }
        if stdin:
            case["stdin"] = unescaped(stdin)
        for key in ("answers", "settings"):
            if given.get(key, "none") != "none":
                case[key] = unescaped(given[key])
        if "differs" in given:
            case["differs"], *pairs = given.pop("differs").split(" | ")
            case["ours"] = [unescaped(pair).split(" => ") for pair in pairs]
        cases.append(case)
    return cases


def ask(oracle: Path, answers: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    """One case with what amtool says."""
    with tempfile.TemporaryDirectory() as name, Canned(answers[case.get("answers", "none")]) as am:
        folder = Path(name) / "amtool"
        shutil.copytree(FOLDER, folder)
        home = Path(name) / "home"
        (home / ".config/amtool").mkdir(parents=True)
        if "settings" in case:
            text = case["settings"].replace("SERVER", am.address)
            (home / ".config/amtool/config.yml").write_text(text, encoding="utf-8")
        done = subprocess.run(
            [oracle / "amtool", *(word.replace("SERVER", am.address) for word in case["words"])],
            cwd=folder,
            env={"HOME": str(home), "PATH": os.environ["PATH"]},
            input=case.get("stdin", "").encode(),
            capture_output=True,
            check=False,
        )
        told = {
            "code": done.returncode,
            "out": shaded(done.stdout.decode(), am.address),
            "err": shaded(done.stderr.decode(), am.address),
        }
        seen = am.asked()
    return case | told | ({"requests": seen} if seen else {})


def record_layouts(oracle: Path) -> None:
    """Writes how every help is laid out; its prose stays behind."""
    rows = []
    for line in ("--help", *(f"help {one.strip()}" for one in HELPED.split(";"))):
        environment = {"HOME": "/nonexistent", "COLUMNS": "80"}
        command = [oracle / "amtool", *line.split()]
        done = subprocess.run(command, env=environment, capture_output=True, check=True)
        rows.append(f" {dump(line)}: {dump(layout(done.stdout.decode()))}")
    text = "{\n" + ",\n".join(rows) + "\n}\n"
    (FOLDER / "layouts.json").write_text(text, encoding="utf-8")


def main() -> None:
    """Asks every case."""
    oracle = oracle_argument(__doc__ or "")
    answers = json.loads((FOLDER / "answers.json").read_text(encoding="utf-8"))
    with ThreadPoolExecutor(2) as pool:
        cases = list(pool.map(partial(ask, oracle, answers), read()))
    save("amtool", ABOUT, cases)
    record_layouts(oracle)


if __name__ == "__main__":
    main()
