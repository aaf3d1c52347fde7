"""``python -m tests.example_digest docs``: the digest of the sample newspapers, as the manual shows it.

Always of the same day, so that it changes only when the digest does.
"""

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from aggregator import config
from aggregator.app import App
from aggregator.digest.compose import Composed
from aggregator.settings import DigestSettings
from tests import demo_database

DAY = datetime(2026, 11, 21, 12, tzinfo=UTC)
DIGEST = DigestSettings(name="calder", title="The Calder Digest", locale="en_GB", to=("reader@example.org",))


def example(folder: Path) -> Composed:
    """Made in `folder`, which exists."""
    demo_database.make(folder, at=DAY)
    with App(config.load(folder / "feeds.yaml"), read_only=True, now=lambda: DAY) as app:
        return app.outbox.preview(DIGEST)


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        composed = example(Path(folder))
    (target / "example-digest.html").write_text(composed.html, encoding="utf-8")
    (target / "example-digest.txt").write_text(composed.text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
