"""Which store a URL means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from amp.errors import AmpError
from amp.store.postgres import PostgresStore
from amp.store.sqlite import SqliteStore
from amp.store.url import store_for

if TYPE_CHECKING:
    from pathlib import Path


def test_without_a_url_it_is_a_file_in_the_folder(tmp_path: Path) -> None:
    store, patience_seconds = store_for("", tmp_path)
    assert isinstance(store, SqliteStore)
    assert store.path == tmp_path / "amp.db"
    assert patience_seconds == 0


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_a_libpq_url_is_postgresql(tmp_path: Path, scheme: str) -> None:
    store, patience_seconds = store_for(f"{scheme}://u:p@h:5432/d?sslmode=require", tmp_path)
    assert isinstance(store, PostgresStore)
    assert patience_seconds == 30


@pytest.mark.parametrize(
    "url", ["mysql://u:s3cret@h/d", "postgresql://u:s3cret@h/d?s3cret", "host=h password=s3cret"]
)
def test_another_url_is_refused_without_being_shown(tmp_path: Path, url: str) -> None:
    with pytest.raises(AmpError, match="the database URL") as refusal:
        store_for(url, tmp_path)
    assert "s3cret" not in str(refusal.value)
    assert refusal.value.__cause__ is None
