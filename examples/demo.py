"""``python -m examples.demo FOLDER [PORT]``: the newspapers, read by the real program, one command after the other.

Run it twice on one day: the second time every paper answers 304, and nothing is told twice.
"""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from examples.server import serve

NEWSPAPERS = Path(__file__).parent / "newspapers"
PORT = 8571  # always the same, so that the feeds of the second run are those of the first

_NAMES = {
    "harbour-post.xml": ("The Harbour Post", "city"),
    "calder-courier.xml": ("Calder Courier", "city"),
    "eskmere-gazette.xml": ("Eskmere Gazette", "country"),
    "valley-observer.xml": ("The Valley Observer", "country"),
    "northern-star.xml": ("Northern Star", "country"),
    "meridian.json": ("Meridian", "business"),
    "ruhmseer-bote.xml": ("Ruhmseer Bote", "german"),
    "touchline.xml": ("Touchline", "sport"),
}

_NEXT = """
What to try next:

  {command} show ID              any story of the list, with the reason for every member
  {command} stories --tag sport
  open {folder}/digest.html      the issue as it would be mailed
  make demo                      once more: every paper answers "not modified"
  aggregator init                a feeds.yaml of your own, then: aggregator poll
"""


def main(folder: Path, port: int = PORT) -> int:
    """Run the demo in `folder`; returns 0, or the exit code of the first command that failed."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "feeds.yaml"
    with serve(NEWSPAPERS, now=datetime.now(UTC), port=port) as urls:
        config.write_text(feeds_yaml(urls), "utf-8")
        print(f"{len(urls)} small newspapers are being served on loopback addresses; {config} names them.")
        try:
            _run(config, "poll", "--force")
            _run(config, "stories")
            _run(config, "show", _richest(config))
            _run(config, "digest", "--html", str(folder / "digest.html"))
        except subprocess.CalledProcessError as failure:
            return failure.returncode
    print(_NEXT.format(command=f"aggregator --config {config}", folder=folder))
    return 0


def feeds_yaml(urls: dict[str, str]) -> str:
    """The configuration a user would write for these papers."""
    lines = [
        "# Written by the demo: eight invented newspapers on this machine.",
        "database: aggregator.db",
        "poll:",
        "  allow_networks: [127.0.0.0/8]  # loopback is refused unless it is named here",
        "feeds:",
    ]
    for name, (title, tag) in _NAMES.items():
        lines += [f"  - url: {urls[name]}", f"    title: {title}", f"    tags: [{tag}]"]
    return "\n".join(lines) + "\n"


def _run(config: Path, *words: str) -> None:
    """Show a command as the user would type it, then its output."""
    print(f"\n$ aggregator --config {config} {' '.join(words)}\n", flush=True)
    subprocess.run(_command(config, *words), check=True)  # noqa: S603 – our own program


def _richest(config: Path) -> str:
    """The id of the story told by most entries."""
    words = _command(config, "stories", "--limit", "100", "--json")
    listed = subprocess.run(words, check=True, capture_output=True, text=True)  # noqa: S603 – our own program
    stories = json.loads(listed.stdout)
    return str(max(stories, key=lambda story: (story["entries"], -story["id"]))["id"])


def _command(config: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "aggregator", "--config", str(config), *words]


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(main(Path(words[0] if words else "demo"), *map(int, words[1:2])))
