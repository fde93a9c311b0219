"""The world around the machine: DNS, the servers of other people's domains, and clients that send."""

import smtplib
import socket
import socketserver
import struct
import threading
from dataclasses import dataclass, field

MACHINE = "192.0.2.1"
NAME_SERVER = "192.0.2.53"
PATIENCE = 60.0

# Who is where. Both domains of other people take mail; the SRS domain and the host are the machine's.
SERVERS = {"mail.sender.example": "192.0.2.20", "mx.mailbox.example": "192.0.2.30"}
RECORDS = {
    "mx.example.org": {"A": MACHINE},
    "example.org": {"MX": "mx.example.org", "TXT": "v=spf1 mx -all"},
    "example.net": {"MX": "mx.example.org", "TXT": "v=spf1 mx -all"},
    "srs.example.org": {"MX": "mx.example.org", "TXT": "v=spf1 mx -all"},
    "sender.example": {"MX": "mail.sender.example", "TXT": "v=spf1 mx -all"},
    "mail.sender.example": {"A": SERVERS["mail.sender.example"], "TXT": "v=spf1 a -all"},
    "mailbox.example": {"MX": "mx.mailbox.example", "TXT": "v=spf1 mx -all"},
    "mx.mailbox.example": {"A": SERVERS["mx.mailbox.example"], "TXT": "v=spf1 a -all"},
    "1.2.0.192.in-addr.arpa": {"PTR": "mx.example.org"},
    "20.2.0.192.in-addr.arpa": {"PTR": "mail.sender.example"},
    "30.2.0.192.in-addr.arpa": {"PTR": "mx.mailbox.example"},
}
TYPES = {1: "A", 12: "PTR", 15: "MX", 16: "TXT"}


@dataclass
class Message:
    """A message that arrived at somebody's server."""

    sender: str
    recipients: list = field(default_factory=list)
    text: str = ""


class World:
    """DNS and other people's servers, from the moment it is made."""

    def __init__(self):
        self.arrived = []
        self._change = threading.Condition()
        self._serve(socketserver.ThreadingUDPServer((NAME_SERVER, 53), _NameService))
        for address in SERVERS.values():
            server = _Servers((address, 25), _MailService)
            server.world = self
            self._serve(server)

    @staticmethod
    def _serve(server):
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def take(self, message):
        """A message has arrived."""
        with self._change:
            self.arrived.append(message)
            self._change.notify_all()

    def wait_for(self, recipient, text):
        """The message with this text that arrives for `recipient`; None where none does."""

        def find():
            for message in self.arrived:
                if recipient in message.recipients and text in message.text:
                    return message
            return None

        with self._change:
            return self._change.wait_for(find, PATIENCE)

    @staticmethod
    def send(sender, recipients, text, source=SERVERS["mail.sender.example"], port=25):
        """Sends one, and returns the replies to its recipients and to its data, the refusals in full."""
        replies = []
        if isinstance(recipients, str):
            recipients = [recipients]
        with smtplib.SMTP(timeout=PATIENCE, source_address=(source, 0)) as client:
            client.connect(MACHINE, port)
            client.ehlo(next(name for name, address in SERVERS.items() if address == source))
            client.mail(sender)
            accepted = 0
            for recipient in recipients:
                code, said = client.rcpt(recipient)
                accepted += code < 300
                replies.append(f"{code} {said.decode()}")
            if accepted:
                try:
                    code, said = client.data(_letter(sender, recipients, text))
                except smtplib.SMTPDataError as error:
                    code, said = error.smtp_code, error.smtp_error
                replies.append(f"{code} {said.decode()}")
        return replies


def _letter(sender, recipients, text):
    return (
        f"From: <{sender or 'mailer-daemon@mailbox.example'}>\r\nTo: <{recipients[0]}>\r\n"
        f"Subject: {text}\r\nDate: Mon, 5 Jan 2026 10:00:00 +0000\r\n"
        f"Message-ID: <{text.replace(' ', '.')}@sender.example>\r\n\r\n{text}\r\n"
    )


class _Servers(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _MailService(socketserver.StreamRequestHandler):
    """`full@…` has no room and says so at RCPT, `late@…` at the end of the message."""

    def _say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def _address(self, line):
        return line.partition("<")[2].partition(">")[0]

    def handle(self):
        self._say("220 server of the world")
        message = None
        for line in self.rfile:
            line = line.decode(errors="replace").strip()
            verb = line[:4].upper()
            if verb == "EHLO":
                self._say("250-server of the world\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME")
            elif verb == "MAIL":
                message = Message(self._address(line))
                self._say("250 2.1.0 Ok")
            elif verb == "RCPT" and self._address(line).startswith("full@"):
                self._say("552 5.2.2 Mailbox full")
            elif verb == "RCPT":
                message.recipients.append(self._address(line))
                self._say("250 2.1.5 Ok")
            elif verb == "DATA":
                self._say("354 End data with <CR><LF>.<CR><LF>")
                self._data(message)
            elif verb == "QUIT":
                self._say("221 2.0.0 Bye")
                return
            else:
                self._say("250 2.0.0 Ok")

    def _data(self, message):
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line.decode(errors="replace"))
        message.text = "".join(lines)
        if any(recipient.startswith("late@") for recipient in message.recipients):
            self._say("552 5.2.2 Mailbox full")
        else:
            self.server.world.take(message)
            self._say("250 2.0.0 Ok: taken")


class _NameService(socketserver.BaseRequestHandler):
    """Answers every question there is; a name that RECORDS lacks does not exist."""

    def handle(self):
        query, channel = self.request
        name, end = _name_of(query)
        kind = struct.unpack("!H", query[end : end + 2])[0]
        known = RECORDS.get(name)
        exists = known is not None or any(other.endswith("." + name) for other in RECORDS)
        data = (known or {}).get(TYPES.get(kind, ""))
        answer = b""
        if data is not None:
            octets = _octets(TYPES[kind], data)
            answer = b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 0, len(octets)) + octets
        flags = 0x8580 | (0 if exists else 3)
        head = query[:2] + struct.pack("!HHHHH", flags, 1, 1 if answer else 0, 0, 0)
        channel.sendto(head + query[12 : end + 4] + answer, self.client_address)


def _name_of(query):
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode().lower())
        at += 1 + query[at]
    return ".".join(labels), at + 1


def _octets(kind, data):
    if kind == "A":
        return socket.inet_aton(data)
    if kind == "TXT":
        parts = [data[at : at + 255].encode() for at in range(0, len(data), 255)]
        return b"".join(bytes([len(part)]) + part for part in parts)
    name = b"".join(bytes([len(label)]) + label.encode() for label in data.split(".")) + b"\0"
    return struct.pack("!H", 10) + name if kind == "MX" else name
