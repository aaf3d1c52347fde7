"""A finished message → a place on this machine: a sendmail command, a Maildir, an mbox, a folder of .eml files."""

import mailbox
import os
import shlex
import subprocess
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path

from aggregator.digest import show
from aggregator.errors import RefusedError, UnavailableError

_FOR_GOOD = frozenset({64, 65, 67, 68})  # sysexits(3): usage, data, no such user, no such host


@dataclass(frozen=True, slots=True)
class CommandSend:
    """Hands mail to a program that reads it on its standard input, such as sendmail(8)."""

    command: str
    seconds: float

    def __call__(self, message: bytes, *, sender: str, recipient: str) -> str:
        words = [word.format(sender=sender, recipient=recipient) for word in shlex.split(self.command)]
        try:
            done = subprocess.run(  # noqa: S603 the user's own command; addresses were checked, no shell
                words, input=message.replace(b"\r\n", b"\n"), capture_output=True, timeout=self.seconds, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UnavailableError(f"{words[0]}: {error}") from None
        said = show.line((done.stderr or done.stdout).decode("utf-8", "replace"), 200)
        if done.returncode in _FOR_GOOD:
            raise RefusedError(f"{words[0]} ended with {done.returncode}: {said}")
        if done.returncode:
            raise UnavailableError(f"{words[0]} ended with {done.returncode}: {said}")
        return f"handed to {words[0]}"


@dataclass(frozen=True, slots=True)
class MaildirSend:
    path: Path

    def __call__(self, message: bytes, *, sender: str, recipient: str) -> str:  # noqa: ARG002 the port
        try:
            key = mailbox.Maildir(self.path, create=True).add(message)
        except (OSError, mailbox.Error) as error:
            raise UnavailableError(f"maildir {self.path}: {error}") from None
        return f"put into {self.path} as {key}"


@dataclass(frozen=True, slots=True)
class MboxSend:
    path: Path

    def __call__(self, message: bytes, *, sender: str, recipient: str) -> str:  # noqa: ARG002 the port
        try:
            box = mailbox.mbox(self.path, create=True)
            box.lock()
            try:
                box.add(message)
                box.flush()
            finally:
                box.close()
        except (OSError, mailbox.Error) as error:
            raise UnavailableError(f"mbox {self.path}: {error}") from None
        return f"appended to {self.path}"


@dataclass(frozen=True, slots=True)
class FolderSend:
    """One .eml file a mail, named after its Message-ID (digest, date, recipient): sent again, it replaces itself."""

    path: Path

    def __call__(self, message: bytes, *, sender: str, recipient: str) -> str:  # noqa: ARG002 the port
        identity = message_from_bytes(message)["Message-ID"].strip("<>").partition("@")[0]
        target = self.path / f"{identity}.eml"
        unfinished = target.with_suffix(".tmp")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                file.write(message)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(target)
        except OSError as error:
            raise UnavailableError(f"folder {self.path}: {error}") from None
        return f"written to {target}"
