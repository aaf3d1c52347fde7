"""The commands → docs/cli.md: ``python -m tests.cli_reference > docs/cli.md``."""

from collections.abc import Iterator

import click

from aggregator.cli import cli

HEAD = """# Commands

Written by `make cli-docs` from the commands themselves; `aggregator COMMAND --help` says the same. `--config FILE` and
`--db FILE` go before the command's name. Exit codes are listed in the [README](../README.md#exit-codes).
"""


def commands(group: click.Group, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    """Depth first, in the order of --help."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, parent=context, info_name=name, terminal_width=100, max_content_width=100)
        yield command, inner
        if isinstance(command, click.Group):
            yield from commands(command, inner)


def reference() -> str:
    top = click.Context(cli, info_name="aggregator", terminal_width=100, max_content_width=100)
    parts = [HEAD, f"```text\n{cli.get_help(top).rstrip()}\n```\n"]
    for command, context in commands(cli, top):
        parts.append(f"## {context.command_path}\n\n```text\n{command.get_help(context).rstrip()}\n```\n")
    return "\n".join("\n".join(line.rstrip() for line in part.splitlines()) + "\n" for part in parts)


if __name__ == "__main__":
    print(reference(), end="")
