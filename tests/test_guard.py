"""Addresses and URLs we do not go to. The blocks below are the IANA special-purpose registries, typed a second time."""

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.fetch import guard

# https://www.iana.org/assignments/iana-ipv4-special-registry and …/iana-ipv6-special-registry
REGISTERED = """
0.0.0.0/8 0.0.0.0/32 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.0.0/29
192.0.0.8/32 192.0.0.9/32 192.0.0.10/32 192.0.0.170/32 192.0.0.171/32 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24
192.88.99.0/24 192.88.99.2/32 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4
255.255.255.255/32
::1/128 ::/128 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23 2001::/32 2001:1::1/128
2001:1::2/128 2001:1::3/128 2001:2::/48 2001:3::/32 2001:4:112::/48 2001:10::/28 2001:20::/28 2001:30::/28
2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 5f00::/16 fc00::/7 fe80::/10
""".split()
ALSO = "224.0.0.0/4 168.63.129.16/32 ::/96 ::ffff:0:0:0/96 fec0::/10 ff00::/8 3ffe::/16 4000::/3 e000::/4".split()

# the addresses just outside, where these are public
NEIGHBOURS = """
1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0
172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.1.255 192.0.3.0 192.31.195.255 192.31.197.0 192.52.192.255
192.52.194.0 192.88.98.255 192.88.100.0 192.167.255.255 192.169.0.0 192.175.47.255 192.175.49.0 198.17.255.255
198.20.0.0 198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255 168.63.129.15 168.63.129.17
2001:200:: 2001:db7:ffff:ffff:ffff:ffff:ffff:ffff 2001:db9:: 2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff 2003::
2620:4f:7fff:ffff:ffff:ffff:ffff:ffff 2620:4f:8001:: 3ffd:ffff:ffff:ffff:ffff:ffff:ffff:ffff 3fff:1000:: 2000::
3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 2606:4700::1111
""".split()


def refused(address: str) -> bool:
    try:
        guard.check(address)
    except guard.ForbiddenError:
        return True
    return False


@pytest.mark.parametrize("block", REGISTERED + ALSO)
def test_every_special_block_from_its_first_to_its_last_address(block: str) -> None:
    network = ip_network(block)
    assert refused(str(network[0]))
    assert refused(str(network[-1]))
    assert refused(str(network[network.num_addresses // 2]))


@pytest.mark.parametrize("address", NEIGHBOURS)
def test_the_neighbours_are_public(address: str) -> None:
    assert not refused(address)


@pytest.mark.parametrize(
    "form", ["::ffff:{}", "::{}", "64:ff9b::{}", "64:ff9b:1::{}", "2002:{hex}::", "::ffff:0:{}", "2001:0:{hex}::1"]
)
@pytest.mark.parametrize("inner", ["127.0.0.1", "100.64.0.1", "8.8.8.8"])
def test_no_ipv4_inside_ipv6(form: str, inner: str) -> None:
    number = f"{int(IPv4Address(inner)):08x}"
    assert refused(form.format(inner, hex=f"{number[:4]}:{number[4:]}"))


@settings(deadline=None)
@given(st.ip_addresses())
def test_what_python_calls_not_global_is_never_passed(address: IPv4Address | IPv6Address) -> None:
    if not address.is_global:
        assert refused(str(address))


@pytest.mark.parametrize("address", ["fe80::1%1", "2606:4700::1%eth0", "example.org", "", "127.1", "1.2.3.4 "])
def test_only_plain_addresses(address: str) -> None:
    assert refused(address)


def test_networks_the_user_means() -> None:
    guard.check("192.168.7.9", [ip_network("192.168.7.0/24")])
    guard.check("fd00::5", [ip_network("192.168.7.0/24"), ip_network("fd00::/64")])
    for other in ("192.168.8.1", "::ffff:192.168.7.9", "fd01::5"):
        with pytest.raises(guard.ForbiddenError):
            guard.check(other, [ip_network("192.168.7.0/24"), ip_network("fd00::/64")])


SPELLINGS = (
    "2130706433 0x7f000001 017700000001 0177.0.0.1 0x7f.0.0.1 0x7f.1 127.1 127.0.1 127.0.0.01 0 0x0 1.2.3 4294967296 "
    "256.1.1.1 1.2.3.4.5 127.0.0.1. 127.0.0.0x1 ①②⑦.0.0.1 127。0。0。1 0x"
).split()


@pytest.mark.parametrize("host", SPELLINGS)
def test_addresses_are_spelled_plainly_or_not_at_all(host: str) -> None:
    """What the system's resolver takes for an address, and some it does not, never gets that far."""
    url = f"http://{host}/"
    try:
        guard.check_url(url)
    except guard.ForbiddenError:
        return
    found = socket.getaddrinfo(host, 80, type=socket.SOCK_STREAM)  # numeric spellings: no look-up leaves the machine
    assert all(refused(str(row[4][0])) for row in found)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "javascript:alert(1)", "example.org/feed",
        "//example.org/", "", "http://", "http:///path", "http://user@example.org/", "http://user:pass@example.org/",
        "http://example.org\\@evil.example/", "http://exa mple.org/", "http://example.org/\r\nX: y", " http://example.org/",
        "http://example.org:99999/", "http://example.org:0/", "http://example.org:x/", "http://[::1", "http://[fe80::1%25eth0]/",
        "http://ex%61mple.org/",
    ],
)  # fmt: skip
def test_urls_refused(url: str) -> None:
    with pytest.raises(guard.ForbiddenError):
        guard.check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org", "https://example.org:8443/feed?a=b%2Fc", "HTTP://EXAMPLE.ORG/", "http://8.8.8.8/",
        "http://[2606:4700::1111]/", "https://münchen.example/ö", "http://3com.example/", "http://example.org./",
        "http://1.2.3.4.example/",
    ],
)  # fmt: skip
def test_urls_passed(url: str) -> None:
    guard.check_url(url)


def test_user_names_only_where_the_user_wrote_them() -> None:
    guard.check_url("https://me:secret@example.org/", userinfo=True)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:secret@example.org/f", "https://…@example.org/f"),
        ("https://example.org/f?api_key=abc&page=2#x", "https://example.org/f?api_key=…&page=2"),
        ("https://example.org/f?page=2&TOKEN=abc", "https://example.org/f?page=2&TOKEN=…"),
        ("http://[", "(malformed URL)"),
    ],
)
def test_secrets_are_not_shown(url: str, shown: str) -> None:
    assert guard.redact(url) == shown


def test_literals() -> None:
    assert guard.literal("[::1]") == str(ip_address("::1"))
    assert guard.literal("example.org") is None
