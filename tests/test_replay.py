"""The replay: its server shows what it should and counts what it saw; driven with kills, nothing is lost."""

import gzip
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.message import Message
from http.client import IncompleteRead
from io import BytesIO
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import feedparser
import pytest

from tests.replay import Fault, ManualClock, Replay, RunningClock, Stream, draw, mails
from tests.replay.aftermath import read
from tests.replay.driver import Drive
from tests.replay.fortnight import run
from tests.replay.invent import invented
from tests.replay.log import Log, Visit

DAY = timedelta(days=1)
EVENTS = 36


@pytest.fixture(scope="module")
def stream() -> Stream:
    return invented(events=EVENTS)


@pytest.fixture
def replay(stream: Stream) -> Iterator[Replay]:
    with Replay(stream, clock=ManualClock(stream.start + DAY), window=8) as on_air:
        yield on_air


def get(url: str, **headers: str) -> tuple[bytes, Message]:
    with urlopen(Request(url, headers={name.replace("_", "-"): text for name, text in headers.items()})) as answer:
        return answer.read(), answer.headers


def status(url: str, **headers: str) -> int:
    with pytest.raises(HTTPError) as caught:
        get(url, **headers)
    with caught.value as error:
        return error.code


def guids(body: bytes) -> list[str]:
    parsed = feedparser.parse(BytesIO(body))
    assert not parsed.bozo
    return [entry.id for entry in parsed.entries]


def test_each_feed_shows_its_newest_items_up_to_now(replay: Replay) -> None:
    for source, url in replay.urls.items():
        out = [piece for piece in replay.stream.by_source[source] if piece.collected <= replay.stream.start + DAY]
        assert 0 < len(out) < len(replay.stream.by_source[source])
        assert guids(get(url)[0]) == [piece.id for piece in reversed(out[-8:])]


def test_time_brings_new_items_and_new_validators(replay: Replay) -> None:
    url = replay.urls["Gazette 0"]
    before, old = get(url)
    assert status(url, If_None_Match=old["ETag"]) == 304
    assert status(url, If_Modified_Since=old["Last-Modified"]) == 304
    replay.clock = ManualClock(replay.stream.end)
    after, new = get(url, If_None_Match=old["ETag"])
    assert set(guids(after)) - set(guids(before))
    assert new["ETag"] != old["ETag"]
    assert guids(get(url, If_Modified_Since=old["Last-Modified"])[0]) == guids(after)


def test_what_was_served_is_remembered_and_unchanged_answers_add_nothing(replay: Replay) -> None:
    url = replay.urls["Gazette 1"]
    body, headers = get(url)
    served = {("Gazette 1", guid) for guid in guids(body)}
    assert replay.log.served == served
    assert status(url, If_None_Match=headers["ETag"]) == 304
    assert replay.log.served == served
    tally = replay.log.tally()
    assert (tally.requests, tally.not_modified, tally.busiest) == (2, 1, 1)


def test_gzip_only_for_those_who_ask(replay: Replay) -> None:
    url = replay.urls["Gazette 2"]
    packed, headers = get(url, Accept_Encoding="gzip")
    assert headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed) == get(url)[0]


def test_the_clock_can_be_set_over_http(replay: Replay) -> None:
    control = replay.urls["Gazette 0"].rpartition("/")[0]
    urlopen(Request(f"{control}/_clock", data=replay.stream.end.isoformat().encode(), method="PUT")).close()
    assert replay.clock.now == replay.stream.end
    assert get(f"{control}/_clock")[0].decode() == replay.stream.end.isoformat()
    assert b'"served": 0' in get(f"{control}/_report")[0]


def test_every_fault_does_what_it_says(stream: Stream) -> None:
    source = "Gazette 3"
    with Replay(stream, clock=ManualClock(stream.end), window=5) as replay:
        url = replay.urls[source]
        good, headers = get(url)

        def faulty(fault: Fault) -> str:
            replay.faults = {source: fault}
            return url

        assert status(faulty(Fault.ERROR)) == 500
        assert status(faulty(Fault.MISSING)) == 404
        assert status(faulty(Fault.THROTTLED)) == 429
        assert b"<!DOCTYPE html>" in get(faulty(Fault.PAGE))[0]
        assert replay.log.spoilt == set()
        assert feedparser.parse(BytesIO(get(faulty(Fault.MALFORMED))[0])).bozo
        assert len(replay.log.spoilt) == 5
        with pytest.raises(IncompleteRead):
            get(faulty(Fault.CUT))
        stubborn = get(faulty(Fault.STUBBORN))[1]["ETag"]
        assert get(url, If_None_Match=stubborn)[0] == good
        replay.slowness = 0.3
        began = time.monotonic()
        assert status(faulty(Fault.SLOW), If_None_Match=headers["ETag"]) == 304
        assert time.monotonic() - began >= 0.3


def test_requests_at_once_are_seen(stream: Stream) -> None:
    source = "Gazette 0"
    with Replay(stream, faults={source: Fault.SLOW}) as replay, ThreadPoolExecutor(3) as three:
        replay.slowness = 0.5
        list(three.map(get, [replay.urls[source]] * 3))
        assert replay.log.tally().busiest == 3


def test_a_client_that_hangs_up_is_seen_to_the_end(stream: Stream) -> None:
    source = "Gazette 0"
    with Replay(stream, faults={source: Fault.SLOW}) as replay:
        replay.slowness = 60
        with pytest.raises(TimeoutError):
            urlopen(replay.urls[source], timeout=0.2)
        while not replay.log.visits:
            time.sleep(0.01)
        assert replay.log.visits[0].status == 0


def test_the_tally_keeps_hosts_apart() -> None:
    def visit(host: str, started: float, ended: float) -> Visit:
        return Visit("feed", host, started, ended, 200, conditional=False)

    log = Log([visit("a", 0, 2), visit("b", 1, 3), visit("a", 2, 4), visit("b", 2.5, 3)])
    assert log.tally().busiest == 2
    assert log.tally().smallest_gap == 1.5
    assert Log([visit("a", 0, 2), visit("b", 1, 3)]).tally().smallest_gap is None


def test_hosts_can_be_shared(stream: Stream) -> None:
    with Replay(stream, clock=ManualClock(stream.end), hosts=2) as replay:
        assert len({url.split("/")[2] for url in replay.urls.values()}) == 2
        for source, url in replay.urls.items():
            assert guids(get(url)[0])[0] == stream.by_source[source][-1].id


def test_a_running_clock_maps_the_stream_onto_the_wall(stream: Stream) -> None:
    clock = RunningClock(stream.start, speed=100_000)
    began = clock.shown(stream.start)
    assert clock.shown(stream.start + timedelta(seconds=100_000)) - began == timedelta(seconds=1)
    assert clock.now >= stream.start


def test_a_jsonl_file_makes_the_same_stream(tmp_path: Path) -> None:
    file = tmp_path / "stream.jsonl"
    file.write_text(
        '{"id": "2", "title": "b", "text": "\\u0007", "published": null, "source": "S & Co", "url": "https://s.example/2",'
        ' "lang": "en", "collected": "2026-03-02T02:00:00.000Z"}\n'
        '{"id": "1", "title": "a < b", "text": "t", "published": "2026-03-01T01:00:00Z", "source": "S & Co",'
        ' "url": "https://s.example/1?a=1&b=2", "lang": "en", "collected": "2026-03-02T00:00:00.000Z"}\n',
        encoding="utf-8",
    )
    stream = Stream.read(file)
    with Replay(stream, clock=ManualClock(stream.end)) as replay:
        parsed = feedparser.parse(BytesIO(get(replay.urls["S & Co"])[0]))
    assert not parsed.bozo
    assert [entry.id for entry in parsed.entries] == ["2", "1"]
    assert parsed.entries[1].link == "https://s.example/1?a=1&b=2"
    assert parsed.entries[1].title == "a < b"
    assert parsed.entries[1].published_parsed[:4] == (2026, 3, 1, 1)


def test_lots_are_drawn_evenly_and_repeatably() -> None:
    sources = [f"source {number}" for number in range(80)]
    faults = draw(sources, share=0.2)
    assert len(faults) == 16
    assert sorted(faults.values()) == sorted([*Fault] * 2)
    assert faults == draw(sources, share=0.2)


# ---------------------------------------------------------------- the application, driven


def test_everything_served_is_stored_once_whatever_is_killed(stream: Stream, tmp_path: Path) -> None:
    config, database = tmp_path / "feeds.yaml", tmp_path / "replay.db"
    with Replay(stream, window=40) as replay:
        config.write_text(replay.feeds_yaml(database=database), encoding="utf-8")
        report = Drive(replay, config, step=timedelta(hours=6), kills=3).run()
        after = read(database, replay.urls)
    assert report.errors == {}
    assert report.kills == 3
    assert report.orphans == 0
    assert sorted(after.stored) == sorted(replay.log.served)
    assert len(after.stored) == len(stream.pieces)
    assert after.integrity == "ok"
    assert (after.unplaced, after.miscounted) == (0, 0)
    assert 0 < after.copy_groups <= after.copies < len(stream.pieces) / 2
    assert EVENTS / 2 < after.stories < EVENTS * 2  # how well it clusters is tested elsewhere
    assert after.shared_stories > 0
    assert replay.log.tally().busiest == 1


def test_every_morning_brings_one_mail_whatever_is_killed(tmp_path: Path) -> None:
    fortnight = run(invented(events=12, days=1.5), tmp_path, kills=3)
    assert fortnight.complaints == []
    kept = [mails.read(path.read_bytes()) for path in sorted((tmp_path / "mails").iterdir())]
    assert [mail.day.date().isoformat() for mail in kept][:2] == ["2026-03-02", "2026-03-03"]
    assert mails.complaints(tmp_path / "replay.db", kept) == []
    found = mails.days(tmp_path / "replay.db", kept)
    assert sum(day.several for day in found) == sum(day.shown for day in found) > 0  # few enough for all to be shown
    doubled = [*kept, kept[1]]
    assert len(mails.complaints(tmp_path / "replay.db", doubled)) == sum(one.kind != "update" for one in kept[1].shown)


def test_bad_hosts_spoil_nothing_for_the_others(stream: Stream, tmp_path: Path) -> None:
    config, database = tmp_path / "feeds.yaml", tmp_path / "replay.db"
    names = sorted(stream.by_source)
    faults = dict(zip(names, [Fault.ERROR, Fault.CUT, Fault.MALFORMED, Fault.STUBBORN], strict=False))
    with Replay(stream, window=40, faults=faults) as replay:
        config.write_text(replay.feeds_yaml(database=database), encoding="utf-8")
        report = Drive(replay, config, step=timedelta(hours=6)).run()
        after = read(database, replay.urls)
    # malformed is an error only while nothing in it can be read, as before its first entry; later it is read
    assert set(report.errors) == {names[0], names[1], names[2]}
    assert "nothing readable" in report.errors[names[2]]
    assert names[2] in {source for source, _ in after.stored}
    assert report.new == len(after.stored) == len(set(after.stored))
    assert replay.log.served <= set(after.stored) <= replay.log.served | replay.log.spoilt
    assert {source for source, _ in replay.log.served} == set(names[3:])
    assert after.integrity == "ok"
