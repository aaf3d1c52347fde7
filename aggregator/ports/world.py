"""The network and the mail, as the pipeline sees them."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from aggregator.model import (
    Fetched,
    FetchRequest,
)


class Fetch(Protocol):
    """The network. Asks every request at most once and yields each answer as it arrives, in no order.

    Never raises for what the world does wrong: that is an `Outcome`.
    """

    def __call__(self, requests: Iterable[FetchRequest]) -> Iterator[tuple[FetchRequest, Fetched]]: ...


class FetchPages(Protocol):
    """The network, for web pages: as polite, and as robots.txt of each site says."""

    def __call__(self, urls: Iterable[str]) -> Iterator[tuple[str, Fetched]]: ...


class Send(Protocol):
    """A way out for a finished message. Raises UnavailableError for what may pass, RefusedError for what will not."""

    def __call__(self, message: bytes, *, sender: str, recipient: str) -> str:
        """Hand it over; returns the other side's answer in one line."""
        ...
