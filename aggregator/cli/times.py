"""What people write for a moment → a moment in UTC."""

from datetime import UTC, datetime, timedelta

import click


class Since(click.ParamType[datetime]):
    """``2d``, ``12h`` (ago), ``2026-11-20`` (local midnight) or an ISO 8601 time."""

    name = "when"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        text = str(value).strip()
        units = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
        if text[-1:] in units and text[:-1].isdigit():
            return datetime.now(UTC) - timedelta(**{units[text[-1]]: int(text[:-1])})
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{text!r} is no time: write 12h, 3d, 2026-11-20 or an ISO 8601 time", param, ctx)
