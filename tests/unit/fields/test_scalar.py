"""What plain scalars mean in upstream's YAML."""

import pytest

from amp.fields.scalar import BOOL, FLOAT, INT, NULL, STR, TIMESTAMP, resolve_text


@pytest.mark.parametrize(
    ("text", "tag", "value"),
    [
        ("y", BOOL, True),
        ("Off", BOOL, False),
        ("tRUE", STR, "tRUE"),
        ("~", NULL, None),
        ("", NULL, None),
        ("010", INT, 8),
        ("0o17", INT, 15),
        ("0x1F", INT, 31),
        ("-0b11", INT, -3),
        ("1_000", INT, 1000),
        ("18446744073709551615", INT, 18446744073709551615),
        ("18446744073709551616", FLOAT, 18446744073709551616.0),
        ("08", FLOAT, 8.0),
        ("1.5", FLOAT, 1.5),
        (".5", FLOAT, 0.5),
        ("1e400", STR, "1e400"),
        ("1:30", STR, "1:30"),
        ("2024-02-29", TIMESTAMP, "2024-02-29"),
        ("2023-02-29", STR, "2023-02-29"),
        ("\u0661", STR, "\u0661"),
    ],
)
def test_meaning(text: str, tag: str, value: object) -> None:
    assert resolve_text(text) == (tag, value)
