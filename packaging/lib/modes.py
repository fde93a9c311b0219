"""Each way to have Onward beside Postfix, or alone, as the documents' commands set it up."""

import re

from lib.documents import commands
from lib.wire import Failure

# Postfix's aliases, as its own manual shows them.
VIRTUAL = """\
example.org         a domain of aliases
hello@example.org   bob@mailbox.example
full@example.org    full@mailbox.example
late@example.org    late@mailbox.example
"""
OTHER_DOMAIN = """\
example.net         another
shop@example.net    bob@mailbox.example
"""
USER_UNKNOWN = r"550 5\.1\.1 "
SAYS_WHY = r"550 5\.7\.1 .*SRS"


def before(machine, aliases=VIRTUAL):
    """A Postfix that forwards a few addresses, and the package beside it."""
    machine.write("/etc/postfix/virtual", aliases)
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
    follow(machine, "Tables")
    forwards(machine, USER_UNKNOWN)


def tcp_table(machine):
    """POSTFIX.md, "The tables of PostSRSd 1"."""
    before(machine)
    follow(machine, "The tables of PostSRSd 1")
    forwards(machine, USER_UNKNOWN)


def unix_socket(machine):
    """POSTFIX.md, "Tables", then "A unix socket, and the chroot"."""
    before(machine)
    follow(machine, "Tables")
    follow(machine, "A unix socket, and the chroot")
    forwards(machine, USER_UNKNOWN)


def own_unix_socket(machine):
    """POSTFIX.md, "Tables", then "A unix socket that Onward makes"."""
    before(machine)
    follow(machine, "Tables")
    follow(machine, "A unix socket that Onward makes")
    forwards(machine, USER_UNKNOWN)


def policy(machine):
    """POSTFIX.md, "Tables" and "Refusals"."""
    before(machine)
    follow(machine, "Tables")
    follow(machine, "Refusals")
    forwards(machine, SAYS_WHY)


def milter(machine):
    """POSTFIX.md, "Milter"."""
    before(machine)
    follow(machine, "Milter")
    forwards(machine, SAYS_WHY)


def handed_over(machine):
    """POSTFIX.md, "Domains handed over", with all the aliases that Postfix had."""
    before(machine)
    follow(machine, "Domains handed over", without=["awk "])
    forwards(machine, SAYS_WHY)


def one_handed_over(machine):
    """The same with one of two domains: Postfix goes on with the other."""
    before(machine, VIRTUAL + OTHER_DOMAIN)
    follow(machine, "Domains handed over", without=["postfix-virtual /etc/postfix/virtual --", "'virtual_alias_maps ='"])
    forwards(machine, SAYS_WHY)
    said = machine.world.send("alice@sender.example", "shop@example.net", "to the other domain")
    expect(said[-1].startswith("250"), f"the domain that stays: {said}")
    message = arrival(machine, "bob@mailbox.example", "to the other domain")
    expect(message.sender == "alice@sender.example", f"the domain that stays: from {message.sender}")


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
    """Mail in, a bounce from outside back, those that Postfix makes back, a user's own mail, a forged address refused."""
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

    machine.run(f"printf 'Subject: own {when}\\n\\nown {when}\\n' | sendmail -f erin@example.org bob@mailbox.example")
    message = arrival(machine, "bob@mailbox.example", f"own {when}")
    expect(message.sender == "erin@example.org", f"mail of a user of this machine leaves from {message.sender}")

    said = world.send("", altered(srs), f"forged {when}", source="192.0.2.30")
    expect(re.match(forged, said[0], re.DOTALL), f"a forged address: {said}")


def looks_well(machine):
    """What an administrator asks afterwards."""
    machine.run("systemctl reload onward.service && onward status")
    machine.run("onward status", user="onward")
    code, said = machine.try_run("onward doctor --postfix")
    expect(code == 0, f"doctor --postfix:\n{said}")
    machine.until("an empty queue of Postfix", lambda: "empty" in machine.run("postqueue -p"))


def follow(machine, heading, without=()):
    """Runs the shell blocks under a heading of POSTFIX.md, in their order, but alternatives, known by what is in them."""
    found = commands("POSTFIX.md", heading)
    chosen = [block for block in found if not any(part in block for part in without)]
    expect(len(found) - len(chosen) >= len(without), f"{heading}: no block has one of {without}")
    for block in chosen:
        machine.run(block)


def arrival(machine, recipient, text):
    """The message that arrives."""
    message = machine.world.wait_for(recipient, text)
    if message is None:
        there = [(other.sender, other.recipients) for other in machine.world.arrived]
        raise Failure(f"nothing arrives for {recipient} with {text!r}; what did: {there}")
    return message


def altered(srs):
    """The SRS address with a tag that is not ours, in whatever case it is read."""
    return f"SRS0={'B' if srs[5] in 'Aa' else 'A'}{srs[6:]}"


def expect(holds, otherwise):
    """Fails with a sentence."""
    if not holds:
        raise Failure(otherwise)
