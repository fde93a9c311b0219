use crate::support::certificates::Authority;
use crate::support::client::Client;
use crate::support::onward::Onward;
use crate::support::peer;
use crate::support::postfix::Postfix;
use crate::support::receiver::Receiver;
use crate::support::tls::TlsClient;
use std::net::SocketAddr;

const TEXT: &str = "From: <alice@sender.test>\r\nSubject: a test\r\n\r\nhello";

/// Forwards hello@example.org to the sink.
fn forwarding(sink: &Receiver, toml: &str) -> Onward {
    Onward::builder()
        .domain("example.org")
        .alias("hello@example.org", &["bob@sink.test"])
        .route("sink.test", &sink.route())
        .toml(toml)
        .start()
}

/// What `openssl s_client` says of a connection on which QUIT is said.
fn s_client(address: SocketAddr, options: &str) -> Option<peer::Ended> {
    peer::program("openssl")?;
    let command = format!(
        "printf 'QUIT\\r\\n' | openssl s_client -connect {address} -ign_eof {options} 2>&1"
    );
    peer::run("sh", &["-c", &command])
}

#[test]
fn openssl_by_both_versions_by_name_and_by_ticket() {
    let authority = Authority::new();
    let (own, other) =
        (authority.issue("mx.example.org", "a"), authority.issue("mx.other.test", "b"));
    let sink = Receiver::smtp().start();
    let sni = format!(
        "{}[[tls.sni]]\nname = \"*.other.test\"\ncertificate = \"{}\"\nkey = \"{}\"\n",
        own.toml(),
        other.certificate.display(),
        other.key.display()
    );
    let (builder, implicit) = Onward::builder().listen("smtp", &["tls = \"implicit\""]);
    // s_client says what it was told to as soon as it can, before the greeting.
    let onward = builder
        .config("limits.early_talker = false")
        .toml(&sni)
        .route("sink.test", &sink.route())
        .start();
    let ca = authority.file();
    for (version, told) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        for (name, subject) in
            [("mx.example.org", "mx.example.org"), ("mx.other.test", "mx.other.test")]
        {
            for (address, how) in [(onward.address(), "-starttls smtp"), (implicit, "")] {
                let options = format!(
                    "{how} {version} -servername {name} -CAfile {} -verify_return_error",
                    ca.display()
                );
                let Some(ended) = s_client(address, &options) else { return };
                let out = &ended.output;
                for part in [
                    format!("New, {told}"),
                    format!("CN = {subject}"),
                    "Verify return code: 0 (ok)".to_owned(),
                    "221 2.0.0".to_owned(),
                ] {
                    assert!(out.contains(&part), "{part:?} is not in {out}");
                }
            }
        }
        let session = onward.state_dir().join("session");
        let save = format!("-starttls smtp {version} -sess_out {}", session.display());
        s_client(onward.address(), &save).unwrap();
        let load = format!("-starttls smtp {version} -sess_in {}", session.display());
        let again = s_client(onward.address(), &load).unwrap();
        assert!(again.output.contains(&format!("Reused, {told}")), "{}", again.output);
    }
    // What nobody should speak any more.
    let old = s_client(onward.address(), "-starttls smtp -tls1_1").unwrap();
    assert!(!old.output.contains("221 2.0.0"), "{}", old.output);
}

#[test]
fn a_message_tells_how_it_came() {
    let authority = Authority::new();
    let sink = Receiver::smtp().start();
    let onward = forwarding(&sink, &authority.issue("mx.example.org", "a").toml());
    let Some(_) = peer::program("swaks") else { return };
    let server = onward.address().to_string();
    let arguments = [
        "--server",
        &server,
        "--tls",
        "--from",
        "alice@sender.test",
        "--to",
        "hello@example.org",
        "--helo",
        "client.test",
    ];
    let sent = peer::run("swaks", &arguments).unwrap();
    assert!(sent.success && sent.output.contains("=== TLS started"), "{}", sent.output);
    let message = sink.wait_for_messages(1).remove(0);
    let received = message.header("Received").unwrap();
    assert!(received.contains("with ESMTPS (TLSv1.3 TLS_AES_256_GCM_SHA384)"), "{received}");
    let trace = &onward.wait_for_trace(&[], 1)[0];
    assert_eq!(trace["tls"], "TLSv1.3 TLS_AES_256_GCM_SHA384");
    assert_eq!(trace["attempts"][0]["tls"], "", "the sink offers none");
    // And one in plaintext says nothing of it.
    let mut client = onward.session();
    client
        .transaction("alice@sender.test", &["hello@example.org"], TEXT.as_bytes())
        .expect_code(250);
    let message = sink.wait_for_messages(2).remove(1);
    assert!(message.header("Received").unwrap().contains("with ESMTP id"));
}

#[test]
fn postfix_as_a_client_of_each_kind() {
    let authority = Authority::new();
    let sink = Receiver::smtp().start();
    let own = authority.issue("mx.example.org", "a");
    let onward = forwarding(&sink, &own.toml());
    let fingerprint = peer::run(
        "sh",
        &[
            "-c",
            &format!(
                "openssl x509 -in {} -noout -fingerprint -sha256 | cut -d= -f2",
                own.certificate.display()
            ),
        ],
    );
    let Some(fingerprint) = fingerprint else { return };
    for (at, (level, policy)) in [
        ("may", String::new()),
        ("encrypt", String::new()),
        ("fingerprint", format!(" match={}", fingerprint.output.trim())),
        ("secure", " match=mx.example.org".to_owned()),
    ]
    .iter()
    .enumerate()
    {
        let Some(postfix) = Postfix::builder() else { return };
        let to = onward.address();
        let policy = format!("inline:{{ {{ [{}]:{} = {level}{policy} }} }}", to.ip(), to.port());
        let postfix = postfix
            .relay(to)
            .set("smtp_tls_security_level", "may")
            .set("smtp_tls_policy_maps", &policy)
            .set("smtp_tls_fingerprint_digest", "sha256")
            .set("smtp_tls_CAfile", &authority.file().display().to_string())
            .set("smtp_tls_loglevel", "1")
            .start();
        let mut client = Client::session(postfix.address());
        client
            .transaction("alice@sender.test", &["hello@example.org"], TEXT.as_bytes())
            .expect_code(250);
        let message = sink.wait_for_messages(at + 1).remove(at);
        let received = message.header("Received").unwrap();
        assert!(received.contains("with ESMTPS (TLSv1.3 "), "{level}: {received}");
        let wanted = match *level {
            "fingerprint" | "secure" => "Verified TLS connection established",
            _ => "TLS connection established",
        };
        postfix.wait_for_log(wanted);
    }
}

#[test]
fn what_is_said_before_the_handshake_is_never_obeyed() {
    let authority = Authority::new();
    let sink = Receiver::smtp().start();
    let toml = authority.issue("mx.example.org", "a").toml();
    // Else nothing behind EHLO would be looked at.
    let onward = forwarding(&sink, &(toml + "\n[limits]\nearly_talker = false\n"));
    let evil: &[u8] = b"EHLO evil.test\r\nSTARTTLS\r\nMAIL FROM:<evil@sender.test>\r\n\
        RCPT TO:<hello@example.org>\r\nDATA\r\nevil\r\n.\r\n";
    let mut client = onward.connect();
    client.reply().expect_code(220);
    client.send(evil);
    let offered = client.reply().expect_code(250);
    assert!(offered.lines.iter().any(|line| line.ends_with("STARTTLS")), "{offered:?}");
    client.reply().expect("220 2.0.0");
    let mut client = TlsClient::over(client.into_stream()).unwrap();
    assert!(client.command("RCPT TO:<hello@example.org>").starts_with("503 5.5.1"));
    assert!(
        client.command("MAIL FROM:<alice@sender.test>").starts_with("503 5.5.1"),
        "no EHLO yet"
    );
    client.send(b"EHLO client.test\r\n");
    assert!(client.reply().unwrap().starts_with("250"));
    assert!(client.command("STARTTLS").starts_with("503 5.5.1"), "twice");
    assert!(
        client.message("alice@sender.test", "hello@example.org", TEXT).starts_with("250 2.0.0")
    );
    assert_eq!(sink.wait_for_messages(1)[0].to, ["bob@sink.test"]);
    assert_eq!(sink.count(), 1, "the other was not sent");
}

#[test]
fn a_client_that_speaks_no_tls_after_all_harms_nobody() {
    let authority = Authority::new();
    let sink = Receiver::smtp().start();
    let onward = forwarding(&sink, &authority.issue("mx.example.org", "a").toml());
    let mut silent = Vec::new();
    for rubbish in [&b"MAIL FROM:<a@b.c>\r\n"[..], &[0x16, 3, 1, 0xff, 0xff], &[0; 20_000], b""] {
        let mut client = onward.session();
        client.command("STARTTLS").expect("220 2.0.0");
        client.send(rubbish);
        if rubbish.len() > 5 {
            // An alert of TLS, perhaps, and no reply in plaintext.
            let rest = client.eof().unwrap_or_default();
            assert!(!rest.starts_with(b"2") && !rest.starts_with(b"5"), "{rest:?}");
        } else {
            silent.push(client);
        }
    }
    let mut client = onward.session();
    client.command("STARTTLS").expect_code(220);
    let mut client = TlsClient::over(client.into_stream()).unwrap();
    assert!(
        client.message("alice@sender.test", "hello@example.org", TEXT).starts_with("250 2.0.0")
    );
}

#[test]
fn a_session_cut_within_a_message_delivers_nothing() {
    let authority = Authority::new();
    let sink = Receiver::smtp().start();
    let onward = forwarding(&sink, &authority.issue("mx.example.org", "a").toml());
    for way in ["DATA\r\nSubject: half\r\n", "BDAT 100\r\nSubject: half\r\n"] {
        let mut client = onward.session();
        client.command("STARTTLS").expect_code(220);
        let mut client = TlsClient::over(client.into_stream()).unwrap();
        assert!(client.command("EHLO c.test").starts_with("250"));
        assert!(client.command("MAIL FROM:<alice@sender.test>").starts_with("250"));
        assert!(client.command("RCPT TO:<hello@example.org>").starts_with("250"));
        client.send(way.as_bytes());
        // close_notify, and what it would take to end the message in plaintext behind it.
        let mut stream = client.close();
        use std::io::Write;
        let _ = stream.write_all(b".\r\nBDAT 0 LAST\r\n");
        drop(stream);
    }
    onward.wait_for_log("aborted");
    assert_eq!(sink.count(), 0);
}
