"""Subscriptions → feeds.yaml, with its comments and order kept. Written beside the file, then renamed over it."""

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from importlib import resources
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from aggregator.config.reading import load, parse, read_text
from aggregator.errors import ConfigError
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


def move_feeds(path: Path, moves: Mapping[str, str]) -> list[str]:
    """Write feeds' new addresses, old → new; returns the old ones written.

    Left as it is: a feed that is not in the file, or whose new address stands there already.
    Raises ConfigError when the file cannot be read or written, and then changes nothing.
    """
    known = {feed.url for feed in load(path).feeds}
    written_now: dict[str, str] = {}
    for old, new in moves.items():
        if old in known and new not in known and new not in written_now.values():
            written_now[old] = new

    def replace(listed: CommentedSeq) -> None:
        for index, item in enumerate(listed):
            new = written_now.get(_url(item))
            if new and isinstance(item, CommentedMap):
                item["url"] = new
            elif new:
                listed[index] = new

    if written_now:
        _edit(path, replace)
    return list(written_now)


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
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        draft.write_text(text, encoding="utf-8")
        load(draft)
        draft.chmod(target.stat().st_mode & 0o777)
        draft.replace(target)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror}): check the rights of its folder") from None
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml
