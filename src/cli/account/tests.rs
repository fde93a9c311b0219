use super::*;
use crate::{
    account::{AccountId, Login, Password, State},
    address::Mailbox,
    admin::{self, keystore::Keys},
    alias::{Alias, AliasAddress},
    cli::tried::store_in,
    config::Machine,
    time::UnixTime,
};
use clap::Parser;
use std::path::Path;
use tempfile::TempDir;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

/// A store that hosts example.org, with aliases hello and shop.
fn store(state: &TempDir) -> Store {
    let store = store_in(state.path());
    block_on(async {
        store.add_domain(&"example.org".parse().unwrap()).await.unwrap();
        for address in ["hello@example.org", "shop@example.org"] {
            let address = AliasAddress::parse(address).unwrap();
            store.add_alias(&Alias::forward(address, ["me@gmail.test"]).unwrap()).await.unwrap();
        }
        Ok(())
    })
    .unwrap();
    store
}

fn config(state: &TempDir, more: &str) -> Config {
    let text = format!(
        "hostname = \"mx.example.org\"\nstate_dir = {:?}\n[srs]\ndomain = \"example.org\"\n{more}",
        state.path()
    );
    Config::parse(&text, Path::new("onward.toml"), &Machine::default()).unwrap()
}

/// What goes to stdout, and then what goes to stderr.
fn run(state: &TempDir, store: &Store, line: &str) -> Result<(String, String), String> {
    run_with(&config(state, ""), store, line)
}

fn run_with(config: &Config, store: &Store, line: &str) -> Result<(String, String), String> {
    let args = Line::try_parse_from(format!("account {line}").split(' '));
    let args = args.map_err(|error| error.to_string())?.args;
    let mut out = Vec::new();
    let done = block_on(execute(args.command, store, config, &mut out));
    let told = done.map_err(|failure| failure.to_string())?;
    let warnings = told.warnings.iter().map(|warning| format!("{warning}\n"));
    let err: String = warnings.chain(told.note.map(|note| note + "\n")).collect();
    Ok((String::from_utf8(out).unwrap(), err))
}

fn login(store: &Store, name: &str) -> Login {
    let name = Mailbox::parse(name).unwrap();
    block_on(async { Ok(store.login(&name).await.unwrap()) }).unwrap().unwrap()
}

#[test]
fn from_the_account_to_its_password_each_step_names_the_next() {
    let state = TempDir::new().unwrap();
    let store = store(&state);
    let run = |line: &str| run(&state, &store, line).unwrap();
    let (out, err) = run("add me@home.test --as hello@example.org --as *@example.org");
    assert_eq!(out, "added me@home.test, which sends as hello@example.org, *@example.org\n");
    assert_eq!(err.matches("onward dkim key add example.org").count(), 1, "{err}");
    let next = err.split_once("next: onward account ").unwrap().1;
    let (out, err) = run(next.split_once(" (").unwrap().0);
    let password = out.strip_suffix('\n').unwrap();
    assert!(err.contains("shown only now") && !err.contains(password), "{err}");
    let typed = Password::parse(password.to_lowercase().replace('-', "")).unwrap();
    let found = Login::verify(Some(&login(&store, "ME@home.test")), Some(&typed)).unwrap();
    assert_eq!(found.label.as_str(), "phone");

    let keys = Keys::in_files(&state.path().join("srs.secret"), state.path());
    let new = admin::dkim_keys::NewDkimKey {
        domain: "Example.org".parse().unwrap(),
        selector: None,
        source: admin::dkim_keys::DkimKeySource::New(admin::dkim_keys::KeyKind::Ed25519),
        is_staged: false,
    };
    block_on(async { Ok(admin::dkim_keys::add(&keys, &new).await?) }).unwrap();
    assert_eq!(run("set me@home.test --no-as *@EXAMPLE.org").1, "", "the domain has a key now");
    assert_eq!(
        run("add hello@example.org").0,
        "added hello@example.org, which sends as hello@example.org\n"
    );
}

#[test]
fn listings_have_no_password_and_say_what_is_wrong() {
    let state = TempDir::new().unwrap();
    let store = store(&state);
    let run = |line: &str| run(&state, &store, line).unwrap().0;
    run("add me@home.test --as hello@example.org shop@example.org");
    let password = run("password add me@home.test --label desk");
    let hash = Password::parse(password.trim()).unwrap().hash();
    let hex: String = hash.as_bytes().iter().map(|octet| format!("{octet:02x}")).collect();
    let off = AliasAddress::parse("shop@example.org").unwrap();
    let frozen = State::Frozen { reason: "20 refusals".into(), since: UnixTime::new(3_600) };
    block_on(async {
        store.set_enabled(&off, false).await.unwrap();
        store.set_account_state(&Mailbox::parse("me@home.test").unwrap(), frozen).await.unwrap();
        Ok(())
    })
    .unwrap();

    let id = login(&store, "me@home.test").account.id.to_string();
    let list = run("list --json");
    let row: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!((&row["account"], &row["state"]), (&"me@home.test".into(), &"frozen".into()));
    assert_eq!((&row["id"], &row["reason"]), (&id.as_str().into(), &"20 refusals".into()));
    assert_eq!(row["since"], "1970-01-01T01:00:00Z");
    assert_eq!(row["send_as"], serde_json::json!(["hello@example.org", "shop@example.org"]));
    assert_eq!(row["passwords"][0]["label"], "desk");
    assert_eq!(row["passwords"][0]["last_used"], serde_json::Value::Null);

    let shown = run(&format!("show {}", id.to_lowercase()));
    for line in [
        "me@home.test  frozen\n",
        "  frozen since 1970-01-01T01:00:00Z: 20 refusals\n",
        "onward account enable me@home.test\n",
        "  sent lately: 0 messages of 200/1h, 0 recipients of 1000/1d, 0 new ones of 200/1d\n",
        "  sends as hello@example.org\n",
        "  does not send as shop@example.org now: no alias answers it\n",
        "  password desk, added ",
    ] {
        assert!(shown.contains(line), "{line:?}: {shown}");
    }
    let json = run("show me@home.test --json");
    assert!(json.contains(r#""idle":["shop@example.org"]"#), "{json}");
    let lines = run("password list me@home.test") + &run("password list me@home.test --json");
    for told in [list, shown, json, lines, run("list")] {
        let told = told.to_uppercase();
        assert!(!told.contains(password.trim()) && !told.contains(&hex.to_uppercase()), "{told}");
        assert!(told.contains("NEVER USED") || told.contains("LAST_USED\":NULL"), "{told}");
    }

    assert_eq!(run("enable me@home.test"), "enabled me@home.test\n");
    assert!(run("list").starts_with("me@home.test  enabled  sends as hello@example.org, shop"));
    assert_eq!(run("disable me@home.test"), "disabled me@home.test\n");
    assert_eq!(run("password revoke me@home.test --label desk"), "revoked desk of me@home.test\n");
    assert!(run("show me@home.test").contains("no password; to make one"));
    assert_eq!(run("remove me@home.test"), "removed me@home.test\n");
    assert_eq!(run("list"), "");
    assert!(AccountId::parse(&id).is_some());
}

#[test]
fn refusals_say_what_to_do() {
    let state = TempDir::new().unwrap();
    let store = store(&state);
    run(&state, &store, "add me@home.test --as hello@example.org").unwrap();
    run(&state, &store, "password add me@home.test --label desk").unwrap();
    for (line, says) in [
        ("add you@home.test", "first: onward domain add home.test"),
        ("add you@home.test --as x@example.org", "first: onward alias add x@example.org DEST"),
        ("add you@home.test --as *@home.test", "first: onward domain add home.test"),
        ("add you@home.test --as sal*@example.org", "*@example.org"),
        ("add you --as hello@example.org", "the name of an account is an address"),
        ("add ME@home.test --as shop@example.org", "onward account set me@home.test --as ADDRESS"),
        ("set me@home.test", "required"),
        ("set me@home.test --no-as hello@example.org", "onward account remove me@home.test"),
        ("set me@home.test --no-as shop@example.org", "onward account show me@home.test"),
        ("show you@home.test", "onward account list"),
        ("show 00000000", "no account has the id 00000000"),
        ("remove you@home.test", "there is no account you@home.test"),
        ("password add me@home.test --label desk", "choose another --label"),
        ("password add me@home.test --label desk hunter2", "unexpected argument"),
        ("password revoke me@home.test --label phone", "password list me@home.test"),
    ] {
        let error = run(&state, &store, line).unwrap_err();
        assert!(error.contains(says), "{line}: {error}");
    }
}

#[test]
fn a_password_that_could_not_be_shown_is_none() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl Output for Closed {}
    let state = TempDir::new().unwrap();
    let store = store(&state);
    run(&state, &store, "add hello@example.org").unwrap();
    let line = "account password add hello@example.org --label desk";
    let args = Line::parse_from(line.split(' ')).args;
    assert!(block_on(execute(args.command, &store, &config(&state, ""), &mut Closed)).is_err());
    assert_eq!(login(&store, "hello@example.org").passwords, []);
}

/// Both listeners, and an http one that has more.
const LISTENERS: &str = r#"
[tls]
certificate = "/c.pem"
key = "/k.pem"
[[listen]]
protocol = "submission"
address = "[::]:465"
tls = "implicit"
[[listen]]
protocol = "submission"
address = "[::]:587"
"#;

#[test]
fn a_program_is_told_what_to_type_in_and_where_it_looks_itself() {
    let state = TempDir::new().unwrap();
    let store = store(&state);
    let without = config(&state, "");
    let err = run_with(&without, &store, "add me@home.test --as hello@example.org").unwrap().1;
    assert!(err.contains("protocol = \"submission\""), "{err}");
    let refused = run_with(&without, &store, "client me@home.test").unwrap_err();
    assert!(refused.contains("protocol = \"submission\""), "{refused}");

    let config = config(&state, LISTENERS);
    let told = |line: &str| run_with(&config, &store, line).unwrap().0;
    let err = run_with(&config, &store, "add shop@example.org").unwrap().1;
    assert!(!err.contains("listener"), "{err}");
    let text = told("client me@home.test");
    for part in [
        "server     mx.example.org\n",
        "port       465, with \"SSL/TLS\"; or 587, with \"STARTTLS\"\n",
        "user name  me@home.test\n",
        "here it is me@home.test.\n",
        "  _submissions._tcp.example.org. IN SRV 0 1 465 mx.example.org.\n",
        "  https://autoconfig.example.org/mail/config-v1.1.xml\n",
        "onward account client me@home.test --autoconfig prints it",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!told("client shop@example.org").contains("here it is"));
    let json: serde_json::Value =
        serde_json::from_str(&told("client me@home.test --json")).unwrap();
    assert_eq!(json["server"], "mx.example.org");
    assert_eq!(json["ports"][0], serde_json::json!({"port": 465, "tls": "implicit"}));
    assert_eq!(json["ports"][1], serde_json::json!({"port": 587, "tls": "starttls"}));
    assert_eq!(json["records"].as_array().unwrap().len(), 6);
    assert_eq!((&json["profile"], &json["is_served"]), (&serde_json::Value::Null, &false.into()));
}

#[test]
fn the_files_are_for_an_address_of_the_account_and_name_no_account_to_all() {
    let state = TempDir::new().unwrap();
    let store = store(&state);
    let more = "serve = [\"autoconfig\"]\n[submission]\nincoming = \"imap.home.test\"\n";
    let served =
        format!("{LISTENERS}[[listen]]\nprotocol = \"http\"\naddress = \"[::]:80\"\n{more}");
    let (config, served) = (config(&state, LISTENERS), config(&state, &served));
    let run = |line: &str| run_with(&config, &store, line);
    run("add me@home.test --as *@example.org").unwrap();
    let refused = run("client me@home.test --profile --incoming imap.home.test").unwrap_err();
    assert!(refused.contains("--as ADDRESS"), "{refused}");
    let refused = run("client me@home.test --profile --as hello@example.org").unwrap_err();
    assert!(refused.contains("--incoming"), "{refused}");
    let refused = run("client me@home.test --as hello@else.test").unwrap_err();
    assert!(refused.contains("it sends as *@example.org"), "{refused}");
    let refused = run("client you@home.test").unwrap_err();
    assert!(refused.contains("you@home.test"), "{refused}");
    let line =
        "client me@home.test --as hello@example.org --incoming imap.home.test --incoming-user me";
    let profile = run(&format!("{line} --profile")).unwrap().0;
    for part in [
        "<string>me@home.test</string>",
        "<string>hello@example.org</string>",
        "<string>me</string>",
    ] {
        assert!(profile.contains(part), "{part} in {profile}");
    }
    let xml = run(&format!("{line} --autoconfig")).unwrap().0;
    assert!(xml.contains("<hostname>imap.home.test</hostname>"), "{xml}");
    assert!(xml.contains("%EMAILADDRESS%") && !xml.contains("me@home.test"), "{xml}");
    let told = run_with(&served, &store, "client me@home.test --as hello@example.org").unwrap().0;
    let url = "https://autoconfig.example.org/apple.mobileconfig?emailaddress=hello@example.org&account=me@home.test";
    assert!(told.contains(url) && !told.contains("--autoconfig"), "{told}");
    let told = run_with(&served, &store, "client me@home.test").unwrap().0;
    assert!(told.contains("_imaps._tcp.example.org. IN SRV 0 1 993 imap.home.test."), "{told}");
}
