"""What feeds.yaml may say, section by section, with its defaults. Values only: config.py reads and checks the file.

Durations are written ``30m``, ``12h``, ``7d`` (see `Duration`); sizes in bytes unless the name says otherwise.
"""

import re
from dataclasses import fields
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

from aggregator.model import Feed

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def duration(value: Any) -> Any:
    """``"90m"`` → timedelta. Raises ValueError naming the accepted form; a timedelta passes through."""
    if isinstance(value, timedelta):
        return value
    text = str(value).strip().lower()
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not number.isdigit():
        raise ValueError("write a duration as a number and a unit, such as 30m, 12h, 7d or 2w")
    return timedelta(**{_UNITS[unit]: int(number)})


def _time_of_day(value: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise ValueError('write a time of day in quotes, such as "07:30"')
    return value


Duration = Annotated[timedelta, BeforeValidator(duration)]
_strict = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, config=_strict)
class HostSettings:
    """Exceptions for one host (``hosts:`` in feeds.yaml)."""

    gap: Duration | None = None  # between two requests; the default is poll.host_gap
    concurrency: Annotated[int, Field(ge=1, le=8)] = 1
    user_agent: str | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    username: str | None = None
    password_env: str | None = None  # the name of an environment variable


@dataclass(frozen=True, slots=True, config=_strict)
class PollSettings:
    """``poll:`` – how often and how politely."""

    every: Duration = timedelta(hours=1)
    fastest: Duration = timedelta(minutes=30)  # adaptive interval: lower and upper end
    slowest: Duration = timedelta(hours=24)
    adaptive: bool = True
    timeout: Duration = timedelta(seconds=30)  # everything: DNS, connect, TLS, headers, body, redirects
    max_body: Annotated[int, Field(ge=1024)] = 10 * 1024 * 1024
    max_redirects: Annotated[int, Field(ge=0, le=20)] = 5
    in_flight: Annotated[int, Field(ge=1, le=1000)] = 100
    host_gap: Duration = timedelta(seconds=1)
    workers: Annotated[int, Field(ge=1, le=64)] = 2  # parser processes
    parse_timeout: Duration = timedelta(seconds=10)
    parse_memory_mb: Annotated[int, Field(ge=64)] = 512
    allow_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    proxy: str | None = None
    contact: str = "https://example.org/aggregator"  # the URL in User-Agent


@dataclass(frozen=True, slots=True, config=_strict)
class ClusterSettings:
    """``cluster:`` – when two texts are copies, and when two entries tell one story."""

    window: Duration = timedelta(days=7)


@dataclass(frozen=True, slots=True, config=_strict)
class DigestSettings:
    """``digest:`` – the daily issue."""

    at: Annotated[str, AfterValidator(_time_of_day)] = "07:00"
    timezone: str = "UTC"
    to: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()  # empty: all
    limit: Annotated[int, Field(ge=1, le=500)] = 40


@dataclass(frozen=True, slots=True, config=_strict)
class SmtpSettings:
    """``smtp:`` – how mail leaves."""

    host: str = ""
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Annotated[str, Field(pattern="^(starttls|tls|none)$")] = "starttls"
    username: str | None = None
    password_env: str | None = None
    sender: str = ""


def _long_form(value: Any) -> Any:
    """A bare URL is a feed with defaults."""
    return {"url": value} if isinstance(value, str) else value


def _one_or_many(value: Any) -> Any:
    """``tags: film`` means ``tags: [film]``."""
    return [value] if isinstance(value, str) else value


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write the feed's full address, such as https://example.org/feed.xml")
    return value


@dataclass(frozen=True, slots=True, config=_strict)
class FeedSettings:
    """One entry under ``feeds:``, in its long form."""

    url: Annotated[str, AfterValidator(_http_url)]
    title: str = ""
    tags: Annotated[tuple[str, ...], BeforeValidator(_one_or_many)] = ()
    publisher: str = ""
    priority: Annotated[int, Field(ge=-100, le=100)] = 0
    every: Duration | None = None
    enabled: bool = True
    fulltext: bool = False


@dataclass(frozen=True, slots=True, config=_strict)
class Settings:
    """The whole file, checked."""

    feeds: tuple[Annotated[FeedSettings, BeforeValidator(_long_form)], ...] = ()
    database: Path = Path("aggregator.db")
    poll: PollSettings = PollSettings()
    hosts: dict[str, HostSettings] = Field(default_factory=dict)
    cluster: ClusterSettings = ClusterSettings()
    digest: DigestSettings = DigestSettings()
    smtp: SmtpSettings = SmtpSettings()

    def subscriptions(self) -> tuple[Feed, ...]:
        """What to read, in the order of the file."""
        return tuple(Feed(**{field.name: getattr(feed, field.name) for field in fields(feed)}) for feed in self.feeds)
