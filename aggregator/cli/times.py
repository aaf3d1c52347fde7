"""What people write for a moment → a moment in UTC."""

from datetime import UTC, datetime, timedelta

import click

from aggregator.model import EARLIEST

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Since(click.ParamType[datetime]):
    """``2d``, ``12h`` (ago), ``2026-11-20`` (local midnight) or an ISO 8601 time."""

    name = "when"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        text = str(value).strip()
        try:
            return _moment(text)
        except OverflowError:
            self.fail(f"{text!r} is beyond the calendar, which here begins in the year {EARLIEST.year}", param, ctx)
        except ValueError:
            self.fail(f"{text!r} is no time: write 12h, 3d, 2026-11-20 or an ISO 8601 time", param, ctx)


def _moment(text: str) -> datetime:
    """Raises ValueError; OverflowError for what no calendar has."""
    if text[-1:] in _UNITS and text[:-1].isdecimal():
        moment = datetime.now(UTC) - timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
    else:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    if moment < EARLIEST:
        raise OverflowError
    return moment
