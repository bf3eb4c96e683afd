"""Records what the reference sends in the cases of `cases/*.yaml` and writes it into them.

    python tests/receivers/record.py FOLDER [--only NEEDLE] NAME…

FOLDER has the binaries of the reference, NAME is a case file; `--only` records the cases that have
the text in their names.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "vectors/record")]

from oracle import Reference  # noqa: E402  # after the path

from receivers import casefile  # noqa: E402  # after the path
from service import Service  # noqa: E402  # after the path

AT_ONCE = 6
TOLD_SECONDS = 20.0
SILENT_SECONDS = 2.5
STRAGGLERS_SECONDS = 0.1
FLAGS = ("--log.level=debug", "--log.format=json", f"--web.external-url={casefile.EXTERNAL_URL}")
UNRECOVERABLE = re.compile(r"notify retry canceled due to unrecoverable error after 1 attempts: ")
FAILED = re.compile(
    r'^alertmanager_notifications_failed_total\{integration="\w+",reason="(\w+)"\} [1-9]', re.M
)


def lines(reference: Reference, after: int) -> list[dict[str, Any]]:
    """The log's lines after the first so many."""
    whole = (reference.home / "log").read_text(encoding="utf-8").splitlines()[after:]
    return [json.loads(line) for line in whole if line.startswith("{") and line.endswith("}")]


def outcome(reference: Reference, after: int) -> dict[str, Any] | None:
    """How the first attempt after that line of the log ended; None when it has not."""
    for line in lines(reference, after):
        if line["msg"] == "Notify success":
            return {"error": None, "retry": False}
        if line["msg"] == "Notify attempt failed, will retry later":
            return {"error": line["err"], "retry": True, "at": line["time"]}
        if line["msg"] == "Notify for alerts failed":
            cause = UNRECOVERABLE.split(line["err"])[-1]
            return {"error": cause, "retry": False}
    return None


def reason(reference: Reference) -> str:
    """The reason of the failure, once the group's time is over."""
    deadline = time.monotonic() + TOLD_SECONDS
    while time.monotonic() < deadline:
        found = FAILED.search(reference.get("/metrics").text())
        if found:
            return found.group(1)
        time.sleep(0.1)
    raise RuntimeError("the failure was not counted")


def warnings(reference: Reference, after: int, kind: str) -> list[dict[str, Any]]:
    """What the integration warned about after the first so many lines."""
    own = [line for line in lines(reference, after) if line["source"].startswith(f"{kind}.go")]
    return [told for line in own if (told := casefile.warning(line)) is not None]


def play(
    reference: Reference, service: Service, case: dict[str, Any], step: dict[str, Any]
) -> dict[str, Any]:
    """One step with what the reference made of it."""
    after = len((reference.home / "log").read_text(encoding="utf-8").splitlines())
    came = len(service.arrived)
    reference.post("/api/v2/alerts", casefile.alerts(step, service))
    if step.get("silent"):
        time.sleep(SILENT_SECONDS)
        found: dict[str, Any] | None = {"error": None, "retry": False}
    else:
        deadline = time.monotonic() + TOLD_SECONDS
        while (found := outcome(reference, after)) is None and time.monotonic() < deadline:
            time.sleep(0.02)
    ended = time.monotonic() + STRAGGLERS_SECONDS
    if found is None:
        raise RuntimeError("nothing was sent:\n" + (reference.home / "log").read_text())
    time.sleep(STRAGGLERS_SECONDS)
    if (failed := found.pop("at", None)) is not None:
        # The next attempt follows at once where the first one took long.
        since = time.time() - datetime.fromisoformat(failed).timestamp()
        ended = time.monotonic() - since
    requests = [
        casefile.request(one, case, service) for one in service.arrived[came:] if one.at < ended
    ]
    if "secrets" in case:
        once = [one for one, _ in groupby(requests)]
        found |= {"repeated": True} if len(requests) > len(once) else {}
        requests = once
    [kind] = case["receiver"]
    if logged := warnings(reference, after, kind.removesuffix("_configs")):
        found["logged"] = logged
    if found["error"] is not None:
        found["error"] = service.tidy(found["error"])
        found["reason"] = reason(reference)
    step = {name: value for name, value in step.items() if name not in casefile.RECORDED}
    return step | {"requests": requests} | found


def record(oracle: Path, case: dict[str, Any]) -> dict[str, Any]:
    """A case with what the reference did."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Service(folder, deepcopy(case.get("answers", {}))) as service:
            config = casefile.configuration(case, service)
            variables = casefile.environment(case, service)
            with Reference(
                oracle, config, FLAGS, folder=folder, environment=variables
            ) as reference:
                steps = [play(reference, service, case, step) for step in case["steps"]]
                if reference.process is not None and steps[-1]["error"] is not None:
                    reference.process.kill()
                    reference.process.wait()
    return case | {"steps": steps}


def tried(oracle: Path, only: str, case: dict[str, Any]) -> dict[str, Any]:
    """As record; says which case failed."""
    if only not in case["name"] or casefile.documented(case):
        return case
    try:
        return record(oracle, case)
    except Exception as error:
        raise RuntimeError(f"{case['name']}: {error}") from error


def main() -> None:
    """Records the named files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("oracle", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("names", nargs="+")
    arguments = parser.parse_args()
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        os.environ.pop(name, None)
    for name in arguments.names:
        path = casefile.CASES / f"{name}.yaml"
        with ThreadPoolExecutor(AT_ONCE) as pool:
            one = partial(tried, arguments.oracle.resolve(), arguments.only)
            casefile.save(path, list(pool.map(one, casefile.load(path))))


if __name__ == "__main__":
    main()
