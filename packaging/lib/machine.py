"""A Debian with systemd as PID 1 in namespaces of its own, over a tree that it leaves as it is."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from lib.wire import Failure, Wire, run
from lib.world import MACHINE, NAME_SERVER, PATIENCE, World

# The service manager is given a root, /proc, /sys and its control groups, as a container's is.
BOOT = r"""
tree=$1
mount --bind "$tree" "$tree"
mount -t proc proc "$tree/proc"
mount -t sysfs sysfs "$tree/sys"
mount -t cgroup2 cgroup2 "$tree/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$tree/run"
mount -t tmpfs tmpfs "$tree/tmp"
cd "$tree"
mkdir -p .old
pivot_root . .old
umount -l .old
rmdir .old
exec env -i container=unshare PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --log-target=journal
"""


class Machine:
    """One host at MACHINE; the process that makes it is in a network namespace of its own, the world's."""

    def __init__(self, tree, work, packages):
        self.root = Path(work) / "root"
        self._lay(tree, Path(work))
        self._control_group(Path(work))
        self._wire = Wire()
        self.world = World()
        self._pid = None
        for package in packages:
            shutil.copy(package, self.root / "root")
        self._prepare()

    def _lay(self, tree, work):
        self.root.mkdir()
        for name in ("upper", "work"):
            (work / name).mkdir()
        layers = f"lowerdir={tree},upperdir={work}/upper,workdir={work}/work"
        overlay = ["mount", "-t", "overlay", "overlay", "-o", layers, str(self.root)]
        if subprocess.run(overlay, capture_output=True, check=False).returncode:
            subprocess.run(["cp", "-a", f"{tree}/.", str(self.root)], check=True)

    def _control_group(self, work):
        groups = work / "groups"
        groups.mkdir()
        run("mount", "-t", "cgroup2", "cgroup2", str(groups))
        self._group = groups / work.name
        self._group.mkdir()

    def _prepare(self):
        """What an administrator has done before: a name, DNS, a Postfix of example.org, root's mail."""
        self.write("/etc/hostname", "mx.example.org\n")
        self.write("/etc/mailname", "example.org\n")
        self.write("/etc/hosts", f"127.0.0.1 localhost\n{MACHINE} mx.example.org mx\n")
        self.write("/etc/resolv.conf", f"nameserver {NAME_SERVER}\n")
        # A journal that a reboot leaves.
        (self.root / "var/log/journal").mkdir(exist_ok=True)
        for parameter in (
            "myhostname = mx.example.org",
            "mydestination = $myhostname, localhost",
            "virtual_alias_maps = hash:/etc/postfix/virtual",
            "inet_protocols = ipv4",
        ):
            self.offline("postconf", "-e", parameter)
        # Nobody sits at it; PostSRSd and Dovecot are for those who want them.
        self.offline("systemctl", "mask", "getty.target", "console-getty.service")
        self.offline("systemctl", "disable", "postsrsd.service", "dovecot.service")

    def offline(self, *command):
        """Runs a command in the tree while it is off."""
        run("chroot", str(self.root), *command)

    def write(self, path, text):
        """Puts a file there."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_text(text)

    def read(self, path):
        """The text of a file there."""
        return (self.root / path.lstrip("/")).read_text()

    def boot(self):
        """Turns it on; returns when all that is to start has started."""
        # A control group of its own, which is the root of those that systemd makes.
        join = ["sh", "-c", f'echo $$ >"{self._group}/cgroup.procs" && exec "$@"', "join"]
        command = [*join, "setpriv", "--pdeathsig", "KILL", *self._wire.enter()]
        command += ["unshare", "--pid", "--mount", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child"]
        command += ["--propagation", "private", "bash", "-ec", BOOT, "boot", str(self.root)]
        self._boot = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        children = Path(f"/proc/{self._boot.pid}/task/{self._boot.pid}/children")
        self._pid = self.until("PID 1", lambda: children.read_text().strip())
        self.until("systemd", lambda: self.try_run("test -S /run/systemd/private")[0] == 0)
        state = self.try_run("systemctl is-system-running --wait")[1].strip()
        if state != "running":
            failed = self.try_run("systemctl --failed --plain --no-legend; systemctl list-jobs")[1]
            raise Failure(f"the machine is {state}:\n{failed}")

    def off(self):
        """Turns it off as an administrator does."""
        self.try_run("systemctl --no-block poweroff")
        try:
            self._boot.wait(PATIENCE * 2)
        except subprocess.TimeoutExpired:
            raise Failure("it does not turn off") from None

    def reboot(self):
        """Off and on again."""
        self.off()
        self.boot()

    def end(self):
        """Stops all of it at once, and leaves nothing mounted."""
        (self._group / "cgroup.kill").write_text("1")
        self.until("end of all processes", lambda: "populated 0" in (self._group / "cgroup.events").read_text())
        self._wire.end()
        for group, _, _ in os.walk(self._group, topdown=False):
            os.rmdir(group)
        for mounted in (self._group.parent, self.root):
            subprocess.run(["umount", str(mounted)], capture_output=True, check=False)

    def try_run(self, script, user="root"):
        """Runs shell lines there: the exit code, and all that they said."""
        command = ["nsenter", "--all", "-t", self._pid, "env", "-i", "LC_ALL=C.UTF-8", "HOME=/root"]
        command += ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        command += ["runuser", "-u", user, "--"] if user != "root" else []
        command += ["sh", "-ec", script]
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        try:
            done = subprocess.run(command, cwd="/", text=True, timeout=PATIENCE * 3, check=False, **options)
        except subprocess.TimeoutExpired:
            raise Failure(f"no end of:\n{script.rstrip()}") from None
        return done.returncode, done.stdout

    def run(self, script, user="root"):
        """Runs shell lines there, which have to succeed; what they said."""
        code, said = self.try_run(script, user)
        if code:
            raise Failure(f"exit {code} of:\n{script.rstrip()}\n{said}")
        return said

    def until(self, what, holds):
        """Waits for something that nothing tells of."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if value := holds():
                return value
            time.sleep(0.02)
        raise Failure(f"not within {PATIENCE:.0f} s: {what}")

    def who_has(self, port):
        """The programs that listen on a port; Postfix's smtpd has it from its master."""
        said = self.run(f"ss -Hltnp sport = :{port}")
        return set(re.findall(r'\("([^"]+)",pid', said)) - {"smtpd"}

    def logs(self):
        """The end of what the services said."""
        lines = self.try_run("journalctl --no-pager -o short-monotonic -n 60")[1]
        units = self.try_run("systemctl status --no-pager -n 0 onward.service postfix@-.service")[1]
        return units + lines


def is_possible():
    """Whether namespaces and control groups can be had here; otherwise why not."""
    if os.geteuid() != 0:
        return "needs root"
    probe = "ip link add w type veth peer name v && mount -t cgroup2 cgroup2 /sys/fs/cgroup"
    probe = ["unshare", "--pid", "--mount", "--net", "--cgroup", "--fork", "sh", "-ec", probe]
    done = subprocess.run(probe, capture_output=True, text=True, check=False)
    return done.stderr.strip() or None
