"""What all commands share: the lazy group, the global options, and opening the application."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:  # imported when a command runs: --help must be quick
    from aggregator.app import App
    from aggregator.settings import Settings


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called. ``commands_at``: name → "module:attribute"."""

    def __init__(self, *args: Any, commands_at: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self.commands_at, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.commands_at:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self.commands_at[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@dataclass
class Frame:
    """The global options of one call."""

    config: str | None
    db: str | None

    def config_path(self) -> Path:
        from aggregator import config

        return config.find(Path(self.config) if self.config else None)

    def settings(self) -> "Settings":
        from aggregator import config

        return self._with_db(config.load(self.config_path()))

    def lenient_settings(self) -> "Settings":
        """For commands that only need a database: with --db a missing feeds.yaml does not matter."""
        from aggregator.settings import Settings

        if self.db and not self.config and not Path("feeds.yaml").is_file():
            return self._with_db(Settings())
        return self.settings()

    def _with_db(self, settings: "Settings") -> "Settings":
        from dataclasses import replace

        return replace(settings, database=Path(self.db)) if self.db else settings

    def app(self) -> "App":
        """Opened for writing, with the subscriptions of feeds.yaml stored. Use as a context manager."""
        from aggregator.app import App

        return App(self.settings())

    def writer(self) -> "App":
        """Opened for writing what has nothing to do with subscriptions: they stay as they are stored.

        ConfigError if there is no database.
        """
        from aggregator.app import App

        return App(self.lenient_settings(), subscribe=False)

    @contextmanager
    def alone(self, command: str) -> "Iterator[App]":
        """`app` while no daemon runs and none can start. BusyError if one does."""
        from aggregator.app import App, utc_now
        from aggregator.daemon.lock import exclusive

        settings = self.settings()
        with exclusive(settings.database, command=command, now=utc_now()), App(settings) as app:
            yield app

    def unsynced(self) -> "App":
        """With the network but a private database: for commands that ask and store nothing."""
        from dataclasses import replace

        from aggregator.app import App

        return App(replace(self.settings(), database=Path(":memory:")))

    def reader(self) -> "App":
        """Opened read-only: works beside a daemon and changes nothing."""
        from aggregator.app import App

        return App(self.lenient_settings(), read_only=True)


pass_frame = click.make_pass_decorator(Frame)


def json_option(command: Any) -> Any:
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead.")(command)
