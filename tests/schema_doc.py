"""docs/schema.md ─► the same with the picture drawn, and every recipe run, anew: ``python -m tests.schema_doc``.

The recipes run on the database of the sample newspapers (`tests.demo_database`). Their dates are moved to one day, so
that the document is the same whenever it is made.
"""

import re
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import chdir
from datetime import date, timedelta
from pathlib import Path

from click.testing import CliRunner
from sqlite_utils.cli import cli

from storage import Database, open_store
from tests import demo_database

PATH = Path(__file__).parents[1] / "docs" / "schema.md"
DAY = date(2026, 11, 20)
RECIPE = re.compile(r"```console\n\$ (sqlite-utils .+)\n[^`]*```")
PICTURE = re.compile(r"```mermaid\n[^`]*```")
_SHADOW = re.compile("entries_fts.*|sqlite_.*|_sqlite.*")


def render(text: str, database: Path) -> str:
    """The document with what `database`, made today, shows."""
    gap = DAY - demo_database.noon().date()
    with open_store(database, read_only=True) as store:
        text = PICTURE.sub(lambda _: f"```mermaid\n{picture(store)}\n```", text)
    return RECIPE.sub(lambda found: f"```console\n$ {found[1]}\n{shifted(run(found[1], database), gap)}```", text)


def run(command: str, database: Path) -> str:
    """What it prints, as a user in the database's folder sees it. AssertionError with its complaint."""
    with chdir(database.parent):
        done = CliRunner().invoke(cli, shlex.split(command)[1:])
    assert done.exit_code == 0, f"{command}\n{done.output}"
    return "".join(f"{line.rstrip()}\n" for line in done.output.splitlines())


def shifted(output: str, gap: timedelta) -> str:
    return re.sub(r"\d{4}-\d\d-\d\d", lambda found: str(date.fromisoformat(found[0]) + gap), output)


def picture(store: Database) -> str:
    """Tables with their keys, and who points at whom, as a Mermaid diagram."""
    return "\n".join(["erDiagram", *_ties(store), *_boxes(store)])


def _ties(store: Database) -> Iterator[str]:
    for table in store.db.tables:
        for key in table.foreign_keys:
            if not _SHADOW.fullmatch(table.name):
                one = "|o" if table.pks == [key.column] else "}o"
                yield f"    {table.name} {one}--|| {key.other_table} : {key.column}"


def _boxes(store: Database) -> Iterator[str]:
    for table in store.db.tables:
        if _SHADOW.fullmatch(table.name):
            continue
        foreign = {key.column for key in table.foreign_keys}
        keys = [column for column in table.columns if column.name in foreign or column.name in table.pks]
        yield f"    {table.name} {{"
        for column in keys:
            marks = [mark for mark, group in (("PK", table.pks), ("FK", foreign)) if column.name in group]
            yield f"        {column.type} {column.name} {', '.join(marks)}"
        yield "    }"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        PATH.write_text(render(PATH.read_text("utf-8"), demo_database.make(Path(folder))), encoding="utf-8")
