"""What is installed elsewhere: units that systemd accepts, a container without the usual mistakes, documented codes."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from aggregator import errors
from aggregator.cli import cli

ROOT = Path(__file__).parents[1]
PACKAGING = ROOT / "packaging"
UNITS = sorted(PACKAGING.glob("*.service")) + sorted(PACKAGING.glob("*.timer"))


def commands(unit: Path) -> list[list[str]]:
    return [line.split()[1:] for line in unit.read_text().splitlines() if line.startswith("ExecStart=")]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for unit in UNITS:  # their program is not installed here
        text = re.sub(r"/opt/aggregator/bin/aggregator", shutil.which("true") or "/bin/true", unit.read_text())
        (tmp_path / unit.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", *[str(tmp_path / unit.name) for unit in UNITS]],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda unit: unit.name)
def test_the_units_call_commands_there_are(unit: Path) -> None:
    assert commands(unit)
    for words in commands(unit):
        with cli.make_context("aggregator", words) as context:
            name, command, rest = cli.resolve_command(context, [*context._protected_args, *context.args])
            assert command is not None
            command.make_context(name, rest, parent=context, resilient_parsing=False).close()


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda unit: unit.name)
def test_the_units_are_hardened(unit: Path) -> None:
    said = dict(line.split("=", 1) for line in unit.read_text().splitlines() if re.match(r"[A-Z]\w+=", line))
    assert said["DynamicUser"] == said["NoNewPrivileges"] == said["ProtectHome"] == "yes"
    assert said["ProtectSystem"] == "strict"
    assert said["CapabilityBoundingSet"] == ""
    assert said["MemoryMax"]


def test_the_container_runs_as_nobody_special_and_is_watched() -> None:
    lines = (PACKAGING / "Dockerfile").read_text().splitlines()
    first = [line.split()[0] for line in lines if re.match(r"[A-Z]+ ", line)]
    assert first.count("FROM") == 2
    assert all(":" in line.split()[1] for line in lines if line.startswith("FROM"))  # a version, not the latest
    assert {"USER", "HEALTHCHECK", "VOLUME", "ENTRYPOINT"} <= set(first)
    assert first.index("USER") > len(first) - 1 - first[::-1].index("COPY")
    for line in lines:
        if line.startswith("COPY ") and "--from" not in line:
            assert all((ROOT / name).exists() for name in line.split()[1:-1]), line
    compose = YAML(typ="safe").load(PACKAGING / "compose.yaml")
    service = compose["services"]["aggregator"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert (PACKAGING / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    (volume,) = service["volumes"]  # paths in it are meant beside the file; the manual has the folder made above
    assert (PACKAGING / volume.partition(":")[0]).resolve() == ROOT / "data"


@pytest.mark.skipif(not shutil.which("hadolint"), reason="no hadolint")
def test_hadolint_has_nothing_to_say() -> None:
    done = subprocess.run(["hadolint", str(PACKAGING / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_lock_for_servers_is_part_of_the_other() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([\w.-]+==[^ ;\\]+)", (ROOT / name).read_text(), flags=re.MULTILINE))

    server = pins("requirements-run.lock")
    assert server <= pins("requirements.lock")
    assert not [pin for pin in server if pin.startswith(("pytest", "mypy", "ruff", "hypothesis"))]


def test_every_exit_code_is_documented() -> None:
    codes = {kind.exit_code for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "exit_code")}
    for name in ("docs/operations.md", "README.md"):
        documented = set(map(int, re.findall(r"^\| (\d+)\b", (ROOT / name).read_text(), flags=re.MULTILINE)))
        assert codes - {70} <= documented, name  # 70 is only the base's
