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
    found += [{key: []} for key in ("times", "weekdays", "days_of_month", "months", "years")]
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
        definition = {
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


CALCULATED: list[tuple[str, Definition, list[str]]] = [
    (
        "spring forward in Berlin",
        {"times": [{"start_time": "01:00", "end_time": "03:30"}], "location": "Europe/Berlin"},
        ["2026-03-28T23:59:59Z", "2026-03-29T00:00:00Z", "2026-03-29T00:59:59Z"]
        + ["2026-03-29T01:00:00Z", "2026-03-29T01:29:59Z", "2026-03-29T01:30:00Z"],
    ),
    (
        "the hour that does not exist",
        {"times": [{"start_time": "02:00", "end_time": "03:00"}], "location": "Europe/Berlin"},
        ["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"],
    ),
    (
        "the hour that comes twice",
        {"times": [{"start_time": "02:00", "end_time": "03:00"}], "location": "Europe/Berlin"},
        ["2026-10-24T23:59:59Z", "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z"]
        + ["2026-10-25T01:00:00Z", "2026-10-25T01:59:59Z", "2026-10-25T02:00:00Z"],
    ),
    (
        "fall back in New York",
        {"times": [{"start_time": "01:00", "end_time": "02:00"}], "location": "America/New_York"},
        ["2026-11-01T04:59:59Z", "2026-11-01T05:00:00Z", "2026-11-01T06:30:00Z"]
        + ["2026-11-01T07:00:00Z"],
    ),
    (
        "day ends at midnight of the location",
        {"weekdays": ["sunday"], "location": "America/New_York"},
        ["2026-11-01T03:59:59Z", "2026-11-01T04:00:00Z", "2026-11-02T04:59:59Z"]
        + ["2026-11-02T05:00:00Z"],
    ),
    (
        "leap day",
        {"days_of_month": ["29"], "months": ["february"]},
        ["2028-02-28T23:59:59Z", "2028-02-29T00:00:00Z", "2028-02-29T23:59:59Z"]
        + ["2028-03-01T00:00:00Z", "2027-02-28T12:00:00Z", "2100-03-01T00:00:00Z"],
    ),
    (
        "last day of the month",
        {"days_of_month": ["-1"]},
        ["2028-02-28T12:00:00Z", "2028-02-29T12:00:00Z", "2027-02-28T12:00:00Z"]
        + ["2026-04-30T12:00:00Z", "2026-04-29T12:00:00Z", "2026-12-31T23:59:59Z"]
        + ["2100-02-28T12:00:00Z", "2000-02-29T12:00:00Z", "2000-02-28T12:00:00Z"],
    ),
    (
        "begin beyond the month's end",
        {"days_of_month": ["30:31"]},
        ["2027-02-28T12:00:00Z", "2028-02-29T12:00:00Z", "2026-04-30T12:00:00Z"]
        + ["2026-05-31T12:00:00Z", "2026-05-29T12:00:00Z"],
    ),
    (
        "end clamps to the month's end",
        {"days_of_month": ["29:30"]},
        ["2028-02-29T12:00:00Z", "2027-02-28T12:00:00Z", "2026-04-29T12:00:00Z"]
        + ["2026-05-31T12:00:00Z"],
    ),
    (
        "from the 27th to the last",
        {"days_of_month": ["27:-1"]},
        ["2027-02-26T12:00:00Z", "2027-02-27T12:00:00Z", "2027-02-28T12:00:00Z"]
        + ["2026-05-31T12:00:00Z", "2026-06-01T00:00:00Z"],
    ),
    (
        "negative days in a month that springs forward",
        {"days_of_month": ["-1"], "location": "Europe/Berlin"},
        ["2026-03-30T12:00:00Z", "2026-03-31T12:00:00Z", "2026-03-30T21:59:59Z"]
        + ["2026-03-30T22:00:00Z", "2026-03-31T21:59:59Z", "2026-03-31T22:00:00Z"],
    ),
    (
        "negative days in a month that falls back",
        {"days_of_month": ["-3:-2"], "location": "America/New_York"},
        ["2026-11-27T12:00:00Z", "2026-11-28T12:00:00Z", "2026-11-29T12:00:00Z"]
        + ["2026-11-30T12:00:00Z"],
    ),
    (
        "all days counted from the end",
        {"days_of_month": ["-31:-1"]},
        ["2027-02-01T00:00:00Z", "2026-04-30T23:59:59Z", "2026-05-31T12:00:00Z"],
    ),
    (
        "31st counted from the end in a short month",
        {"days_of_month": ["-31"]},
        ["2026-05-01T12:00:00Z", "2026-04-01T12:00:00Z", "2026-03-31T12:00:00Z"],
    ),
    (
        "year changes with the location",
        {"years": [2027], "location": "Pacific/Kiritimati"},
        ["2026-12-31T09:59:59Z", "2026-12-31T10:00:00Z", "2027-12-31T09:59:59Z"]
        + ["2027-12-31T10:00:00Z"],
    ),
    (
        "month changes with the location",
        {"months": ["january"], "location": "America/Los_Angeles"},
        ["2027-01-01T07:59:59Z", "2027-01-01T08:00:00Z", "2027-02-01T07:59:59Z"],
    ),
    (
        "half hour zone",
        {"times": [{"start_time": "09:00", "end_time": "09:30"}], "location": "Asia/Kolkata"},
        ["2026-06-01T03:29:59Z", "2026-06-01T03:30:00Z", "2026-06-01T04:00:00Z"],
    ),
    (
        "half hour daylight saving",
        {
            "times": [{"start_time": "02:00", "end_time": "02:30"}],
            "location": "Australia/Lord_Howe",
        },
        ["2026-10-03T15:29:59Z", "2026-10-03T15:30:00Z", "2026-04-04T15:15:00Z"],
    ),
    (
        "a day that was skipped",
        {"days_of_month": [30], "months": [12], "years": [2011], "location": "Pacific/Apia"},
        ["2011-12-30T09:59:59Z", "2011-12-30T10:00:00Z"],
    ),
    (
        "end of the day is exclusive",
        {"times": [{"start_time": "23:00", "end_time": "24:00"}]},
        ["2026-06-01T22:59:59.999Z", "2026-06-01T23:00:00Z", "2026-06-01T23:59:59.999Z"]
        + ["2026-06-02T00:00:00Z"],
    ),
    (
        "seconds do not count",
        {"times": [{"start_time": "10:00", "end_time": "10:01"}]},
        ["2026-06-01T09:59:59.999Z", "2026-06-01T10:00:59.999Z", "2026-06-01T10:01:00Z"],
    ),
    (
        "working hours",
        {
            "times": [{"start_time": "09:00", "end_time": "17:00"}],
            "weekdays": ["monday:friday"],
            "location": "Europe/London",
        },
        ["2026-03-27T08:59:59Z", "2026-03-27T09:00:00Z", "2026-03-30T07:59:59Z"]
        + ["2026-03-30T08:00:00Z", "2026-03-29T12:00:00Z", "2026-10-26T16:59:59Z"],
    ),
]


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
    for name, definition, texts in CALCULATED:
        moments = [datetime.datetime.fromisoformat(text) for text in texts]
        results = [(moment, contains(definition, moment)) for moment in moments]
        cases.append(case(name, definition, results, "calculation"))
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
        "covers": ["config.md 7 evaluation"],
        "source": source,
        "definition": definition,
        "moments": [
            [moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"), result]
            for moment, result in results
        ],
    }


if __name__ == "__main__":
    main()
