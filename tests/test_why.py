"""`aggregator why`: what was stored is told as it was, what is recomputed is what the rules say."""

import json
import re
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator import correcting, explaining, pipeline, refine
from aggregator.cluster import Bonds, copies, why
from aggregator.cluster.words import as_written
from aggregator.explanation import Explanation
from aggregator.model import Correction, Entry, Level, Placement, Sketch, Standing, Stored
from storage import Database, open_store
from tests.cluster_desk import Desk, entry
from tests.correcting_desk import BREAD, CABLE, FERRY, SETTINGS, file, grown
from tests.test_cli import Run, run  # noqa: F401 - a fixture

NOW = datetime.now(UTC)
SERIES = (
    (
        "Horoscope for June 23",
        "Aries: stay calm today. Taurus: money comes. Gemini: call your sister about the garden.",
    ),
    (
        "Horoscope for June 27",
        "Aries: stay calm today. Taurus: money comes. Gemini: call your sister about the garden.",
    ),
)


def write(folder: Path, reports: Iterable[tuple[str, str]], *, outlet: str = "", hours: float = 0.1) -> None:
    """articles.jsonl: a report each so many hours, each by a paper of its own unless an outlet is named."""
    (folder / "feeds.yaml").write_text("feeds: []\n")
    reports = list(reports)
    first = NOW - timedelta(hours=1 + hours * len(reports))
    lines = [
        {"id": f"{outlet}{number}", "title": title, "text": text, "source": outlet or f"Paper {number}", "lang": "en",
         "published": (first + timedelta(hours=hours * number)).isoformat()}
        for number, (title, text) in enumerate(reports, start=1)
    ]  # fmt: skip
    (folder / "articles.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.fixture
def call(tmp_path: Path, run: Run) -> Run:  # noqa: F811
    """1: ferry [1, 2, 3] · 2: cable car [4, 5, 6] · 3: bread [7, 8]"""
    write(tmp_path, FERRY + CABLE + BREAD)
    assert run("ingest", "articles.jsonl").returncode == 0
    return run


def told(call: Run, *arguments: object) -> Any:
    done = call("why", *map(str, arguments), "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def lines(call: Run, *arguments: object) -> tuple[dict[str, str], dict[str, str], str]:
    """(stored, recomputed) by label, what follows a label joined to it; and the whole text."""
    done = call("why", *map(str, arguments))
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    _, stored, now = done.stdout.split("\n\n", 3)[1:]
    found = []
    for part in (stored, now):
        labelled: dict[str, str] = {}
        label = ""
        for line in part.splitlines()[1:]:
            label = line[2:16].strip() or label
            labelled[label] = f"{labelled[label]} {line[16:]}" if label in labelled else line[16:]
        found.append(labelled)
    return found[0], found[1], done.stdout


# ---------------------------------------------------------------- the sample newspapers


def pair(database: Path, sql: str) -> tuple[int, int]:
    with sqlite3.connect(database) as db:
        a, b = db.execute(sql).fetchone()
    return a, b


def explain(database: Path, *ids: int, story: int | None = None, caution: float = 0.0) -> Explanation:
    with open_store(database, read_only=True) as store:
        return explaining.explain(store, replace(SETTINGS, caution=caution), *ids, story_id=story)


def test_a_copy_is_one_text(demo_database: Path) -> None:
    copy, original = pair(
        demo_database,
        "SELECT e.id, e.copy_of FROM entries e JOIN placements p ON p.entry_id = e.id WHERE p.level = 'copy' LIMIT 1",
    )
    found = explain(demo_database, original, copy)  # in any order
    assert found.answer.startswith(f"One text: entry {copy} is a copy of entry {original}, in story ")
    assert [one.entry_id for one in found.stored.entries] == [copy, original]
    assert found.stored.entries[0].decision.standing.placement.level is Level.COPY
    assert {one.sketch for one in found.stored.entries} == {"the same"}
    now = found.now
    assert now.pair
    assert now.pair.text
    assert now.pair.text.level is Level.COPY
    assert now.pair.text.contained > 0.8
    assert now.pair.meeting.texts_compared
    assert now.verdict
    assert (now.verdict.level, now.verdict.copy_of, now.as_stored) == (Level.COPY, original, True)
    assert now.pair.text.reason == found.stored.entries[0].decision.standing.placement.reason


def test_a_revision_is_one_text_of_one_outlet(demo_database: Path) -> None:
    later, earlier = pair(
        demo_database,
        "SELECT e.id, e.copy_of FROM entries e JOIN placements p ON p.entry_id = e.id WHERE p.level = 'revision'",
    )
    found = explain(demo_database, later)
    assert found.answer.startswith(f"One text: entry {later} is a revision of entry {earlier}, in story ")
    assert found.now.pair
    assert found.now.pair.entries == (later, earlier)


def test_two_reports_are_one_event_and_their_words_add_up(demo_database: Path) -> None:
    later, earlier = pair(
        demo_database,
        "SELECT max(e.id), min(e.id) FROM entries e JOIN placements p ON p.entry_id = e.id GROUP BY story_id"
        " HAVING count(*) = 2 AND max(p.level) = 'story' ORDER BY story_id LIMIT 1",
    )
    found = explain(demo_database, later, earlier)
    assert found.answer.startswith("One story: ")
    now = found.now
    assert now.pair
    assert now.pair.text
    assert now.pair.text.level is None
    like = now.pair.likening
    assert like.enough
    assert like.threshold == pytest.approx(like.by_length + like.by_merge + like.by_time + like.by_caution)
    assert now.pair.cosines.whole == pytest.approx(like.cosine)
    assert [word.part for word in like.words] == sorted((word.part for word in like.words), reverse=True)
    assert sum(word.part for word in like.words) == pytest.approx(like.cosine, abs=0.01)
    assert all(word.part == pytest.approx(word.weights[0] * word.weights[1]) for word in like.words)
    assert now.verdict
    assert (now.verdict.level, now.as_stored) == (Level.STORY, True)
    assert now.story
    assert now.story.likening
    assert now.story.likening.similarity == pytest.approx(like.similarity, abs=0.01)  # its other entry alone


def test_the_users_caution_is_told_and_decides(demo_database: Path) -> None:
    later, earlier = pair(demo_database, "SELECT max(id), min(id) FROM entries WHERE id IN (4, 7)")
    found = {caution: explain(demo_database, later, earlier, caution=caution).now for caution in (0.0, 0.1)}
    usual, careful = (now.pair.likening for now in found.values() if now.pair)
    assert (usual.by_caution, careful.by_caution) == (0.0, 0.1)
    assert careful.threshold == pytest.approx(usual.threshold + 0.1)
    assert careful.by_time == pytest.approx(usual.by_time)
    assert [now.as_stored for now in found.values()] == [True, True]


def test_strangers_are_two_stories(demo_database: Path) -> None:
    one, two = pair(demo_database, "SELECT max(id), min(id) FROM entries WHERE lang = 'en'")
    found = explain(demo_database, one, two)
    assert found.answer.startswith(f"Two stories: entry {one} stands in story ")
    now = found.now
    assert now.pair
    assert now.merge
    assert not now.pair.likening.enough
    assert not now.merge.enough
    assert now.verdict
    assert (now.verdict.level, now.as_stored) == (Level.NEW, True)


def test_other_languages_never_meet(demo_database: Path) -> None:
    german, english = pair(
        demo_database,
        "SELECT max(e.id), min(s.representative) FROM entries e, stories s WHERE e.lang = 'de' AND s.lang = 'en'",
    )
    found = explain(demo_database, german, english)
    assert found.now.pair
    assert not found.now.pair.likening.languages
    assert not found.now.pair.likening.enough


def test_an_entry_alone_is_told_beside_its_story_or_the_nearest(demo_database: Path) -> None:
    with sqlite3.connect(demo_database) as db:
        ids = [row[0] for row in db.execute("SELECT id FROM entries")]
        alone = {row[0] for row in db.execute("SELECT min(id) FROM entries GROUP BY story_id HAVING count(*) = 1")}
    for entry_id in ids:
        found = explain(demo_database, entry_id)
        assert found.now.as_stored, found.answer
        assert ("alone" in found.answer) is (entry_id in alone)


def test_whoever_may_only_read_may_ask(demo_database: Path, run: Run) -> None:  # noqa: F811
    demo_database.chmod(0o444)
    before = demo_database.read_bytes()
    done = run("--db", str(demo_database), "why", "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert demo_database.read_bytes() == before


def test_the_manual_shows_what_is_printed(demo_database: Path, run: Run) -> None:  # noqa: F811
    manual = (Path(__file__).parents[1] / "docs/clustering.md").read_text(encoding="utf-8")
    typed, _, shown = manual.partition("$ aggregator why ")[2].partition("```")[0].partition("\n")
    moment = re.compile(r"\w{3} \d\d \w{3} \d\d:\d\d")
    said = moment.sub("…", run("--db", str(demo_database), "why", *typed.split()).stdout)
    for line in shown.splitlines():
        assert moment.sub("…", line.removesuffix("…")) in said


def test_numbers_of_a_series_keep_their_stories_apart(demo_database: Path) -> None:
    later, earlier = pair(demo_database, "SELECT entry_id, other_id FROM relations WHERE kind = 'series'")
    found = explain(demo_database, later, earlier)
    assert found.answer.startswith("Two stories: ")
    (tie,) = found.stored.series_apart
    assert (tie.entry_id, tie.relation.entry_id) == (later, earlier)
    assert found.now.pair
    assert found.now.pair.text
    assert found.now.pair.text.veto == tie.relation.reason
    assert found.now.as_stored


# ---------------------------------------------------------------- as a user calls it


def test_what_is_stored_and_what_is_recomputed_are_told_apart(call: Run) -> None:
    stored, now, text = lines(call, 2, 1)
    assert text.startswith("One story: entries 2 and 1 both stand in story 1.\n")
    assert stored["entry 2"].startswith("story (same event, other text); score 0.")
    assert "shares " in stored["entry 2"]
    assert stored["entry 1"].startswith("new (a story of its own); score 0.00")
    assert stored["corrections"] == "none binds them"
    assert now["candidates"].startswith("as one text: ")
    assert re.search(r"yes, \d+ of 32 event bands \(\d[^()]*\) less than an hour apart", now["candidates"])
    assert "Maren 0." in now["same event"]
    assert now["decision"].startswith("into story 1 as story (same event, other text): ")
    assert now["decision"].endswith(" as stored")
    assert "sketch recipe v" in now["versions"]


def test_an_entry_beside_a_story(call: Run) -> None:
    assert told(call, 1, "--story", 2)["answer"] == "Two stories: entry 1 stands in story 1, not in story 2."
    _, now, _ = lines(call, 1, "--story", 2)
    assert now["story 2"].startswith("no: similarity 0.")
    assert "for two stories" in now["both stories"]
    assert now["decision"].endswith(" as stored")
    own = told(call, 1, "--story", 1)
    assert own["answer"] == "Entry 1 began story 1."
    assert own["now"]["story"]["entries"] == 2


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["99"], "no entry 99: `aggregator show STORY` prints"),
        (["1", "99"], "no entry 99"),
        (["1", "1"], "name another one"),
        (["1", "--story", "99"], "no story 99: `aggregator stories` lists them"),
        (["1", "2", "--story", "1"], "not both"),
    ],
    ids=" ".join,
)
def test_what_is_not_there_is_one_line(call: Run, arguments: list[str], named: str) -> None:
    done = call("why", *arguments)
    assert (done.returncode, done.stdout) == (64, "")
    assert named in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_series_is_vetoed(tmp_path: Path, run: Run) -> None:  # noqa: F811
    write(tmp_path, SERIES, outlet="Star", hours=72)
    assert run("ingest", "articles.jsonl").returncode == 0
    stored, now, text = lines(run, 1, 2)
    assert text.startswith("Two stories: ")
    assert "noted: series with entry 1, 0.81: headlines of different dates" in stored["entry 2"]
    assert now["same text"].startswith("vetoed: Jaccard ")
    assert now["veto"] == "headlines of different dates: 23 27"
    assert now["decision"].endswith(": near it are only other numbers of its series as stored")


def test_a_correction_and_what_follows_from_it(call: Run) -> None:
    call("split", "1", "3", "--reason", "another ferry")
    stored, now, text = lines(call, 1, 3)
    assert text.startswith("Two stories: entry 3 stands in story 4, entry 1 in story 1.\n")
    assert stored["corrections"].startswith("entry 3 never with 1, ")
    assert stored["corrections"].endswith(": another ferry")
    assert now["same event"].startswith("yes: ")  # but for the correction
    assert now["decision"].endswith(": a person keeps it from the only stories near it as stored")
    # 3 and 7 are one, 3 must not meet 1: nor must 7
    call("merge", "4", "3")
    chain = told(call, 8, 1)["stored"]["corrections"]
    assert [(one["a"], one["b"], one["together"]) for one in chain] == [(3, 8, True), (3, 1, False)]
    kept = told(call, 8, 2)["stored"]
    assert kept["corrections"]
    assert told(call, 7, 3)["now"]["verdict"]["level"] == "correction"


def test_stories_kept_apart_by_others_are_told(call: Run) -> None:
    call("split", "1", "2", "3")
    with open_store(Path("aggregator.db")) as store:
        store.run("DELETE FROM corrections WHERE NOT together AND (a = 3 OR b = 3)")
        store.run("DELETE FROM corrections WHERE together")
    stored, _, _ = lines(call, 3, 1)
    assert stored["corrections"] == "none binds them"
    assert stored["kept apart"].startswith("entry 2 never with 1, ")


def test_another_recipe_is_said_and_not_compared(call: Run) -> None:
    with open_store(Path("aggregator.db")) as store:
        for entry_id in (1, 2, 3):
            old = store.sketches([entry_id])[entry_id]
            store.replace_sketch(entry_id, Sketch("v0 former", (), (), old.signature, old.features))
        store.save_profile(1, "v0 former", store.profiles([1])[0].profile)
    stored, now, _ = lines(call, 4, 1)
    assert "another recipe (v0 former): not compared" in stored["entry 1"]
    assert "another recipe" not in stored["entry 4"]
    assert now["story 1"] == "kept by another recipe (v0 former): not compared"
    assert "both stories" not in now
    assert now["same event"].startswith("no: ")  # of the texts, sketched now
    assert told(call, 2)["now"]["story"]["likening"] is None


def parted(entry_id: int) -> int:
    """The entry in a story of its own, as if nothing had been alike."""
    with open_store(Path("aggregator.db")) as store:
        story_id = store.move_entries([entry_id], None, reason="for the test", at=NOW)
        correcting.reprofile(store, [1, story_id])
    return story_id


def former(*story_ids: int) -> None:
    """Another recipe keeps these stories."""
    with open_store(Path("aggregator.db")) as store:
        for profile in store.profiles(story_ids):
            store.save_profile(profile.story_id, "v0 former", profile.profile)


def test_what_is_near_is_told_whether_its_own_story_is_named_or_not(call: Run) -> None:
    alone = parted(2)
    _, plain, text = lines(call, 2)
    assert text.startswith(f"Entry 2 stands alone in story {alone}; the nearest story compared is 1.\n")
    _, now, text = lines(call, 2, "--story", alone)
    assert text.startswith(f"Entry 2 stands alone in story {alone}.\n")
    assert now["nothing"] == "it stands alone in its story"
    assert now["others near"].startswith("story 1, yes: similarity 0.")
    similarity = plain["story 1"].partition(",")[0]
    assert similarity in now["others near"]


def test_near_stories_of_another_recipe_are_named_and_not_compared(call: Run) -> None:
    alone = parted(2)
    former(1, 2, 3)
    for arguments in ([2], [2, "--story", alone]):
        _, now, text = lines(call, *arguments)
        assert text.startswith(f"Entry 2 stands alone in story {alone}.\n")
        assert now["nothing"] == "it stands alone in its story"
        assert now["others near"].startswith("story 1, kept by another recipe (v0 former): not compared: Ferry runs")
    near = told(call, 2)["now"]["nearest"][0]
    assert (near["story_id"], near["recipe"], near["likening"]) == (1, "v0 former", None)


def test_sketches_of_another_recipe_never_meet_and_that_is_said(call: Run) -> None:
    parted(2)
    assert not told(call, 2)["now"]["unmet"]
    with open_store(Path("aggregator.db")) as store:
        store.run("DELETE FROM fresh_bands")
        store.run("DELETE FROM bands")
    assert lines(call, 2)[1]["nothing"] == "it stands alone, and no other story in its window shares a bucket with it"
    with open_store(Path("aggregator.db")) as store:
        store.replace_sketch(2, Sketch("v0 former", (), ()))
        assert not told(call, 2)["now"]["unmet"]  # it is sketched anew
        store.replace_sketch(1, Sketch("v0 former", (), ()))
    assert told(call, 2)["now"]["unmet"]
    assert lines(call, 2)[1]["nothing"].endswith("sketches of another recipe in its window are not compared")


def test_a_recipe_that_decides_is_said(call: Run) -> None:
    with open_store(Path("aggregator.db")) as store:
        (sketch,) = store.sketches([1]).values()
        store.replace_sketch(1, replace(sketch, recipe="v0 former"))
        store.move_entries([3], None, reason="for the test", at=NOW)
    _, now, _ = lines(call, 2, 1)
    unread = "new (a story of its own): the story is kept by another recipe, which is not compared"
    assert now["decision"] == f"{unread} other than stored: because of the recipe"
    former(1)
    _, now, _ = lines(call, 3, "--story", 1)
    assert now["decision"] == f"{unread} as stored"


def test_a_text_that_changed_is_said(call: Run) -> None:
    with open_store(Path("aggregator.db")) as store:
        (before,) = store.stored([2])
        text = "Something else altogether about cheese and its price in the valley this winter."
        store.revise_entry(2, Entry("2", "", "", "Cheese dearer", text, lang="en"), seen=NOW)
        assert before.entry.text != text
    stored, now, _ = lines(call, 2, 1)
    assert "its text was last changed" in stored["entry 2"]
    assert "its stored sketch is of a former text" in stored["entry 2"]
    assert now["same event"].startswith("no: ")
    assert "other than stored: " in now["decision"]


def test_too_little_text_is_said(tmp_path: Path, run: Run) -> None:  # noqa: F811
    write(tmp_path, [("Hm", ""), *FERRY])
    assert run("ingest", "articles.jsonl").returncode == 0
    _, now, text = lines(run, 1)
    assert text.startswith("Entry 1 stands alone in story 1.\n")
    assert now["nothing"].startswith("it stands alone")
    _, now, _ = lines(run, 1, 2)
    assert now["same text"] == "too few words to compare"
    assert (
        "too little text to compare"
        in told(run, 1, 2)["stored"]["entries"][1]["decision"]["standing"]["placement"]["reason"]
    )


def test_all_shared_words_are_told_or_counted(tmp_path: Path, run: Run) -> None:  # noqa: F811
    words = " ".join(f"{first}{second}{third}" for first in "bdgk" for second in "aeiou" for third in "lmnr")
    write(tmp_path, [("Ferry runs aground", words), ("Rocks off Port Calder", words)])
    assert run("ingest", "articles.jsonl").returncode == 0
    shared = told(run, 2, 1)["now"]["pair"]["likening"]["words"]
    assert len(shared) > 60
    _, now, _ = lines(run, 2, 1)
    assert f"and {len(shared) - 12} that count less" in now["same event"]


def test_the_bands_that_two_entries_share_are_told(call: Run) -> None:
    met = told(call, 2, 1)["now"]["pair"]["meeting"]
    with open_store(Path("aggregator.db"), read_only=True) as store:
        sketches = refine.sketcher(store.installation_seed(), SETTINGS)
        parties = [sketches.sketch(refine.compared(one.entry)).event_buckets for one in store.stored([1, 2])]
    assert met["event"] == [band for band in range(32) if parties[0][band] == parties[1][band]]
    assert 0 < len(met["event"]) < met["event_of"] == 32
    _, itself, _ = lines(call, 2, 1)
    assert f"{len(met['event'])} of 32 event bands ({met['event'][0]}" in itself["candidates"]


# ---------------------------------------------------------------- merges, told in words


def merged(store: Database) -> None:
    """Two stories of the same event, as if nothing had been alike; mending makes them one."""
    file(store, [*FERRY, *BREAD])
    with store.transaction():
        new = store.new_story(NOW)
        first = Placement(Level.NEW, new, 0.0, "shares too little with anything recent")
        (three,) = store.standings([3])
        store.place_again([Standing(2, new, first), replace(three, story_id=new)], reason="for the test", at=NOW)
        correcting.reprofile(store, [1, new])
    latest = store.latest_seen()
    assert latest
    assert pipeline.mend(store, grown(store), now=latest, settings=SETTINGS) == 1


def test_a_merge_names_words_as_people_write_them_and_why_tells_it(tmp_path: Path) -> None:
    with open_store(tmp_path / "a.db") as store:
        merged(store)
        (redirect,) = store.redirects([1])
        assert redirect.reason.startswith("alike in ")
        assert "Ferry" in redirect.reason
        assert "passengers" in redirect.reason
        found = explaining.explain(store, SETTINGS, 2, 1)
    (one,) = found.stored.merged
    assert (one.redirect, one.entries) == (redirect, (2,))  # 3 followed 2: nothing says so


def test_words_not_found_stay_stems() -> None:
    texts = iter([("Ferries sail", "en"), ("The ferry of Pisa", "en")])
    assert as_written(["ferri", "pisa", "xyz"], texts) == ["Ferries", "Pisa", "xyz"]


# ---------------------------------------------------------------- the parts


def party(desk: Desk, number: int, one: Entry) -> why.Party:
    placement = Placement(Level.NEW, number, 0.0, "")
    stored = Stored(Standing(number, number, placement), number, NOW, one, desk.sketcher.sketch(one))
    return why.party(stored, one, desk.sketcher)


def test_buckets_are_told_by_what_they_catch() -> None:
    desk = Desk()
    title, url = "Ferry runs aground off Port Calder", "https://a.example/ferry"
    a = party(desk, 1, entry(title, FERRY[0][1], canonical_url=url))
    b = party(desk, 2, entry(title, BREAD[0][1]))
    c = party(desk, 3, entry("Bread", BREAD[0][1], canonical_url=url))
    week = timedelta(days=7)
    assert sum(map(len, a.buckets)) == len(a.sketch.event_buckets) + len(a.sketch.text_buckets) == 59
    same_headline, same_address, itself = (why.meeting(a, other, week) for other in (b, c, a))
    assert (same_headline.headline, same_headline.address) == (True, False)
    assert (same_address.headline, same_address.address, same_address.texts_compared) == (False, True, True)
    assert (itself.event, itself.text) == (tuple(range(32)), tuple(range(24)))
    assert (itself.headline, itself.address) == (True, True)
    d, e = (
        party(desk, n, entry(f"Ferry runs aground off {port}", BREAD[n - 4][1]))
        for n, port in ((4, "Elsin"), (5, "Oslo"))
    )
    same_frame = why.meeting(d, e, week)
    assert (same_frame.headline, same_frame.frame, same_frame.texts_compared) == (False, True, True)
    assert not why.meeting(a, b, timedelta(days=-1)).texts_compared


def test_one_pair_is_judged_as_among_candidates() -> None:
    desk = Desk()
    parties = [party(desk, n, entry(*report)) for n, report in enumerate([*FERRY, *SERIES, *BREAD], start=1)]
    for subject in parties:
        others = [one for one in parties if one.entry_id < subject.entry_id]
        compared = copies.subject(subject.entry, subject.sketch, feed_id=subject.entry_id, seen=NOW)
        found = {one.candidate.entry_id: one for one in copies.likenesses(compared, [o.candidate() for o in others])}
        for other in others:
            alone = copies.likeness(compared, other.candidate())
            if other.entry_id in found:
                assert alone == found[other.entry_id]
            else:
                assert (alone.level, alone.veto) == (None, "")


def test_a_chain_of_corrections_is_the_shortest() -> None:
    def word(a: int, b: int, *, together: bool) -> Correction:
        return Correction(a, b, together=together, author="ann", at=NOW)

    one, two, three = word(1, 2, together=True), word(2, 3, together=True), word(1, 3, together=True)
    never = word(4, 3, together=False)
    assert Bonds([one, two]).chain(1, 3) == [one, two]
    assert Bonds([one, two, three]).chain(1, 3) == [three]
    assert Bonds([one, two, never]).chain(1, 4) == [one, two, never]
    assert Bonds([one, two, never]).chain(4, 1) == [never, two, one]
    assert Bonds([one, never]).chain(1, 4) == []
    assert Bonds([]).chain(1, 4) == []
