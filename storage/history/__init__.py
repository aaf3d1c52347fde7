"""The schema's history as SQL, one module a migration. Never edited after a release, only added to."""

import sqlite3

import sqlite_utils


def run_script(db: sqlite_utils.Database, sql: str) -> None:
    """Execute statements that end at the end of a line, inside the open transaction.

    sqlite-utils' own way looks for the end after every character: 40 ms for a schema of 250 lines.
    """
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            db.conn.execute(statement)
            statement = ""
