"""URL, address → may we go there? Pure: the table of addresses no feed lives at, and the spellings of URLs we refuse.

The blocks are those of the IANA special-purpose registries (RFC 6890, as updated), globally reachable or not: none of
them is anybody's web server. Python's ``is_global`` is no guard: it passes NAT64, 6to4 and mapped forms of 127.0.0.1.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit, urlunsplit

Network = IPv4Network | IPv6Network

V4: tuple[IPv4Network, ...] = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # "this network"
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # the platform's own host inside Azure, on a public address
        "169.254.0.0/16",  # link-local; cloud metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # IETF protocol assignments (DS-Lite, PCP, NAT64 discovery, …)
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays, deprecated
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and 255.255.255.255
    )
)

V6: tuple[IPv6Network, ...] = tuple(
    IPv6Network(block)
    for block in (
        "::/96",  # unspecified, loopback, IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64, local use
        "100::/64",  # discard only
        "100:0:0:1::/64",  # dummy prefix
        "2001::/23",  # IETF protocol assignments: Teredo, ORCHID, benchmarking, …
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3ffe::/16",  # the 6bone, returned
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fc00::/7",  # unique local
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local, deprecated
        "ff00::/8",  # multicast
    )
)
UNICAST = IPv6Network("2000::/3")  # all that is given out; the rest of IPv6 is reserved

_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_NUMERIC = re.compile(r"(0[xX][0-9a-fA-F]*|[0-9]+)$")  # of a last label: WHATWG URL, "ends in a number"


class ForbiddenError(Exception):
    """We will not go there; ``str(error)`` says why in one line."""


def check(address: str, allow_networks: Iterable[Network] = ()) -> None:
    """Raise ForbiddenError unless this address, as the kernel is given it, is public or in `allow_networks`."""
    try:
        ip = ip_address(address)
    except ValueError:
        raise ForbiddenError(f"not an IP address: {address[:80]!r}") from None
    if isinstance(ip, IPv6Address) and ip.scope_id is not None:
        raise ForbiddenError(f"{ip} is an address of one network interface only")
    if any(ip in network for network in allow_networks):
        return
    if special := _special(ip):
        raise ForbiddenError(
            f"{ip} is not a public address ({special}); poll.allow_networks can list networks you mean"
        )


def _special(ip: IPv4Address | IPv6Address) -> Network | None:
    blocks: tuple[Network, ...] = V4 if isinstance(ip, IPv4Address) else V6
    found = next((block for block in blocks if ip in block), None)
    if found is None and isinstance(ip, IPv6Address) and ip not in UNICAST:
        return ip_network(f"{ip}/3", strict=False)
    return found


def check_url(url: str, *, userinfo: bool = False) -> SplitResult:
    """The URL in its parts. Raises ForbiddenError unless it is http(s) and names a host plainly.

    `userinfo`: ``user:password@`` may be in it.

    Numbers that the system's resolver would turn into an address (2130706433, 0x7f.1, 0177.0.0.1, 127.1) are refused:
    an address is written as four decimal numbers, or as IPv6 in brackets (inet_aton(3); WHATWG URL, host parsing).
    """
    if _UNSAFE.search(url):
        raise ForbiddenError("the URL contains a space, a control character or a backslash")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ForbiddenError(f"the URL is malformed ({error})") from None
    if parts.scheme.lower() not in ("http", "https"):
        raise ForbiddenError(f"only http and https, not {parts.scheme[:20] or 'a URL without scheme'!r}")
    if not host or port == 0:
        raise ForbiddenError("the URL names no host" if not host else "port 0")
    if not userinfo and "@" in parts.netloc:
        raise ForbiddenError("the URL carries a user name; credentials belong under hosts: in the configuration")
    if "%" in host:
        raise ForbiddenError("the host name contains a percent sign")
    if ":" not in host and _NUMERIC.match(host.rstrip(".").rpartition(".")[2]) and literal(host) is None:
        raise ForbiddenError(f"{host!r} is an unusual spelling of an IP address; write four decimal numbers")
    return parts


@lru_cache(maxsize=4096)
def literal(host: str) -> str | None:
    """The address a URL's host spells out, or None for a name."""
    if ":" not in host and not host[-1:].isdigit():
        return None
    try:
        return str(ip_address(host.strip("[]")))
    except ValueError:
        return None


def redact(url: str) -> str:
    """The URL as it may be shown: without password and without what its query says under secret-sounding names."""
    try:
        parts = urlsplit(url)
        netloc = parts.netloc
    except ValueError:
        return "(malformed URL)"
    if "@" in netloc:
        netloc = "…@" + netloc.rpartition("@")[2]
    query = re.sub(
        r"(?i)([^&;=]*(?:key|token|secret|pass|pwd|auth|sig|hash|session|code)[^&;=]*)=[^&;]*", r"\1=…", parts.query
    )
    return urlunsplit((parts.scheme, netloc, parts.path, query, ""))
