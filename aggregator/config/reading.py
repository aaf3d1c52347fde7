"""feeds.yaml → Settings. Every complaint names file, line, key, value and remedy."""

import dataclasses
import difflib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from platformdirs import user_config_path
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent

from aggregator.errors import ConfigError
from aggregator.settings import FeedSettings, Settings

MAX_BYTES = 1024 * 1024
_ADAPTER = TypeAdapter(Settings)


def find(explicit: Path | None) -> Path:
    """The file to use: the one named, else feeds.yaml here, else the user's. Raises ConfigError if there is none."""
    if explicit:
        return explicit
    candidates = [Path("feeds.yaml"), user_config_path("aggregator") / "feeds.yaml"]
    for path in candidates:
        if path.is_file():
            return path
    raise ConfigError(f"no feeds.yaml here or in {candidates[1].parent}: write one with `aggregator init`")


def load(path: Path) -> Settings:
    """Read and check one file. Relative paths are meant beside it. Raises ConfigError."""
    text = read_text(path)
    tree = _with_feeds(path, parse(path, text))
    try:
        settings = _ADAPTER.validate_python(_plain(tree))
    except ValidationError as error:
        raise ConfigError(_explain(path, tree, error)) from None
    _reject_twins(path, tree, settings)
    placed: Settings = _beside(path.parent, settings)
    return placed


def _beside(folder: Path, section: Any) -> Any:
    """The same settings with relative paths meant from `folder`."""
    changed: dict[str, Any] = {}
    for field in dataclasses.fields(section):
        value = getattr(section, field.name)
        if isinstance(value, Path):
            changed[field.name] = folder / value
        elif dataclasses.is_dataclass(value):
            changed[field.name] = _beside(folder, value)
    return dataclasses.replace(section, **changed)


def read_text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file: write one with `aggregator init`") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}): check its permissions") from None
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path}: larger than 1 MiB: split the subscriptions into several files and databases")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(f"{path}:{line}: not UTF-8: save the file as UTF-8") from None


def parse(path: Path, text: str) -> Any:
    """The file as ruamel's tree, with places and comments. Raises ConfigError."""
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True  # for those who write the tree back
    try:
        for event in yaml.parse(text):
            if isinstance(event, AliasEvent):
                line = event.start_mark.line + 1
                raise ConfigError(f"{path}:{line}: aliases (*{event.anchor}) are not allowed: write the value out")
        return yaml.load(text)
    except MarkedYAMLError as error:
        raise ConfigError(_syntax(path, error)) from None
    except (YAMLError, ValueError) as error:
        raise ConfigError(f"{path}: not YAML ({' '.join(str(error).split())})") from None


def _with_feeds(path: Path, tree: Any) -> CommentedMap:
    if isinstance(tree, CommentedSeq):  # a bare list of feeds is a valid file
        wrapped = CommentedMap(feeds=tree)
        wrapped.lc.data = {"feeds": [tree.lc.line, tree.lc.col, tree.lc.line, tree.lc.col]}
        return wrapped
    if not isinstance(tree, CommentedMap):
        raise ConfigError(f"{path}: no `feeds:` list in it: add one, such as `feeds: [https://example.org/feed]`")
    return tree


def _syntax(path: Path, error: MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    problem = " ".join(str(error.problem or error.context or "not YAML").split())
    if problem.startswith("found duplicate key"):
        return f"{path}:{line}: {problem.split(' with value')[0]}: keep one of the two"
    return f"{path}:{line}: not YAML ({problem}): check indentation and quotes around here"


def _plain(value: Any) -> Any:
    """ruamel's containers as plain ones, so that pydantic sees dict and list."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_plain(item) for item in value]
    return value


def _explain(path: Path, tree: Any, error: ValidationError) -> str:
    """The first complaint in one line; the number of the others."""
    complaints = error.errors(include_url=False, include_context=True)
    first = complaints[0]
    keys = [part for part in first["loc"] if isinstance(part, int) or not _is_type_name(part)]
    line, known = _line(tree, keys)
    key = ".".join(str(part) for part in known)
    if first["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        said = f"unknown key `{key}`: {_neighbours(keys)}"
    else:
        said = f"`{key}`: {_remedy(first)}, not {_shown(first['input'])}"
    more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
    return f"{path}:{line}: {said}{more}"


_REMEDIES = {
    "tuple_type": "write a list here",
    "dataclass_type": "write `key: value` pairs here",
    "dict_type": "write `key: value` pairs here",
    "bool_parsing": "write true or false",
    "bool_type": "write true or false",
    "int_parsing": "write a whole number",
    "int_type": "write a whole number",
    "string_type": "write a text here (in quotes if it looks like something else)",
    "missing": "this key is needed",
}


def _remedy(complaint: ErrorDetails) -> str:
    message = complaint["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return _REMEDIES.get(complaint["type"], message[:1].lower() + message[1:])


def _is_type_name(part: str) -> bool:
    """Pydantic adds the names of union members and validators to the path; no key of ours looks like one."""
    return "[" in part or "(" in part or not part[:1].islower() or part == "str"


def _line(tree: Any, keys: Sequence[str | int]) -> tuple[int, list[str | int]]:
    """The 1-based line of the deepest of `keys` that stands in the file, and the whole path of keys."""
    line, node = 1, tree
    for key in keys:
        try:
            if isinstance(node, CommentedMap):
                line = node.lc.key(key)[0] + 1
            elif isinstance(node, CommentedSeq):
                line = node.lc.item(key)[0] + 1
            node = node[key]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
    return line, list(keys)


def _neighbours(keys: Sequence[str | int]) -> str:
    """What could have been meant."""
    section: Any = Settings
    for key in keys[:-1]:
        if key == "feeds" or isinstance(key, int):
            section = FeedSettings if key == "feeds" else section
            continue
        field = {f.name: f for f in dataclasses.fields(section)}.get(str(key)) if section else None
        section = type(field.default) if field and dataclasses.is_dataclass(field.default) else None
    names = [f.name for f in dataclasses.fields(section)] if section else []
    near = difflib.get_close_matches(str(keys[-1]), names, n=1)
    return f"did you mean `{near[0]}`?" if near else f"known here: {', '.join(names)}" if names else "remove it"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "…"


def _reject_twins(path: Path, tree: Any, settings: Settings) -> None:
    seen: dict[str, int] = {}
    for index, feed in enumerate(settings.feeds):
        if feed.url in seen:
            line, _ = _line(tree, ["feeds", index])
            first, _ = _line(tree, ["feeds", seen[feed.url]])
            raise ConfigError(f"{path}:{line}: `{feed.url}` stands on line {first} already: keep one of the two")
        seen[feed.url] = index


def secret(name: str | None, *, section: str, environ: Mapping[str, str] = os.environ) -> str | None:
    """The value of the environment variable a `…_env` key names. Raises ConfigError if it is not set."""
    if name is None:
        return None
    if name not in environ:
        raise ConfigError(f"{section}.password_env names {name}, which is not set in the environment")
    return environ[name]
