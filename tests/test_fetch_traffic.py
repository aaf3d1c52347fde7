"""Many at once and yet one at a time for each host: against a real server, by what it saw."""

import asyncio
import gc
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from aggregator.fetch import client as client_module
from aggregator.fetch import robots, traffic
from aggregator.fetch.client import HttpFetch
from aggregator.fetch.traffic import budget
from aggregator.model import Feed, FetchRequest, Outcome
from aggregator.settings import HostSettings, PollSettings
from tests.fetch_site import LOOPBACK, Asked, Reply, Site, always, client, fetch

GAP = timedelta(milliseconds=50)


def requests(*urls: str) -> Iterator[FetchRequest]:
    return (FetchRequest(Feed(url)) for url in urls)


class Gathering:
    """Answers nobody before so many are inside at once: a serial client never gets an answer."""

    def __init__(self, wanted: int) -> None:
        self._wanted, self._inside = wanted, 0

    async def __call__(self, _: Asked) -> Reply:
        self._inside += 1
        while self._inside < self._wanted:
            await asyncio.sleep(0.005)
        return Reply()


def test_hosts_are_asked_in_parallel() -> None:
    with Site(Gathering(20)) as site:
        answers = fetch(client(timeout=timedelta(seconds=20)), *(site.url(host=f"127.0.0.{n}") for n in range(1, 21)))
    assert {fetched.outcome for fetched in answers} == {Outcome.CHANGED}
    assert site.most[""] == 20


@pytest.mark.parametrize(
    ("status", "headers", "asked"),
    [
        (429, {"Retry-After": "60"}, 1),
        (503, {"Retry-After": "60"}, 1),
        (429, {}, 1),
        (503, {}, 4),
        (429, {"Retry-After": "0"}, 4),
    ],
)
def test_a_host_that_asks_for_rest_has_it_at_once(status: int, headers: dict[str, str], asked: int) -> None:
    async def busy(one: Asked) -> Reply:
        return Reply() if one.path == "/other" else Reply(status, headers)

    with Site(busy) as site:
        other = site.url("/other", host="127.0.0.2")
        answers = fetch(client(host_gap=GAP), *(site.url(f"/{n}", host="127.0.0.1") for n in range(4)), other)
    outcomes = Counter(fetched.outcome for fetched in answers)
    assert outcomes[Outcome.CHANGED] == 1
    assert outcomes[Outcome.POSTPONED] == 4 - asked
    assert len([one for one in site.asked if one.path != "/other"]) == asked
    assert {one.error for one in answers if one.outcome is Outcome.POSTPONED} <= {"the host has asked for rest"}


def test_never_more_than_in_flight() -> None:
    async def lingering(_: Asked) -> Reply:
        await asyncio.sleep(0.01)
        return Reply()

    with Site(lingering) as site:
        fetch(client(in_flight=7), *(site.url(host=f"127.0.0.{n}") for n in range(1, 41)))
    assert site.most[""] <= 7


async def lingering(_: Asked) -> Reply:
    await asyncio.sleep(0.005)
    return Reply()


def test_one_at_a_time_for_each_host_and_spaced_while_hosts_interleave() -> None:
    hosts = [f"127.0.0.{n}" for n in range(1, 5)]
    with Site(lingering) as site:
        urls = [site.url(f"/{n}", host) for host in hosts for n in range(4)]  # host after host, as a file may list them
        fetch(client(host_gap=GAP), *urls)
    for host in hosts:
        asked = [one for one in site.asked if one.host == host]
        assert site.most[host] == 1
        assert [one.path for one in asked] == ["/0", "/1", "/2", "/3"]
        assert all(later.began - earlier.ended >= GAP.total_seconds() * 0.9 for earlier, later in pairwise(asked))
    assert {one.host for one in site.asked[:4]} == set(hosts)


def test_the_gap_outlives_a_round_and_a_failure() -> None:
    with Site(always(Reply(500))) as site, client(host_gap=GAP) as fetcher:
        for _ in range(3):
            list(fetcher(requests(site.url())))
    assert all(b.began - a.ended >= GAP.total_seconds() * 0.9 for a, b in pairwise(site.asked))


def test_redirects_take_turns_too() -> None:
    """Many feeds that all redirect to one host: it sees one request at a time, spaced."""
    with Site(lingering) as shared:

        async def respond(asked: Asked) -> Reply:
            return Reply(302, {"Location": shared.url(asked.path, "127.0.0.99")})

        with Site(respond) as site:
            fetch(client(host_gap=GAP), *(site.url(f"/{n}", f"127.0.0.{n}") for n in range(1, 6)))
    assert shared.most["127.0.0.99"] == 1
    assert all(b.began - a.ended >= GAP.total_seconds() * 0.9 for a, b in pairwise(shared.asked))


def test_an_entry_for_a_domain_is_one_budget_for_all_its_hosts() -> None:
    with Site(lingering) as site:
        hosts = {"0.0.1": HostSettings(gap=GAP)}  # the "parent domain" of 127.0.0.1 and 126.0.0.1
        fetch(client(hosts, host_gap=timedelta(0)), *(site.url(f"/{n}", "127.0.0.1") for n in range(3)))
    assert all(b.began - a.ended >= GAP.total_seconds() * 0.9 for a, b in pairwise(site.asked))


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("www.reddit.com", "reddit.com"),
        ("old.reddit.com.", "reddit.com"),
        ("REDDIT.com", "reddit.com"),
        ("api.old.reddit.com", "api.old.reddit.com"),
        ("notreddit.com", "notreddit.com"),
        ("example.org", "example.org"),
    ],
)
def test_budgets(host: str, expected: str) -> None:
    hosts = {"reddit.com": HostSettings(), "api.old.reddit.com": HostSettings()}
    assert budget(host, hosts) == expected


def test_a_host_may_allow_several_at_once() -> None:
    with Site(Gathering(3)) as site:
        hosts = {"127.0.0.1": HostSettings(concurrency=3)}
        answers = fetch(client(hosts), *(site.url(f"/{n}") for n in range(3)))
    assert {fetched.outcome for fetched in answers} == {Outcome.CHANGED}
    assert site.most["127.0.0.1"] == 3


def test_slow_hosts_never_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many silent hosts as there are places, and they speak only when all the others have been served."""
    monkeypatch.setattr(traffic, "HESITATION", 0.1)
    served, silent = asyncio.Event(), {f"127.0.1.{n}" for n in range(6)}
    left = 40

    async def respond(asked: Asked) -> Reply:
        nonlocal left
        if asked.host in silent:
            await served.wait()
            return Reply()
        left -= 1
        if not left:
            served.set()
        return Reply()

    with Site(respond) as site:
        urls = [site.url(host=host) for host in sorted(silent)]
        urls += [site.url(host=f"127.0.0.{n}") for n in range(1, 41)]
        answers = fetch(client(in_flight=9, timeout=timedelta(seconds=60)), *urls)
    assert {fetched.outcome for fetched in answers} == {Outcome.CHANGED}
    assert site.most[""] <= 9


def test_known_slow_hosts_keep_to_their_lane(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traffic, "HESITATION", 0.05)
    busy: Counter[str] = Counter()
    most = 0

    async def respond(_: Asked) -> Reply:
        nonlocal most
        busy["now"] += 1
        most = max(most, busy["now"])
        await asyncio.sleep(0.15)
        busy["now"] -= 1
        return Reply()

    with Site(respond) as site, client(in_flight=6) as fetcher:
        urls = [site.url(host=f"127.0.0.{n}") for n in range(1, 7)]
        assert len(list(fetcher(requests(*urls)))) == 6
        first, most = most, 0
        assert len(list(fetcher(requests(*urls)))) == 6
    assert first > 2
    assert most <= 2  # a third of six


def test_what_the_gap_leaves_no_room_for_is_postponed() -> None:
    hosts = {"127.0.0.1": HostSettings(gap=timedelta(minutes=1))}
    with Site(always(Reply())) as site, client(hosts) as fetcher:
        urls = [site.url(f"/{n}") for n in range(5)] + [site.url(host="127.0.0.2")]
        answers = [fetched for _, fetched in fetcher(requests(*urls), deadline=20)]
        assert Counter(fetched.outcome for fetched in answers) == {Outcome.CHANGED: 2, Outcome.POSTPONED: 4}
        assert len(site.asked) == 2
        (again,) = fetcher(requests(urls[0]), deadline=20)  # the next round knows the host's gap
        assert again[1].outcome is Outcome.POSTPONED


def test_those_behind_a_slow_host_are_postponed_when_the_round_is_over() -> None:
    async def respond(asked: Asked) -> Reply:
        await asyncio.sleep(0.6)
        return Reply()

    with Site(respond) as site, client() as fetcher:
        answers = [fetched.outcome for _, fetched in fetcher(requests(*[site.url()] * 4), deadline=0.3)]
    assert Counter(answers) == {Outcome.CHANGED: 1, Outcome.POSTPONED: 3}


def test_answers_come_as_they_arrive() -> None:
    """The second host answers only once the first one's answer has been taken."""
    taken = threading.Event()

    async def respond(asked: Asked) -> Reply:
        while asked.host == "127.0.0.2" and not taken.is_set():
            await asyncio.sleep(0.005)
        return Reply()

    with Site(respond) as site, client() as fetcher:
        order = []
        for request, _ in fetcher(requests(site.url(host="127.0.0.2"), site.url())):
            order.append(request.feed.url)
            taken.set()
    assert order == [site.url(), site.url(host="127.0.0.2")]


def test_closing_the_iterator_cancels_what_is_under_way() -> None:
    async def respond(asked: Asked) -> Reply:
        if asked.path != "/quick":
            await asyncio.sleep(60)
        return Reply()

    before = threading.active_count()
    with Site(respond) as site:
        fetcher = client()
        answers = fetcher(requests(site.url("/quick"), *(site.url(host=f"127.0.0.{n}") for n in range(2, 30))))
        assert next(answers)[1].outcome is Outcome.CHANGED
        answers.close()
        assert len(list(fetcher(requests(site.url("/quick"))))) == 1  # and it goes on
        del answers, fetcher
        gc.collect()
    assert threading.active_count() == before  # nobody had to close it


def test_a_closed_client_starts_anew() -> None:
    with Site(always(Reply())) as site:
        fetcher = client()
        for _ in range(2):
            assert len(list(fetcher(requests(site.url())))) == 1
            fetcher.close()
        fetcher.close()


def test_closing_the_client_ends_a_round() -> None:
    async def respond(asked: Asked) -> Reply:
        await asyncio.sleep(60 if asked.host == "127.0.0.2" else 0)
        return Reply()

    with Site(respond) as site:
        fetcher = client()
        answers = fetcher(requests(site.url(), site.url(host="127.0.0.2")))
        next(answers)
        fetcher.close()
        assert list(answers) == []


def test_what_is_known_of_hosts_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(robots, "KEPT", 3)
    with Site(always(Reply())) as site, client() as fetcher:
        for _ in range(2):
            pages = [site.url(host=f"127.0.0.{number}") for number in range(1, 21)]
            assert len(list(fetcher.pages(pages))) == 20
            assert fetcher._robots is not None
            assert len(fetcher._robots._origins) <= 20  # all at work at once
        assert len(list(fetcher.pages([site.url()]))) == 1
        assert len(fetcher._robots._origins) == 3
        assert len(fetcher._connected().turns._turns) == 1


def test_nothing_to_ask() -> None:
    assert list(client()([])) == []


def test_a_caller_that_is_slow_to_take_holds_the_client_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "HELD", 50_000)
    body = bytes(20_000)
    with Site(always(Reply(body=body))) as site, client(in_flight=1) as fetcher:
        answers = fetcher(requests(*(site.url(f"/{n}") for n in range(20))))
        next(answers)
        site.settle()
        assert len(site.asked) <= 6  # one taken, three waiting, one on its way
        assert len(list(answers)) == 19


def test_our_own_mistakes_are_not_hidden_and_do_not_hang() -> None:
    def broken_clock() -> datetime:
        raise RuntimeError("a bug")

    settings = PollSettings(allow_networks=LOOPBACK)
    with Site(always(Reply())) as site:
        fetcher = HttpFetch(settings, {}, version="0", now=broken_clock, environ={})
        with fetcher, pytest.raises(ExceptionGroup) as raised:
            list(fetcher(requests(site.url())))
    assert raised.group_contains(RuntimeError, match="a bug")
