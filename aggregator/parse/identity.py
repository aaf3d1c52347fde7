"""Items of one document ─► the same items, each under a guid of its own. Pure, and the same in any order.

Identity is (feed, guid). A missing guid is made from what the item says; a guid that stands on two different texts
is worth nothing, so every one of them gets its text mixed in.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from aggregator.model import Item


def identify(items: Iterable[Item]) -> tuple[Item, ...]:
    """Repeats of one text under one guid collapse into the first."""
    texts: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    distinct: dict[tuple[str, tuple[str, str]], Item] = {}
    for item in items:
        guid, text = item.guid or made_guid(item), (item.link, item.title or item.content)
        texts[guid].add(text)
        distinct.setdefault((guid, text), item)
    return tuple(
        replace(item, guid=guid if len(texts[guid]) == 1 else f"{guid[:960]}#{_digest(*text)}")
        for (guid, text), item in distinct.items()
    )


def made_guid(item: Item) -> str:
    """From link, title and date; from the text where there is neither link nor title."""
    date = item.published.isoformat() if item.published else ""
    body = "" if item.link or item.title else item.content
    return "made:" + _digest(item.link, item.title, date, body)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]
