"""Values ↔ one SQLite file. `open_store` is the door; only `aggregator.app` uses it."""

from sqlite3 import sqlite_version

from storage.store import Database, open_store

__all__ = ["Database", "open_store", "sqlite_version"]
