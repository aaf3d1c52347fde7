"""Links: what is refused, what two addresses are one, who publishes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.text.links import canonical, registrable_domain, web_link

BASE = "https://site.example/news/today.html?x=1"


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("https://a.example/b?c=d&e=f#g", "https://a.example/b?c=d&e=f#g"),
        ("HTTPS://A.Example/B", "https://a.example/B"),
        ("//a.example/b", "https://a.example/b"),
        ("/b", "https://site.example/b"),
        ("b.html", "https://site.example/news/b.html"),
        ("#note", "https://site.example/news/today.html?x=1#note"),
        ("www.a.example/b", "https://www.a.example/b"),
        (" https://a.example/\n b ", "https://a.example/%20b"),
        ("https://a.example/?a=1&amp;b=2", "https://a.example/?a=1&b=2"),
        ("https://a.example/\"><script>'x", "https://a.example/%22%3E%3Cscript%3E%27x"),
        ("https://bank.example@evil.example/", "https://evil.example/"),
        ("https://user:word@a.example:8080/", "https://a.example:8080/"),
        ("https:\\\\evil.example\\x", "https://evil.example/x"),
        ("https://good.example\\@evil.example/", "https://good.example/@evil.example/"),
        ("https://日本.example/ニュース", "https://日本.example/ニュース"),
        ("http://[2001:db8::1]:80/x", "http://[2001:db8::1]:80/x"),
    ],
)
def test_links_become_absolute_addresses(link: str, address: str) -> None:
    assert web_link(link, BASE) == address
    assert web_link(address, BASE) == address


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " \x01javascript:alert(1)",
        "java\nscript:alert(1)",
        "java\tscript:alert(1)",
        "java&#10;script:alert(1)",
        "&#x6A;avascript:alert(1)",
        "&#0000106avascript:alert(1)".replace("106a", "106;a"),
        "java\u200bscript:alert(1)",
        "vbscript:x",
        "data:text/html,<script>alert(1)</script>",
        "file:///etc/passwd",
        "ftp://a.example/",
        "feed:https://a.example/",
        "tag:a.example,2020:1",
        "mailto:me@a.example",
        "https://",
        "https:///path",
        "https://[::1",
        "https://a.example:99999/",
        "https://a.example:port/",
        "https://a b.example/",
        "https://a<b.example/",
        "https://a.example/" + "x" * 5000,
        "",
    ],
)
def test_what_is_no_web_address_is_refused(link: str) -> None:
    assert web_link(link, BASE) == ""


def test_without_a_base_relative_links_are_refused() -> None:
    assert web_link("/b") == ""


@given(st.text(max_size=60) | st.text(alphabet="htps:/\\@[]#?%.a1&;x\n ", max_size=40), st.sampled_from(["", BASE]))
def test_any_link_gives_an_address_or_nothing(link: str, base: str) -> None:
    address = web_link(link, base)
    assert address == "" or address.startswith(("http://", "https://"))
    assert not set(address) & set(" \"'<>\\\n\r\t\x00")
    assert web_link(address, base) == address
    assert canonical(canonical(address)) == canonical(address)
    registrable_domain(address)


@pytest.mark.parametrize(
    "tracking",
    [
        "utm_source=rss&utm_medium=feed",
        "traffic_source=rss",
        "maca=en-rss-en-world-4025-xml-mrss",
        "CMP=rss_b-gdnnews",
        "ref=rss",
        "source=rss-b4981c59ffa5------2",
        "at_medium=RSS&at_campaign=rss",
        "fbclid=IwAR0abc",
        "gclid=EAIaIQ",
        "cid=rss_feed",
        "ftag=CAD590a51e",
        "xtor=RSS-3208",
        "mc_cid=1234567890&mc_eid=abc",
        "partner=feedburner",
        "guccounter=1",
    ],
)
def test_tracking_does_not_make_another_article(tracking: str) -> None:
    assert canonical(f"https://a.example/news/1?{tracking}") == "https://a.example/news/1"
    assert canonical(f"https://a.example/news/1?{tracking}&id=7") == "https://a.example/news/1?id=7"
    assert canonical(f"https://a.example/news/1?id=7&{tracking}#top") == "https://a.example/news/1?id=7"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("?id=1", "?id=2"),
        ("?p=501", "?p=502"),
        ("?v=dQw4w9WgXcQ", "?v=aaaaaaaaaaa"),
        ("?12345", "?12346"),
        ("?first-article", "?second-article"),
        ("?gallery=12", "?gallery=13"),
        ("?glossary=a", "?glossary=b"),
        ("?reference=X1", "?reference=X2"),
        ("?cid=1001", "?cid=1002"),
        ("?source=123456", "?source=123457"),
        ("?session=42", "?session=43"),
        ("?keyword=10", "?keyword=11"),
        ("?article_uid=100", "?article_uid=200"),
        ("?ref=8c3e5d1e6f7a4b2c9d0e1f2a3b4c5d6e", "?ref=8c3e5d1e6f7a4b2c9d0e1f2a3b4c5d6f"),
        ("?mod=12", "?mod=13"),
        ("#post-14", "#post-19"),
        ("#2026-02-11%20Ink%20&%20Paper", "#2026-02-12%20Ink"),
        ("#!/a", "#!/b"),
        ("/a", "/A"),
        ("/a", "/a/b"),
    ],
)
def test_two_articles_never_become_one(one: str, other: str) -> None:
    assert canonical(f"https://a.example/x{one}") != canonical(f"https://a.example/x{other}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example", "https://A.example:443/"),
        ("http://a.example:80/x", "http://a.example/x"),
        ("https://a.example/x?b=2&a=1", "https://a.example/x?a=1&b=2"),
        ("https://a.example/x#comments", "https://a.example/x"),
        ("https://a.example//x", "https://a.example/x"),
        ("https://xn--wgv71a.example/x", "https://日本.example/x"),
    ],
)
def test_spellings_of_one_address_are_one(one: str, other: str) -> None:
    assert canonical(web_link(one)) == canonical(web_link(other))


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://news.bbc.co.uk/x", "bbc.co.uk"),
        ("https://www.theguardian.com/", "theguardian.com"),
        ("https://me.blogspot.com/", "me.blogspot.com"),
        ("https://me.github.io/", "me.github.io"),
        ("http://127.0.0.2:8571/feed", "127.0.0.2"),
        ("http://[::1]/", "::1"),
        ("http://localhost/", "localhost"),
        ("https://[", ""),
        ("", ""),
    ],
)
def test_the_publisher_is_the_registrable_domain(url: str, domain: str) -> None:
    assert registrable_domain(url) == domain
