"""An older database → this version's. Append-only: a released migration is never edited."""

import secrets

import sqlite_utils
from sqlite_utils import Migrations

from storage.history import (
    m001_tables,
    m002_search,
    m003_views,
    m004_told,
    m005_fulltext,
    m006_acts,
    m007_postings,
    m008_fresh_terms,
    run_script,
)

history = Migrations("aggregator")


@history(name="m001_tables")
def tables(db: sqlite_utils.Database) -> None:
    run_script(db, m001_tables.SQL)
    db.execute(
        "INSERT INTO settings (key, value, meaning) VALUES ('seed', ?, 'random, drawn once: keys the hashes')",
        [str(secrets.randbits(32))],
    )


@history(name="m002_search")
def search(db: sqlite_utils.Database) -> None:
    m002_search.enable(db)


@history(name="m003_views")
def views(db: sqlite_utils.Database) -> None:
    run_script(db, m003_views.SQL)


@history(name="m004_told")
def told(db: sqlite_utils.Database) -> None:
    run_script(db, m004_told.SQL)


@history(name="m005_fulltext")
def fulltext(db: sqlite_utils.Database) -> None:
    m005_fulltext.enable(db)


@history(name="m006_acts")
def acts(db: sqlite_utils.Database) -> None:
    run_script(db, m006_acts.SQL)


@history(name="m007_postings")
def postings(db: sqlite_utils.Database) -> None:
    m007_postings.gather(db)


@history(name="m008_fresh_terms")
def fresh_terms(db: sqlite_utils.Database) -> None:
    run_script(db, m008_fresh_terms.SQL)
