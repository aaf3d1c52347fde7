"""Health and metrics for machines: names checked, nothing secret, and the dashboard asks only for what there is."""

import json
import re
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from aggregator.app import App
from aggregator.errors import UnavailableError
from aggregator.settings import FeedSettings, HttpSettings, Settings
from aggregator.web.metrics import Meter
from aggregator.web.serve import respond, serving

DOCS = Path(__file__).parents[1] / "docs"


def settings(folder: Path) -> Settings:
    made = Settings(feeds=(FeedSettings("https://user:sesame@example.org/feed?key=sesame"),), database=folder / "w.db")
    with App(made):
        pass
    return made


def well() -> str:
    return ""


def ask(path: str, host: str = "localhost:9464", *, sick: str = "", **http: object) -> tuple[int, bytes]:
    answer = respond(path, host, http=HttpSettings(port=9464, **http), page=lambda: b"m 1\n", state=lambda: sick)  # type: ignore[arg-type]
    return answer.status, answer.body


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9464", "[::1]:9464", "LOCALHOST:1", "metrics.example"])
def test_it_is_asked_by_its_own_names(host: str) -> None:
    assert ask("/healthz", host, names=("metrics.example",)) == (200, b"ok\n")


@pytest.mark.parametrize("host", ["", "evil.example", "evil.example:9464", "localhost.evil.example", "[::2]"])
def test_a_page_elsewhere_cannot_read_it_by_another_name(host: str) -> None:
    for path in ("/", "/healthz", "/readyz", "/metrics"):
        assert ask(path, host)[0] == 421


def test_the_pages() -> None:
    assert ask("/metrics?x=1") == (200, b"m 1\n")
    assert ask("/readyz") == (200, b"ready\n")
    assert ask("/etc/passwd")[0] == 404
    assert ask("/healthz", sick="stopping") == (200, b"ok\n")  # no reason to be shot
    assert ask("/readyz", sick="stopping") == (503, b"stopping\n")
    assert ask("/healthz", sick="no sign of life for 1900 s")[0] == 503


def test_over_the_wire(tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    wanted = settings(tmp_path)
    with caplog.at_level("INFO"), serving(HttpSettings(port=0), Meter().page(wanted), well):
        base = caplog.records[-1].getMessage().rpartition(" ")[2]
        with urlopen(f"{base}/metrics") as answer:
            page = answer.read().decode()
            assert "Python" not in str(answer.headers)
        with urlopen(Request(f"{base}/healthz", method="HEAD")) as answer:
            assert answer.read() == b""
        with pytest.raises(HTTPError) as refused:
            urlopen(Request(f"{base}/metrics", headers={"Host": "evil.example"}))
        refused.value.close()
        assert refused.value.code == 421
        port = int(base.rpartition(":")[2])
        with pytest.raises(UnavailableError, match="cannot listen"), serving(HttpSettings(port=port), bytes, well):
            pass
    families = {family.name: family for family in text_string_to_metric_families(page)}
    assert {sample.labels["status"]: sample.value for sample in families["aggregator_feeds"].samples}["active"] == 1
    assert "sesame" not in page
    assert capfd.readouterr().err == ""


def exposed(folder: Path) -> set[str]:
    page = Meter().page(settings(folder))().decode()
    families = list(text_string_to_metric_families(page))
    samples = {sample.name for family in families for sample in family.samples}
    labelled = {"aggregator_polls_total", "aggregator_digest_attempts_total"}  # without samples before the first event
    return samples | labelled


NAME = re.compile(r"\b(?:aggregator|process)_[a-z_]+")


def test_the_dashboard_and_the_alerts_ask_for_what_there_is(tmp_path: Path) -> None:
    known = exposed(tmp_path)
    dashboard = json.loads((DOCS / "grafana-dashboard.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    rules = YAML(typ="safe").load(DOCS / "alerts.yaml")
    asked += [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    names = {name for expression in asked for name in NAME.findall(expression)}
    assert len(names) >= 20
    assert names <= known
    assert all(rule["annotations"]["summary"] for group in rules["groups"] for rule in group["rules"])


def test_every_metric_is_described_in_the_documentation(tmp_path: Path) -> None:
    text = (DOCS / "operations.md").read_text(encoding="utf-8")
    ours = {re.sub("_(bucket|count|sum)$", "", name) for name in exposed(tmp_path) if not name.endswith("_created")}
    ours = {name for name in ours if name.startswith("aggregator_")}
    assert {name for name in ours if f"`{name}`" not in text} == set()
