"""The house rules, executable: who may import whom, one library one room, no monsters. Proved by planted violations."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("aggregator", "storage")
STAGES = ("fetch", "parse", "text", "cluster", "digest")
GROUND = {"aggregator.model", "aggregator.errors", "aggregator.settings"}

# module or package → what of ours it may import; the most specific rule holds; itself is always allowed
FLOORS: dict[str, set[str]] = {
    "aggregator.model": set(),
    "aggregator.errors": set(),
    "aggregator.settings": {"aggregator.model"},
    "aggregator.ports": GROUND,
    "aggregator.config": GROUND,
    "aggregator.evaluate": GROUND,
    **{f"aggregator.{stage}": GROUND for stage in STAGES},
    # the outbox is the one stage that acts on ports: it sends
    "aggregator.digest": GROUND | {"aggregator.ports"},
    "aggregator.pipeline": GROUND | {f"aggregator.{room}" for room in (*STAGES, "ports", "refine", "fulltext")},
    "aggregator.filing": GROUND
    | {f"aggregator.{name}" for name in ("cluster", "parse", "pipeline", "ports", "refine", "text")},
    "aggregator.correcting": GROUND | {"aggregator.cluster", "aggregator.ports"},
    "aggregator.rehearsal": GROUND | {"aggregator.cluster"},
    "aggregator.explanation": GROUND | {"aggregator.cluster"},
    "aggregator.explaining": GROUND
    | {f"aggregator.{name}" for name in ("cluster", "explanation", "pipeline", "ports", "refine")},
    "aggregator.reclustering": GROUND
    | {
        f"aggregator.{name}"
        for name in ("cluster", "correcting", "evaluate", "filing", "pipeline", "ports", "refine", "rehearsal")
    },
    "aggregator.refine": GROUND | {f"aggregator.{stage}" for stage in ("parse", "text", "cluster")},
    "aggregator.fulltext": GROUND | {f"aggregator.{room}" for room in ("ports", "parse", "refine")},
    "storage": {"aggregator.model", "aggregator.errors"},
    "aggregator.app": GROUND
    | {
        f"aggregator.{name}"
        for name in (*STAGES, "ports", "config", "filing", "pipeline", "reclustering", "refine", "retention")
    }
    | {"aggregator", "storage"},
    "aggregator.offline": GROUND | {f"aggregator.{name}" for name in ("app", "filing", "parse", "evaluate")},
    "aggregator.subscriptions": GROUND | {f"aggregator.{name}" for name in ("app", "config", "refine", "parse")},
    "aggregator.moves": GROUND | {f"aggregator.{name}" for name in ("config", "fetch", "pipeline")},
    "aggregator.retention": GROUND,
    "aggregator.export": GROUND,
    "aggregator.warmed": GROUND | {"aggregator.refine"},
    "aggregator.tally": {"aggregator.pipeline"},
    "aggregator.daemon": GROUND
    | {f"aggregator.{name}" for name in ("app", "moves", "pipeline", "status", "tally", "web")},
    "aggregator.daemon.lock": GROUND,
    "aggregator.status": GROUND | {"aggregator.app", "aggregator.daemon.lock", "aggregator.digest"},
    "aggregator.doctor": GROUND
    | {f"aggregator.{name}" for name in ("app", "daemon.lock", "digest", "parse", "status")},
    "aggregator.web": GROUND | {f"aggregator.{name}" for name in ("app", "pipeline", "status")} | {"aggregator"},
    "aggregator.cli": {"aggregator"},
    "aggregator.__main__": {"aggregator.cli"},
    "aggregator": set(),
}

# third-party library → the rooms it may be imported in
ROOMS: dict[str, set[str]] = {
    "aiohttp": {"aggregator.fetch"},
    "yarl": {"aggregator.fetch"},
    "uvloop": {"aggregator.fetch"},
    "asyncio": {"aggregator.fetch"},
    "ssl": {"aggregator.fetch", "aggregator.digest"},
    "brotli": {"aggregator.fetch"},
    "backports": {"aggregator.fetch"},
    "compression": {"aggregator.fetch"},
    "protego": {"aggregator.fetch"},
    "feedparser": {"aggregator.parse"},
    "pebble": {"aggregator.parse"},
    "listparser": {"aggregator.parse"},
    "multiprocessing": {"aggregator.parse"},
    "nh3": {"aggregator.text"},
    "trafilatura": {"aggregator.text"},
    "courlan": {"aggregator.text"},
    "tldextract": {"aggregator.text"},
    "py3langid": {"aggregator.text"},
    "datasketch": {"aggregator.cluster"},
    "wordfreq": {"aggregator.cluster"},
    "Stemmer": {"aggregator.cluster"},
    "numpy": {"aggregator.cluster"},
    "sqlite_utils": {"storage"},
    "sqlite3": {"storage"},
    "jinja2": {"aggregator.digest"},
    "css_inline": {"aggregator.digest"},
    "babel": {"aggregator.digest"},
    "smtplib": {"aggregator.digest"},
    "ruamel": {"aggregator.config"},
    "platformdirs": {"aggregator.config"},
    "pydantic": {"aggregator.config", "aggregator.settings"},
    "pydantic_core": {"aggregator.config", "aggregator.settings"},
    "pyarrow": {"aggregator.export"},
    "click": {"aggregator.cli"},
    "rich": {"aggregator.cli"},
    "apscheduler": {"aggregator.daemon"},
    "filelock": {"aggregator.daemon"},
    "prometheus_client": {"aggregator.web"},
    "msgpack": {"aggregator.cluster"},
    "xxhash": {"aggregator.cluster", "aggregator.text", "aggregator.parse", "aggregator.fetch"},
}

LONGEST_FILE = 330
LONGEST_FUNCTION = 50
VAGUE = {"utils", "helpers", "manager", "common", "misc", "util", "helper"}


def modules(root: Path) -> Iterator[tuple[str, Path]]:
    for package in OURS:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(module: str, tree: ast.AST, is_package: bool) -> Iterator[tuple[str, int]]:
    """Every imported dotted name with its line, wherever it stands, relative ones resolved."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = module.split(".") if is_package else module.split(".")[:-1]
                parts = parts[: len(parts) - node.level + 1]
                base = ".".join([*parts, base] if base else parts)
            for alias in node.names:
                yield f"{base}.{alias.name}", node.lineno


def within(name: str, room: str) -> bool:
    return name == room or name.startswith(room + ".")


def rule_for(module: str) -> tuple[str, set[str]]:
    room = max((room for room in FLOORS if within(module, room)), key=len)
    return room, FLOORS[room]


def floor_violations(root: Path) -> list[str]:
    found = []
    for module, path in modules(root):
        room, allowed = rule_for(module)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for name, line in imports(module, tree, path.name == "__init__.py"):
            if name.split(".")[0] not in OURS:
                continue
            if name != "aggregator.__version__" and not any(within(name, floor) for floor in {room, *allowed}):
                found.append(f"{path.relative_to(root)}:{line}: {module} may not import {name}")
    return found


def room_violations(root: Path) -> list[str]:
    found = []
    for module, path in modules(root):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for name, line in imports(module, tree, path.name == "__init__.py"):
            library = name.split(".")[0]
            if library in OURS or (library in sys.stdlib_module_names and library not in ROOMS):
                continue
            rooms = ROOMS.get(library)
            if rooms is None:
                found.append(f"{path.relative_to(root)}:{line}: {library} has no room in tests/test_house.py")
            elif not any(within(module, room) for room in rooms):
                found.append(f"{path.relative_to(root)}:{line}: {library} belongs in {', '.join(sorted(rooms))}")
    return found


def clock_violations(root: Path) -> list[str]:
    """`datetime.now` and `time.time` stand where the world is touched; everywhere else time is an argument."""
    allowed = ("aggregator.app", "aggregator.cli.times")
    found = []
    for module, path in modules(root):
        if any(within(module, room) for room in allowed):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Attribute)
                and node.attr in ("now", "utcnow", "today", "time")
                and isinstance(node.value, ast.Name)
                and node.value.id in ("datetime", "date", "time")
            ):
                found.append(f"{path.relative_to(root)}:{node.lineno}: take the time as an argument")
    return found


def monsters(root: Path) -> list[str]:
    found = []
    for module, path in modules(root):
        source = path.read_text(encoding="utf-8")
        if source.count("\n") > LONGEST_FILE:
            found.append(f"{path.relative_to(root)}: {source.count(chr(10))} lines")
        if VAGUE & set(module.split(".")):
            found.append(f"{path.relative_to(root)}: a name that says nothing")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    found.append(f"{path.relative_to(root)}:{node.lineno}: {node.name} has {length} lines")
    return found


RULES = {"floors": floor_violations, "rooms": room_violations, "clock": clock_violations, "monsters": monsters}


@pytest.mark.parametrize("rule", RULES)
def test_the_house_stands(rule: str) -> None:
    assert RULES[rule](ROOT) == []


PLANTED = [
    ("floors", "aggregator/text/x.py", "from aggregator.parse import feed\n"),
    ("floors", "aggregator/text/x.py", "from ..parse import feed\n"),
    ("floors", "aggregator/model.py", "import aggregator.errors\n"),
    ("floors", "aggregator/pipeline.py", "from storage import open_store\n"),
    ("floors", "aggregator/cluster/x.py", "def f():\n    import storage\n"),
    ("floors", "storage/x.py", "from aggregator.cluster import place\n"),
    ("floors", "aggregator/fetch/x.py", "from aggregator import ports\n"),
    ("rooms", "aggregator/text/x.py", "import feedparser\n"),
    ("rooms", "aggregator/pipeline.py", "from datasketch import MinHash\n"),
    ("rooms", "aggregator/cluster/x.py", "import left_pad\n"),
    ("rooms", "aggregator/app.py", "import asyncio\n"),
    ("clock", "aggregator/cluster/x.py", "from datetime import datetime\nx = datetime.now()\n"),
    ("clock", "storage/x.py", "import time\nx = time.time()\n"),
    ("monsters", "aggregator/x.py", "x = 1\n" * (LONGEST_FILE + 1)),
    ("monsters", "aggregator/x.py", "def f():\n" + "    x = 1\n" * LONGEST_FUNCTION),
    ("monsters", "aggregator/text/helpers.py", "x = 1\n"),
]


@pytest.mark.parametrize(("rule", "path", "source"), PLANTED)
def test_a_planted_violation_is_caught(rule: str, path: str, source: str, tmp_path: Path) -> None:
    target = tmp_path / path
    target.parent.mkdir(parents=True)
    target.write_text(source)
    assert len(RULES[rule](tmp_path)) == 1


def test_what_is_allowed_is_not_caught(tmp_path: Path) -> None:
    target = tmp_path / "aggregator/text/x.py"
    target.parent.mkdir(parents=True)
    target.write_text("import re\nimport nh3\nfrom aggregator.model import Entry\nfrom aggregator.text import y\n")
    assert [found for rule in RULES.values() for found in rule(tmp_path)] == []
