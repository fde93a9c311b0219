"""Signs messages with dkimpy, by keys made in this run."""

import base64
import functools
import subprocess

import dkim
import nacl.signing

# Selector: its algorithm. Every domain publishes the same two keys.
SELECTORS = {"rsa": b"rsa-sha256", "ed": b"ed25519-sha256"}


def publish():
    """The TXT records of the two keys, by selector."""
    return {selector: key(selector)[1] for selector in SELECTORS}


def sign(message, domain, selector, header="relaxed", body="relaxed", length=False, fields=None):
    """The message behind one more DKIM-Signature.

    `fields` are those to sign, in place of dkimpy's choice; a name more often than the field is
    there keeps others of that name from being added.
    """
    signer = dkim.DKIM(message, signature_algorithm=SELECTORS[selector])
    field = signer.sign(
        selector.encode("ascii"),
        domain.encode("ascii"),
        key(selector)[0],
        canonicalize=(header.encode("ascii"), body.encode("ascii")),
        include_headers=fields,
        length=length,
    )
    return field + message


def seal(message, domain):
    """The message behind one more ARC set, by its Authentication-Results of `domain`."""
    name = domain.encode("ascii")
    return b"".join(dkim.ARC(message).sign(b"rsa", name, key("rsa")[0], name)) + message


@functools.cache
def key(selector):
    """The private key as dkimpy takes it, and its TXT record."""
    if selector == "ed":
        secret = nacl.signing.SigningKey.generate()
        public = base64.b64encode(bytes(secret.verify_key)).decode("ascii")
        return base64.b64encode(bytes(secret)), f"v=DKIM1; k=ed25519; p={public}"
    secret = openssl("genrsa", "-traditional", "2048")
    public = base64.b64encode(openssl("rsa", "-pubout", "-outform", "DER", stdin=secret))
    return secret, f"v=DKIM1; k=rsa; p={public.decode('ascii')}"


def openssl(*arguments, stdin=b""):
    command = ["openssl", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, check=True, timeout=20).stdout
