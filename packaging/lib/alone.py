"""Onward with port 25 for itself, and what goes wrong beside a Postfix when somebody asks for too much."""

import re

from lib.documents import blocks
from lib.modes import SAYS_WHY, altered, arrival, before, expect, follow, mail_of_each_kind
from lib.world import RECORDS


def alone(machine):
    """GUIDE.md, on a machine whose Postfix has gone."""
    machine.boot()
    machine.run("systemctl disable --now postfix.service")
    follow_guide(machine)
    machine.run("runuser -u onward -- onward alias add full@example.org full@mailbox.example")
    for when in ("at once", "after a reboot"):
        if when == "after a reboot":
            machine.reboot()
        has_port_25(machine, when)
        mail_bounce_forgery(machine, when)
        said = machine.world.send("alice@sender.example", "full@example.org", f"to full {when}")
        expect(said[-1].startswith("552 5.2.2"), f"{when}: a full mailbox: {said}")
        machine.run("systemctl reload onward.service && onward status")


def follow_guide(machine):
    """Runs the commands of GUIDE.md, and publishes the records that come of them."""
    # The address and its name are there; all else is what `onward init` says.
    for name in ("example.org", "srs.example.org"):
        del RECORDS[name]
    headings = ("2. Install", "3. Set it up", "4. DNS", "5. Is all well?", "6. See it work")
    steps = [line for heading in headings for _, block in blocks("GUIDE.md", heading) for line in block.splitlines()]
    expect(len(steps) <= 7, f"the guide has {len(steps)} commands: {steps}")
    # The first two make the package, which is there.
    expect(steps[1] == "packaging/build", f"the guide builds otherwise: {steps}")
    for step in steps[2:]:
        machine.run(step.replace("target/package", "/root"))
        if " init " in step:
            publish(machine.read("/etc/onward/dns.zone"))


def mail_bounce_forgery(machine, when, mailbox="you@mailbox.example"):
    """A mail forwarded, its bounce returned, a forged one refused."""
    world = machine.world
    said = world.send("alice@sender.example", "hello@example.org", f"mail in {when}")
    expect(said[-1].startswith("250"), f"{when}: mail in: {said}")
    srs = arrival(machine, mailbox, f"mail in {when}").sender
    expect(re.fullmatch(r"SRS0=\S+@srs\.example\.org", srs), f"{when}: it leaves with the sender {srs}")
    said = world.send("", srs, f"bounce {when}", source="192.0.2.30")
    expect(said[-1].startswith("250"), f"{when}: bounce: {said}")
    arrival(machine, "alice@sender.example", f"bounce {when}")
    said = world.send("", altered(srs), "forged", source="192.0.2.30")
    expect(re.match(SAYS_WHY, said[0], re.DOTALL), f"{when}: a forged address: {said}")


def has_port_25(machine, when):
    """The port is Onward's, by systemd's hand."""
    programs = machine.who_has(25)
    expect("onward" in programs and "master" not in programs, f"{when}: port 25 is {programs}'s")
    machine.run("systemctl is-active onward.socket onward.service")


def publish(zone):
    """Puts the records of a zone file into DNS."""
    for name, kind, value in re.findall(r"^(\S+)\. \d+ IN (MX|TXT) (.*)$", zone, re.MULTILINE):
        text = value.removeprefix("10 ").rstrip(".") if kind == "MX" else "".join(re.findall(r'"([^"]*)"', value))
        RECORDS.setdefault(name, {})[kind] = text


def accidents(machine):
    """A socket too many is told; the package gives everything back, and keeps what cannot be made again."""
    before(machine)
    follow(machine, "Tables")
    # Whoever enables it by an old habit: Postfix is off for a moment, such as in an upgrade.
    machine.run("systemctl stop postfix onward && systemctl enable --now onward.socket onward.service")
    for command in ("onward status", "onward doctor"):
        code, said = machine.try_run(command)
        expect(code == 1 and "onward.socket" in said, f"{command} does not tell of onward.socket:\n{said}")
    log = machine.run("journalctl -b -p err -u onward.service --no-pager")
    expect("systemctl disable --now onward.socket" in log, f"the log does not tell of onward.socket:\n{log}")
    machine.run("systemctl disable --now onward.socket && systemctl restart onward && systemctl start postfix")
    machine.reboot()
    mail_of_each_kind(machine, "550 5.1.1 ", "after the accident")

    secrets = machine.run("sha256sum /etc/onward/srs.secret")
    said = machine.run("dpkg -P onward")
    expect("kept /etc/onward" in said, f"purge does not say what it keeps:\n{said}")
    expect(machine.who_has(25) == {"master"}, "Postfix has lost its port to a purge")
    machine.run("dpkg -i /root/onward_*.deb && systemctl enable --now onward.service")
    expect(machine.run("sha256sum /etc/onward/srs.secret") == secrets, "another secret after a purge")
    mail_of_each_kind(machine, "550 5.1.1 ", "after a purge")
    machine.run("echo 'onward onward/purge boolean true' | debconf-set-selections && dpkg -P onward")
    machine.run("test ! -e /etc/onward && test ! -e /var/lib/onward")
    expect(not machine.who_has(10003), "something listens still")


