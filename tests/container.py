"""``python -m tests.container FOLDER``: the steps of packaging/Dockerfile by hand, where there is no container engine.

As root. A bare Debian with the Python of the image's line stands for its base (debootstrap, kept in FOLDER/base). The
result runs as the image would: its own user, no capabilities, a read-only root, the volume, a small /dev/shm; it reads
the sample newspapers over loopback, is asked for its health by the image's own check, and stopped.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from examples.demo import NEWSPAPERS, feeds_yaml
from examples.server import serve

ROOT = Path(__file__).parents[1]
MIRROR = "http://deb.debian.org/debian"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PATIENCE = 120.0  # seconds until it is healthy
AS_THE_IMAGE = """
set -e
root=$1 data=$2 user=$3; shift 3
mount --bind $root /mnt && mount --bind $data /mnt/data && mount -o remount,ro,bind /mnt
mount -t tmpfs tmpfs /mnt/tmp && mount -t proc proc /mnt/proc
mount --bind /dev /mnt/dev && mount -t tmpfs -o mode=1777,size=64m shm /mnt/dev/shm
exec chroot /mnt setpriv --reuid $user --regid $user --clear-groups --no-new-privs --bounding-set -all --inh-caps -all \
    env -i HOME=/data "$@"
"""


class Build:
    """The stages of the Dockerfile, as folders."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.base = folder, folder / "base"
        self.environ: dict[str, str] = {
            "PATH": "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
            "PIP_CERT": str(CERTIFICATES),
        }
        self.user, self.entry, self.command, self.health = "0", [""], [""], [""]
        self.root, self.workdir = self.base, "/"

    def follow(self, instruction: str, rest: str) -> None:
        """One instruction."""
        match instruction:
            case "FROM":
                image, _, name = rest.partition(" AS ")
                self._from(image, name or "final")
            case "WORKDIR":
                self.workdir = rest
                (self.root / rest[1:]).mkdir(parents=True, exist_ok=True)
            case "RUN":
                inside = ["env", "-i", *self._settings(), "sh", "-c", f"cd {self.workdir} && {rest}"]
                subprocess.run(["chroot", str(self.root), *inside], check=True)
            case "COPY":
                self._copy(rest.split())
            case "ENV":
                self.environ |= {
                    name: value.replace("$PATH", self.environ["PATH"])
                    for name, _, value in (word.partition("=") for word in rest.split())
                }
            case "USER":
                self.user = rest
            case "ENTRYPOINT":
                self.entry = json.loads(rest)
            case "CMD":
                self.command = json.loads(rest)
            case "HEALTHCHECK":
                self.health = json.loads(rest.partition("CMD ")[2])

    def _from(self, image: str, name: str) -> None:
        release = image.rpartition("-")[2]
        if not self.base.is_dir():
            more = "--include=python3,python3-venv,ca-certificates"
            subprocess.run(["debootstrap", "--variant=minbase", more, release, self.base, MIRROR], check=True)
            (self.base / "usr/local/bin/python").symlink_to("/usr/bin/python3")
            for file in (CERTIFICATES, Path("/etc/resolv.conf"), Path("/etc/hosts")):
                shutil.copy(file, self.base / file.relative_to("/"))
        self.root, self.workdir = self.folder / name, "/"
        subprocess.run(["rm", "-rf", self.root], check=True)
        subprocess.run(["cp", "-a", self.base, self.root], check=True)

    def _copy(self, words: list[str]) -> None:
        source = ROOT
        if words[0].startswith("--from="):
            source = self.folder / words.pop(0).removeprefix("--from=")
        *names, target = words
        to = self.root / str(Path(self.workdir) / target).lstrip("/")
        for name in names:
            file = source / name.lstrip("/")
            if file.is_dir():
                left_out = shutil.ignore_patterns("__pycache__")
                shutil.copytree(file, to, symlinks=True, dirs_exist_ok=True, ignore=left_out)
            else:
                shutil.copy(file, to)

    def _settings(self) -> list[str]:
        return [f"{name}={value}" for name, value in self.environ.items()]

    def run(self, data: Path, *words: str, quiet: bool = False) -> "subprocess.Popen[bytes]":
        line = [AS_THE_IMAGE, "image", str(self.root), str(data), self.user, *self._settings()]
        inside = ["sh", "-c", f"cd {self.workdir} && exec {shlex.join(words)}"]
        apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
        errors = subprocess.DEVNULL if quiet else None
        return subprocess.Popen([*apart, "sh", "-c", *line, *inside], stderr=errors)


def instructions(text: str) -> Iterator[tuple[str, str]]:
    joined = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\\\n", " ")
    for line in filter(None, map(str.strip, joined.splitlines())):
        word, _, rest = line.partition(" ")
        yield word, rest.strip()


def main(folder: Path) -> int:
    build = Build(folder)
    for word, rest in instructions((ROOT / "packaging/Dockerfile").read_text(encoding="utf-8")):
        print(f"$ {word} {rest}", flush=True)
        build.follow(word, rest)
    data = folder / "volume"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir()
    with serve(NEWSPAPERS, now=datetime.now(UTC)) as urls:
        (data / "feeds.yaml").write_text(feeds_yaml(urls), encoding="utf-8")
        for path in (data, data / "feeds.yaml"):
            os.chown(path, int(build.user), int(build.user))
        return look(build, data)


def look(build: Build, data: Path) -> int:
    """Healthy while it runs, not after; stopped by TERM with 0."""

    def code(*words: str, quiet: bool = False) -> int:
        print(f"$ {shlex.join(words)}", flush=True)
        return build.run(data, *words, quiet=quiet).wait()

    codes = {"doctor": code(*build.entry, "doctor")}
    daemon, ends = build.run(data, *build.entry, *build.command), time.monotonic() + PATIENCE
    while (sick := code(*build.health, quiet=True)) and time.monotonic() < ends:
        time.sleep(5)
    codes["healthy"] = sick
    codes["polled"] = code(*build.entry, "poll")
    codes["status"] = code(*build.entry, "status")
    codes["foreign"] = code("touch", "/here")
    inside = subprocess.run(["pgrep", "-P", str(daemon.pid)], capture_output=True, text=True, check=True).stdout.split()
    os.kill(int(inside[0]), 15)
    codes["stopped"] = daemon.wait(60)
    codes["healthy after the stop"] = code(*build.health, quiet=True)
    print(codes)
    wanted = {"doctor": 0, "healthy": 0, "polled": 0, "status": 0, "stopped": 0}
    return int(any(codes[name] != number for name, number in wanted.items()) or not codes["foreign"])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).absolute()))
