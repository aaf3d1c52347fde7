"""docs/configuration.md names exactly the keys there are, and its example is valid."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from aggregator import config, settings

DOCS = (Path(__file__).parents[1] / "docs/configuration.md").read_text(encoding="utf-8")
SECTIONS: dict[str, Any] = {
    "Top level": settings.Settings,
    "feeds": settings.FeedSettings,
    "poll": settings.PollSettings,
    "hosts": settings.HostSettings,
    "cluster": settings.ClusterSettings,
    "digest": settings.DigestSettings,
    "Rules": settings.RuleSettings,
    "smtp": settings.SmtpSettings,
    "keep": settings.KeepSettings,
    "http": settings.HttpSettings,
}


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_is_documented_and_no_other(section: str) -> None:
    body = re.split(r"^#{2,3} ", DOCS, flags=re.MULTILINE)
    (text,) = [part for part in body if part.startswith(f"{section}\n")]
    documented = re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE)
    assert documented == [field.name for field in dataclasses.fields(SECTIONS[section])]


def test_the_example_is_valid(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", DOCS, flags=re.DOTALL)
    path = tmp_path / "feeds.yaml"
    path.write_text(example, encoding="utf-8")
    assert config.load(path).digest.timezone == "Europe/Berlin"
