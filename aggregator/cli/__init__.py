"""Words on a command line → calls of `app`. One small module a command group; heavy imports wait for their command."""

import sys
from collections.abc import Sequence

import click

from aggregator.cli.frame import Frame, LazyGroup
from aggregator.errors import AggregatorError

COMMANDS = {
    "init": "aggregator.cli.init:init",
    "poll": "aggregator.cli.poll:poll",
    "run": "aggregator.cli.run:run",
    "status": "aggregator.cli.status:status",
    "doctor": "aggregator.cli.doctor:doctor",
    "stories": "aggregator.cli.stories:stories",
    "show": "aggregator.cli.stories:show",
    "why": "aggregator.cli.why:why",
    "merge": "aggregator.cli.corrections:merge",
    "split": "aggregator.cli.corrections:split",
    "undo": "aggregator.cli.corrections:undo",
    "corrections": "aggregator.cli.corrections:corrections",
    "recluster": "aggregator.cli.recluster:recluster",
    "digest": "aggregator.cli.digest:digest",
    "mail": "aggregator.cli.digest:mail",
    "search": "aggregator.cli.search:search",
    "feeds": "aggregator.cli.feeds:feeds",
    "db": "aggregator.cli.db:db",
    "ingest": "aggregator.cli.articles:ingest",
    "export": "aggregator.cli.export:export",
    "cluster": "aggregator.cli.articles:cluster",
    "evaluate": "aggregator.cli.evaluate:evaluate",
}

EPILOG = """
\b
Examples:
  aggregator init                 write a starter feeds.yaml
  aggregator poll                 ask every feed that is due
  aggregator stories --since 1d   what happened since yesterday
  aggregator run                  keep doing it

\b
Exit codes: 0 done · 64 usage · 65 damaged data · 69 nothing answers · 74 disk full · 75 busy · 78 configuration
"""


@click.group(cls=LazyGroup, commands_at=COMMANDS, epilog=EPILOG)
@click.option("--config", metavar="FILE", help="The feeds.yaml to use; default: here, then the user's config folder.")
@click.option("--db", metavar="FILE", help="The database to use instead of the one feeds.yaml names.")
@click.version_option(package_name="aggregator")
@click.pass_context
def cli(context: click.Context, config: str | None, db: str | None) -> None:
    """Reads feeds and shows every story once."""
    context.obj = Frame(config=config, db=db)


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script. Foreseen errors are one line on stderr and a documented exit code."""
    try:
        code = cli.main(arguments, standalone_mode=False)
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.ClickException as error:
        error.show()
        code = 64
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except AggregatorError as error:
        click.echo(f"aggregator: {error}", err=True)
        code = error.exit_code
    sys.exit(code if isinstance(code, int) else 0)
