"""A value that stands in the file itself or in a file of its own: `url` and `url_file`."""

from __future__ import annotations

from amp.fields.struct import refused


def check_at_most_one(name: str, inline: object, file: str) -> None:
    """Refuses a value that is given both ways.

    Args:
        name: the inline key; the other one is `<name>_file`.
        inline: the value, or whether it counts as given; only its truth is looked at.
        file: the other key's value.
    """
    if inline and file:
        raise refused(f"at most one of {name} & {name}_file must be configured", name)


def check_exactly_one(name: str, inline: object, file: str) -> None:
    """Refuses a value that is given both ways or not at all; arguments as above."""
    if not inline and not file:
        raise refused(f"one of {name} or {name}_file must be configured", name)
    check_at_most_one(name, inline, file)
