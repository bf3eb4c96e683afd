"""The Prometheus text format 0.0.4, with numbers as Go prints them."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.samples import Sample

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"


def exposition(registry: CollectorRegistry) -> bytes:
    """Every series of the registry, families by name."""
    lines: list[str] = []
    for family in sorted(registry.collect(), key=lambda family: family.name):
        if not family.samples:
            continue
        name = family.name + ("_total" if family.type == "counter" else "")
        kind = "untyped" if family.type == "unknown" else family.type
        lines.append(f"# HELP {name} {_escape(family.documentation, quotes=False)}")
        lines.append(f"# TYPE {name} {kind}")
        lines.extend(_line(sample) for sample in family.samples)
    return ("\n".join(lines) + "\n").encode()


def _line(sample: Sample) -> str:
    labels = ",".join(
        f'{name}="{go_float(float(value)) if name == "le" else _escape(value)}"'
        for name, value in sorted(sample.labels.items(), key=lambda item: (item[0] == "le", item))
    )
    return (
        f"{sample.name}{{{labels}}} {go_float(sample.value)}"
        if labels
        else (f"{sample.name} {go_float(sample.value)}")
    )


def _escape(text: str, *, quotes: bool = True) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quotes else text


def go_float(value: float) -> str:
    """A number as Go prints it: the fewest digits, an exponent below 1e-4 and from 1e6 on.

    Upstream: strconv.FormatFloat(value, 'g', -1, 64).
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if 1e-4 <= abs(value) < 1e6 or value == 0:
        return str(int(value)) if value == int(value) else repr(value)
    sign, figures, exponent = Decimal(repr(value)).as_tuple()
    digits = "".join(map(str, figures))
    place = int(exponent) + len(digits) - 1
    rest = digits[1:].rstrip("0")
    return f"{'-' * sign}{digits[0]}{'.' * bool(rest)}{rest}e{place:+03d}"
