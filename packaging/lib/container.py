"""The image as a container tool runs it: its layer as a root that nobody writes to, a user without rights, volumes."""

import json
import os
import re
import shlex
import shutil
import subprocess
import tarfile
import time
from pathlib import Path

from lib.alone import mail_bounce_forgery, publish
from lib.documents import blocks
from lib.modes import expect
from lib.wire import Failure, Wire, run
from lib.world import NAME_SERVER, PATIENCE, RECORDS, World

IMAGE = Path(__file__).resolve().parents[2] / "target/package/onward-image.tar"
# What `docker run` mounts; $1 is the root, and what follows are volumes as FOLDER:PLACE. The rest is the command.
MOUNT = r"""
root=$1
shift
mount --bind "$root" "$root"
while [ "$1" != -- ]; do
    mount --bind "${1%%:*}" "$root${1#*:}"
    shift
done
shift
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero random urandom; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mount -o remount,bind,ro "$root"
exec "$@"
"""


class Container:
    """One container at MACHINE, by the command that CONTAINER.md has."""

    def __init__(self, _, work, __):
        self._work = Path(work)
        self._root = self._work / "root"
        self._config = self._unpack()
        self._volumes = {place: self._volume(place) for place in self._config["Volumes"]}
        self._wire = Wire()
        # As docker and podman set it for the network of a container, and its name servers.
        run(*self._wire.enter(), "sh", "-c", "echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start")
        (self._root / "etc/resolv.conf").write_text(f"nameserver {NAME_SERVER}\n")
        (self._root / "etc/hosts").write_text("127.0.0.1 localhost\n")
        for name in ("proc", "dev"):
            (self._root / name).mkdir()
        self.world = World()
        self._process = None
        self._log = self._work / "log"

    def _unpack(self):
        self._root.mkdir()
        with tarfile.open(IMAGE) as image:
            entry = json.load(image.extractfile("manifest.json"))[0]
            for layer in entry["Layers"]:
                with tarfile.open(fileobj=image.extractfile(layer)) as files:
                    files.extractall(self._root, numeric_owner=True)
            return json.load(image.extractfile(entry["Config"]))["config"]

    def _volume(self, place):
        """An empty volume gets what the image has there, owner and mode too."""
        volume = self._work / place.strip("/").replace("/", "-")
        run("cp", "-a", str(self._root / place.strip("/")), str(volume))
        return volume

    def _within(self, *command):
        """A command of the image, as its user, with its environment and what the document adds."""
        user, group = self._config["User"].split(":")
        return [
            *("/usr/bin/env", "-i", *self._config["Env"], *self.environment()),
            *("/usr/bin/setpriv", "--no-new-privs", "/usr/bin/unshare", f"--root={self._root}"),
            *(f"--wd={self._config['WorkingDir']}", "--setgid", group, "--setuid", user, *command),
        ]

    @staticmethod
    def environment():
        """What the document's first command says."""
        _, block = blocks("CONTAINER.md", "Run it")[0]
        words = shlex.split(block.replace("\\\n", " "), comments=True)
        return [after for word, after in zip(words, words[1:]) if word == "--env"]

    def start(self):
        """Runs it, and waits until it is healthy."""
        volumes = [f"{folder}:{place}" for place, folder in self._volumes.items()]
        command = self._within(*self._config["Entrypoint"], *self._config["Cmd"])
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self._wire.enter(), "unshare", "--pid", "--mount", "--uts", "--ipc"]
                + ["--fork", "--kill-child", "--propagation", "private", "bash", "-ec", MOUNT, "mount"]
                + [str(self._root), *volumes, "--", *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.until("health", lambda: self._process.poll() is not None or self.health() == 0)
        expect(self._process.poll() is None, "it ends by itself")

    def _first(self):
        """Its PID 1, as it is called outside."""
        return Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().strip()

    def stop(self):
        """As `docker stop` does; what it ends with."""
        os.kill(int(self._first()), 15)
        try:
            return self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failure("it does not stop") from None

    def signal(self, number):
        """Tells its PID 1 something."""
        os.kill(int(self._first()), number)

    def health(self):
        """What the image's own check says."""
        kind, *command = self._config["Healthcheck"]["Test"]
        expect(kind == "CMD", f"a check by {kind}")
        return self.execute(*command)[0]

    def execute(self, *command):
        """As `docker exec` does: the exit code, and what was said."""
        enter = ["nsenter", "--mount", "--net", "--pid", "--uts", "--ipc", "-t", self._first()]
        done = subprocess.run(
            [*enter, *self._within(*command)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.returncode, done.stdout

    def run(self, line):
        """A command that has to succeed; what it said."""
        code, said = self.execute(*shlex.split(line))
        expect(code == 0, f"exit {code} of {line}:\n{said}")
        return said

    def read(self, path):
        """A file of a volume."""
        place = next(place for place in self._volumes if path.startswith(place))
        return (self._volumes[place] / path.removeprefix(place).lstrip("/")).read_text()

    def until(self, what, holds):
        """Waits for something that nothing tells of."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if holds():
                return
            time.sleep(0.05)
        raise Failure(f"not within {PATIENCE:.0f} s: {what}")

    def logs(self):
        """What it said."""
        return self._log.read_text(errors="replace")

    def end(self):
        """Takes it away."""
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._wire.end()


def serves(container):
    """CONTAINER.md, "Run it": configured by the environment, healthy or not, stopped and started again."""
    for name in ("example.org", "srs.example.org"):
        del RECORDS[name]
    container.start()
    publish(container.read("/etc/onward/dns.zone"))
    expect("MX    10 mx.example.org." in container.logs(), "the log does not show the DNS records")
    mail_bounce_forgery(container, "at once")

    container.signal(19)
    expect(container.health() == 1, "it is healthy while it answers nobody")
    container.signal(18)
    container.until("health again", lambda: container.health() == 0)

    expect(container.stop() == 0, "it does not stop well")
    configuration = container.read("/etc/onward/onward.toml")
    container.start()
    expect(container.read("/etc/onward/onward.toml") == configuration, "it is configured anew")
    mail_bounce_forgery(container, "started again")
    # Everything else is where nobody could write.
    expect(re.search(r"^hello@example\.org ", container.run("onward alias list"), re.MULTILINE), "no alias")
    expect(container.stop() == 0, "it does not stop well the second time")
    by_docker()


def by_docker():
    """The same image by a daemon of docker, where one runs: it is loaded, and finds itself healthy."""
    if not shutil.which("docker") or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        return
    run("docker", "load", "--input", str(IMAGE))
    options = ["--read-only", "--cap-drop", "ALL", "--network", "none", "--health-interval", "1s"]
    options += [part for pair in Container.environment() for part in ("--env", pair)]
    name = f"onward-test-{os.getpid()}"
    run("docker", "run", "--detach", "--name", name, *options, "onward")
    try:
        ask = ["docker", "inspect", "--format", "{{.State.Health.Status}}", name]
        end = time.monotonic() + PATIENCE
        while (said := subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip()) != "healthy":
            expect(time.monotonic() < end, f"docker says that it is {said}")
            time.sleep(0.2)
    finally:
        run("docker", "rm", "--force", "--volumes", name)
