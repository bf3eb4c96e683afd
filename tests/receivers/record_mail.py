"""Records what the reference does in the cases of `mail.yaml` and writes it into them.

    python tests/receivers/record_mail.py FOLDER [NAME]…

FOLDER has the binaries of the reference; names of cases record only these. Each case runs in a
server of its own.
"""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "vectors/record")]

from oracle import Reference  # noqa: E402  # after the path

from receivers.casefile import dump  # noqa: E402  # after the path
from receivers.mailcase import PATH, Authority, Run, load  # noqa: E402  # after the path
from receivers.record import FLAGS, outcome, reason  # noqa: E402  # after the path

AT_ONCE = 10
TOLD_SECONDS = 20.0
HEAD = """\
# Mail, and what the reference does with it (`expect`, written by record_mail.py).
#
# `email` is the block (over BLOCK of mailcase.py; null leaves a key out), `server` how the server
# behaves (tests/mail_server.py), `alerts` a name of alerts.py, `before` alerts of an earlier mail.
# HERE is the server, OTHER the same under the name localhost, OTHERADDRESS the same at 127.0.0.2,
# CLOSED an address without listener, FOLDER the folder of `files` and of ca.pem; CA, CERT and KEY
# are certificates. `expect.said` is the session, `message` what it brought (headers by name, line
# ends plain), `error` the attempt's error, `retry` whether another attempt follows, `reason` the
# metric's. `ours` is where we differ, `why` tells why.
"""


def told(run: Run, reference: Reference, key: str) -> dict[str, Any]:
    """Posts alerts; how the first attempt ended."""
    after = len((reference.home / "log").read_text(encoding="utf-8").splitlines())
    reference.post("/api/v2/alerts", run.alerts(key))
    deadline = time.monotonic() + TOLD_SECONDS
    while (found := outcome(reference, after)) is None:
        if time.monotonic() > deadline:
            raise TimeoutError((reference.home / "log").read_text(encoding="utf-8"))
        time.sleep(0.02)
    if found["error"] is not None:
        found["error"] = run.tidy(found["error"])
        found["reason"] = reason(reference)
    return found


def record(case: dict[str, Any], oracle: Path) -> dict[str, Any]:
    """What the reference does in a case."""
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as home,
        Run(case, Path(folder), Authority()) as run,
        Reference(oracle, run.configuration(), FLAGS, Path(home)) as reference,
    ):
        if "before" in case:
            told(run, reference, "before")
        found = told(run, reference, "alerts")
        if reference.process is not None:
            reference.process.kill()
            reference.process.wait()
        return run.heard(1 if "before" in case else 0) | found


def tried(case: dict[str, Any], oracle: Path) -> dict[str, Any]:
    """As record; says which case failed."""
    try:
        return record(case, oracle)
    except Exception as error:
        raise RuntimeError(f"{case['name']}: {error}") from error


def main() -> None:
    """Records all cases, or those named."""
    oracle, *names = sys.argv[1:]
    cases = load()
    wanted = [case for case in cases if not names or case["name"] in names]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        found = threads.map(lambda case: tried(case, Path(oracle).resolve()), wanted)
        for case, expect in zip(wanted, found, strict=True):
            case["covers"] = ["receivers 2 email wire"]
            case["expect"] = expect
    PATH.write_text(HEAD + dump(cases), encoding="utf-8")


if __name__ == "__main__":
    main()
