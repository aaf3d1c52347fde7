"""``python -m tests.replay --file F --speed 200``: a stream on the air until Ctrl-C, for playing and for soak tests.

Prints a feeds.yaml to use (or writes it with --config); an hour of the stream passes in 3600/speed seconds, and the
printed polling interval shrinks alike.
"""

import argparse
import signal
import sys
from datetime import timedelta
from pathlib import Path

from tests.replay import Replay, RunningClock, Stream, draw


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.replay", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--file", type=Path, required=True, help="JSONL with id, title, text, published, source, url, lang, collected"
    )
    parser.add_argument("--speed", type=float, default=200, help="seconds of the stream per second of the wall (200)")
    parser.add_argument("--skip", type=float, default=1, help="days of the stream already out at the start (1)")
    parser.add_argument("--window", type=int, default=60, help="items a feed shows (60)")
    parser.add_argument("--faulty", type=float, default=0, help="share of hosts that misbehave, 0 to 1 (0)")
    parser.add_argument("--port", type=int, default=8600, help="the port of every host; 0 takes free ones (8600)")
    parser.add_argument("--config", type=Path, help="write feeds.yaml here instead of printing it")
    options = parser.parse_args()
    stream = Stream.read(options.file)
    clock = RunningClock(stream.start + timedelta(days=options.skip), options.speed)
    faults = draw(stream.by_source, share=options.faulty)
    with Replay(stream, clock=clock, window=options.window, faults=faults, port=options.port) as replay:
        pace = f"{max(1, round(3600 / options.speed))}s"
        text = replay.feeds_yaml(poll={"every": pace, "fastest": pace})
        if options.config:
            options.config.write_text(text, encoding="utf-8")
        else:
            print(text, flush=True)
        print(f"# {len(replay.urls)} feeds on the air, {len(faults)} faulty; Ctrl-C ends it", file=sys.stderr)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
        print(f"# {replay.log.tally()}, {len(replay.log.served)} items served", file=sys.stderr)


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})  # before any thread: sigwait takes them
    main()
