"""Issue → HTML, plain text and subject, small enough that no mail program clips it. Pure but for reading templates.

Our templates stand beside this file; those in the user's folder win. HTML is autoescaped; its styles are inlined, and
only the dark scheme stays a style sheet; the attached page, which a browser shows, keeps both. Size is measured as it
will travel, after transfer encoding.
"""

import base64
import quopri
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, select_autoescape

from aggregator.digest import show
from aggregator.digest.select import Issue
from aggregator.digest.view import IssueView, headline, languages, view
from aggregator.errors import ConfigError
from aggregator.settings import DigestSettings

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Composed:
    """A finished issue. `issue` may tell fewer stories in the mail itself than the one that was composed."""

    issue: Issue
    subject: str
    html: str
    text: str
    full_html: str  # the page to attach; empty if everything fits or it is not wanted
    languages: tuple[str, ...]


def compose(issue: Issue, digest: DigestSettings) -> Composed:
    """Render, dropping the lowest-ranked stories to the full page until the HTML part fits `digest.max_kb`.

    Raises ConfigError for templates or a locale that do not work.
    """
    templates = _environment(digest.templates)
    fitting = _fit(issue, lambda stories: _html(templates, issue.shortened(stories), digest), digest.max_kb * 1024)
    values = view(fitting, digest)
    return Composed(
        issue=fitting,
        subject=headline(fitting, digest),
        html=_html(templates, fitting, digest),
        text=_tidy(_render(templates, "digest.txt", values)),
        full_html=_render(templates, "full.html", values) if values.attached else "",
        languages=languages(fitting, values.words.lang),
    )


def encoded_size(html: str) -> int:
    """Bytes of a body in the shorter of the two 7-bit encodings."""
    data = html.encode()
    return min(len(quopri.encodestring(data)), len(base64.encodebytes(data)))


def _fit(issue: Issue, render: Callable[[int], str], limit: int) -> Issue:
    """The issue with the most stories that fits, by bisection."""
    fits, fails = 0, len(issue.picks) + 1
    if encoded_size(render(len(issue.picks))) <= limit:
        return issue
    while fails - fits > 1:
        middle = (fits + fails) // 2
        if encoded_size(render(middle)) <= limit:
            fits = middle
        else:
            fails = middle
    return issue.shortened(fits)


def _html(templates: Environment, issue: Issue, digest: DigestSettings) -> str:
    return _inlined(_render(templates, "digest.html", view(issue, digest)))


@lru_cache(maxsize=8)
def _environment(folder: Path | None) -> Environment:
    folders = [folder, TEMPLATES] if folder else [TEMPLATES]
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=select_autoescape(["html"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["fill"] = show.fill
    environment.filters["columns"] = show.width
    return environment


def _render(templates: Environment, name: str, issue: IssueView) -> str:
    try:
        return templates.get_template(name).render(issue=issue, _=issue.words)
    except TemplateError as error:
        place = f"{getattr(error, 'name', None) or name}:{getattr(error, 'lineno', '') or '?'}"
        raise ConfigError(f"template {place}: {error}: mend it, or remove it to use ours") from None


def _inlined(html: str) -> str:
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False, minify_css=True)
    try:
        return inliner.inline(html)
    except (ValueError, css_inline.InlineError) as error:
        raise ConfigError(f"template style: {error}: mend it, or remove it to use ours") from None


def _tidy(text: str) -> str:
    """No trailing blanks, at most one empty line in a row."""
    lines: list[str] = []
    for line in (raw.rstrip() for raw in text.strip().splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines) + "\n"
