"""docs/schema.md against the database: every table and column has its sentence, every recipe its output."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlite_utils

from aggregator.model import FeedState
from storage import Database, open_store
from tests import schema_doc
from tests.dump_schema import fill
from tests.storage_values import NOON, add, entry, fetched

TEXT = (Path(__file__).parents[1] / "docs" / "schema.md").read_text()
FTS_SHADOWS = re.compile("entries_fts_.+")


@pytest.fixture
def store() -> Iterator[Database]:
    with open_store(":memory:") as opened:
        yield opened


def documented() -> dict[str, list[str]]:
    """table → its columns, as the document lists them."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    table = ""
    for line in TEXT.splitlines():
        if heading := re.match(r"### `(\w+)`", line):
            table = heading[1]
        elif line.startswith("## "):
            table = ""
        elif table and (row := re.match(r"\| `(\w+)` \| \S", line)):
            found[table].append(row[1])
    return found


def test_every_table_and_column_has_its_sentence_in_order(store: Database) -> None:
    tables = {
        table.name: list(table.columns_dict)
        for table in store.db.tables
        if not FTS_SHADOWS.fullmatch(table.name) and not table.name.startswith(("sqlite_", "_sqlite"))
    }
    assert documented() == tables


def test_every_view_is_described(store: Database) -> None:
    listed = re.findall(r"^\| `(\w+)` \|", TEXT.split("## Views")[1].split("## Tables")[0], re.MULTILINE)
    assert sorted(listed) == sorted(store.db.view_names())


def test_every_foreign_key_is_indexed(store: Database) -> None:
    for table in store.db.tables:
        if FTS_SHADOWS.fullmatch(table.name):
            continue
        leading = {index.columns[0] for index in table.indexes} | {table.pks[0]}
        for key in table.foreign_keys:
            assert key.column in leading, f"{table.name}.{key.column}"


def test_every_view_reads(store: Database) -> None:
    fill(store)
    for name in store.db.view_names():
        rows = list(store.db[name].rows)
        assert rows or name in {"today", "unsent"}, name


def test_the_document_shows_what_the_database_is_and_says(demo_database: Path) -> None:
    """When this fails: `python -m tests.schema_doc`, and read what changed."""
    assert len(schema_doc.RECIPE.findall(TEXT)) >= 20
    assert len(schema_doc.RECIPE.findall(TEXT)) == TEXT.count("\n$ ")
    assert schema_doc.render(TEXT, demo_database) == TEXT


def test_columns_of_ones_own_survive_and_disturb_nothing(tmp_path: Path) -> None:
    path = tmp_path / "aggregator.db"
    with open_store(path) as store:
        fill(store)
    with sqlite_utils.Database(path) as stranger:
        for table in ("stories", "entries", "feeds", "digests", "corrections"):
            stranger.table(table).add_column("note", str)
        stranger["stories"].update(1, {"note": "mine"})
    with open_store(path) as store:
        add(store, 50)
        store.save_poll(1, FeedState(), fetched())
        store.revise_entry(1, entry(1, title="again"), seen=NOON)
        assert store.digests(limit=1)
        assert store.list_corrections()
        assert store.one("SELECT note FROM stories WHERE id = 1")[0] == "mine"
        assert store.check() == []
