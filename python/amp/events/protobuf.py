"""Events as protobuf messages, made of their JSON.

Upstream: eventrecorder/eventrecorderpb/eventrecorder.proto.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Field = tuple[int, str]
"""The field's number and its type: a scalar's name, or a message's."""

_MATCHERS: Mapping[str, Field] = {"matchers": (1, "Matcher")}
_SILENCE_EVENT: Mapping[str, Field] = {"silence": (1, "Silence")}
_GROUPED: Mapping[str, Field] = {"alert": (1, "GroupedAlert"), "groupInfo": (2, "AlertGroupInfo")}

MESSAGES: Mapping[str, Mapping[str, Field]] = {
    "Event": {
        "@timestamp": (1, "time"),
        "instance": (2, "text"),
        "data": (3, "EventData"),
        "clusterPosition": (4, "number"),
    },
    "EventData": {
        "alertmanagerStartupEvent": (1, "Startup"),
        "alertmanagerShutdownEvent": (2, "Shutdown"),
        "alertCreated": (3, "AlertCreated"),
        "alertResolved": (4, "AlertResolved"),
        "alertGrouped": (5, "AlertGrouped"),
        "notification": (6, "Notification"),
        "silenceCreated": (7, "SilenceCreated"),
        "silenceUpdated": (8, "SilenceUpdated"),
        "silenceMutedAlert": (9, "SilenceMutedAlert"),
        "inhibitionMutedAlert": (10, "InhibitionMutedAlert"),
    },
    "Startup": {"version": (1, "text"), "buildContext": (2, "text")},
    "Shutdown": {},
    "LabelPair": {"key": (1, "text"), "value": (2, "text")},
    "LabelSet": {"labels": (1, "LabelPair")},
    "Alert": {
        "fingerprint": (1, "number"),
        "name": (2, "text"),
        "labels": (3, "LabelSet"),
        "annotations": (4, "LabelSet"),
        "startsAt": (5, "time"),
        "endsAt": (6, "time"),
        "resolved": (7, "number"),
    },
    "GroupedAlert": {"hash": (1, "number"), "details": (2, "Alert")},
    "AlertGroupInfo": {
        "groupKey": (1, "text"),
        "groupLabels": (2, "LabelSet"),
        "groupId": (3, "text"),
        "receiverName": (4, "text"),
        "matchers": (5, "Matcher"),
        "groupUuid": (6, "text"),
    },
    "AlertCreated": {"alert": (1, "Alert")},
    "AlertResolved": _GROUPED,
    "AlertGrouped": _GROUPED,
    "Integration": {"name": (1, "text"), "index": (2, "number")},
    "Notification": {
        "alerts": (1, "GroupedAlert"),
        "firingAlerts": (2, "GroupedAlert"),
        "resolvedAlerts": (3, "GroupedAlert"),
        "mutedAlerts": (4, "GroupedAlert"),
        "groupInfo": (5, "AlertGroupInfo"),
        "repeatInterval": (6, "duration"),
        "reason": (7, "enum"),
        "flushId": (8, "number"),
        "integration": (9, "Integration"),
    },
    "Silence": {
        "id": (1, "text"),
        "matchers": (2, "Matcher"),
        "startsAt": (4, "time"),
        "endsAt": (5, "time"),
        "updatedAt": (6, "time"),
        "createdBy": (7, "text"),
        "comment": (8, "text"),
        "matcherSets": (9, "MatcherSet"),
    },
    "Matcher": {
        "type": (1, "enum"),
        "name": (2, "text"),
        "pattern": (3, "text"),
        "rendered": (4, "text"),
    },
    "MatcherSet": _MATCHERS,
    "SilenceCreated": _SILENCE_EVENT,
    "SilenceUpdated": _SILENCE_EVENT,
    "MutedAlert": {"labels": (1, "LabelSet"), "fingerprint": (2, "number")},
    "SilenceMutedAlert": {"silence": (1, "Silence"), "mutedAlert": (2, "MutedAlert")},
    "InhibitRule": {
        "sourceMatchers": (1, "Matcher"),
        "targetMatchers": (2, "Matcher"),
        "equalLabels": (3, "text"),
        "name": (4, "text"),
    },
    "InhibitionMutedAlert": {
        "inhibitRules": (1, "InhibitRule"),
        "mutedAlert": (2, "MutedAlert"),
        "inhibitingFingerprints": (3, "numbers"),
    },
}

ENUMS = {
    "TYPE_EQUAL": 1,
    "TYPE_REGEXP": 2,
    "TYPE_NOT_EQUAL": 3,
    "TYPE_NOT_REGEXP": 4,
    "NOTIFY_REASON_FIRST_NOTIFICATION": 1,
    "NOTIFY_REASON_NEW_ALERTS_IN_GROUP": 2,
    "NOTIFY_REASON_NEW_RESOLVED_ALERTS": 3,
    "NOTIFY_REASON_ALL_ALERTS_RESOLVED": 4,
    "NOTIFY_REASON_REPEAT_INTERVAL_ELAPSED": 5,
}

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def encode(line: bytes) -> bytes:
    """The Event message of an event's JSON.

    Raises:
        ValueError: when it is not one.
    """
    return _message("Event", json.loads(line))


def _message(kind: str, value: Mapping[str, Any]) -> bytes:
    fields = MESSAGES[kind]
    out = bytearray()
    # Upstream's encoder writes fields by number, and the JSON's keys stand in that order.
    for key, content in value.items():
        try:
            number, form = fields[key]
        except KeyError:
            raise ValueError(f"{kind} has no field {key!r}") from None
        if form == "numbers":
            out += _bytes(number, b"".join(_varint(int(one)) for one in content))
            continue
        for one in content if isinstance(content, list) else [content]:
            scalar = _SCALARS.get(form)
            out += _bytes(number, _message(form, one)) if scalar is None else scalar(number, one)
    return bytes(out)


def _varint(number: int) -> bytes:
    # Negative numbers are written as 64 bits.
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _bytes(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _number(field: int, value: str | float) -> bytes:
    return _varint(field << 3) + _varint(int(value))


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _enum(field: int, value: str) -> bytes:
    return _number(field, ENUMS[value])


def _seconds(field: int, seconds: int, nanos: int) -> bytes:
    inner = _number(1, seconds) if seconds else b""
    return _bytes(field, inner + (_number(2, nanos) if nanos else b""))


def _time(field: int, value: str) -> bytes:
    whole, _, decimals = value.removesuffix("Z").partition(".")
    at = datetime.fromisoformat(whole).replace(tzinfo=UTC) - EPOCH
    return _seconds(field, at.days * 86_400 + at.seconds, int(f"{decimals:0<9}"))


def _duration(field: int, value: str) -> bytes:
    seconds, _, decimals = value.removesuffix("s").partition(".")
    return _seconds(field, int(seconds), int(f"{decimals:0<9}"))


_SCALARS: Mapping[str, Callable[[int, Any], bytes]] = {
    "text": _text,
    "number": _number,
    "enum": _enum,
    "time": _time,
    "duration": _duration,
}
