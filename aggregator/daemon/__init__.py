"""What runs without anybody: the clock and the signals (clock), one at a time (lock), what the log says (journal), what
the service manager hears (notify), and how it stays small (heap).
"""
