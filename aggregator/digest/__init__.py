"""Untold stories → one mail a day: select (what), compose (how it looks), message (its bytes), outbox (the act)."""
