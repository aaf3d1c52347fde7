"""feeds.yaml → Settings: what is valid, and what is said about what is not."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

import aggregator
from aggregator import config
from aggregator.errors import ConfigError
from aggregator.model import Feed


def written(folder: Path, text: str) -> Path:
    path = folder / "feeds.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "- https://a.example/feed\n- https://b.example/feed\n",
        "feeds:\n  - https://a.example/feed\n  - https://b.example/feed\n",
        "feeds:\n  - url: https://a.example/feed\n  - url: https://b.example/feed\n",
    ],
)
def test_a_list_of_addresses_alone_is_a_valid_file(text: str, tmp_path: Path) -> None:
    settings = config.load(written(tmp_path, text))
    assert [feed.url for feed in settings.subscriptions()] == ["https://a.example/feed", "https://b.example/feed"]
    assert settings.database == tmp_path / "aggregator.db"


def test_the_long_form_is_kept_whole(tmp_path: Path) -> None:
    text = """
feeds:
  - url: https://a.example/feed
    title: A
    tags: [film, world]
    publisher: a.example
    priority: 3
    every: 30m
    enabled: false
    fulltext: true
database: data/news.db
poll: {every: 12h, allow_networks: [127.0.0.0/8]}
"""
    settings = config.load(written(tmp_path, text))
    (feed,) = settings.subscriptions()
    assert (feed.title, feed.tags, feed.publisher, feed.priority) == ("A", ("film", "world"), "a.example", 3)
    assert (feed.every, feed.enabled, feed.fulltext) == (timedelta(minutes=30), False, True)
    assert settings.database == tmp_path / "data/news.db"
    assert settings.poll.every == timedelta(hours=12)


WRONG = [
    ("feeds:\n  - https://a.example\n  - url: https://b.example\n    evry: 3h\n", ":4: ", "did you mean `every`?"),
    ("- https://a.example\n- ftp://x\n", ":2: ", "full address"),
    ("feeds: [https://a.example]\npoll:\n  every: 5 hours\n", ":3: `poll.every`", "30m, 12h"),
    ("feeds: [https://a.example]\npoll:\n  every: 9999999999w\n", ":3: `poll.every`", "36500d, a hundred years"),
    ("feeds: [https://a.example]\npoll: {every: ²d}\n", ":2: `poll.every`", "30m, 12h"),
    ("keep: 200000w\n", ":1: `keep.entries`", "a hundred years"),
    ("feeds: [https://a.example]\npolls: {}\n", ":2: ", "did you mean `poll`?"),
    ("feeds: [https://a.example]\npoll:\n  every: 5h\n  every: 6h\n", ":4: ", "duplicate key"),
    ("feeds: &x [https://a.example]\ndigest: *x\n", ":2: ", "aliases"),
    ("feeds:\n - https://a.example\n - https://a.example\n", ":3: ", "line 2"),
    ("feeds: [\n", ":2: ", "not YAML"),
    ("", "", "no `feeds:`"),
    ("feeds: 3\n", ":1: ", "write a list"),
    ("feeds: [https://a.example]\ndigest:\n  at: 25:00\n", ":3: ", "07:30"),
    ("feeds: [https://a.example]\npoll: {allow_networks: [home]}\n", ":2: ", "home"),
    ("feeds: [https://a.example]\npoll: {max_redirects: many}\n", ":2: ", "whole number"),
    ("feeds:\n  - https://a.example\n\t- x\n", ":", "not YAML"),
]


@pytest.mark.parametrize(("text", "place", "remedy"), WRONG)
def test_a_complaint_is_one_line_with_place_and_remedy(text: str, place: str, remedy: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(written(tmp_path, text))
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "feeds.yaml") + place)
    assert remedy in message
    assert "\n" not in message


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="aggregator init"):
        config.load(tmp_path / "feeds.yaml")
    (tmp_path / "feeds.yaml").write_bytes(b"feeds:\n  - \xff\xfe\n")
    with pytest.raises(ConfigError, match=":2: not UTF-8"):
        config.load(tmp_path / "feeds.yaml")
    (tmp_path / "feeds.yaml").write_bytes(b"# " + b"x" * config.MAX_BYTES)
    with pytest.raises(ConfigError, match="1 MiB"):
        config.load(tmp_path / "feeds.yaml")


def test_secrets_come_from_the_environment() -> None:
    assert config.secret("MAIL_PASSWORD", section="smtp", environ={"MAIL_PASSWORD": "x"}) == "x"
    assert config.secret(None, section="smtp", environ={}) is None
    with pytest.raises(ConfigError, match="MAIL_PASSWORD"):
        config.secret("MAIL_PASSWORD", section="smtp", environ={})


def test_the_starter_file_is_valid() -> None:
    settings = config.load(Path(aggregator.__file__).parent / "config/starter.yaml")
    assert len(settings.feeds) == 3


COMMENTED = """\
# my feeds
feeds:
  - https://a.example/feed   # the first
  # the second
  - url: https://b.example/feed
    title: "B"   # quoted
poll:
  every: 2h
"""


def test_writing_back_keeps_comments_and_order(tmp_path: Path) -> None:
    path = written(tmp_path, COMMENTED)
    assert config.move_feeds(path, {"https://b.example/feed": "https://b.example/new"}) == ["https://b.example/feed"]
    assert path.read_text() == COMMENTED.replace("b.example/feed", "b.example/new")
    assert config.move_feeds(path, {"https://a.example/feed": "https://a.example/new"}) == ["https://a.example/feed"]
    assert path.read_text().split() == COMMENTED.replace("example/feed", "example/new").split()


def test_a_move_that_makes_no_sense_changes_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, COMMENTED)
    assert not config.move_feeds(path, {"https://c.example/feed": "https://d.example/feed"})
    assert not config.move_feeds(path, {"https://a.example/feed": "https://b.example/feed"})
    assert path.read_text() == COMMENTED


def test_of_two_feeds_that_moved_to_one_address_one_follows(tmp_path: Path) -> None:
    path = written(tmp_path, COMMENTED)
    moves = {f"https://{name}.example/feed": "https://c.example/feed" for name in "ab"}
    assert config.move_feeds(path, moves) == ["https://a.example/feed"]
    assert [feed.url for feed in config.load(path).feeds] == ["https://c.example/feed", "https://b.example/feed"]


def test_what_cannot_be_written_is_one_line_and_changes_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, COMMENTED)
    (tmp_path / f".{path.name}.{os.getpid()}").mkdir()  # in the way of the draft, for root too
    with pytest.raises(ConfigError, match=r"feeds.yaml: cannot be written \(.+\): check") as refused:
        config.move_feeds(path, {"https://a.example/feed": "https://a.example/new"})
    assert "\n" not in str(refused.value)
    assert path.read_text() == COMMENTED


def test_a_link_to_the_file_stays_one(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    real = written(tmp_path / "kept", COMMENTED)
    link = tmp_path / "link.yaml"
    link.symlink_to(real)
    assert config.move_feeds(link, {"https://a.example/feed": "https://a.example/new"})
    assert link.is_symlink()
    assert "https://a.example/new" in real.read_text()


def test_feeds_are_added_and_removed(tmp_path: Path) -> None:
    path = written(tmp_path, COMMENTED)
    new = [
        Feed("https://c.example/feed", title="C", tags=("x",), every=timedelta(hours=3)),
        Feed("https://a.example/feed"),
    ]
    assert config.add_feeds(path, new) == 1
    added = config.load(path).subscriptions()[-1]
    assert (added.url, added.title, added.tags) == ("https://c.example/feed", "C", ("x",))
    assert added.every == timedelta(hours=3)
    config.remove_feeds(path, {"https://a.example/feed", "https://c.example/feed"})
    assert [feed.url for feed in config.load(path).feeds] == ["https://b.example/feed"]
    assert "# my feeds" in path.read_text()


def test_a_bare_list_stays_one(tmp_path: Path) -> None:
    path = written(tmp_path, "- https://a.example/feed\n")
    assert config.add_feeds(path, [Feed("https://b.example/feed")]) == 1
    assert [feed.url for feed in config.load(path).feeds] == ["https://a.example/feed", "https://b.example/feed"]
    assert path.read_text().lstrip().startswith("- https://a.example/feed")


def test_the_starter_file_can_hold_other_feeds(tmp_path: Path) -> None:
    text = config.starter(
        [Feed("https://x.example/feed", title="X: y", tags=("a, b",)), Feed("https://y.example/feed")]
    )
    feeds = config.load(written(tmp_path, text)).subscriptions()
    assert [(feed.url, feed.title, feed.tags) for feed in feeds] == [
        ("https://x.example/feed", "X: y", ("a, b",)),
        ("https://y.example/feed", "", ()),
    ]
    assert "# smtp:" in text
