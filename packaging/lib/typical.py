"""The host that most people come from: Postfix, PostSRSd 1, aliases in a table, mailboxes by LMTP to Dovecot."""

import re

from lib.documents import commands
from lib.modes import altered, arrival, expect

# example.org has mailboxes and aliases; example.net is a domain of aliases alone, with a catch-all.
MAIN = """\
virtual_mailbox_domains = example.org
virtual_mailbox_maps = hash:/etc/postfix/vmailbox
virtual_transport = lmtp:unix:private/dovecot-lmtp
virtual_alias_domains = example.net
virtual_alias_maps = hash:/etc/postfix/virtual
mydomain = example.org
sender_canonical_maps = tcp:127.0.0.1:10001
sender_canonical_classes = envelope_sender
recipient_canonical_maps = tcp:127.0.0.1:10002
recipient_canonical_classes = envelope_recipient,header_recipient
"""
VIRTUAL = """\
hello@example.org    bob@mailbox.example
full@example.org     full@mailbox.example
late@example.org     late@mailbox.example
team@example.org     bob@mailbox.example, carol@example.org
info@example.org     carol@example.org
bob@example.net      bob@mailbox.example
@example.net         carol@example.org
"""
VMAILBOX = "carol@example.org  carol\ndave@example.org  dave\n"
ALIASES = "postmaster: root\nroot: carol@example.org\n"
DOVECOT = """\
protocols = lmtp
ssl = no
mail_location = maildir:/var/vmail/%n
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=vmail gid=vmail home=/var/vmail/%n allow_all_users=yes
}
service lmtp {
  unix_listener /var/spool/postfix/private/dovecot-lmtp {
    mode = 0600
    user = postfix
    group = postfix
  }
}
"""
# What a stranger sends to, and where it then arrives: at a server of the world, or in a mailbox here.
TAKEN = {
    "a mailbox": ("carol@example.org", ["carol"]),
    "an alias of a mailbox elsewhere": ("hello@example.org", ["bob@mailbox.example"]),
    "an alias of several": ("team@example.org", ["bob@mailbox.example", "carol"]),
    "an alias of a mailbox here": ("info@example.org", ["carol"]),
    "an alias in a domain of aliases": ("bob@example.net", ["bob@mailbox.example"]),
    "a catch-all": ("whoever@example.net", ["carol"]),
    "a user with an account": ("erin@mx.example.org", ["/var/mail/erin"]),
    "the postmaster": ("postmaster@mx.example.org", ["carol"]),
}


def before(machine):
    """The host before Onward is there."""
    machine.write("/etc/postfix/virtual", VIRTUAL)
    machine.write("/etc/postfix/vmailbox", VMAILBOX)
    machine.write("/etc/aliases", ALIASES)
    machine.write("/etc/dovecot/dovecot.conf", DOVECOT)
    text = machine.read("/etc/default/postsrsd")
    text = text.replace("#SRS_DOMAIN=example.com", "SRS_DOMAIN=example.org")
    text = text.replace("#SRS_EXCLUDE_DOMAINS=.example.com,example.org", "SRS_EXCLUDE_DOMAINS=example.net")
    machine.write("/etc/default/postsrsd", text)
    for line in MAIN.splitlines():
        machine.offline("postconf", "-e", line)
    machine.offline("postmap", "/etc/postfix/virtual", "/etc/postfix/vmailbox")
    machine.offline("newaliases")
    machine.offline("useradd", "--create-home", "erin")
    machine.offline("useradd", "--system", "--create-home", "--home-dir", "/var/vmail", "vmail")
    machine.offline("systemctl", "enable", "postsrsd.service", "dovecot.service")
    machine.boot()


def moves_in(machine):
    """The same mail before, after MOVING.md's "From PostSRSd", and after a reboot; old addresses return."""
    before(machine)
    first, old = mail_of_each_kind(machine, "before")
    machine.run("dpkg -i /root/onward_*.deb")
    for block in commands("MOVING.md", "From PostSRSd"):
        *lines, last = block.splitlines()
        expect(last == "onward doctor --postfix", f"MOVING.md ends with {last}")
        machine.run("\n".join(lines))
    heed_the_doctor(machine)
    stays_the_same(machine, first, old, "with Onward")
    machine.reboot()
    stays_the_same(machine, first, old, "after a reboot")


def heed_the_doctor(machine):
    """Runs the mends that `onward doctor --postfix` prints: PostSRSd's own README has people set header_recipient."""
    _, said = machine.try_run("onward doctor --postfix")
    mends = re.findall(r"^ +mend: (.*)$", said, re.MULTILINE)
    for mend in mends:
        machine.run(mend)
    machine.run("postfix reload && onward doctor --postfix")


def stays_the_same(machine, first, old, when):
    """Compares every kind of mail with what became of it in the beginning."""
    expect(machine.try_run("systemctl is-active postsrsd")[1].strip() == "inactive", f"{when}: PostSRSd runs")
    machine.run("systemctl is-active onward.service postfix@-.service dovecot.service && onward status")
    expect(machine.who_has(25) == {"master"}, f"{when}: port 25 is {machine.who_has(25)}'s")
    now, _ = mail_of_each_kind(machine, when)
    for kind, outcome in first.items():
        expect(now[kind] == outcome, f"{when}: {kind} was {outcome} before, and is {now[kind]}")
    for address in old:
        said = machine.world.send("", address, f"late bounce {when}", source="192.0.2.30")
        expect(said[-1].startswith("250"), f"{when}: a bounce to PostSRSd's {address}: {said}")
        arrival(machine, "alice@sender.example", f"late bounce {when}")
        machine.world.arrived.clear()
    code, said = machine.try_run("onward doctor --postfix")
    expect(code == 0, f"{when}: doctor --postfix:\n{said}")


def mail_of_each_kind(machine, when):
    """What became of each kind of mail, and the SRS addresses that it left with."""
    world, outcomes, made = machine.world, {}, set()
    for kind, (recipient, places) in TAKEN.items():
        text = f"{kind} {when}"
        said = world.send("alice@sender.example", recipient, text)
        senders = [sender_at(machine, place, text) for place in places]
        made.update(sender for sender in senders if sender.startswith("SRS0="))
        outcomes[kind] = codes(said) + [kind_of(sender) for sender in senders]
    srs = next(iter(made))
    outcomes["unknown"] = codes(world.send("alice@sender.example", "nobody@example.org", "unknown"))
    outcomes["no relay"] = codes(world.send("alice@sender.example", "bob@mailbox.example", "no relay"))
    outcomes["bounce"] = codes(world.send("", srs, f"bounce {when}", source="192.0.2.30"))
    outcomes["bounce"].append(arrival(machine, "alice@sender.example", f"bounce {when}").sender)
    outcomes["forged"] = codes(world.send("", altered(srs), "forged", source="192.0.2.30"))
    for alias in ("full@example.org", "late@example.org"):
        said = codes(world.send("alice@sender.example", alias, f"{alias} {when}"))
        outcomes[alias] = said + [arrival(machine, "alice@sender.example", f"{alias} {when}").sender]
    for user in ("erin", "carol@example.org"):
        text = f"from {user} {when}"
        letter = f"To: bob@mailbox.example\nSubject: {text}\n\n{text}\n"
        machine.run(f"sendmail -f {user} bob@mailbox.example <<'END'\n{letter}END\n")
        outcomes[text.removesuffix(when)] = kind_of(arrival(machine, "bob@mailbox.example", text).sender)
    return outcomes, sorted(made)


def sender_at(machine, place, text):
    """Who a message comes from, at the place where it has to arrive."""
    if "@" in place:
        return arrival(machine, place, text).sender
    path = place if place.startswith("/") else f"/var/vmail/{place}/new"
    found = machine.until(f"{text!r} in {path}", lambda: letter_in(machine.root / path.lstrip("/"), text))
    return re.search(r"^(?:Return-Path: <|From )([^> \n]*)", found, re.MULTILINE)[1]


def letter_in(path, text):
    """The letter with this text in a folder or a file of letters."""
    if path.is_file():
        letters = re.split(r"^(?=From )", path.read_text(), flags=re.MULTILINE)
    elif path.is_dir():
        letters = [file.read_text() for file in path.iterdir()]
    else:
        letters = []
    return next((letter for letter in letters if f"Subject: {text}\n" in letter), None)


def kind_of(sender):
    """The sender, without what is different in every SRS address."""
    return re.sub(r"^SRS0=[^=]+=[^=]+=", "SRS0=…=", sender)


def codes(said):
    """Reply and enhanced code of each."""
    return [re.match(r"\d{3}( \d\.\d\.\d+)?", line)[0] for line in said]


