"""What we send, and what the answers mean: against a real server."""

import base64
import re
import socket
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from aggregator.model import FeedState, Fetched, Outcome
from aggregator.settings import HostSettings
from tests.fetch_site import FEED, Asked, Reply, Site, always, client, fetch, paths, seen

OLD = FeedState(etag='W/"a\'b-gzip"', last_modified="Tue, 03 Mar 2026 12:00:00 GMT")


def test_who_we_are_and_what_we_take() -> None:
    with Site(always(Reply(headers={"Set-Cookie": "a=b; Path=/"}))) as site:
        fetch(client(), site.url("/1?x=%2F"), site.url("/2"))
        asked = site.asked
    assert {one.path for one in asked} == {"/1?x=%2F", "/2"}  # not a byte of the query invented or changed
    for one in asked:
        assert one.headers["user-agent"] == "aggregator/1.2 (+https://example.org/aggregator; 3 subscribers)"
        assert one.headers["accept-encoding"] == "gzip, deflate, br, zstd"
        assert re.fullmatch(r"application/atom\+xml, application/rss\+xml, .*, \*/\*;q=0\.1", one.headers["accept"])
        assert not {"cookie", "referer", "authorization", "if-none-match", "if-modified-since"} & set(one.headers)


def test_validators_go_back_byte_for_byte() -> None:
    with Site(always(Reply(304, {"ETag": '"new"'}))) as site:
        fetched = seen(client(), site.url(), state=OLD)
        (asked,) = site.asked
    assert f"If-None-Match: {OLD.etag}" in asked.lines
    assert f"If-Modified-Since: {OLD.last_modified}" in asked.lines
    assert (fetched.outcome, fetched.status, fetched.body) == (Outcome.UNCHANGED, 304, b"")
    assert fetched.headers["etag"] == '"new"'


def test_only_refetch_is_unconditional() -> None:
    with Site(always(Reply())) as site:
        known = seen(client(), site.url())
        state = replace(OLD, body_hash=known.body_hash)
        again = seen(client(), site.url(), state=state)
        refetched = seen(client(), site.url(), state=state, unconditional=True)
        asked = site.asked
    assert known.outcome is Outcome.CHANGED
    assert known.body == FEED
    assert (again.outcome, again.body, again.body_hash) == (Outcome.UNCHANGED, b"", known.body_hash)
    assert (refetched.outcome, refetched.body) == (Outcome.CHANGED, FEED)
    assert ["if-none-match" in one.headers for one in asked] == [False, True, False]


def test_a_server_that_does_not_know_its_own_gzip_etag_is_not_shown_it() -> None:
    with Site(always(Reply(304))) as site:
        seen(client(), site.url(), state=replace(OLD, stuck_answers=3))
        (asked,) = site.asked
    assert "if-none-match" not in asked.headers
    assert asked.headers["if-modified-since"] == OLD.last_modified


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (203, {}, Outcome.CHANGED),
        (204, {}, Outcome.BROKEN),
        (206, {}, Outcome.BROKEN),
        (300, {}, Outcome.BROKEN),
        (301, {}, Outcome.BROKEN),  # without a Location
        (304, {}, Outcome.BROKEN),  # nothing conditional was asked
        (400, {}, Outcome.DENIED),
        (401, {}, Outcome.DENIED),
        (403, {}, Outcome.DENIED),
        (404, {}, Outcome.DENIED),
        (410, {}, Outcome.GONE),
        (429, {}, Outcome.THROTTLED),
        (500, {}, Outcome.BROKEN),
        (503, {}, Outcome.BROKEN),
        (503, {"Retry-After": "9"}, Outcome.THROTTLED),
        (599, {}, Outcome.BROKEN),
        (200, {"cf-mitigated": "challenge"}, Outcome.DENIED),
        (403, {"cf-mitigated": "challenge"}, Outcome.DENIED),
    ],
)
def test_what_a_status_means(status: int, headers: dict[str, str], outcome: Outcome) -> None:
    with Site(always(Reply(status, headers))) as site:
        fetched = seen(client(), site.url())
    assert (fetched.outcome, fetched.status) == (outcome, status)
    assert bool(fetched.error) == (outcome is not Outcome.CHANGED)
    assert "\n" not in fetched.error
    assert {name.lower(): value for name, value in headers.items()}.items() <= fetched.headers.items()
    if headers.get("cf-mitigated"):
        assert "Cloudflare" in fetched.error


def test_a_connection_that_fails_is_tried_once_more_and_nothing_else_is() -> None:
    looked_up = []

    def lookup(host: str, port: int, family: int) -> list[tuple[Any, Any, int, str, Any]]:
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    async def hang_up(writer: object) -> None:
        """Say nothing."""

    with Site(always(Reply(write=hang_up))) as site:
        fetched = seen(client(lookup=lookup), site.url(host="feeds.test"))
        assert (len(site.asked), len(looked_up)) == (1, 1)
        assert (fetched.outcome, fetched.error) == (Outcome.UNREACHABLE, "the server hung up without an answer")
    fetched = seen(client(lookup=lookup), site.url(host="feeds.test"))  # nobody listens any more
    assert len(looked_up) == 1 + 2
    assert (fetched.outcome, fetched.error) == (Outcome.UNREACHABLE, "no connection: connection refused")


def test_a_server_error_is_not_retried() -> None:
    with Site(always(Reply(500))) as site:
        seen(client(), site.url())
        assert len(site.asked) == 1


def test_a_kept_connection_the_server_has_closed_is_no_failure() -> None:
    async def hang_up(writer: object) -> None:
        """Say nothing."""

    async def respond(asked: Asked) -> Reply:
        return Reply() if asked.nth == 1 else Reply(write=hang_up)

    with Site(respond) as site:
        answers = fetch(client(), site.url("/1"), site.url("/2"))
        assert [(asked.path, asked.nth) for asked in site.asked] == [("/1", 1), ("/2", 2), ("/2", 1)]
    assert {fetched.outcome for fetched in answers} == {Outcome.CHANGED}


# ---------------------------------------------------------------- hosts of the user's


def test_settings_of_a_host_and_of_its_parent_domain() -> None:
    host = HostSettings(user_agent="me/1", headers={"X-Key": "k"}, username="ann", password_env="PW")  # noqa: S106 – a name
    with Site(always(Reply())) as site:
        fetched = seen(client({"0.0.1": host}, environ={"PW": "s3cret"}), site.url())
        (asked,) = site.asked
    assert fetched.outcome is Outcome.CHANGED
    assert (asked.headers["user-agent"], asked.headers["x-key"]) == ("me/1", "k")
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(b"ann:s3cret").decode()


def test_a_password_that_is_not_there_is_said_and_nothing_is_asked() -> None:
    with Site(always(Reply())) as site:
        host = HostSettings(username="ann", password_env="PW")  # noqa: S106 – a name
        fetched = seen(client({"127.0.0.1": host}), site.url())
        assert not site.asked
    assert (fetched.outcome, "PW" in fetched.error) == (Outcome.REFUSED, True)


def test_user_names_in_a_subscribed_url_become_a_header_and_are_not_shown() -> None:
    with Site(always(Reply(404))) as site:
        fetched = seen(client(), site.url().replace("//", "//ann:s3%40cret@"))
        (asked,) = site.asked
    assert asked.headers["authorization"] == "Basic " + base64.b64encode(b"ann:s3@cret").decode()
    assert "s3" not in fetched.final_url + fetched.error


@pytest.mark.parametrize("elsewhere", ["127.0.0.2", "127.0.0.1"])  # another host; another port
def test_credentials_stay_with_their_origin(elsewhere: str) -> None:
    host = HostSettings(username="ann", headers={"X-Key": "k"})
    with Site(always(Reply())) as other:
        with Site(paths({"/": Reply(302, {"Location": other.url("/", elsewhere)})})) as site:
            fetched = seen(client({"127.0.0.1": host, "127.0.0.2": host}), site.url())
            assert {"authorization", "x-key"} <= set(site.asked[0].headers)
        (asked,) = other.asked
    assert fetched.outcome is Outcome.CHANGED
    assert not {"authorization", "x-key", "referer", "cookie"} & set(asked.headers)


def test_credentials_follow_within_their_origin() -> None:
    with Site(paths({"/": Reply(302, {"Location": "/b"}), "/b": Reply()})) as site:
        seen(client({"127.0.0.1": HostSettings(username="ann")}), site.url())
        assert all("authorization" in asked.headers for asked in site.asked)


# ---------------------------------------------------------------- redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_and_reported(status: int) -> None:
    with Site(paths({"/a": Reply(status, {"Location": "b#x"}), "/b": Reply()})) as site:
        fetched = seen(client(), site.url("/a"))
    assert (fetched.outcome, fetched.final_url) == (Outcome.CHANGED, site.url("/b"))
    assert fetched.hops == ((status, site.url("/b")),)


def test_not_more_than_five() -> None:
    chain = {f"/{n}": Reply(302, {"Location": f"/{n + 1}"}) for n in range(9)}
    with Site(paths(chain)) as site:
        assert seen(client(), site.url("/4")).outcome is Outcome.DENIED  # /9: the fifth, 404
        fetched = seen(client(), site.url("/0"))
        assert len(site.asked) == 6 + 6
    assert (fetched.outcome, fetched.error) == (Outcome.BROKEN, "more than 5 redirects")


def test_loops_end_at_once() -> None:
    with Site(paths({"/a": Reply(301, {"Location": "/b"}), "/b": Reply(301, {"Location": "/a"})})) as site:
        fetched = seen(client(), site.url("/a"))
        assert len(site.asked) == 2
    assert fetched.outcome is Outcome.BROKEN
    assert "redirect loop" in fetched.error


@pytest.mark.parametrize(
    "target",
    [
        "http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[::1]/", "http://[::ffff:127.0.0.1]/",
        "http://2130706433/", "http://0x7f.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "//user:pw@127.0.0.1/",
        "http://192.168.0.1:8080/", "http://0/", "http://127.0.0.1:0/",
    ],
)  # fmt: skip
def test_every_hop_is_guarded(target: str) -> None:
    with Site(paths({"/": Reply(302, {"Location": target})})) as site:
        fetched = seen(client(), site.url())
        assert len(site.asked) == 1
    assert fetched.outcome is Outcome.REFUSED
    assert fetched.error


def test_a_redirect_that_asks_to_wait_is_not_followed_now() -> None:
    replies = {"/": Reply(302, {"Location": "/b", "Retry-After": "60"}), "/b": Reply()}
    with Site(paths(replies)) as site:
        fetched = seen(client(), site.url())
        assert len(site.asked) == 1
    assert (fetched.outcome, fetched.status) == (Outcome.THROTTLED, 302)
    assert fetched.headers["retry-after"] == "60"


def test_odd_locations_are_sent_as_they_can_be() -> None:
    with Site(paths({"/": Reply(302, {"Location": "/ö?q=%C3%B6&r=ü"}), "/%C3%B6?q=%C3%B6&r=%C3%BC": Reply()})) as site:
        assert seen(client(), site.url()).outcome is Outcome.CHANGED


# ---------------------------------------------------------------- pages


def pages(replies: Mapping[str, Reply], *wanted: str) -> tuple[dict[str, Fetched], list[Asked]]:
    with Site(paths(replies)) as site, client() as fetcher:
        found = dict(fetcher.pages([site.url(path) for path in wanted]))
        return {path: found[site.url(path)] for path in wanted}, site.asked


PAGE = Reply(body=b"<html>")


def test_pages_are_fetched_by_the_same_rules() -> None:
    found, asked = pages({"/a": PAGE, "/b": Reply(301, {"Location": "http://10.0.0.1/"})}, "/a", "/b")
    assert found["/a"].body == b"<html>"
    assert found["/b"].outcome is Outcome.REFUSED
    (page,) = (one for one in asked if one.path == "/a")
    assert page.headers["accept"].startswith("text/html")


def test_robots_txt_is_obeyed_for_pages_at_every_hop_and_read_once() -> None:
    robots = Reply(body=b"User-agent: *\nDisallow: /private*x\nAllow: /private/openx\n")
    replies = {
        "/robots.txt": robots, "/a": PAGE, "/privatex": PAGE, "/private/openx": PAGE,
        "/moved": Reply(302, {"Location": "/privatex"}),
    }  # fmt: skip
    found, asked = pages(replies, "/a", "/privatex", "/private/openx", "/moved")
    assert [found[path].outcome for path in ("/a", "/private/openx")] == [Outcome.CHANGED] * 2
    for path in ("/privatex", "/moved"):
        assert (found[path].outcome, found[path].error) == (Outcome.DENIED, "robots.txt disallows it")
    assert sorted(one.path for one in asked) == ["/a", "/moved", "/private/openx", "/robots.txt"]


def test_rules_for_us_by_name() -> None:
    robots = Reply(body=b"User-agent: Aggregator\nDisallow: /\n\nUser-agent: *\nAllow: /\n")
    assert pages({"/robots.txt": robots, "/a": PAGE}, "/a")[0]["/a"].outcome is Outcome.DENIED


@pytest.mark.parametrize(("status", "allowed"), [(404, True), (403, True), (429, False), (500, False), (503, False)])
def test_no_robots_txt_allows_and_a_broken_one_forbids(status: int, allowed: bool) -> None:
    found, _ = pages({"/robots.txt": Reply(status), "/a": PAGE}, "/a")
    assert (found["/a"].outcome is Outcome.CHANGED) == allowed


def test_robots_txt_is_not_asked_for_subscribed_feeds() -> None:
    with Site(always(Reply(body=b"User-agent: *\nDisallow: /"))) as site:
        assert seen(client(), site.url("/feed")).outcome is Outcome.CHANGED
        assert [asked.path for asked in site.asked] == ["/feed"]
