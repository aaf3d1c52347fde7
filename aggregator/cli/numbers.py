"""What people write for an entry, a story, or how many → a number that a database can hold."""

import click

LARGEST = 2**63 - 1  # SQLite's own
HOW_MANY = click.IntRange(1, 1_000_000_000)


class Number(click.ParamType[int]):
    """Of an entry or a story. Whether there is one of this number, the command says."""

    name = "number"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        number: int = click.INT(value, param, ctx)
        if abs(number) > LARGEST:
            self.fail(f"{number} is larger than any entry's or story's number", param, ctx)
        return number
