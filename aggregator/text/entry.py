"""Document → clean entries; Item → Entry. Pure: never raises for anything a feed may say."""

import re
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from aggregator.model import Document, Entry, Feed, Item
from aggregator.text.boilerplate import without_outlet, without_tail
from aggregator.text.characters import entities, line, paragraphs
from aggregator.text.language import language
from aggregator.text.links import canonical, registrable_domain, web_link
from aggregator.text.markup import inline, read

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = timedelta(days=2)  # beyond now
_COUNTERS = frozenset({"feedburner.com", "feedsportal.com", "feedblitz.com", "pheedo.com"})
_TITLE_WORDS = 12  # of the text, for an entry without title
_TITLE_LENGTH = 100  # characters of such a title
# Formatting that leaked into a title said to be plain.
_FORMATTING = re.compile(r"<(i|b|em|strong|sub|sup|span|u)\b[^<>]*>([^<>]*)</\1>", re.IGNORECASE)
_MAIL_AND_NAME = re.compile(r"\S+@\S+ \((?P<name>[^()]+)\)|(?P<first>[^()]+) [(<]\S+@\S+[)>]")
_MAX_TAGS = 50
_MAX_TAG = 100  # characters


def entries(document: Document, *, final_url: str, feed: Feed, now: datetime) -> tuple[Entry, ...]:
    """Every item of a document, clean, in its order.

    `final_url` is the address the document came from, `now` the time of the fetch. Where the document names no
    language, that of its first titles counts as its claim: one detection instead of one per entry.
    """
    base = _base(document, final_url)
    lang = document.lang or language(" ".join(item.title[:60] for item in document.items[:12]), "")
    return tuple(
        clean(
            item,
            base_url=base,
            feed_lang=lang,
            publisher=feed.publisher,
            now=now,
            outlets=(document.title, feed.title),
        )
        for item in document.items
    )


def _publisher(url: str) -> str:
    """The domain of a link, unless it only leads through a service that counts clicks for the feed."""
    domain = registrable_domain(url)
    return "" if domain in _COUNTERS or url.startswith("http://feedproxy.google.com/") else domain


def _base(document: Document, final_url: str) -> str:
    """Atom resolves against the document (RFC 4287 2, xml:base); RSS means its site, wherever the feed is hosted."""
    final = web_link(final_url)
    if document.dialect.startswith("atom"):
        return final
    return web_link(document.site_url, final) or final


def clean(
    item: Item, *, base_url: str, feed_lang: str, publisher: str, now: datetime, outlets: tuple[str, ...] = ()
) -> Entry:
    """One item as published → safe to store, show and compare.

    `base_url`: what relative links mean, absolute http(s) or empty; `feed_lang`: the document's language tag or empty;
    `publisher`: who counts as the source, empty for the registrable domain of the link; `outlets`: names that may
    hang on titles (“… - Harbour Post”).
    """
    url = web_link(item.link, base_url)
    text, html = _body(item, url or base_url)
    publisher = line(publisher) or _publisher(url) or registrable_domain(base_url)
    title = _title(item, (*outlets, publisher))
    text = without_tail(text, title)
    title = title or _headline(text)
    if text.casefold() == title.casefold():
        text = ""
    published, updated = _moment(item.published, now), _moment(item.updated, now)
    return Entry(
        guid=line(item.guid) or _made_guid(item),
        url=url,
        canonical_url=canonical(url),
        title=title,
        text=text,
        html=html,
        author=_author(item.author),
        tags=_tags(item.tags),
        lang=language(f"{title}\n{text}", item.lang or feed_lang),
        publisher=publisher,
        published=published or updated,
        updated=updated,
        fingerprint=_fingerprint(title, text),
    )


def restored(item: Item, *, publisher: str) -> Entry:
    """An item that was clean before, as exports are: what it was, character for character, but for what is unsafe."""
    title, text, url = line(item.title), paragraphs(item.content), web_link(item.link)
    return Entry(
        guid=line(item.guid),
        url=url,
        canonical_url=canonical(url),
        title=title,
        text=text,
        author=line(item.author),
        tags=tuple(map(line, item.tags)),
        lang=item.lang or language(f"{title}\n{text}", ""),
        publisher=line(publisher) or _publisher(url),
        published=item.published,
        updated=item.updated,
        fingerprint=_fingerprint(title, text),
    )


def _body(item: Item, base: str) -> tuple[str, str]:
    """(text, html) of the longer of content and summary; of the other one where that holds nothing to read."""
    longer, shorter = sorted((item.content, item.summary), key=len, reverse=True)
    text, html = read(longer, base)
    if not text and shorter and shorter != longer:
        text, html = read(shorter, base)
    return text, html


def _title(item: Item, outlets: tuple[str, ...]) -> str:
    title = inline(item.title) if item.title_is_html else _FORMATTING.sub(r"\2", entities(item.title))
    title = line(title)
    return without_outlet(title, outlets)


def _headline(text: str) -> str:
    """The first words of a text, for want of a title."""
    first = text.partition("\n")[0]
    short = " ".join(first.split()[:_TITLE_WORDS])[:_TITLE_LENGTH].rstrip()
    return short if short == first else f"{short}…"


def _moment(moment: datetime | None, now: datetime) -> datetime | None:
    """In UTC, where plausible. A time without zone is taken for UTC, as RFC 822 dates without one are."""
    if moment is None:
        return None
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        return None
    return moment if EARLIEST <= moment <= now + LATEST else None


def _author(author: str) -> str:
    """RSS writes ``mail@host (Name)``, others ``Name (mail@host)``: the name is for people."""
    name = line(entities(author))
    both = _MAIL_AND_NAME.fullmatch(name)
    return (both["name"] or both["first"]) if both else name


def _tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Clean, without repetitions (case aside), in order."""
    distinct: dict[str, str] = {}
    for tag in tags:
        name = line(entities(tag))
        if name and len(name) <= _MAX_TAG:
            distinct.setdefault(name.casefold(), name)
    return tuple(distinct.values())[:_MAX_TAGS]


def _made_guid(item: Item) -> str:
    """An identity for an item without guid, from the feed's own words: later changes of cleaning must not move it."""
    stamp = item.published.isoformat() if item.published else ""
    return "made:" + _digest(item.link.strip(), " ".join(item.title.split()), stamp)


def _fingerprint(title: str, text: str) -> str:
    """Hash of the words a reader sees: spaces, markup, addresses and tracking do not count."""
    return _digest(*title.split(), "", *text.split())


def _digest(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=16).hexdigest()
