"""What feeds.yaml may say, section by section, with its defaults. Values only: config.py reads and checks the file.

Durations are written ``30m``, ``12h``, ``7d`` (see `Duration`); sizes in bytes unless the name says otherwise.
"""

import re
from dataclasses import fields, replace
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass

from aggregator.model import Feed

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}  # seconds
_LONGEST = timedelta(days=36_500)  # the calendar must reach as far back, and ahead


def duration(value: Any) -> Any:
    """``"90m"`` → timedelta. Raises ValueError naming the accepted form; a timedelta passes through."""
    if isinstance(value, timedelta):
        return value
    text = str(value).strip().lower()
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not number.isdecimal():
        raise ValueError("write a duration as a number and a unit, such as 30m, 12h, 7d or 2w")
    seconds = float(number) * _UNITS[unit]
    if seconds > _LONGEST.total_seconds():
        raise ValueError(f"write a duration of at most {_LONGEST.days}d, a hundred years")
    return timedelta(seconds=seconds)


def _time_of_day(value: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise ValueError('write a time of day in quotes, such as "07:30"')
    return value


def _one_or_many(value: Any) -> Any:
    """``tags: film`` means ``tags: [film]``."""
    return [value] if isinstance(value, str) else value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (OSError, ValueError, KeyError):
        raise ValueError("write the name of a time zone, such as Europe/Berlin") from None
    return value


def _address(value: str) -> str:
    if not re.fullmatch(r"[\x21-\x7e]{1,64}@[A-Za-z0-9.-]{1,253}", value) or re.search(r'[<>,;:"()\\]', value):
        raise ValueError("write a mail address, such as me@example.org")
    return value


def _word(value: str) -> str:
    if len(value) > 2 and value.startswith("/") and value.endswith("/"):
        try:
            re.compile(value[1:-1])
        except re.error as error:
            raise ValueError(f"write a word or a regular expression between slashes ({error})") from None
    return value


def _https(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme != "https" or not parts.hostname):
        raise ValueError("write a full https address")
    return value


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", value):
        raise ValueError("write a short name of small letters, digits and hyphens")
    return value


Duration = Annotated[timedelta, BeforeValidator(duration)]
Words = Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]
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
    without_validators: Duration | None = None  # least interval for its feeds that send neither ETag nor Last-Modified


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
    in_flight: Annotated[int, Field(ge=1, le=1000)] = 150  # requests at once; a third of them for slow hosts
    host_gap: Duration = timedelta(seconds=1)
    workers: Annotated[int, Field(ge=1, le=64)] = 2  # parser processes
    parse_timeout: Duration = timedelta(seconds=10)
    parse_memory_mb: Annotated[int, Field(ge=64)] = 512
    allow_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    proxy: str | None = None
    contact: str = "https://example.org/aggregator"  # the URL in User-Agent
    reserve_mb: Annotated[int, Field(ge=0)] = 200  # the daemon stops polling while the disk has less left


@dataclass(frozen=True, slots=True, config=_strict)
class ClusterSettings:
    """``cluster:`` – when two texts are copies, and when two entries tell one story."""

    window: Duration = timedelta(days=7)
    young: Duration = timedelta(days=2)  # stories with a report this recent may still turn out to be one
    caution: Annotated[float, Field(ge=-0.1, le=0.1)] = 0.0  # more for one event to be believed; below 0: less


def with_cluster_setting(settings: ClusterSettings, key: str, value: str) -> ClusterSettings:
    """The same but for one key, as the file would have it. Raises ValueError, one line that names the remedy."""
    names = [field.name for field in fields(ClusterSettings)]
    if key not in names:
        raise ValueError(f"there is no such key; there are {', '.join(names)}")
    tried: dict[str, Any] = {key: value}
    try:
        return replace(settings, **tried)
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None


@dataclass(frozen=True, slots=True, config=_strict)
class RuleSettings:
    """One rule under ``include:``, ``exclude:`` or ``boost:``. All kinds given must hold; of one kind, any value."""

    tags: Words = ()
    feeds: Words = ()  # titles as shown
    words: Annotated[
        tuple[Annotated[str, AfterValidator(_word)], ...], BeforeValidator(_one_or_many)
    ] = ()  # or /regex/
    languages: Words = ()  # BCP 47 primary subtags
    by: Annotated[float, Field(ge=-10, le=10)] = 1.0  # boost only: 1 weighs like doubling the independent sources

    def __post_init__(self) -> None:
        if not (self.tags or self.feeds or self.words or self.languages):
            raise ValueError("write at least one of tags, feeds, words, languages")


@dataclass(frozen=True, slots=True, config=_strict)
class DigestSettings:
    """``digest:`` – the daily issue. ``digests:`` is a list of these, each with a name of its own."""

    name: Annotated[str, AfterValidator(_name)] = "daily"
    title: str = "Daily digest"
    at: Annotated[str, AfterValidator(_time_of_day)] = "07:00"
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    locale: str = "en"  # of dates and numbers, and of our own words: en, de, es, fr, it, nl, pt
    to: Annotated[tuple[Annotated[str, AfterValidator(_address)], ...], BeforeValidator(_one_or_many)] = ()
    tags: Words = ()  # empty: all
    include: tuple[RuleSettings, ...] = ()  # if any: only stories one of these matches
    exclude: tuple[RuleSettings, ...] = ()
    boost: tuple[RuleSettings, ...] = ()
    limit: Annotated[int, Field(ge=1, le=500)] = 40  # stories in the mail itself
    top: Annotated[int, Field(ge=0, le=50)] = 7  # of these, shown with a lead
    max_kb: Annotated[int, Field(ge=20, le=1000)] = 95  # of the encoded HTML part; Gmail clips at 102
    rest: Annotated[str, Field(pattern=r"^(attach|count|https://\S+)$")] = (
        "attach"  # the URL may hold {name} and {date}
    )
    notices: bool = True  # feeds that need attention
    all_quiet: bool = False  # a short mail on days without news, instead of none
    threading: Annotated[str, Field(pattern="^(off|weekly)$")] = "off"
    unsubscribe_url: Annotated[str, AfterValidator(_https)] = ""  # must answer RFC 8058 one-click POSTs
    header: str = ""  # plain text above and below the stories
    footer: str = ""
    templates: Path | None = None  # a folder whose files replace ours of the same name


@dataclass(frozen=True, slots=True, config=_strict)
class SmtpSettings:
    """``smtp:`` – how mail leaves."""

    host: str = ""
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    security: Annotated[str, Field(pattern="^(starttls|tls|none)$")] = "starttls"
    username: str | None = None
    password_env: str | None = None
    sender: str = ""  # the From of every mail, whichever way it leaves: me@example.org or Me <me@example.org>
    timeout: Duration = timedelta(seconds=60)  # of every single step
    ca_file: Path | None = None  # certificate authorities to trust instead of the system's
    instead: Annotated[str, Field(pattern="^(|sendmail|maildir|mbox|folder)$")] = ""  # another way out than SMTP
    command: str = "/usr/sbin/sendmail -i -f {sender} -- {recipient}"
    path: Path | None = None  # of the maildir, mbox or folder


@dataclass(frozen=True, slots=True, config=_strict)
class KeepSettings:
    """``keep:`` – how long entries stay. ``keep: 90d`` is short for ``keep: {entries: 90d}``."""

    entries: Duration | None = None  # None: for ever
    told: Duration | None = None  # stories that stood in a digest; None: four times as long
    tags: dict[str, Duration] = Field(default_factory=dict)  # of feeds with this tag; the longest counts
    backup: Path | None = None  # a nightly copy here, made by the daemon
    backups: Annotated[int, Field(ge=1, le=365)] = 7
    migration_copy: bool = True  # a copy beside the database before a new version changes it


@dataclass(frozen=True, slots=True, config=_strict)
class HttpSettings:
    """``http:`` – state for machines: /healthz, /readyz, /metrics of the daemon. Off without a port."""

    port: Annotated[int, Field(ge=0, le=65535)] | None = None  # 0: any free one, see the log
    host: str = "127.0.0.1"  # the address to listen on
    names: Words = ()  # further names this may be asked by (Host header)


def _keep(value: Any) -> Any:
    return {"entries": value} if isinstance(value, str) else value


def _long_form(value: Any) -> Any:
    """A bare URL is a feed with defaults."""
    return {"url": value} if isinstance(value, str) else value


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
    tags: Words = ()
    publisher: str = ""
    priority: Annotated[int, Field(ge=-100, le=100)] = 0
    every: Duration | None = None
    enabled: bool = True
    fulltext: bool = False
    keep: Duration | None = None  # overrides `keep:` for this feed


def _distinct_names(digests: tuple[DigestSettings, ...]) -> tuple[DigestSettings, ...]:
    if len({digest.name for digest in digests}) < len(digests):
        raise ValueError("give every digest a `name` of its own")
    return digests


@dataclass(frozen=True, slots=True, config=_strict)
class Settings:
    """The whole file, checked."""

    feeds: tuple[Annotated[FeedSettings, BeforeValidator(_long_form)], ...] = ()
    database: Path = Path("aggregator.db")
    poll: PollSettings = PollSettings()
    hosts: dict[str, HostSettings] = Field(default_factory=dict)
    cluster: ClusterSettings = ClusterSettings()
    digest: DigestSettings = DigestSettings()
    digests: Annotated[tuple[DigestSettings, ...], AfterValidator(_distinct_names)] = ()
    smtp: SmtpSettings = SmtpSettings()
    keep: Annotated[KeepSettings, BeforeValidator(_keep)] = KeepSettings()
    http: HttpSettings = HttpSettings()

    def issues(self) -> tuple[DigestSettings, ...]:
        """All digests: the single one (unless it is only the default beside others), then the list."""
        single = (self.digest,) if self.digest.to or not self.digests else ()
        return single + tuple(digest for digest in self.digests if digest.name not in {d.name for d in single})

    def subscriptions(self) -> tuple[Feed, ...]:
        """What to read, in the order of the file."""
        names = [field.name for field in fields(Feed) if field.name != "id"]
        return tuple(Feed(**{name: getattr(feed, name) for name in names}) for feed in self.feeds)
