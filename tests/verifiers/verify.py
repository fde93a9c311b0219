"""What a receiver would find: SPF by pyspf, DKIM and ARC by dkimpy, DMARC by authheaders.

All three ask dnspython's default resolver, which is the test's own name server here.
"""

import functools

import authheaders
import authheaders.dmarc_lookup
import dkim
import dns.exception
import dns.name
import dns.resolver
import spf
from authres import DKIMAuthenticationResult, SPFAuthenticationResult
from dkim.util import parse_tag_value


@functools.cache
def organizational_domain(domain, by_list=authheaders.get_org_domain):
    """As authheaders finds it, with the list read once for a domain instead of for every question.

    A top-level domain that is not listed, as `test`, is a public suffix too: the list's rule `*`,
    which publicsuffix2 leaves out.
    """
    found = by_list(domain)
    return found if "." in found else ".".join(domain.split(".")[-2:])


authheaders.get_org_domain = organizational_domain
authheaders.dmarc_lookup.get_org_domain = organizational_domain


def verify(message, dns_server, client, helo, mail_from):
    """All results for a message that `client` (an IP address) hands over."""
    ask_only(*dns_server)
    spf_result = check_spf(client, helo, mail_from)
    signatures = check_dkim(message)
    return {
        "spf": spf_result,
        "dkim": signatures,
        "arc": check_arc(message),
        "dmarc": check_dmarc(message, spf_result, signatures),
    }


def verify_dkim(message, dns_server):
    """The signatures alone, for many messages."""
    ask_only(*dns_server)
    return {"dkim": check_dkim(message)}


def ask_only(address, port):
    """No other name server than this, and no search list of this machine."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [address]
    resolver.port = port
    resolver.domain = dns.name.root
    resolver.lifetime = 5
    dns.resolver.default_resolver = resolver


def check_spf(client, helo, mail_from):
    """Of MAIL FROM; of HELO where it is empty (RFC 7208 section 2.4)."""
    identity = mail_from or f"postmaster@{helo}"
    result, reason = spf.check2(i=client, s=identity, h=helo, timeout=5, querytime=5)
    return {"result": result, "reason": reason, "domain": identity.rpartition("@")[2]}


def check_dkim(message):
    """Of every signature, the topmost first."""
    count = sum(name.lower() == b"dkim-signature" for name, _ in dkim.rfc822_parse(message)[0])
    return [check_signature(message, index) for index in range(count)]


def check_signature(message, index):
    signature = dkim.DKIM(message)
    try:
        result, reason = ("pass", "") if signature.verify(idx=index) else ("fail", "")
    except dkim.DnsTimeoutError as error:
        result, reason = "temperror", str(error)
    # ValueError: of PyNaCl, for a signature of another algorithm's length.
    except (dkim.DKIMException, ValueError) as error:
        result, reason = "fail", str(error)
    tags = signature.signature_fields
    tag = lambda name: tags.get(name, b"").decode("utf-8", "replace")
    found = {"domain": tag(b"d"), "selector": tag(b"s"), "algorithm": tag(b"a")}
    return {"result": result, "reason": reason, **found}


def check_arc(message):
    """The chain's result (RFC 8617 section 5.2), and who sealed, the oldest first."""
    chain = dkim.ARC(message)
    try:
        result, _, reason = chain.verify()
    except dkim.DKIMException as error:
        result, reason = dkim.CV_Fail, str(error)
    seals = [value for name, value in chain.headers if name.lower() == b"arc-seal"]
    sealers = [parse_tag_value(seal).get(b"d", b"").decode("utf-8", "replace") for seal in seals]
    # No result: a seal says that the chain had failed before.
    result = (result or dkim.CV_Fail).decode("ascii")
    return {"result": result, "reason": reason, "sealers": sealers[::-1]}


class Envelope(SPFAuthenticationResult):
    """Keeps its address: authheaders puts the domain there, and wants an address for the next author."""

    def __setattr__(self, name, value):
        if name != "smtp_mailfrom" or (value and "@" in value):
            super().__setattr__(name, value)


def check_dmarc(message, spf_result, signatures):
    """A pass by SPF or by any signature: authheaders itself takes one signature at a time."""
    try:
        for found in signatures or [{"result": "none", "domain": ""}]:
            # Made anew each time: authheaders changes it.
            envelope = Envelope(
                result=spf_result["result"], smtp_mailfrom=f"x@{spf_result['domain']}"
            )
            one = DKIMAuthenticationResult(result=found["result"], header_d=found["domain"])
            checked = authheaders.check_dmarc(message, envelope, one)
            if checked.result == "pass":
                break
    except dns.exception.DNSException as error:
        return {"result": "temperror", "policy": "", "domain": str(error)}
    except UnboundLocalError:
        # How authheaders takes a message in which it finds no From.
        return {"result": "permerror", "policy": "", "domain": ""}
    policy = getattr(checked, "policy", None)
    return {"result": checked.result, "policy": policy or "", "domain": checked.header_from or ""}
