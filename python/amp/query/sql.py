"""Pieces of SQL with their parameters, and where the two databases differ."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from amp.history.base import Reader

IN_ORDER = "sqlite_autoindex_episode_1"
"""The episodes themselves, in the order of their starts, as SQLite names that index."""

FEW = 24
"""Ids up to this number stand in the text of a query, more go as one parameter."""


class Sql(NamedTuple):
    """A text with `?` and the values for these."""

    text: str
    values: tuple[object, ...] = ()


def joined(separator: str, parts: Iterable[Sql]) -> Sql:
    """The pieces one after the other."""
    listed = list(parts)
    return Sql(
        separator.join(part.text for part in listed),
        tuple(value for part in listed for value in part.values),
    )


def all_of(parts: Iterable[Sql]) -> Sql:
    """A condition that holds when all do."""
    listed = list(parts)
    return joined(" AND ", listed) if listed else Sql("1 = 1")


def either(parts: Sequence[Sql]) -> Sql:
    """A condition that holds when one does."""
    inner = joined(" OR ", parts)
    return inner if len(parts) == 1 else Sql(f"({inner.text})", inner.values)


def together(reader: Reader, parts: Sequence[Sql]) -> list[list[tuple[Any, ...]]]:
    """The rows of several queries with two columns of whole numbers each, asked for at once.

    A query's rows are in whatever order.
    """
    boxed = (
        Sql(f"SELECT {position}, x.* FROM ({part.text}) x", part.values)
        for position, part in enumerate(parts)
    )
    query = joined(" UNION ALL ", boxed)
    found: list[list[tuple[Any, ...]]] = [[] for _ in parts]
    for position, *row in reader.rows(query.text, query.values):
        found[position].append(tuple(row))
    return found


class Dialect:
    """How a database wants to be asked.

    Args:
        name: `sqlite` or `postgres`.
    """

    def __init__(self, name: str) -> None:
        self.sqlite = name == "sqlite"

    def among(self, column: str, ids: Sequence[int], *, negative: bool = False) -> Sql:
        """A condition: the column is, or is not, one of the ids."""
        if not ids:
            return Sql("1 = 1" if negative else "1 = 0")
        if len(ids) == 1:
            return Sql(f"{column} {'<>' if negative else '='} {ids[0]:d}")
        word = "NOT IN" if negative else "IN"
        if len(ids) <= FEW:
            return Sql(f"{column} {word} ({','.join(f'{id:d}' for id in ids)})")
        if self.sqlite:
            return Sql(f"{column} {word} (SELECT value FROM json_each(?))", (json.dumps(ids),))
        listed = "{" + ",".join(map(str, ids)) + "}"
        test = "<> ALL" if negative else "= ANY"
        return Sql(f"{column} {test} (CAST(? AS bigint[]))", (listed,))

    def found_among(self, column: str, ids: Sequence[int]) -> Sql:
        """The same of many ids, for an index that leads to each of them.

        PostgreSQL's planner would weigh every id that it sees.
        """
        if self.sqlite or len(ids) <= FEW:
            return self.among(column, ids)
        listed = "{" + ",".join(map(str, ids)) + "}"
        return Sql(f"{column} = ANY (ARRAY(SELECT unnest(CAST(? AS bigint[]))))", (listed,))

    def checked_among(self, column: str, ids: Sequence[int]) -> Sql:
        """The same of many ids, for rows that are looked at one by one; likewise."""
        if self.sqlite or len(ids) <= FEW:
            return self.among(column, ids)
        listed = "{" + ",".join(map(str, ids)) + "}"
        test = f"({column} IN (SELECT unnest(CAST(? AS bigint[])))) IS TRUE"
        return Sql(test, (listed,))

    def table(self, name: str, alias: str, index: str | None = None) -> str:
        """A table in FROM. SQLite takes the named index or fails; PostgreSQL chooses."""
        forced = f" INDEXED BY {index}" if index and self.sqlite else ""
        return f"{name} {alias}{forced}"

    def episode(self, start: str, series: str) -> str:
        """Joins the episode `e` of a key, looked up one by one in both databases."""
        if self.sqlite:
            table = self.table("episode", "e", IN_ORDER)
            return f"CROSS JOIN {table} ON e.starts_at_ns = {start} AND e.series_id = {series}"
        return (
            "CROSS JOIN LATERAL (SELECT * FROM episode y WHERE "
            f"y.starts_at_ns = {start} AND y.series_id = {series} OFFSET 0) e"
        )

    def keys(self, keys: Sequence[tuple[int, int]]) -> Sql:
        """A query for starts and series that are known."""
        if self.sqlite:
            return Sql("VALUES " + ",".join(f"({start:d},{series:d})" for start, series in keys))
        # Two values are planned faster than hundreds of rows.
        arrays = tuple("{" + ",".join(map(str, column)) + "}" for column in zip(*keys, strict=True))
        return Sql("SELECT * FROM unnest(CAST(? AS bigint[]), CAST(? AS bigint[])) u", arrays)

    @property
    def barrier(self) -> str:
        """Ends a query that PostgreSQL must answer as it stands, before what is around it."""
        return "" if self.sqlite else " OFFSET 0"

    @property
    def join(self) -> str:
        """A join whose left side SQLite walks first."""
        return "CROSS JOIN" if self.sqlite else "JOIN"

    def json_list(self, column: str) -> str:
        """The texts of a column, of several rows, as one JSON text; NULL or empty without any."""
        if self.sqlite:
            return f"json_group_array({column})"
        return f"CAST(json_agg({column}) AS text)"

    def note_matches(self, words: Sequence[str]) -> Sql:
        """A condition on an episode `e`: its note has a word beginning with each of these."""
        if self.sqlite:
            test = " AND ".join("instr(' ' || n.words, ?) > 0" for _ in words)
            values: tuple[object, ...] = tuple(f" {word}" for word in words)
        else:
            test, values = "n.words @@ CAST(? AS tsquery)", (self.query(words),)
        return Sql(
            f"EXISTS (SELECT 1 FROM note n WHERE n.id = e.note_id AND {test}{self.barrier})", values
        )

    def query(self, words: Sequence[str]) -> str:
        """The words in the language of the database's search. They are letters and digits."""
        if self.sqlite:
            return " ".join(f'"{word}"*' for word in words)
        return " & ".join(f"'{word}':*" for word in words)
