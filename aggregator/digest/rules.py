"""Story → is it wanted, and how much more than others? The user's include, exclude and boost. Pure.

`feeds` and `tags` look at where a story was reported: to include or boost it one report is enough; to exclude it, every
report must come from there. `words` and `languages` look at the headline and lead that would be shown; to include
or boost, at those of every report.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from aggregator.model import FeedEvent, Member, Story
from aggregator.settings import DigestSettings, RuleSettings


def wanted(story: Story, digest: DigestSettings) -> bool:
    """Whether the digest's tags and rules let this story in."""
    if digest.tags and not _tagged(digest.tags, story.tags):
        return False
    if digest.include and not any(_matches_any(rule, story.members) for rule in digest.include):
        return False
    return not any(_excludes(rule, story) for rule in digest.exclude)


def boost(story: Story, digest: DigestSettings) -> float:
    """The sum of `by` of all matching boosts."""
    return sum(rule.by for rule in digest.boost if _matches_any(rule, story.members))


def concerns(digest: DigestSettings, event: FeedEvent) -> bool:
    """Whether stories of that feed could be in the digest, whatever they say."""
    if digest.tags and not _tagged(digest.tags, event.tags):
        return False
    if digest.include and not any(_is_of(rule, event.feed, event.tags) for rule in digest.include):
        return False
    return not any(
        _is_of(rule, event.feed, event.tags) for rule in digest.exclude if not (rule.words or rule.languages)
    )


def representative(story: Story) -> Member:
    """The member that is shown for the story."""
    return next((member for member in story.members if member.entry_id == story.representative), story.members[0])


def _matches_any(rule: RuleSettings, members: Iterable[Member]) -> bool:
    return any(_comes_from(rule, member) and _reads_like(rule, member) for member in members)


def _excludes(rule: RuleSettings, story: Story) -> bool:
    return all(_comes_from(rule, member) for member in story.members) and _reads_like(rule, representative(story))


def _comes_from(rule: RuleSettings, member: Member) -> bool:
    return _is_of(rule, member.outlet, member.tags)


def _is_of(rule: RuleSettings, feed: str, tags: Iterable[str]) -> bool:
    named = not rule.feeds or feed.casefold() in {name.casefold() for name in rule.feeds}
    return named and (not rule.tags or _tagged(rule.tags, tags))


def _reads_like(rule: RuleSettings, member: Member) -> bool:
    spoken = not rule.languages or member.lang in rule.languages
    return spoken and (not rule.words or bool(_pattern(rule.words).search(f"{member.title}\n{member.excerpt}")))


def _tagged(asked: Iterable[str], given: Iterable[str]) -> bool:
    return not {tag.casefold() for tag in asked}.isdisjoint(tag.casefold() for tag in given)


@lru_cache(maxsize=256)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Words as whole words in any case; /…/ as they stand. Scripts without spaces have no whole words."""
    return re.compile("|".join(f"(?:{_expression(word)})" for word in words), re.IGNORECASE)


def _expression(word: str) -> str:
    if len(word) > 2 and word.startswith("/") and word.endswith("/"):
        return word[1:-1]
    escaped = re.escape(word)
    wide = any(unicodedata.east_asian_width(c) in "WF" for c in word)
    return escaped if wide else rf"(?<!\w){escaped}(?!\w)"
