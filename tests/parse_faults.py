"""Bytes that slow down, crash or flood a feed parser. Small recipes instead of large files; each names its danger."""

from collections.abc import Callable

RSS = '<?xml version="1.0"?><rss version="2.0"><channel><title>t</title><item><title>a</title>{}</item></channel></rss>'
GOOD = RSS.format("<guid>1</guid>").encode()


def _entities(values: list[str]) -> bytes:
    chain = "".join(f'<!ENTITY e{n} "{value}">' for n, value in enumerate(values))
    return f'<?xml version="1.0"?><!DOCTYPE rss [{chain}]>{RSS[21:].format(f"&e{len(values) - 1};")}'.encode()


FAULTS: dict[str, Callable[[], bytes]] = {
    # kills expat < 2.7 outright (CVE-2024-8176)
    "entity_chain": lambda: _entities(["x", *(f"&e{n};" for n in range(39_999))]),
    "billion_laughs": lambda: _entities(["ha", *(f"&e{n};" * 10 for n in range(11))]),
    # an expression of feedparser's that tries every start with every end
    "encoding_declarations": lambda: b'<?encoding="' * 1400,
    "encoding_declarations_before_a_feed": lambda: b'<?encoding="' * 1400 + b"?>" + GOOD,
    "long_author": lambda: RSS.format(f"<author>{'a' * 65_536}</author>").encode(),
    "open_comments": lambda: b"<!--" * 50_000,
    "open_comments_inside": lambda: RSS.format("<!--" * 50_000).encode(),
    "open_doctypes": lambda: b"<!DOCTYPE a [" * 20_000,
    "open_cdata": lambda: RSS.format("<![CDATA[" * 50_000).encode(),
    "nothing_but_brackets": lambda: RSS.format("<" * 50_000).encode(),
    "deep_elements": lambda: RSS.format("<a>" * 300_000).encode(),
    "items_never_closed": lambda: RSS.format("<item>" * 300_000).encode(),
    "many_namespaces": lambda: RSS.format("".join(f'<x{n}:a xmlns:x{n}="u{n}"/>' for n in range(20_000))).encode(),
    "many_categories": lambda: RSS.format("".join(f"<category>{n}</category>" for n in range(20_000))).encode(),
    "deep_json": lambda: b"[" * 1_000_000,
    "deep_json_objects": lambda: b'{"a":' * 100_000,
    "huge_json_number": lambda: (
        b'{"version":"https://jsonfeed.org/version/1","items":[{"id":' + b"9" * 100_000 + b"}]}"
    ),
    "random_bytes": lambda: bytes(n * 7919 % 251 for n in range(100_000)),
}
EMPTY = b" \r\n"
