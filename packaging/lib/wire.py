"""Two network namespaces and a wire between them: the world's, which this process is in, and a host's at MACHINE."""

import subprocess

from lib.world import MACHINE, NAME_SERVER, SERVERS


class Failure(Exception):
    """What the test found, for people."""


class Wire:
    """What a host hears at port 25 is not the world's port 25."""

    def __init__(self):
        run("ip", "link", "set", "lo", "up")
        self._holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sh", "-c", "echo; exec sleep infinity"],
            stdout=subprocess.PIPE,
        )
        self._holder.stdout.readline()
        run("ip", "link", "add", "world", "type", "veth", "peer", "name", "eth0", "netns", str(self._holder.pid))
        for address in [NAME_SERVER, *SERVERS.values()]:
            run("ip", "address", "add", f"{address}/24", "dev", "world")
        run("ip", "link", "set", "world", "up")
        for command in ("link set lo up", f"address add {MACHINE}/24 dev eth0", "link set eth0 up"):
            run(*self.enter(), "ip", *command.split())

    def enter(self):
        """What stands before a command of the host."""
        return ["nsenter", f"--net=/proc/{self._holder.pid}/ns/net"]

    def end(self):
        """Takes it away."""
        self._holder.kill()
        self._holder.wait()


def run(*command):
    """Runs a command of this side, which has to succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"{' '.join(command)}: {done.stderr.strip()}")
