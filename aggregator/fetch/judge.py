"""Exchange → Fetched: what the answer means. Pure."""

import hashlib
from http import HTTPStatus

from aggregator.fetch.exchange import Exchange
from aggregator.fetch.failure import RequestError
from aggregator.model import FetchRequest, Outcome


def body_hash(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def judge(request: FetchRequest, exchange: Exchange, body: bytes) -> tuple[Outcome, str | None]:
    """(outcome, hash of the body) of an answer that came whole. Raises RequestError for one that brings no document."""
    status = exchange.status or 0
    if exchange.answer.get("cf-mitigated"):
        raise RequestError(Outcome.DENIED, "Cloudflare wants a human; ask the site to let feed readers in")
    if status == 304:
        if not any(name in exchange.headers for name in ("If-None-Match", "If-Modified-Since")):
            raise RequestError(Outcome.BROKEN, "304 although nothing conditional was asked")
        return Outcome.UNCHANGED, None
    if status in (200, 203):
        digest = body_hash(body)
        same = digest == request.state.body_hash and not request.unconditional
        return (Outcome.UNCHANGED if same else Outcome.CHANGED), digest
    raise RequestError(_refusal(status, exchange), f"{status} {_phrase(status)}".strip())


def _refusal(status: int, exchange: Exchange) -> Outcome:
    if status == 410:
        return Outcome.GONE
    if status == 429 or (status == 503 and "retry-after" in exchange.answer):
        return Outcome.THROTTLED
    return Outcome.DENIED if 400 <= status < 500 else Outcome.BROKEN


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
