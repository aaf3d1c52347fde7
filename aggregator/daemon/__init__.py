"""What runs without anybody: the clock and the signals (clock), one at a time (lock), what the log says (journal), and
what the service manager hears (notify).
"""
