"""Records `configs.json`: the verdict, error text and redacted dump of configurations."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from casefile import SMALL, Case, read
from oracle import Reference, amtool, oracle_argument, save

ABOUT = (
    "Configuration texts with the reference's verdict. `accepted` is the server's; `error` its "
    "text (where the server crashes: none, and `crash` is true; such files must be refused). "
    "`check_error` is what amtool check-config says where it differs (null: it accepts). "
    "`original` is the redacted dump; `dump_loads` is false where the reference itself does not "
    "take it back. FOLDER stands for the configuration's folder."
)


def check(oracle: Path, folder: Path) -> str | None:
    """What `amtool check-config` says against the file; None when it accepts."""
    code, out, err = amtool(oracle, "check-config", "alertmanager.yml", cwd=folder)
    if code == 0:
        return None
    failed = re.search(r"  FAILED: (.*?)\n(?:\n|Found:|\Z)", out, re.DOTALL)
    return failed.group(1) if failed else f"{out}{err}".split("\ngoroutine", 1)[0].strip()


def crashed(text: str) -> bool:
    """Whether this is a Go panic instead of an error."""
    return "panic:" in text or "SIGSEGV" in text


def record(oracle: Path, server: Reference, case: Case) -> dict[str, Any]:
    """Asks amtool and the running server about one configuration."""
    found: dict[str, Any] = {"name": case.name, "covers": [case.covers], "text": case.text}
    if case.differs:
        found["differs"] = case.differs
    if case.files:
        found["files"] = case.files
    for file, content in case.files.items():
        (server.home / file).write_text(content, encoding="utf-8")
    server.write(case.text)
    checked = check(oracle, server.home)
    try:
        answer = server.reload(case.text)
        error = None if answer.status == 200 else reason(answer.text())
        crash = False
    except OSError:
        crash, error = True, None
    found["accepted"] = not crash and error is None
    if crash:
        found["crash"] = True
        server.stop()
        server.write(SMALL)
        server.start()
    elif error is not None:
        found["error"] = tidy(error, server.home)
    else:
        found["original"] = server.original()
        if server.reload(found["original"]).status != 200:
            found["dump_loads"] = False
    if checked is not None and crashed(checked):
        found["check_crash"] = True
    elif checked != error:
        found["check_error"] = checked and tidy(checked, server.home)
    for file in case.files:
        (server.home / file).unlink()
    return found


def reason(body: str) -> str:
    """The cause inside the answer of a failed reload."""
    return body.removeprefix("failed to reload config: ").removesuffix("\n")


def tidy(text: str, folder: Path) -> str:
    """The text without the temporary folder's name."""
    return text.replace(str(folder), "FOLDER")


def main() -> None:
    """Records all case files in the order of their names."""
    oracle = oracle_argument(__doc__ or "")
    files = sorted((Path(__file__).parent / "cases/configs").glob("*.txt"))
    cases = [case for file in files for case in read(file)]
    names = [case.name for case in cases]
    if len(set(names)) != len(names):
        raise ValueError("two cases with one name")
    with Reference(oracle, SMALL) as server:
        save("configs", ABOUT, [record(oracle, server, case) for case in cases])


if __name__ == "__main__":
    main()
