"""Feeds in, every story once out."""

__version__ = "0.1.0"
