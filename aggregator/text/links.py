"""A published link → an address safe to store and show, its canonical form, its publisher. Pure.

The only file that knows courlan and tldextract; the Public Suffix List is the snapshot in the package: no network.
"""

import re
from functools import lru_cache
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

import tldextract
from courlan.clean import clean_query, normalize_url

from aggregator.text.characters import entities

MAX_LINK = 4096  # characters

_INNER = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)  # what browsers skip, and worse
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_HOST = re.compile(r"[\w.-]+|\[[0-9a-fA-F:.]+\]")
_BARE = re.compile(r"www\.[\w-]+\.[\w./-]+")
_UNSAFE = re.compile(r"[^\w!#$%&()*+,./:;=?@~\[\]-]")  # spaces, quotes, angle brackets; letters of all scripts are safe
_SAFE = re.compile(r"https?://[a-z0-9.-]+(?::\d{1,4})?/[\w!#$%&()*+,./:;=?@~-]*")  # most links: nothing to mend

# Tracking that courlan does not know, by exact name …
_TRACKING = frozenset(
    "at_medium at_campaign at_custom1 at_custom2 at_custom3 at_custom4 at_link_id at_link_origin at_link_type "
    "at_ptr_name at_bbc_team at_format ceid cmpid cvid dclid echobox embedded-checkout feature_id fbclid feedname "
    "feedtype ftag gclid guccounter guce_referrer guce_referrer_sig icid ico igshid intcmp ito maca mbid mkcid msclkid "
    "ncid ns_campaign ns_mchannel ns_linkname ns_fee ocid output_rss s_cid shareid smid smtyp soc_src soc_trk spm "
    "sr_share srnd taid traffic_source twclid ved wt.mc_id wt_mc wtrid xtor yclid".split()
)
# … and names of either kind: with an identifier as value they may say which article is meant.
_EITHER = re.compile(
    r"cmp|from|mod|partner|print|ref|rss|sh|source|cl?id|eid|uid|ga|gl|kwd|keyword|session|partnerid|"
    r"(?!(?:utm|mc|mtm|pk|vero|oly)_).*_(?:c?id|eid|uid)"
)
_IDENTIFIER = re.compile(r"\d{2,}|[0-9a-f-]{32,36}")
# Courlan knows a name by its beginning, so that `gallery` and `reference` fall with `ga` and `ref`.
_LONGER = re.compile(r"(?:^|[_.-])(?:aff|cl?id|eid|ga|gl|kwd|medium|ref|session|source|uid)(?!iliate|erer|errer)[a-z]")
# A fragment without a digit names a place in the page or a campaign; with one, the item of a page that holds many.
_ITEM = re.compile(r"!.+|(?=[^=]*\d)[^=]{3,}")

_suffixes = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True)


def web_link(link: str, base: str = "") -> str:
    """The absolute http(s) address of a link as published, or an empty string.

    Reads it as browsers do (WHATWG URL: control characters are skipped, a backslash is a slash), resolves it against
    `base`, drops userinfo (``https://bank.example@evil.example``), escapes quotes, brackets and spaces. Never raises.
    """
    link = _INNER.sub("", entities(link.strip())).strip().replace("\\", "/")
    if not link or len(link) > MAX_LINK:
        return ""
    if _SAFE.fullmatch(link):
        return link
    if _BARE.fullmatch(link):
        link = f"https://{link}"
    try:
        parts = urlsplit(link if _SCHEME.match(link) else urljoin(base, link))
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(f"[{host}]" if ":" in host else host):
        return ""
    netloc = f"[{host}]" if ":" in host else host
    return urlunsplit(
        (
            parts.scheme,
            f"{netloc}:{port}" if port is not None else netloc,
            _escaped(parts.path),
            _escaped(parts.query),
            _escaped(parts.fragment),
        )
    )


def _escaped(part: str) -> str:
    """Escape what could leave an attribute or a line; leave letters of all scripts readable."""
    return _UNSAFE.sub(lambda match: quote(match[0], errors="replace"), part)


def canonical(url: str) -> str:
    """The address by which two links to one article are equal: no tracking, host in lower case, no default port.

    Parameters and fragments that may name the article stay, in sorted order: one article under two addresses costs a
    comparison, two articles under one address a false merge. Empty for an empty `url`; never raises.
    """
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        bare = str(normalize_url(parts._replace(path=parts.path or "/", query="", fragment="")))
    except ValueError:
        return url
    query = "&".join(sorted(pair for pair in parts.query.split("&") if pair and not _is_tracking(pair)))
    fragment = parts.fragment if _ITEM.fullmatch(parts.fragment) else ""
    return bare + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")


def _is_tracking(pair: str) -> bool:
    name, _, value = pair.partition("=")
    name = name.lower()
    if name in _TRACKING:
        return True
    if _EITHER.fullmatch(name):
        return value != "" and not _IDENTIFIER.fullmatch(value)
    return value != "" and not _LONGER.search(name) and _known_to_courlan(name)


@lru_cache(maxsize=1024)
def _known_to_courlan(name: str) -> bool:
    return not clean_query(f"{name}=1")


def registrable_domain(url: str) -> str:
    """``https://news.bbc.co.uk/…`` → ``bbc.co.uk``; hosting platforms count by customer (``me.blogspot.com``).

    An address or a host without public suffix stands for itself; empty without a host.
    """
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return _domain(host)


@lru_cache(maxsize=4096)
def _domain(host: str) -> str:
    return _suffixes(host).top_domain_under_public_suffix or host
