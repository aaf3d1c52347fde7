"""docs/datasette.yaml: a real Datasette on the sample newspapers' database says what the file promises."""

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from storage import open_store

METADATA = Path(__file__).parents[1] / "docs" / "datasette.yaml"
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytest.importorskip("datasette", reason="datasette is not installed: the dependency group dev brings it")


@contextmanager
def served(database: Path) -> Iterator[str]:
    """Datasette as a user starts it, on a port of its own; yields the address."""
    command = [sys.executable, "-m", "datasette", str(database), "--metadata", str(METADATA), "--port", "0"]
    log = database.with_name("datasette.log")
    with log.open("w") as out, subprocess.Popen(command, cwd=database.parent, stdout=out, stderr=out) as process:
        try:
            deadline = time.monotonic() + 120
            while not (address := re.search(r"running on (http://[\d.]+:\d+)", log.read_text())):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            yield address[1]
        finally:
            process.kill()


def ask(base: str, path: str, **more: str) -> Any:
    with urlopen(f"{base}/{path}.json?{urlencode({'_shape': 'objects'} | more)}") as answer:
        return json.load(answer)


def test_datasette_shows_what_the_file_promises(demo_database: Path) -> None:
    with open_store(demo_database, read_only=True) as store:
        wanted = {name for name in store.db.table_names() if not name.startswith(("entries_fts", "sqlite_stat"))}
        views = set(store.db.view_names())
    with served(demo_database) as base:
        database = ask(base, "aggregator")
        hidden = {table["name"] for table in database["tables"] if table["hidden"]}
        shown = {table["name"] for table in database["tables"]} - hidden
        described = ask(base, "-/metadata")["databases"]["aggregator"]["tables"]
        assert shown | views == {name for name, more in described.items() if "description" in more}
        assert wanted - shown == {name for name, more in described.items() if "hidden" in more and name in wanted}
        assert {"entries_fts", "entries_fts_data"} <= hidden
        for name in sorted(shown | views):
            assert ask(base, f"aggregator/{name}", _size="1")["columns"], name
        names_not_numbers(base)
        for query in database["queries"]:
            assert ask(base, f"aggregator/{query['name']}", story_id="1", words="ferry")["rows"], query["name"]
        assert ask(base, "aggregator/search", words='ferry NEAR("')["rows"] == []  # whatever is typed
        with pytest.raises(HTTPError, match="400"):
            ask(base, "aggregator", sql="DELETE FROM entries")


def names_not_numbers(base: str) -> None:
    first = ask(base, "aggregator/entries", _labels="on", _size="1", _sort="id")["rows"][0]
    assert first["story_id"]["label"].startswith("Marigold ferry")
    assert first["feed_id"]["label"] == "The Harbour Post"
    facets = ask(base, "aggregator/fetches", _size="0")["facet_results"]
    assert "The Harbour Post" in {result["label"] for result in facets["feed_id"]["results"]}
    assert {"outlet", "lang"} <= ask(base, "aggregator/entries", _size="0")["facet_results"].keys()
    tags = ask(base, "aggregator/stories", _size="0")["facet_results"]["tags"]["results"]
    assert {"city", "sport"} <= {result["value"] for result in tags}  # each tag, not each list
    newest = ask(base, "aggregator/stories", _size="3")["rows"]
    assert newest == sorted(newest, key=lambda story: story["last_seen"], reverse=True)
    assert len(ask(base, "aggregator/entries", _search="ferries")["rows"]) > 3


@pytest.mark.skipif(not BROWSER, reason="no chromium here")
def test_a_browser_shows_a_story_with_its_reasons(demo_database: Path, tmp_path: Path) -> None:
    picture = tmp_path / "story.png"
    with served(demo_database) as base:
        page = subprocess.run(
            [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile",
             "--window-size=1150,760", f"--screenshot={picture}", "--dump-dom", f"{base}/aggregator/story?story_id=1"],
            capture_output=True, text=True, timeout=120, check=True,
        ).stdout  # fmt: skip
    for seen in ("One story, why each report is in it", "Marigold ferry stuck", "same words in the same order"):
        assert seen in page
    assert picture.read_bytes().startswith(b"\x89PNG")
