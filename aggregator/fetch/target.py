"""URL as written → where a request goes and what it says there. Pure."""

from dataclasses import dataclass
from urllib.parse import SplitResult, quote, unquote, urljoin

from yarl import URL

from aggregator.fetch import guard

_PORTS = {"http": 80, "https": 443}
_ASCII = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True)
class Target:
    """One hop, checked: http(s), a host plainly named, no user name, no fragment."""

    url: str
    scheme: str
    host: str
    port: int
    sent: URL  # byte for byte as written, but for what cannot be sent

    def same_party(self, other: "Target") -> bool:
        """Same origin (RFC 6454), or the same host gone from http to https on the usual ports."""
        if self.host != other.host:
            return False
        ours, theirs = (self.scheme, self.port), (other.scheme, other.port)
        return ours == theirs or (theirs, ours) == (("http", 80), ("https", 443))

    def next(self, location: str) -> "Target":
        """Where a Location header sends us from here. Raises guard.ForbiddenError."""
        try:
            joined = urljoin(self.url, _escaped(location))
        except ValueError as error:
            raise guard.ForbiddenError(f"redirected to a malformed URL ({error})") from None
        return _target(guard.check_url(joined))


def subscribed(url: str) -> tuple[Target, str]:
    """(where to go, "user:password" or nothing) of a URL the user wrote. Raises guard.ForbiddenError."""
    parts = guard.check_url(url, userinfo=True)
    userinfo, _, netloc = parts.netloc.rpartition("@")
    return _target(parts._replace(netloc=netloc)), unquote(userinfo)


def _target(parts: SplitResult) -> Target:
    parts = parts._replace(fragment="")
    scheme = parts.scheme
    netloc = parts.netloc if parts.netloc.isascii() else URL(f"{scheme}://{parts.netloc}").raw_authority
    sent = parts._replace(netloc=netloc, path=_escaped(parts.path), query=_escaped(parts.query))
    return Target(
        parts.geturl(), scheme, parts.hostname or "", parts.port or _PORTS[scheme], URL(sent.geturl(), encoded=True)
    )


def _escaped(text: str) -> str:
    """What is beyond ASCII as the bytes it came in, percent-encoded; ASCII, and what is encoded already, as it is."""
    return text if text.isascii() else quote(text, safe=_ASCII, errors="surrogateescape")
