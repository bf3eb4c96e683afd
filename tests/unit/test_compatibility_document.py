"""docs/compatibility.md says what the cases say."""

from compat import coverage


def test_the_document_is_up_to_date() -> None:
    written = coverage.DOCUMENT.read_text(encoding="utf-8")
    assert written == coverage.document(), "run: python tests/compat/coverage.py"


def test_every_row_that_names_a_test_finds_it() -> None:
    for chapter in coverage.catalogue():
        for rule in chapter["rules"]:
            for path in rule.get("tests", []):
                assert (coverage.ROOT / path).is_file(), path
