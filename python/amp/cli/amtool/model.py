"""The objects of the API in the order in which upstream writes them.

Upstream: api/v2/models. What is unknown is dropped, what is demanded and absent is null.
"""

from __future__ import annotations

from typing import Any

from amp.cli.amtool.invocation import ToolError
from amp.cli.amtool.json_text import kind
from amp.cli.amtool.moment import Moment


class Shape:
    """Reads one kind of JSON value.

    Args:
        go: upstream's name of the type, seen in errors.
    """

    def __init__(self, go: str) -> None:
        self.go = go

    def read(self, value: object, place: str = "") -> Any:
        """The value in this shape; None stays None.

        Raises:
            ToolError: with upstream's text for a value of another kind.
        """
        if value is None or self.fits(value):
            return value
        raise self.refused(value, place)

    def fits(self, value: object) -> bool:
        """Whether it is of the right kind."""
        return isinstance(value, str)

    def refused(self, value: object, place: str) -> ToolError:
        """Why a value is none of this shape."""
        where = f"struct field {place} of" if place else "value of"
        return ToolError(f"json: cannot unmarshal {kind(value)} into Go {where} type {self.go}")


class Truth(Shape):
    """True or false."""

    def fits(self, value: object) -> bool:
        """Whether it is one."""
        return isinstance(value, bool)


class Instant(Shape):
    """A time in RFC 3339, shown with three decimals."""

    def read(self, value: object, place: str = "") -> Any:
        """The moment."""
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.refused(value, place)
        try:
            return Moment(value)
        except ValueError:
            from amp.cli.amtool.given_time import date_refusal

            raise ToolError(str(date_refusal(value))) from None


class Texts(Shape):
    """Names and texts."""

    def read(self, value: object, place: str = "") -> Any:
        """The pairs, sorted by name."""
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.refused(value, place)
        for text in value.values():
            TEXT.read(text, place)
        return {name: value[name] or "" for name in sorted(value)}


class Many(Shape):
    """An array."""

    def __init__(self, shape: Shape, go: str) -> None:
        super().__init__(go)
        self._shape = shape

    def read(self, value: object, place: str = "") -> Any:
        """The array with its values read."""
        if value is None:
            return None
        if not isinstance(value, list):
            raise self.refused(value, place)
        return [self._shape.read(item, place) for item in value]


class Object(Shape):
    """An object.

    Args:
        fields: by name, in order.
        optional: names that are left out when they are empty.
        needed: names without which a program cannot show it; upstream's crashes.
        base: upstream's name of the type that has the fields, where it is another.
        own: names of the fields that the base does not have.
    """

    def __init__(
        self,
        go: str,
        fields: dict[str, Shape],
        *,
        optional: tuple[str, ...] = (),
        needed: tuple[str, ...] = (),
        base: str = "",
        own: tuple[str, ...] = (),
    ) -> None:
        super().__init__(go)
        self._base = base or go.rpartition(".")[2]
        self._own = own
        self._fields = fields
        self._optional = optional
        self._needed = needed

    def read(self, value: object, place: str = "") -> Any:
        """The object with its known fields."""
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.refused(value, place)
        found: dict[str, Any] = {}
        way = place.partition(".")[2]
        for name, shape in self._fields.items():
            owner = "" if name in self._own else self._base
            path = f"{way}.{name}" if way else name
            found[name] = shape.read(value.get(name), f"{owner}.{path}")
        for name in self._needed:
            if found[name] is None:
                raise ToolError(f"the answer has a {self._base} without {name}")
        return self.keep(found)

    def keep(self, value: dict[str, Any]) -> dict[str, Any]:
        """What this shape has of an object that was read already."""
        found = {name: value.get(name) for name in self._fields}
        return {
            name: field
            for name, field in found.items()
            if name not in self._optional or (field is not None and field not in ("", {}))
        }


TEXT = Shape("string")
TRUTH = Truth("bool")
INSTANT = Instant("string")
_NAMES = Many(TEXT, "[]string")
_MATCHER_FIELDS: dict[str, Shape] = {
    "isEqual": TRUTH,
    "isRegex": TRUTH,
    "name": TEXT,
    "value": TEXT,
}


def _silence_fields(*, needed: bool) -> dict[str, Shape]:
    matcher = Object(
        "models.Matcher",
        _MATCHER_FIELDS,
        optional=("isEqual",),
        needed=("isRegex", "name", "value") if needed else (),
    )
    return {
        "annotations": Texts("models.LabelSet"),
        "comment": TEXT,
        "createdBy": TEXT,
        "endsAt": INSTANT,
        "matchers": Many(matcher, "models.Matchers"),
        "startsAt": INSTANT,
    }


SILENCE = Object(
    'struct { ID *string "json:\\"id\\""; Status *models.SilenceStatus "json:\\"status\\"";'
    ' UpdatedAt *strfmt.DateTime "json:\\"updatedAt\\"" }',
    {
        "id": TEXT,
        "status": Object("models.SilenceStatus", {"state": TEXT}),
        "updatedAt": INSTANT,
        **_silence_fields(needed=True),
    },
    optional=("annotations",),
    needed=("id", "updatedAt", "comment", "createdBy", "endsAt", "startsAt"),
    base="Silence",
    own=("id", "status", "updatedAt"),
)
SILENCES = Many(SILENCE, "models.GettableSilences")
POSTABLE_SILENCE = Object(
    'struct { ID string "json:\\"id,omitempty\\"" }',
    {"id": TEXT, **_silence_fields(needed=False)},
    optional=("id", "annotations"),
    base="Silence",
    own=("id",),
)
POSTED = Object("silence.PostSilencesOKBody", {"silenceID": TEXT}, optional=("silenceID",))
ALERTS = Many(
    Object(
        'struct { Annotations models.LabelSet "json:\\"annotations\\"";'
        ' EndsAt *strfmt.DateTime "json:\\"endsAt\\"";'
        ' Fingerprint *string "json:\\"fingerprint\\"";'
        ' Receivers []*models.ReceiverReference "json:\\"receivers\\"";'
        ' StartsAt *strfmt.DateTime "json:\\"startsAt\\"";'
        ' Status *models.AlertStatus "json:\\"status\\"";'
        ' UpdatedAt *strfmt.DateTime "json:\\"updatedAt\\"" }',
        {
            "annotations": Texts("models.LabelSet"),
            "endsAt": INSTANT,
            "fingerprint": TEXT,
            "receivers": Many(
                Object("models.ReceiverReference", {"name": TEXT}), "[]*models.ReceiverReference"
            ),
            "startsAt": INSTANT,
            "status": Object(
                "models.AlertStatus",
                {"inhibitedBy": _NAMES, "mutedBy": _NAMES, "silencedBy": _NAMES, "state": TEXT},
                needed=("state",),
            ),
            "updatedAt": INSTANT,
            "generatorURL": TEXT,
            "labels": Texts("models.LabelSet"),
        },
        optional=("generatorURL",),
        needed=("startsAt", "endsAt", "status"),
        base="Alert",
        own=(
            "annotations",
            "endsAt",
            "fingerprint",
            "receivers",
            "startsAt",
            "status",
            "updatedAt",
        ),
    ),
    "models.GettableAlerts",
)
_PEER = Object("models.PeerStatus", {"address": TEXT, "name": TEXT}, needed=("address", "name"))
STATUS = Object(
    "models.AlertmanagerStatus",
    {
        "cluster": Object(
            "models.ClusterStatus",
            {"name": TEXT, "peers": Many(_PEER, "[]*models.PeerStatus"), "status": TEXT},
            optional=("name",),
        ),
        "config": Object("models.AlertmanagerConfig", {"original": TEXT}),
        "uptime": INSTANT,
        "versionInfo": Object(
            "models.VersionInfo",
            dict.fromkeys(
                ("branch", "buildDate", "buildUser", "goVersion", "revision", "version"), TEXT
            ),
        ),
    },
)
