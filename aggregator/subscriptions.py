"""Addresses people give → feeds in feeds.yaml: discovery, trial, OPML. The acts behind `aggregator feeds`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from aggregator import config
from aggregator.app import App
from aggregator.errors import CorruptError, UnavailableError, UsageError
from aggregator.model import Feed, Fetched, FetchRequest, Outcome
from aggregator.parse import discover, opml
from aggregator.refine import Job, Refined

NAMED = 10  # feeds a page names that are tried


@dataclass(frozen=True, slots=True)
class Trial:
    """One address asked and read, nothing stored."""

    feed: Feed
    fetched: Fetched
    entries: int = 0
    title: str = ""
    newest: str = ""  # title of the newest entry
    error: str = ""  # one line; empty when it is a usable feed


def find(app: App, url: str) -> list[Trial]:
    """The feeds behind an address: itself, else those its page names, else one at a common path.

    Raises UnavailableError when the address does not answer, UsageError when there is no feed.
    """
    if "://" not in url:
        url = f"https://{url}"
    (page,) = (fetched for _, fetched in app.fetch.pages([url]))
    if page.outcome is not Outcome.CHANGED:
        raise UnavailableError(f"{url}: {page.error}")
    direct = _read(app, FetchRequest(Feed(url)), page)
    if not direct.error:
        return [direct]
    links = discover.candidates(page.body, page.final_url, content_type=page.headers.get("content-type", ""))
    named = [link.url for link in links if not link.guessed][:NAMED]
    found = [trial for trial in tried(app, map(Feed, named)) if not trial.error]
    guesses = (link.url for link in links if link.guessed)
    while not found and (guess := next(guesses, None)):
        found = [trial for trial in tried(app, [Feed(guess)]) if not trial.error]
    if not found:
        raise UsageError(f"{url}: no feed there, on its page, or at the usual addresses ({direct.error})")
    return sorted(found, key=lambda trial: named.index(trial.feed.url) if trial.feed.url in named else 0)


def tried(app: App, feeds: Iterable[Feed]) -> Iterator[Trial]:
    """Ask feeds unconditionally and read what comes; yields each as it is done."""
    for request, fetched in app.fetch([FetchRequest(feed, unconditional=True) for feed in feeds]):
        yield _read(app, request, fetched)


def _read(app: App, request: FetchRequest, fetched: Fetched) -> Trial:
    if fetched.outcome is not Outcome.CHANGED:
        return Trial(request.feed, fetched, error=fetched.error)
    job = Job(request, fetched, seed=0, settings=app.settings.cluster)
    ((_, result),) = app.workers.run([job])
    if not isinstance(result, Refined):
        return Trial(request.feed, fetched, error=result.message if result else "nothing came back")
    entries = [entry for entry, _ in result.entries]
    newest = max(entries, key=lambda entry: (entry.published is not None, entry.published), default=None)
    return Trial(
        request.feed, fetched, len(entries), title=result.document.title, newest=newest.title if newest else ""
    )


def add(app: App, path: Path, url: str, *, tags: tuple[str, ...]) -> list[Feed]:
    """Find the first feed behind an address and write it into the file; empty if it stands there already."""
    best = find(app, url)[0]
    feed = Feed(best.feed.url, title=best.title, tags=tags)
    return [feed] if config.add_feeds(path, [feed]) else []


def import_opml(path: Path, file: Path) -> tuple[int, int]:
    """(feeds added, feeds in the OPML file). Raises CorruptError."""
    feeds = opml.read(file.read_bytes())
    if not feeds:
        raise CorruptError(f"{file}: no feeds in it")
    return config.add_feeds(path, feeds), len(feeds)


def export_opml(feeds: Iterable[Feed]) -> str:
    return opml.write(feeds, title="aggregator subscriptions")
