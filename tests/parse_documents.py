"""Bytes ─► what the parser is given; what the tests of the parser share."""

from datetime import UTC, datetime

from aggregator.model import Fetched, Outcome

NOW = datetime(2026, 1, 2, tzinfo=UTC)
URL = "https://paper.example/news/feed.xml"


def fetched(body: bytes | str, *, content_type: str = "application/xml", url: str = URL, language: str = "") -> Fetched:
    headers = {"content-type": content_type} | ({"content-language": language} if language else {})
    data = body.encode() if isinstance(body, str) else body
    return Fetched(url, Outcome.CHANGED, NOW, final_url=url, status=200, headers=headers, body=data)
