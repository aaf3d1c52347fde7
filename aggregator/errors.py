"""What can go wrong, as one tree. One feed's failure is data; only these stop a job.

AggregatorError                 exit  anything we foresee: one line for people, never a traceback
├── UsageError                    64  an argument that means nothing here (no such story, bad date)
├── CorruptError                  65  input or database that cannot be read (bad JSONL, damaged file)
├── UnavailableError              69  a service we need does not answer (mail server)
│   └── RefusedError              69  … and says it never will (mail refused for good)
├── DiskError                     74  the disk is full or fails
├── BusyError                     75  another process holds what we need (a second daemon)
├── ConfigError                   78  feeds.yaml is wrong, or a database newer than this program
└── DocumentError                 --  one fetched document is not a usable feed (caught per feed, recorded)

Exit codes follow BSD sysexits(3).
"""


class AggregatorError(Exception):
    """Base of all foreseen errors. ``str(error)`` is one line that names the thing and the remedy."""

    exit_code = 70


class UsageError(AggregatorError):
    exit_code = 64


class CorruptError(AggregatorError):
    exit_code = 65


class UnavailableError(AggregatorError):
    exit_code = 69


class RefusedError(UnavailableError):
    pass


class DiskError(AggregatorError):
    exit_code = 74


class BusyError(AggregatorError):
    exit_code = 75


class ConfigError(AggregatorError):
    exit_code = 78


class DocumentError(AggregatorError):
    exit_code = 65
