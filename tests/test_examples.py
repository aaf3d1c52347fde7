"""The sample newspapers and their server, asked over real HTTP; the starter feeds.yaml."""

import gzip
import http.client
import io
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import feedparser
import pytest

from aggregator import config
from examples.demo import NEWSPAPERS, feeds_yaml
from examples.server import render, serve

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
ROOT = Path(__file__).parents[1]


def ask(url: str, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request(
            "GET", parts.path, headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def guids(path: Path) -> list[str]:
    body = render(path, now=NOW).body
    if path.suffix == ".json":
        return [item["id"] for item in json.loads(body)["items"]]
    return [entry.get("id") or entry.link for entry in feedparser.parse(io.BytesIO(body)).entries]


@pytest.fixture(scope="module")
def entries() -> list[str]:
    """Every entry as paper/guid."""
    papers = sorted(path for path in NEWSPAPERS.iterdir() if path.stem != "expected")
    return [f"{path.stem}/{guid}" for path in papers for guid in guids(path)]


def test_each_paper_has_a_host_of_its_own_and_answers_conditional_requests() -> None:
    with serve(NEWSPAPERS, now=NOW) as urls:
        assert len(urls) == 8
        assert len({urlsplit(url).netloc for url in urls.values()}) == 8
        for url in urls.values():
            status, headers, body = ask(url)
            assert (status, headers["Content-Encoding"]) == (200, None)
            assert b"{{" not in body
            for condition in (
                {"If_None_Match": headers["ETag"]},
                {"If_None_Match": f'"other", {headers["ETag"]}'},
                {"If_Modified_Since": headers["Last-Modified"]},
            ):
                status, again, nothing = ask(url, **condition)
                assert (status, nothing, again["ETag"]) == (304, b"", headers["ETag"])
            status, _, full = ask(url, If_None_Match='"other"', If_Modified_Since=headers["Last-Modified"])
            assert (status, full) == (200, body), "If-None-Match decides where both are sent"
            status, headers, zipped = ask(url, Accept_Encoding="gzip")
            assert headers["Content-Encoding"] == "gzip"
            assert gzip.decompress(zipped) == body
            assert ask(url + "x")[0] == 404


def test_validators_hold_for_a_day_and_dates_are_fresh() -> None:
    path = NEWSPAPERS / "harbour-post.xml"
    morning, evening = render(path, now=NOW), render(path, now=NOW + timedelta(hours=14))
    assert morning == evening
    tomorrow = render(path, now=NOW + timedelta(days=1))
    assert tomorrow.etag != morning.etag
    assert tomorrow.modified - morning.modified == timedelta(days=1)
    for entry in feedparser.parse(io.BytesIO(morning.body)).entries:
        age = NOW - parsedate_to_datetime(entry.published)
        assert timedelta(0) < age < timedelta(days=2)


def test_one_paper_is_malformed_and_readable_and_the_others_are_well_formed() -> None:
    malformed = [
        path.name for path in NEWSPAPERS.glob("*.xml") if feedparser.parse(io.BytesIO(render(path, now=NOW).body)).bozo
    ]
    assert malformed == ["northern-star.xml"]
    assert len(guids(NEWSPAPERS / "northern-star.xml")) == 4


def test_the_gold_names_entries_that_exist_each_in_one_story(entries: list[str]) -> None:
    gold = json.loads((NEWSPAPERS / "expected.json").read_text("utf-8"))
    assert max(Counter(entries).values()) == 1
    members = [entry for story in gold["stories"].values() for entry in story]
    assert max(Counter(members).values()) == 1
    groups = [*gold["copies"], *gold["revisions"], *gold["apart"], list(gold["other_language"])]
    assert {entry for group in groups for entry in group} | set(members) <= set(entries)
    story_of = {entry: story for story, told in gold["stories"].items() for entry in told}
    for group in [*gold["copies"], *gold["revisions"]]:
        assert len({story_of[entry] for entry in group}) == 1
    for one, other in gold["apart"]:
        assert story_of.get(one, one) != story_of.get(other, other)


def test_the_demo_writes_a_configuration_that_the_program_reads(tmp_path: Path) -> None:
    file = tmp_path / "feeds.yaml"
    with serve(NEWSPAPERS, now=NOW) as urls:
        file.write_text(feeds_yaml(urls), "utf-8")
        settings = config.load(file)
        assert {feed.url for feed in settings.feeds} == set(urls.values())
    assert all(feed.title and feed.tags for feed in settings.feeds)
    assert settings.poll.allow_networks


def test_the_feeds_yaml_of_the_project_is_valid_and_overlaps() -> None:
    settings = config.load(ROOT / "feeds.yaml")
    tags = Counter(tag for feed in settings.feeds for tag in feed.tags)
    assert len(settings.feeds) >= 25
    assert all(tags[tag] >= 4 for tag in ("world", "technology", "film", "science"))
