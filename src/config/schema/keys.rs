use super::{IfAbsent, Key, Kind, Section};
use crate::config::{auth::arc_domains, tls::never_plaintext};

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const MIB: u64 = 1 << 20;

const CHECKS: Kind = Kind::OneOf(&["off", "mark", "enforce"]);

/// Every table and key.
pub static SECTIONS: [Section; 11] =
    [ROOT, LISTEN, SRS, DELIVERY, SPOOL, ROUTE, TLS, SNI, DNS, AUTH, LIMITS];

pub(in crate::config) const ROOT: Section = Section {
    name: "",
    repeated: false,
    doc: "These keys stand above all tables.",
    keys: &[
        Key {
            name: "hostname",
            kind: Kind::Text("a domain name or an address literal such as \"[192.0.2.1]\""),
            default: IfAbsent::Absent("the machine's name"),
            doc: "Our name in the greeting, in EHLO and in Received.",
        },
        Key {
            name: "state_dir",
            kind: Kind::Text("an absolute path"),
            default: IfAbsent::Toml("\"/var/lib/onward\""),
            doc: "Where onward.db and everything else that is kept lies. `$STATE_DIRECTORY`, as \
                  systemd sets it, wins.",
        },
        Key {
            name: "postmaster",
            kind: Kind::Text("a mail address"),
            default: IfAbsent::Absent("only the aliases of that name"),
            doc: "Gets postmaster@ and abuse@ of every hosted domain without such an alias, and mail \
                  to the bare `postmaster`.",
        },
        Key {
            name: "log_level",
            kind: Kind::OneOf(&["error", "warn", "info", "debug", "trace"]),
            default: IfAbsent::Toml("\"info\""),
            doc: "How much the daemon logs; a reload changes it. `--log` and `$ONWARD_LOG` win.",
        },
    ],
};

pub(in crate::config) const LISTEN: Section = Section {
    name: "listen",
    repeated: true,
    doc: "Where clients connect; any number of them.",
    keys: &[
        Key {
            name: "protocol",
            kind: Kind::OneOf(&["smtp", "socketmap", "tcp-table", "policy", "milter", "http"]),
            default: IfAbsent::Required,
            doc: "What is spoken there. `smtp` takes mail; `http` shows figures and health (/metrics, /healthz, \
                  /readyz); the others answer Postfix: docs/POSTFIX.md.",
        },
        Key {
            name: "address",
            kind: Kind::Text("\"host:port\", \"unix:/path\" or \"systemd:NAME\""),
            default: IfAbsent::Required,
            doc: "Where to listen. `systemd:NAME` is a socket that systemd hands over, by its \
                  FileDescriptorName=.",
        },
        Key {
            name: "proxy_protocol",
            kind: Kind::List("IP addresses or blocks, such as \"127.0.0.1\" or \"192.0.2.0/24\""),
            default: IfAbsent::Toml("[]"),
            doc: "Peers whose PROXY header, version 1 or 2, is believed: smtp only.",
        },
        Key {
            name: "xforward",
            kind: Kind::List("IP addresses or blocks, such as \"127.0.0.1\" or \"192.0.2.0/24\""),
            default: IfAbsent::Toml("[]"),
            doc: "Peers whose XFORWARD is believed, such as a Postfix that hands domains over: smtp only. \
                  SPF is then that of the client they name.",
        },
        Key {
            name: "tls",
            kind: Kind::OneOf(&["starttls", "implicit"]),
            default: IfAbsent::Toml("\"starttls\""),
            doc: "smtp only. `starttls`: offered where [tls] has a certificate. `implicit`: TLS from the first \
                  octet on.",
        },
        Key {
            name: "direction",
            kind: Kind::OneOf(&["forward", "reverse"]),
            default: IfAbsent::Absent("must be written for tcp-table, and belongs to nothing else"),
            doc: "Which map a tcp-table listener answers.",
        },
        Key {
            name: "local_domains",
            kind: Kind::List("domain names; \"*.d\" or \".d\" means those below d"),
            default: IfAbsent::Toml("[]"),
            doc: "milter only. Domains whose mailboxes are on this machine: an alias that leads there does \
                  not leave it.",
        },
        Key {
            name: "alias_maps",
            kind: Kind::List("tables of Postfix, such as \"hash:/etc/postfix/virtual\""),
            default: IfAbsent::Toml("[]"),
            doc: "milter only. Where Postfix finds its aliases (`virtual_alias_maps`, `alias_maps`), beside \
                  ours. They are asked by `postmap -q`.",
        },
        Key {
            name: "shadow",
            kind: Kind::Bool,
            default: IfAbsent::Toml("false"),
            doc: "milter only. `true`: decides and tells the log, changes and refuses nothing.",
        },
    ],
};

pub(in crate::config) const SRS: Section = Section {
    name: "srs",
    repeated: false,
    doc: "The Sender Rewriting Scheme: how the reverse-path of forwarded mail is made, and which \
          returning addresses are believed.",
    keys: &[
        Key {
            name: "domain",
            kind: Kind::Text("a domain name"),
            default: IfAbsent::Absent("must be written where anything listens"),
            doc: "Right-hand side of rewritten reverse-paths. Its MX must lead here, and its SPF record \
                  must allow this machine.",
        },
        Key {
            name: "secret_file",
            kind: Kind::Text("an absolute path, or \"credential:NAME\""),
            default: IfAbsent::Toml("\"/etc/onward/srs.secret\""),
            doc: "One secret a line: the first signs, all verify. `onward init` makes it. A credential is what \
                  systemd hands over by LoadCredential=.",
        },
        Key {
            name: "per_domain",
            kind: Kind::Bool,
            default: IfAbsent::Toml("false"),
            doc: "`true`: rewrite to the alias's own domain instead; returns are then taken at every \
                  hosted domain.",
        },
        Key {
            name: "tag",
            kind: Kind::OneOf(&["sha256-base32", "sha1-base64", "sha1-base64url"]),
            default: IfAbsent::Toml("\"sha256-base32\""),
            doc: "How addresses are signed. `sha1-base64` is the tag of PostSRSd 1.x, Mail::SRS and \
                  libsrs2, `sha1-base64url` that of PostSRSd from 2.2.6.",
        },
        Key {
            name: "tag_length",
            kind: Kind::Integer(4, 32),
            default: IfAbsent::Absent("8 for sha256-base32, 4 for the sha1 kinds"),
            doc: "Characters of the tag, at most 27 for the sha1 kinds. A longer tag leaves less of the \
                  64 octets of a local part to the address: more senders are kept behind a token then.",
        },
        Key {
            name: "also_accept",
            kind: Kind::List("sha256-base32, sha1-base64, sha1-base64url"),
            default: IfAbsent::Toml("[]"),
            doc: "Further kinds of tag that verify on return, such as `[\"sha1-base64\"]` while moving \
                  from PostSRSd 1.x.",
        },
        Key {
            name: "separator",
            kind: Kind::OneOf(&["=", "+", "-"]),
            default: IfAbsent::Toml("\"=\""),
            doc: "What stands behind SRS0 and SRS1 in addresses made here.",
        },
        Key {
            name: "max_age",
            kind: Kind::Duration(DAY, 1000 * DAY),
            default: IfAbsent::Toml("\"21d\""),
            doc: "How long a rewritten address takes bounces, in whole days.",
        },
        Key {
            name: "bounces_only",
            kind: Kind::Bool,
            default: IfAbsent::Toml("true"),
            doc: "A rewritten address takes mail from the null reverse-path `<>` only.",
        },
        Key {
            name: "exempt_domains",
            kind: Kind::List("domain names; \"*.d\" or \".d\" means those below d"),
            default: IfAbsent::Toml("[]"),
            doc: "Senders of these domains are never rewritten.",
        },
        Key {
            name: "max_uses_per_day",
            kind: Kind::Integer(1, u32::MAX as u64),
            default: IfAbsent::Toml("50"),
            doc: "How many messages one rewritten address takes in a day; beyond: 450 4.7.1.",
        },
    ],
};

pub(in crate::config) const DELIVERY: Section = Section {
    name: "delivery",
    repeated: false,
    doc: "Handing mail on while the sender waits.",
    keys: &[
        Key {
            name: "budget",
            kind: Kind::Duration(SECOND, 10 * MINUTE),
            default: IfAbsent::Toml("\"45s\""),
            doc: "How long the end of DATA may wait for the destination's verdict.",
        },
        Key {
            name: "max_message_size",
            kind: Kind::Size(1024, 1024 * MIB),
            default: IfAbsent::Toml("\"25MiB\""),
            doc: "Larger messages are refused with 552 5.3.4.",
        },
        Key {
            name: "ipv4_first",
            kind: Kind::List("domain names; \"*.d\" or \".d\" means those below d, \"*\" all"),
            default: IfAbsent::Toml("[]"),
            doc: "Destination domains, and names of their hosts, whose IPv4 addresses are tried before the \
                  others. Without it they take turns.",
        },
        Key {
            name: "ipv6_first",
            kind: Kind::List("domain names; \"*.d\" or \".d\" means those below d, \"*\" all"),
            default: IfAbsent::Toml("[]"),
            doc: "The same for IPv6 addresses; `ipv4_first` counts before it.",
        },
    ],
};

pub(in crate::config) const SPOOL: Section = Section {
    name: "spool",
    repeated: false,
    doc: "Messages that could not be handed on at once and that Onward answers for: those whose \
          reverse-path is authenticated, so that a later bounce reaches whoever wrote.",
    keys: &[
        Key {
            name: "retry",
            kind: Kind::List("durations from \"100ms\" to \"1d\", at least one"),
            default: IfAbsent::Toml("[\"1m\", \"5m\", \"15m\", \"30m\", \"1h\", \"2h\", \"4h\"]"),
            doc: "The waits between attempts, each strayed by up to a tenth; the last one repeats. A \
                  destination that does not answer is asked by one message at a time, at these waits.",
        },
        Key {
            name: "max_age",
            kind: Kind::Duration(SECOND, 30 * DAY),
            default: IfAbsent::Toml("\"5d\""),
            doc: "What is older is given up, and its sender told.",
        },
        Key {
            name: "max_bytes",
            kind: Kind::Size(0, 1 << 50),
            default: IfAbsent::Toml("\"4GiB\""),
            doc: "Octets of all spooled messages; beyond: 452 4.3.1.",
        },
        Key {
            name: "max_messages",
            kind: Kind::Integer(0, 100_000_000),
            default: IfAbsent::Toml("200000"),
            doc: "Spooled messages; beyond: 452 4.3.1. 0 turns the spool off: senders keep what cannot be \
                  handed on at once.",
        },
        Key {
            name: "min_free_disk",
            kind: Kind::Size(0, 1 << 50),
            default: IfAbsent::Absent("256MiB, or a twentieth of the disk if that is less"),
            doc: "What stays free on the disk of the state directory; beyond: 452 4.3.1.",
        },
        Key {
            name: "concurrency",
            kind: Kind::Integer(1, 10_000),
            default: IfAbsent::Toml("50"),
            doc: "Attempts under way at once, in all.",
        },
        Key {
            name: "concurrency_per_destination",
            kind: Kind::Integer(1, 1000),
            default: IfAbsent::Toml("5"),
            doc: "Attempts under way at once to one destination.",
        },
    ],
};

pub(in crate::config) const ROUTE: Section = Section {
    name: "route",
    repeated: true,
    doc: "Next hops that replace the destination domain's MX; any number of them, the first match \
          wins.",
    keys: &[
        Key {
            name: "domain",
            kind: Kind::Text("a domain name, \"*.domain\" for its subdomains, or \"*\" for all"),
            default: IfAbsent::Required,
            doc: "Destination domains the route is for.",
        },
        Key {
            name: "to",
            kind: Kind::Text(
                "\"host\", \"host:port\", \"address:port\", \"lmtp:host:port\" or \"lmtp:unix:/path\"",
            ),
            default: IfAbsent::Required,
            doc: "Where their mail goes. A `host` is looked up by A and AAAA; its port is 25.",
        },
        Key {
            name: "tls",
            kind: Kind::OneOf(&["none", "opportunistic", "required"]),
            default: IfAbsent::Toml("\"opportunistic\""),
            doc: "`opportunistic`: with any certificate where TLS is offered, else in plaintext. `required`: \
                  with any certificate, or not at all. What goes to an MX, without a route, is \
                  `opportunistic`, unless the destination demands more (docs/TLS.md).",
        },
        Key {
            name: "username",
            kind: Kind::Text("nothing yet"),
            default: IfAbsent::Absent("comes with a later version"),
            doc: "The name to log in with.",
        },
        Key {
            name: "password_file",
            kind: Kind::Text("nothing yet"),
            default: IfAbsent::Absent("comes with a later version"),
            doc: "The file that holds the password.",
        },
    ],
};

pub(in crate::config) const TLS: Section = Section {
    name: "tls",
    repeated: false,
    doc: "Our certificates, and what is demanded of destinations: docs/TLS.md.",
    keys: &[
        Key {
            name: "certificate",
            kind: Kind::Text("an absolute path, or \"credential:NAME\""),
            default: IfAbsent::Absent("clients are offered no TLS"),
            doc: "PEM file with our certificate and those that lead to its authority. Read again whenever \
                  it changes.",
        },
        Key {
            name: "key",
            kind: Kind::Text("an absolute path, or \"credential:NAME\""),
            default: IfAbsent::Absent("belongs to certificate"),
            doc: "PEM file with its private key.",
        },
        Key {
            name: "acme",
            kind: Kind::Text("\"letsencrypt\", or the https URL of an ACME directory"),
            default: IfAbsent::Absent("certificate and key are yours to renew"),
            doc: "Who issues and renews the certificate for hostname, by HTTP-01. With this you agree to the \
                  authority's terms of service.",
        },
        Key {
            name: "acme_contact",
            kind: Kind::Text("a mail address"),
            default: IfAbsent::Absent("none"),
            doc: "Whom the authority may write to.",
        },
        Key {
            name: "acme_names",
            kind: Kind::List("domain names"),
            default: IfAbsent::Toml("[]"),
            doc: "Names that the certificate is for beside hostname.",
        },
        Key {
            name: "acme_http",
            kind: Kind::Text("\"host:port\""),
            default: IfAbsent::Toml("\"0.0.0.0:80\""),
            doc: "Where the authority's challenges are answered: what it reaches as port 80 of these names.",
        },
        Key {
            name: "never_plaintext",
            kind: Kind::List("domain names; \"*.d\" or \".d\" means those below d"),
            default: IfAbsent::Computed(never_plaintext),
            doc: "Destination domains, and names of their hosts, that mail never goes to in plaintext: \
                  where TLS fails it waits.",
        },
        Key {
            name: "ca_file",
            kind: Kind::Text("an absolute path"),
            default: IfAbsent::Absent("the system's"),
            doc: "PEM file with the authorities to trust where a certificate is checked (MTA-STS).",
        },
        Key {
            name: "mta_sts",
            kind: Kind::Bool,
            default: IfAbsent::Toml("true"),
            doc: "Destinations' MTA-STS policies are obeyed (RFC 8461).",
        },
        Key {
            name: "dane",
            kind: Kind::OneOf(&["auto", "on", "off"]),
            default: IfAbsent::Toml("\"auto\""),
            doc: "Whether destinations' TLSA records are obeyed (RFC 7672). `auto`: where the name servers \
                  hand on what DNSSEC needs. `on`: where they do not, mail waits.",
        },
        Key {
            name: "reports",
            kind: Kind::Bool,
            default: IfAbsent::Toml("false"),
            doc: "`true`: domains that ask for it by mail are told once a day what came of TLS with their \
                  servers (RFC 8460). It is counted in any case: `onward tls results`.",
        },
    ],
};

pub(in crate::config) const SNI: Section = Section {
    name: "tls.sni",
    repeated: true,
    doc: "A further certificate, for clients that ask for a name (SNI); any number of them, the first \
          match wins.",
    keys: &[
        Key {
            name: "name",
            kind: Kind::Text("a domain name, or \"*.domain\" for its subdomains"),
            default: IfAbsent::Required,
            doc: "The names it is for.",
        },
        Key {
            name: "certificate",
            kind: Kind::Text("an absolute path, or \"credential:NAME\""),
            default: IfAbsent::Required,
            doc: "As in [tls].",
        },
        Key {
            name: "key",
            kind: Kind::Text("an absolute path, or \"credential:NAME\""),
            default: IfAbsent::Required,
            doc: "As in [tls].",
        },
    ],
};

pub(in crate::config) const DNS: Section = Section {
    name: "dns",
    repeated: false,
    doc: "Name resolution.",
    keys: &[
        Key {
            name: "servers",
            kind: Kind::List("\"address\" or \"address:port\""),
            default: IfAbsent::Toml("[]"),
            doc: "Name servers to ask. Empty: those of the system.",
        },
        Key {
            name: "trust_anchor",
            kind: Kind::Text("an absolute path"),
            default: IfAbsent::Absent("the keys of the root"),
            doc: "File with the DNSKEY records that DNSSEC starts from, for names of one's own.",
        },
    ],
};

pub(in crate::config) const AUTH: Section = Section {
    name: "auth",
    repeated: false,
    doc: "Who sent a message, checked as the destination will. `off`: not checked, unless it must be \
          known whether a bounce would reach whoever wrote; `mark`: told in Authentication-Results; \
          `enforce`: what fails is refused, and where DNS does not answer it is put off (451).",
    keys: &[
        Key {
            name: "spf",
            kind: CHECKS,
            default: IfAbsent::Toml("\"mark\""),
            doc: "SPF of the reverse-path, or of the HELO name where that is null. `enforce` refuses a \
                  `fail` (550 5.7.23) and a broken record (550 5.7.24).",
        },
        Key {
            name: "dkim",
            kind: CHECKS,
            default: IfAbsent::Toml("\"mark\""),
            doc: "DKIM signatures. `enforce` refuses mail that has some, none of which verifies (550 \
                  5.7.20).",
        },
        Key {
            name: "dmarc",
            kind: CHECKS,
            default: IfAbsent::Toml("\"enforce\""),
            doc: "The DMARC policy of the From domain. `enforce` refuses what fails a reject policy (550 \
                  5.7.1).",
        },
        Key {
            name: "quarantine",
            kind: Kind::OneOf(&["mark", "refuse"]),
            default: IfAbsent::Toml("\"mark\""),
            doc: "With `dmarc = \"enforce\"`: what happens to mail that fails a quarantine policy.",
        },
        Key {
            name: "spf_only",
            kind: Kind::OneOf(&["munge", "refuse", "pass"]),
            default: IfAbsent::Toml("\"munge\""),
            doc: "What happens to mail that passes an enforced DMARC policy by SPF only, so that it would \
                  fail at the destination. `munge`: From becomes the alias, as mailing lists do, and \
                  answers go to the author; `refuse`: 550 5.7.26; `pass`: it goes on as it is.",
        },
        Key {
            name: "unauthenticated",
            kind: Kind::OneOf(&["accept", "refuse"]),
            default: IfAbsent::Toml("\"accept\""),
            doc: "What happens to mail with neither an SPF nor a DKIM pass: `refuse` is 550 5.7.26.",
        },
        Key {
            name: "accept_unauthenticated_for",
            kind: Kind::List("mail addresses"),
            default: IfAbsent::Toml("[]"),
            doc: "Recipients that take such mail all the same. A message with further recipients is \
                  refused.",
        },
        Key {
            name: "missing_message_id",
            kind: Kind::OneOf(&["mark", "refuse"]),
            default: IfAbsent::Toml("\"mark\""),
            doc: "What happens to mail without a Message-ID, which Gmail refuses: `mark` notes it in the \
                  journal, `refuse` is 550 5.6.0.",
        },
        Key {
            name: "arc",
            kind: Kind::OneOf(&["auto", "on", "off"]),
            default: IfAbsent::Toml("\"auto\""),
            doc: "Which destinations get an ARC set, if there is a DKIM key of the SRS domain: `auto` \
                  those of `arc_domains`, `on` all.",
        },
        Key {
            name: "arc_domains",
            kind: Kind::List("\"domain\", \"*.domain\" or \"*\""),
            default: IfAbsent::Computed(arc_domains),
            doc: "Domains of destinations that want ARC: Apple asks forwarders for it, Yahoo and Microsoft \
                  count it; Google has dropped it.",
        },
    ],
};

const TIMEOUT: Kind = Kind::Duration(100, DAY);

pub(in crate::config) const LIMITS: Section = Section {
    name: "limits",
    repeated: false,
    doc: "What one client, or all of them, may use.",
    keys: &[
        Key {
            name: "connections",
            kind: Kind::Integer(1, 100_000),
            default: IfAbsent::Toml("1000"),
            doc: "Connections in all; beyond: 421 4.3.2.",
        },
        Key {
            name: "connections_per_client",
            kind: Kind::Integer(1, 100_000),
            default: IfAbsent::Toml("50"),
            doc: "Connections of one IPv4 address or IPv6 /64; beyond: 421 4.3.2. Not more than \
                  `connections`.",
        },
        Key {
            name: "recipients",
            kind: Kind::Integer(1, 10_000),
            default: IfAbsent::Toml("100"),
            doc: "Recipients of a transaction; beyond: 452 4.5.3.",
        },
        Key {
            name: "errors",
            kind: Kind::Integer(1, 10_000),
            default: IfAbsent::Toml("10"),
            doc: "Refused or unknown commands before 421 4.7.0 and the end of the session.",
        },
        Key {
            name: "command_timeout",
            kind: TIMEOUT,
            default: IfAbsent::Toml("\"5m\""),
            doc: "Between two commands: a whole command, not an octet of it.",
        },
        Key {
            name: "data_timeout",
            kind: TIMEOUT,
            default: IfAbsent::Toml("\"3m\""),
            doc: "Between two reads in DATA or BDAT.",
        },
        Key {
            name: "session_timeout",
            kind: TIMEOUT,
            default: IfAbsent::Toml("\"30m\""),
            doc: "A session as a whole.",
        },
        Key {
            name: "message_memory",
            kind: Kind::Size(1024, 1 << 44),
            default: IfAbsent::Toml("\"256MiB\""),
            doc: "Octets of messages held at once; beyond: 452 4.3.1.",
        },
        Key {
            name: "map_connections",
            kind: Kind::Integer(1, 100_000),
            default: IfAbsent::Toml("4000"),
            doc: "Connections of Postfix to all listeners that are not smtp; beyond, the one that has been idle \
                  for longest is closed, but for a milter's.",
        },
        Key {
            name: "map_timeout",
            kind: TIMEOUT,
            default: IfAbsent::Toml("\"30m\""),
            doc: "How long such a connection may be idle, and how long a request may take to arrive.",
        },
        Key {
            name: "received_hops",
            kind: Kind::Integer(1, 1000),
            default: IfAbsent::Toml("30"),
            doc: "Received fields of a message; beyond: 554 5.4.6.",
        },
        Key {
            name: "srs_entries",
            kind: Kind::Integer(0, 100_000_000),
            default: IfAbsent::Toml("100000"),
            doc: "Senders too long for an SRS address that are kept behind a short token.",
        },
    ],
};
