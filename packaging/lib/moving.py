"""From services that forward mail, and to another mailbox, by the commands of MOVING.md."""

import json

from lib.alone import follow_guide, mail_bounce_forgery
from lib.documents import blocks
from lib.modes import expect

OLD = "old@mailbox.example"
HELLO = "hello@example.org"
ACTIONS = [{"type": "forward", "value": [OLD]}]
RULE = {"enabled": True, "matchers": [{"type": "literal", "field": "to", "value": HELLO}], "actions": ACTIONS}
ALL = {"enabled": False, "matchers": [{"type": "all"}], "actions": ACTIONS}
# What each service has people save, by the heading of its part; `curl` and `dig` say the others.
SAVED = {
    "SimpleLogin": {
        "aliases.csv": f"alias,note,enabled,mailboxes\n{HELLO},,True,{OLD}\n",
        "data.json": json.dumps({"aliases": [{"email": HELLO, "enabled": True}], "custom_domains": ["example.org"]}),
    },
    "addy.io": {"aliases.csv": f"email,active,description,deleted_at\n{HELLO},1,,\n"},
}
ANSWERS = {
    "app.addy.io": {"data": [{"email": HELLO, "active": True, "recipients": [{"email": OLD}]}], "meta": {"total": 1}},
    "api.forwardemail.net": [
        {"name": "hello", "domain": {"name": "example.org"}, "recipients": [OLD], "is_enabled": True}
    ],
    "api.improvmx.com": {"aliases": [{"forward": OLD, "alias": "hello"}], "total": 1, "success": True},
    "email/routing/rules?": {"success": True, "result": [RULE], "result_info": {"count": 1, "total_count": 1}},
    "rules/catch_all": {"success": True, "result": ALL},
}
RECORD = f'example.org. 3600 IN TXT "forward-email=hello:{OLD}"\n'
SERVICES = ["SimpleLogin", "addy.io", "Forward Email", "ImprovMX", "Cloudflare Email Routing"]


def services(machine):
    """Each service's commands bring its aliases; then the mailbox changes, and mail takes its way."""
    machine.boot()
    machine.run("systemctl disable --now postfix.service")
    follow_guide(machine)
    stand_ins(machine)
    machine.run("install -d -o onward /home/moving")
    count = 0
    for service in SERVICES:
        for name, text in SAVED.get(service, {}).items():
            machine.write(f"/home/moving/{name}", text)
        for _, block in blocks("MOVING.md", service):
            machine.run(f"onward alias remove {HELLO}", user="onward")
            machine.run(f"cd /home/moving\n{block}", user="onward")
            listed = machine.run("onward alias list", user="onward")
            to = "me@mailbox.example" if "--to me@" in block else OLD
            expect(f"{HELLO} -> {to}\n" in listed, f"{service}: {block}brings:\n{listed}")
            count += 1
    expect(count > len(SERVICES), f"{count} blocks of commands")
    expect(OLD in listed, f"the last of them leads elsewhere:\n{listed}")
    machine.until("the import to be followed", lambda: leads_to(machine, OLD))
    mail_bounce_forgery(machine, "as before", OLD)
    for _, block in blocks("MOVING.md", "Another mailbox"):
        machine.run(block, user="onward")
    machine.until("the other mailbox to be followed", lambda: leads_to(machine, "new@mailbox.example"))
    mail_bounce_forgery(machine, "to another mailbox", "new@mailbox.example")


def leads_to(machine, mailbox):
    """Whether the service has noticed, which it looks for a few times a second."""
    machine.world.send("alice@sender.example", HELLO, "where to")
    return any(mailbox in message.recipients and "where to" in message.text for message in machine.world.arrived)


def stand_ins(machine):
    """What the services' own servers answer."""
    cases = "\n".join(f"*{part!r}*) cat <<'END' ;;\n{json.dumps(answer)}\nEND" for part, answer in ANSWERS.items())
    machine.write("/usr/local/bin/curl", f'#!/bin/sh\ncase "$*" in\n{cases}\n*) exit 22 ;;\nesac\n')
    machine.write("/usr/local/bin/dig", f"#!/bin/sh\ncat <<'END'\n{RECORD}END\n")
    machine.run("chmod 755 /usr/local/bin/curl /usr/local/bin/dig")
