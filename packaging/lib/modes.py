"""Each way to have Onward beside Postfix, or alone, as the documents' commands set it up."""

import re

from lib.documents import blocks, commands, contrib, parameters
from lib.machine import Failure

# Postfix's aliases, as its own manual shows them.
VIRTUAL = """\
example.org         a domain of aliases
hello@example.org   bob@mailbox.example
full@example.org    full@mailbox.example
late@example.org    late@mailbox.example
"""
USER_UNKNOWN = r"550 5\.1\.1 "
SAYS_WHY = r"550 5\.7\.1 .*SRS"


def before(machine):
    """A Postfix that forwards a few addresses, and the package beside it."""
    machine.write("/etc/postfix/virtual", VIRTUAL)
    machine.offline("postmap", "/etc/postfix/virtual")
    machine.boot()
    machine.run("dpkg -i /root/onward_*.deb")
    forwarded = machine.world.send("alice@sender.example", "hello@example.org", "before onward")
    expect(forwarded[-1].startswith("250"), f"Postfix alone: {forwarded}")
    message = arrival(machine, "bob@mailbox.example", "before onward")
    expect(message.sender == "alice@sender.example", f"Postfix alone sends from {message.sender}")


def socketmap(machine):
    """POSTFIX.md, "Tables"."""
    before(machine)
    machine.write("/etc/onward/onward.toml", contrib("socketmap/onward.toml"))
    follow(machine, "Tables", "systemctl enable --now onward.service")
    forwards(machine, USER_UNKNOWN)


def tcp_table(machine):
    """The tables of PostSRSd 1's kind, by contrib's files."""
    before(machine)
    machine.write("/etc/onward/onward.toml", contrib("tcp-table/onward.toml"))
    machine.run("onward check && systemctl enable --now onward.service")
    configure(machine, "tcp-table/main.cf")
    forwards(machine, USER_UNKNOWN)


def unix_socket(machine):
    """POSTFIX.md, "A unix socket, and the chroot": the guide's directory, as seen from Postfix's chroot."""
    before(machine)
    listen = blocks("POSTFIX.md", "A unix socket, and the chroot", "toml")[0]
    whole = contrib("socketmap/onward.toml")
    machine.write("/etc/onward/onward.toml", re.sub(r"\[\[listen\]\]\n(?:.+\n)+", listen, whole, count=1))
    for block in commands("POSTFIX.md", "A unix socket, and the chroot"):
        machine.run(block)
    machine.run("onward check && systemctl enable --now onward.service")
    configure(machine, "socketmap/main.cf", lambda line: line.replace("inet:127.0.0.1:10003", "unix:onward/srs"))
    forwards(machine, USER_UNKNOWN)


def policy(machine):
    """POSTFIX.md, "Tables" and "Refusals"."""
    before(machine)
    machine.write("/etc/onward/onward.toml", contrib("policy/onward.toml"))
    follow(machine, "Tables", "systemctl enable --now onward.service")
    follow(machine, "Refusals", "postfix reload")
    forwards(machine, SAYS_WHY)


def milter(machine):
    """POSTFIX.md, "Milter", when its log has pleased."""
    before(machine)
    text = contrib("milter/onward.toml")
    machine.write("/etc/onward/onward.toml", re.sub(r"^shadow = true\n", "", text, flags=re.MULTILINE))
    machine.run("onward check && systemctl enable --now onward.service")
    follow(machine, "Milter", "postfix reload")
    forwards(machine, SAYS_WHY)


def handed_over(machine):
    """POSTFIX.md, "Domains handed over", with the aliases that Postfix had."""
    before(machine)
    machine.write("/etc/onward/onward.toml", contrib("transport/onward.toml"))
    machine.run("systemctl enable --now onward.service")
    machine.run("runuser -u onward -- onward alias import --from postfix-virtual /etc/postfix/virtual --add-domains")
    follow(machine, "Domains handed over", "postfix reload")
    forwards(machine, SAYS_WHY)


def forwards(machine, forged):
    """What every mode does, before a reboot and after."""
    for when in ("at once", "after a reboot"):
        if when == "after a reboot":
            machine.reboot()
        try:
            beside_postfix(machine)
            mail_of_each_kind(machine, forged, when)
            looks_well(machine)
        except Failure as failure:
            raise Failure(f"{when}: {failure}") from None


def beside_postfix(machine):
    """Postfix has port 25, and Onward's own port 25 is off."""
    programs = machine.who_has(25)
    expect(programs == {"master"}, f"port 25 is {programs}'s")
    expect(machine.try_run("systemctl is-active onward.socket")[1].strip() == "inactive", "onward.socket is on")
    machine.run("systemctl is-active onward.service postfix@-.service")


def mail_of_each_kind(machine, forged, when):
    """Mail in, a bounce from outside back, bounces that Postfix makes back, a forged one refused."""
    world = machine.world
    said = world.send("alice@sender.example", "hello@example.org", f"mail in {when}")
    expect(said[-1].startswith("250"), f"mail in: {said}")
    message = arrival(machine, "bob@mailbox.example", f"mail in {when}")
    srs = message.sender
    expect(re.fullmatch(r"SRS0=\S+@srs\.example\.org", srs), f"it leaves with the sender {srs}")

    said = world.send("", srs, f"bounce from outside {when}", source="192.0.2.30")
    expect(said[-1].startswith("250"), f"bounce from outside: {said}")
    arrival(machine, "alice@sender.example", f"bounce from outside {when}")

    for alias in ("full@example.org", "late@example.org"):
        said = world.send("alice@sender.example", alias, f"to {alias} {when}")
        expect(said[-1].startswith("250"), f"to {alias}: {said}")
        bounce = arrival(machine, "alice@sender.example", f"to {alias} {when}")
        expect(bounce.sender == "", f"the bounce comes from {bounce.sender}")
        expect("552" in bounce.text or "5.2.2" in bounce.text, f"the bounce does not say why:\n{bounce.text}")

    altered = srs.replace("SRS0=", "SRS0=" + ("B" if srs[5] == "A" else "A"), 1)
    said = world.send("", altered, f"forged {when}", source="192.0.2.30")
    expect(re.match(forged, said[0], re.DOTALL), f"a forged address: {said}")


def looks_well(machine):
    """What an administrator asks afterwards."""
    machine.run("systemctl reload onward.service && onward status")
    machine.run("onward status", user="onward")
    code, said = machine.try_run("onward doctor --postfix")
    expect(code == 0, f"doctor --postfix:\n{said}")
    queue = machine.run("postqueue -p")
    expect("empty" in queue, f"Postfix keeps:\n{queue}")


def follow(machine, heading, and_then):
    """Runs the shell blocks under a heading of POSTFIX.md, in their order, and what the text says beside them."""
    machine.run("onward check")
    if "onward.service" in and_then:
        machine.run(and_then)
    for block in commands("POSTFIX.md", heading):
        machine.run(block)
    machine.run("postfix reload")


def configure(machine, main, change=lambda line: line):
    """Takes the lines of one of contrib's main.cf into Postfix's."""
    for line in parameters(contrib(main)):
        machine.run(f"postconf -e '{change(line)}'")
    machine.run("postfix reload")


def arrival(machine, recipient, text):
    """The message that arrives."""
    message = machine.world.wait_for(recipient, text)
    if message is None:
        there = [(other.sender, other.recipients) for other in machine.world.arrived]
        raise Failure(f"nothing arrives for {recipient} with {text!r}; what did: {there}")
    return message


def expect(holds, otherwise):
    """Fails with a sentence."""
    if not holds:
        raise Failure(otherwise)
