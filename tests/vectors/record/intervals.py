"""Records `intervals.json`: which time intervals contain which moments.

A binary can only be asked about the moment of the recording: every definition becomes a muted
route, and `mutedBy` of GET /api/v2/alerts/groups tells. Daylight saving, leap days and ends of
months come from the calculation below, which is written for this script alone and must agree with
the reference on everything recorded, else nothing is saved.
"""

from __future__ import annotations

import datetime
import json
import random
import time
import zoneinfo
from calendar import monthrange
from pathlib import Path
from typing import Any

from oracle import Reference, oracle_argument, save

ABOUT = (
    "Interval entries (the fields of one element of `time_intervals`) with moments and whether the "
    "entry contains them. `source` is reference (asked from a binary at that moment) or "
    "calculation (worked out by the recording script)."
)
WEEKDAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
MONTHS = ["january", "february", "march", "april", "may", "june", "july"]
MONTHS += ["august", "september", "october", "november", "december"]
Definition = dict[str, Any]


def ends(text: str, names: list[str], first: int) -> tuple[int, int]:
    """Both ends of `a:b` or `a`, names counted from `first`."""
    parts = [
        names.index(part.lower()) + first if part.lower() in names else int(part)
        for part in str(text).split(":")
    ]
    return parts[0], parts[-1]


def minutes(text: str) -> int:
    """Minutes since midnight."""
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def day_holds(text: str, day: int, length: int) -> bool:
    """Whether a range of days of the month holds a day of a month of that length."""
    begin, end = (value if value > 0 else length + 1 + value for value in ends(text, [], 0))
    return begin <= length and begin <= day <= min(end, length)


def contains(definition: Definition, moment: datetime.datetime) -> bool:
    """The calculation: all present fields hold, and in each at least one value."""
    zone = definition.get("location") or "UTC"
    local = moment.astimezone(zoneinfo.ZoneInfo(zone))
    now = local.hour * 60 + local.minute
    length = monthrange(local.year, local.month)[1]
    weekday = (local.weekday() + 1) % 7
    tests = {
        "times": lambda one: minutes(one["start_time"]) <= now < minutes(one["end_time"]),
        "weekdays": lambda one: holds(ends(one, WEEKDAYS, 0), weekday),
        "days_of_month": lambda one: day_holds(one, local.day, length),
        "months": lambda one: holds(ends(one, MONTHS, 1), local.month),
        "years": lambda one: holds(ends(one, [], 0), local.year),
    }
    return all(any(map(tests[key], definition[key])) for key in tests if key in definition)


def holds(span: tuple[int, int], value: int) -> bool:
    """Whether the span holds the value, both ends included."""
    return span[0] <= value <= span[1]


def around(now: datetime.datetime) -> list[Definition]:
    """Definitions that tell a moment apart from its neighbours."""
    found: list[Definition] = [{}]
    minute = now.hour * 60 + now.minute
    for start, end in [(0, 1), (-1, 0), (1, 2), (-1, 1), (-60, 60), (-60, 0), (-60, -1), (0, 60)]:
        first, last = max(minute + start, 0), min(minute + end, 1440)
        if first < last:
            found.append({"times": [span(first, last)]})
    found.append({"times": [span(0, 1440)]})
    found.append({"times": [span(0, minute), span(minute + 1, 1440)]})
    found.append({"times": [span(0, 1), span(minute, minute + 1)]})
    found += [
        dict[str, Any]({key: []})
        for key in ("times", "weekdays", "days_of_month", "months", "years")
    ]
    found += [{"weekdays": [name]} for name in WEEKDAYS]
    found += [{"weekdays": ["monday:friday"]}, {"weekdays": ["sunday:saturday"]}]
    found += [{"weekdays": ["SUNDAY", "Saturday"]}, {"weekdays": ["sunday:monday", "friday"]}]
    length = monthrange(now.year, now.month)[1]
    for day in (now.day - 1, now.day, now.day + 1):
        if 1 <= day <= length:
            found += [{"days_of_month": [str(day)]}, {"days_of_month": [str(day - 1 - length)]}]
    found += [
        {"days_of_month": [text]}
        for text in ("1:31", "1:-1", "-31:-1", f"{now.day}:-1", f"1:{now.day}", "31", "-1", "30:31")
        if text != "28:-1"
    ]
    found += [{"months": [name]} for name in MONTHS]
    found += [{"months": [text]} for text in ("1:12", "january:december", "0", "0:99", "13")]
    found += [{"months": [now.month, str(now.month)]}, {"months": [f"{now.month}:12"]}]
    for text in (now.year, now.year - 1, f"{now.year - 1}:{now.year}", f"{now.year + 1}:3000"):
        found.append({"years": [text]})
    found += [{"years": ["-5:9999"]}]
    for zone in ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati"):
        local = now.astimezone(zoneinfo.ZoneInfo(zone))
        at = local.hour * 60 + local.minute
        found.append({"times": [span(at, at + 1)], "location": zone})
        found.append({"times": [span(minute, minute + 1)], "location": zone})
        found.append({"weekdays": [WEEKDAYS[(local.weekday() + 1) % 7]], "location": zone})
        found.append({"days_of_month": [local.day], "location": zone})
    found.append({"times": [span(minute, minute + 1)], "location": ""})
    return found


def mixed(now: datetime.datetime, count: int) -> list[Definition]:
    """Definitions of several fields, picked at random with values near the moment."""
    source = random.Random(34)
    minute = now.hour * 60 + now.minute
    choices: dict[str, list[Any]] = {
        "times": [span(0, 1440), span(max(minute - 5, 0), minute + 5), span(0, max(minute, 1))],
        "weekdays": ["monday:friday", "sunday", "saturday", WEEKDAYS[(now.weekday() + 1) % 7]],
        "days_of_month": ["1:15", "16:31", str(now.day), "-7:-1", "-10"],
        "months": ["january:june", "july:december", now.month],
        "years": [now.year, now.year + 1, "2000:2100"],
    }
    found = []
    for _ in range(count):
        keys = source.sample(list(choices), source.randint(2, 4))
        definition: Definition = {
            key: source.sample(choices[key], source.randint(1, 2)) for key in sorted(keys)
        }
        if source.random() < 0.5:
            definition["location"] = source.choice(["Europe/Paris", "Asia/Tokyo", "UTC"])
        found.append(definition)
    return found


def span(start: int, end: int) -> dict[str, str]:
    """A times entry from minutes since midnight."""
    return {
        "start_time": f"{start // 60:02d}:{start % 60:02d}",
        "end_time": f"{end // 60:02d}:{end % 60:02d}",
    }


def config(definitions: list[Definition]) -> str:
    """One muted route per definition."""
    routes = [
        {"matchers": [f"i={index}"], "group_by": ["i"], "mute_time_intervals": [str(index)]}
        for index in range(len(definitions))
    ]
    intervals = [
        {"name": str(index), "time_intervals": [definition]}
        for index, definition in enumerate(definitions)
    ]
    return json.dumps(
        {
            "route": {"receiver": "r", "group_wait": "0s", "routes": routes},
            "receivers": [{"name": "r"}],
            "time_intervals": intervals,
        }
    )


def asked(server: Reference, definitions: list[Definition]) -> list[bool]:
    """Which of the definitions mute their group now."""
    alerts = [{"labels": {"i": str(index)}} for index in range(len(definitions))]
    if server.post("/api/v2/alerts", alerts).status != 200:
        raise RuntimeError("an alert was refused")
    time.sleep(2)
    muted = {
        group["labels"]["i"]: bool(group["alerts"][0]["status"]["mutedBy"])
        for group in server.get("/api/v2/alerts/groups").json()
    }
    return [muted[str(index)] for index in range(len(definitions))]


def main() -> None:
    """Asks the reference, compares with the calculation, adds the calculated cases."""
    oracle = oracle_argument(__doc__ or "")
    while time.time() % 60 > 50:  # the answers must all belong to one minute
        time.sleep(1)
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    definitions = around(now) + mixed(now, 60)
    with Reference(oracle, config(definitions)) as server:
        answers = asked(server, definitions)
    cases = []
    for index, (definition, answer) in enumerate(zip(definitions, answers, strict=True)):
        if contains(definition, now) is not answer:
            raise RuntimeError(f"{definition}: the reference says {answer}")
        cases.append(case(f"recorded {index}", definition, [(now, answer)], "reference"))
    path = Path(__file__).parent / "cases/intervals.json"
    for one in json.loads(path.read_text(encoding="utf-8")):
        moments = [datetime.datetime.fromisoformat(text) for text in one["moments"]]
        results = [(moment, contains(one["definition"], moment)) for moment in moments]
        cases.append(case(one["name"], one["definition"], results, "calculation"))
    save("intervals", ABOUT, cases)


def case(
    name: str,
    definition: Definition,
    results: list[tuple[datetime.datetime, bool]],
    source: str,
) -> dict[str, Any]:
    """One case as it is saved."""
    return {
        "name": name,
        "covers": ["config 7 evaluation"],
        "source": source,
        "definition": definition,
        "moments": [
            [moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"), result]
            for moment, result in results
        ],
    }


if __name__ == "__main__":
    main()
