//! What PostSRSd 1.10, 1.12, 2.2.5 and 2.4.0 answered, octet by octet (`tests/vectors/`), replayed against
//! our listeners with the same secret and clock. Where we answer otherwise, the table says why.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice
)]

use onward::{
    config::{Config, Direction},
    lookup::{Answer, Question},
    mail::Tables,
    milter, policy,
    postfix::{Dialect, RequestTimeout, Service, serve},
    reply::Reply,
    time::UnixTime,
};
use serde::Deserialize;
use std::{fs, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const TRANSCRIPTS: &str = include_str!("vectors/postsrsd-transcripts.jsonl");
const NOW: UnixTime = UnixTime::new(1_700_000_000);

#[derive(Deserialize)]
struct Row {
    version: String,
    case: String,
    sent: Vec<String>,
    received: String,
    server_closed: bool,
    #[serde(default)]
    config: Settings,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Settings {
    /// 1.x: domains whose senders stay, between commas.
    exclude: Option<String>,
    /// 2.x: the same.
    domains: Vec<String>,
}

/// What we answer instead, and whether the connection is closed then.
struct Difference {
    case: &'static str,
    /// Of which versions: how they begin.
    of: &'static str,
    ours: &'static str,
    closed: bool,
    because: &'static str,
}

const SYNTAX: &str = "it is no address of RFC 5321, and nobody could send a bounce to it";
const QUOTES: &str = "a quoted local part is quoted as a whole, or it is no address";
const FIRST: &str = "whether an address is ours is asked first: only ours can expire";
const LENGTH: &str = "requests of Postfix's own length, 100,000 octets, are read";
const LOCAL_PART: &str = "a path has at most 256 octets (RFC 5321 §4.5.3.1.3)";

const DIFFERENCES: &[Difference] = &[
    Difference {
        case: "percent encoded",
        of: "1",
        ours: "200 \"SRS0=coga=G3=example.com=john%20doe\"@srs.example.net\n",
        closed: false,
        because: QUOTES,
    },
    Difference {
        case: "space in key",
        of: "2",
        ours: "54:OK \"SRS0=coga=G3=example.com=john doe\"@srs.example.net,",
        closed: false,
        because: QUOTES,
    },
    Difference {
        case: "percent00",
        of: "1",
        ours: "500 Not a mail address\n",
        closed: false,
        because: SYNTAX,
    },
    Difference {
        case: "space in key",
        of: "1",
        ours: "500 Not a mail address\n",
        closed: false,
        because: SYNTAX,
    },
    Difference {
        case: "double space",
        of: "2",
        ours: "28:NOTFOUND Not a mail address.,",
        closed: false,
        because: SYNTAX,
    },
    Difference {
        case: "trailing space",
        of: "2",
        ours: "28:NOTFOUND Not a mail address.,",
        closed: false,
        because: SYNTAX,
    },
    Difference {
        case: "embedded NUL",
        of: "2",
        ours: "28:NOTFOUND Not a mail address.,",
        closed: false,
        because: SYNTAX,
    },
    Difference {
        case: "embedded newline",
        of: "2",
        ours: "28:NOTFOUND Not a mail address.,",
        closed: false,
        because: SYNTAX,
    },
    Difference {
        case: "line 1022",
        of: "1",
        ours: "500 Not a mail address\n",
        closed: false,
        because: LOCAL_PART,
    },
    Difference {
        case: "reverse long",
        of: "1",
        ours: "500 Not a mail address\n",
        closed: false,
        because: LOCAL_PART,
    },
    Difference {
        case: "key 504",
        of: "2",
        ours: "28:NOTFOUND Not a mail address.,",
        closed: false,
        because: LOCAL_PART,
    },
    Difference {
        case: "key 505",
        of: "2",
        ours: "28:NOTFOUND Not a mail address.,",
        closed: false,
        because: LOCAL_PART,
    },
    Difference {
        case: "key 512",
        of: "2",
        ours: "28:NOTFOUND Not a mail address.,",
        closed: false,
        because: LOCAL_PART,
    },
    Difference {
        case: "key 513",
        of: "2",
        ours: "28:NOTFOUND Not a mail address.,",
        closed: false,
        because: LOCAL_PART,
    },
    Difference {
        case: "reverse long 513",
        of: "2",
        ours: "28:NOTFOUND Not a mail address.,",
        closed: false,
        because: LOCAL_PART,
    },
    Difference {
        case: "reverse long 520",
        of: "2",
        ours: "28:NOTFOUND Not a mail address.,",
        closed: false,
        because: LOCAL_PART,
    },
    Difference {
        case: "length 1023",
        of: "2",
        ours: "28:NOTFOUND Not a mail address.,",
        closed: false,
        because: LOCAL_PART,
    },
    Difference {
        case: "length too big 1024",
        of: "2",
        ours: "28:NOTFOUND Not a mail address.,",
        closed: false,
        because: LENGTH,
    },
    Difference {
        case: "too big then next",
        of: "2",
        ours: "28:NOTFOUND Not a mail address.,45:OK SRS0=XTQm=G3=example.com=a@srs.example.net,",
        closed: false,
        because: LENGTH,
    },
    Difference {
        case: "huge length",
        of: "2",
        ours: "33:PERM Query exceeds 100000 octets.,",
        closed: true,
        because: LENGTH,
    },
    Difference {
        case: "reverse expired",
        of: "1",
        ours: "500 Hash invalid in SRS address.\n",
        closed: false,
        because: FIRST,
    },
    Difference {
        case: "reverse expired",
        of: "2",
        ours: "37:NOTFOUND Hash invalid in SRS address.,",
        closed: false,
        because: FIRST,
    },
    Difference {
        case: "reverse bad hash foreign",
        of: "2",
        ours: "28:NOTFOUND Not an SRS address.,",
        closed: false,
        because: "what stands at another domain is not ours to judge",
    },
    Difference {
        case: "forward SRS1 malformed",
        of: "2.2.5",
        ours: "55:OK SRS0=t/ti=G3=remote.example=SRS1=abc@srs.example.net,",
        closed: false,
        because: "a sender like another: PERM would have Postfix defer its mail for ever",
    },
    Difference {
        case: "forward SRS1 malformed",
        of: "2.4.0",
        ours: "55:OK SRS0=t_ti=G3=remote.example=SRS1=abc@srs.example.net,",
        closed: false,
        because: "a sender like another: PERM would have Postfix defer its mail for ever",
    },
    Difference {
        case: "idle timeout (keep-alive = 2)",
        of: "2.2.5",
        ours: "",
        closed: true,
        because: "2.2.5 forgets its own limit",
    },
    Difference {
        case: "db forward",
        of: "2",
        ours: "49:OK SRS0=PGkz=G3=example.com=alice@srs.example.net,",
        closed: false,
        because: "only a sender that is too long for an address is kept",
    },
];

/// Tables at a moment of the past.
struct Then(Tables);

impl Service for Then {
    async fn look_up(&self, question: Question<'_>) -> Answer {
        self.0.look_up_at(question, NOW).await
    }

    async fn refusal(&self, question: policy::Question<'_>) -> Option<Reply> {
        self.0.refusal(question).await
    }

    async fn recipient(&self, recipient: &[u8]) -> milter::Recipient {
        self.0.recipient(recipient).await
    }

    async fn refusal_of_return(&self, returning: milter::Returning<'_>) -> Option<Reply> {
        self.0.refusal_of_return(returning).await
    }
}

async fn tables(row: &Row) -> (tempfile::TempDir, Then) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(path.join("secret"), "tops3cr3t\n").unwrap();
    let exclude = row.config.exclude.iter().flat_map(|list| list.split(','));
    let exempt: Vec<&str> = exclude.chain(row.config.domains.iter().map(String::as_str)).collect();
    // From 2.2.6 on.
    let tag = if row.version == "2.4.0" { "sha1-base64url" } else { "sha1-base64" };
    let text = format!(
        "hostname = \"mx.example.org\"\nstate_dir = \"{state}\"\n[srs]\ndomain = \"srs.example.net\"\n\
         secret_file = \"{state}/secret\"\ntag = \"{tag}\"\nexempt_domains = {exempt:?}\n",
        state = path.display()
    );
    fs::write(path.join("onward.toml"), text).unwrap();
    let config = Config::load(&path.join("onward.toml")).unwrap();
    (directory, Then(Tables::open(config).await.unwrap()))
}

/// The transcripts have a character for each octet.
fn octets(text: &str) -> Vec<u8> {
    text.chars().map(|octet| u8::try_from(u32::from(octet)).unwrap()).collect()
}

/// What we answer, and whether the connection is closed behind it.
async fn replay(row: &Row) -> (String, bool) {
    let (_directory, service) = tables(row).await;
    let is_first = row.version.starts_with('1');
    let dialect = match (is_first, row.case.starts_with("reverse")) {
        (true, false) => Dialect::TcpTable(Direction::Forward),
        (true, true) => Dialect::TcpTable(Direction::Reverse),
        (false, _) => Dialect::Socketmap,
    };
    let (mut client, server) = tokio::io::duplex(1 << 20);
    let is_idle = row.sent.is_empty();
    let request_timeout = RequestTimeout(Duration::from_millis(if is_idle { 50 } else { 60_000 }));
    let server =
        tokio::spawn(async move { serve(server, dialect, &service, request_timeout).await });
    for part in &row.sent {
        client.write_all(&octets(part)).await.unwrap();
    }
    // Whoever answers this is still there.
    let (question, answer): (&[u8], &str) = match (is_first, row.case.starts_with("reverse")) {
        (true, false) => (b"get @\n", "500 Not a mail address\n"),
        (true, true) => (b"get x\n", "500 Not an SRS address.\n"),
        (false, _) => (b"7:reverse,", "28:NOTFOUND Not an SRS address.,"),
    };
    let is_whole = !row.case.ends_with("then close");
    if is_whole && !is_idle {
        let _ = client.write_all(question).await;
    }
    if !is_idle {
        client.shutdown().await.unwrap();
    }
    let mut received = Vec::new();
    client.read_to_end(&mut received).await.unwrap();
    server.await.unwrap().unwrap();
    let received: String = received.into_iter().map(char::from).collect();
    match received.strip_suffix(answer) {
        Some(received) if is_whole => (received.to_owned(), false),
        _ => (received, is_whole),
    }
}

#[tokio::test]
async fn every_exchange_is_the_same_or_differs_on_purpose() {
    let mut same = 0;
    let mut unexplained = Vec::new();
    let mut used = vec![0; DIFFERENCES.len()];
    for line in TRANSCRIPTS.lines() {
        let row: Row = serde_json::from_str(line).unwrap();
        let (ours, closed) = replay(&row).await;
        if (ours.as_str(), closed) == (row.received.as_str(), row.server_closed) {
            same += 1;
            continue;
        }
        let explains = |difference: &Difference| {
            difference.case == row.case
                && row.version.starts_with(difference.of)
                && (difference.ours, difference.closed) == (ours.as_str(), closed)
        };
        match DIFFERENCES.iter().position(explains) {
            Some(at) => used[at] += 1,
            None => unexplained.push(format!(
                "{} {}: {:?} {}, ours {ours:?} {closed}",
                row.version, row.case, row.received, row.server_closed
            )),
        }
    }
    assert!(unexplained.is_empty(), "{}\n{}", unexplained.len(), unexplained.join("\n"));
    for (difference, times) in DIFFERENCES.iter().zip(used) {
        assert!(times > 0, "{} differs no more ({})", difference.case, difference.because);
    }
    assert_eq!(same, 107);
}
