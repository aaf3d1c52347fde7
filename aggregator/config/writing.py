"""Subscriptions → feeds.yaml, with its comments and order kept. Written beside the file, then renamed over it."""

import os
from collections.abc import Callable, Collection, Iterable
from importlib import resources
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from aggregator.config.reading import load, parse, read_text
from aggregator.model import Feed


def starter(feeds: Iterable[Feed] = ()) -> str:
    """A commented file to begin with; with `feeds`, these instead of the examples."""
    text = resources.files("aggregator.config").joinpath("starter.yaml").read_text(encoding="utf-8")
    listed = [written(feed) for feed in feeds]
    if not listed:
        return text
    before, _, after = text.partition("feeds:\n")
    _, _, settings = after.partition("\n# database:")
    out = StringIO()
    _yaml().dump({"feeds": listed}, out)
    return f"{before}{out.getvalue()}\n# database:{settings}"


def written(feed: Feed) -> Any:
    """The short form where nothing but the address is said, else the long one."""
    long: dict[str, Any] = {"url": feed.url}
    long |= {name: getattr(feed, name) for name in ("title", "publisher", "priority") if getattr(feed, name)}
    if feed.tags:
        long["tags"] = list(feed.tags)
    if feed.every:
        long["every"] = f"{int(feed.every.total_seconds() // 60)}m"
    if not feed.enabled:
        long["enabled"] = False
    if feed.fulltext:
        long["fulltext"] = True
    return long if len(long) > 1 else feed.url


def add_feeds(path: Path, feeds: Iterable[Feed]) -> int:
    """Append those that are not in the file yet; returns how many. Raises ConfigError, and then changes nothing."""
    known = {feed.url for feed in load(path).feeds}
    new = [written(feed) for feed in feeds if feed.url not in known]
    if new:
        _edit(path, lambda listed: listed.extend(new))
    return len(new)


def remove_feeds(path: Path, urls: Collection[str]) -> None:
    """Take these out of the file. Raises ConfigError, and then changes nothing."""

    def drop(listed: CommentedSeq) -> None:
        for index in reversed(range(len(listed))):
            if _url(listed[index]) in urls:
                del listed[index]

    _edit(path, drop)


def move_feed(path: Path, old: str, new: str) -> bool:
    """Write a feed's new address; False when the old one is not in the file or the new one is already."""
    known = {feed.url for feed in load(path).feeds}
    if old not in known or new in known:
        return False

    def replace(listed: CommentedSeq) -> None:
        for index, item in enumerate(listed):
            if isinstance(item, CommentedMap) and _url(item) == old:
                item["url"] = new
            elif _url(item) == old:
                listed[index] = new

    _edit(path, replace)
    return True


def _url(item: Any) -> str:
    return str(item["url"] if isinstance(item, CommentedMap) else item)


def _edit(path: Path, change: Callable[[CommentedSeq], None]) -> None:
    tree = parse(path, read_text(path))
    bare = isinstance(tree, CommentedSeq)
    listed = tree if bare else tree.setdefault("feeds", CommentedSeq())
    change(listed)
    out = StringIO()
    _yaml().dump(tree, out)
    _replace(path, out.getvalue())


def _replace(path: Path, text: str) -> None:
    """Whole or not at all: checked beside the file, then renamed over it, with its rights."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        load(draft)
        draft.chmod(path.stat().st_mode & 0o777)
        draft.replace(path.resolve())
    finally:
        draft.unlink(missing_ok=True)


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml
