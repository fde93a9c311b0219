use super::*;
use crate::alias::import::Problem;
use proptest::prelude::*;

fn beside(domain: &str, to: &[&str]) -> Beside {
    Beside {
        domain: Domain::parse(domain).ok(),
        to: to.iter().map(|text| Mailbox::parse(text).unwrap()).collect(),
    }
}

fn aliases(import: &Import) -> Vec<String> {
    import.aliases.iter().map(|(place, alias)| format!("{place} {alias}")).collect()
}

fn said(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(|problem| format!("{} {}", problem.line, problem.what)).collect()
}

/// What is asked for is said once, at that place.
#[track_caller]
fn says(problems: &[Problem], wanted: &[(usize, &str)]) {
    let found = said(problems);
    assert_eq!(found.len(), wanted.len(), "{found:#?}");
    for ((place, part), text) in wanted.iter().zip(&found) {
        assert!(text.starts_with(&format!("{place} ")) && text.contains(part), "{part}: {text}");
    }
}

#[test]
fn simplelogin_csv() {
    let text = "\u{feff}alias,note,enabled,mailboxes\r\nhello@example.org,\"for\r\nthe shop\",True,me@x.test you@y.test\r\n\
                off@example.org,,False,me@x.test\r\nmine.word@simplelogin.com,,True,me@x.test\r\n\
                lost@example.org,,True,\r\nodd@example.org,,maybe,me@x.test\r\nbad,,True,me@x.test\r\n";
    let import = read_service(Service::SimpleLogin, text, &Beside::default());
    let notes: Vec<_> =
        import.aliases.iter().map(|(_, alias)| alias.rules().note.clone()).collect();
    assert_eq!(notes, [Some("for the shop".to_owned()), None]);
    let shown: Vec<_> = import
        .aliases
        .iter()
        .map(|(place, alias)| format!("{place} {}", alias.without_rules()))
        .collect();
    assert_eq!(
        shown,
        [
            "2 hello@example.org -> me@x.test, you@y.test",
            "4 off@example.org -> me@x.test (disabled)",
        ]
    );
    let wanted = [(5, "stays there"), (6, "--to says"), (7, "on or off"), (8, "no alias address")];
    says(&import.problems, &wanted);
    let to = beside("", &["me@x.test"]);
    let import = read_service(Service::SimpleLogin, text, &to);
    assert!(aliases(&import).contains(&"6 lost@example.org -> me@x.test".to_owned()));
}

#[test]
fn pages_of_simplelogin_that_overlap_are_taken_once_and_that_is_told() {
    let page = |items: &[(&str, &str)]| {
        let items = items.iter().map(|(email, note)| {
            format!(
                r#"{{"email":"{email}","note":"{note}","mailboxes":[{{"email":"me@x.test"}}]}}"#
            )
        });
        format!(r#"{{"aliases":[{}]}}"#, items.collect::<Vec<_>>().join(","))
    };
    let first = page(&[("a@example.org", ""), ("b@example.org", "old")]);
    let second = page(&[("A@example.org", ""), ("a@example.org", ""), ("b@example.org", "new")]);
    let text = format!("{first}\n{second}");
    let import = read_service(Service::SimpleLogin, &text, &Beside::default());
    assert_eq!(import.aliases.len(), 0, "A@ differs from a@ in how it is written");
    let text = text.replace("A@", "a@");
    let import = read_service(Service::SimpleLogin, &text, &Beside::default());
    assert_eq!(aliases(&import), ["1 a@example.org -> me@x.test"]);
    says(&import.notes, &[(3, "a@example.org stands here again"), (4, "taken once")]);
    says(&import.problems, &[(2, "several lines"), (5, "several lines")]);
}

#[test]
fn addy_pages_without_a_total_are_missed_too() {
    let page = |number: u64, last: u64| {
        format!(
            r#"{{"data":[{{"email":"a{number}@example.org","recipients":[{{"email":"r@x.test"}}]}}],
            "meta":{{"current_page":{number},"last_page":{last}}}}}"#
        )
    };
    let read = |text: &str| read_service(Service::Addy, text, &Beside::default());
    says(&read(&page(2, 3)).notes, &[(1, "page 2 of 3 is in this file")]);
    let all = [page(1, 2), page(2, 2)].concat();
    says(&read(&all).notes, &[]);
    says(&read(&page(1, 1)).notes, &[]);
}

#[test]
fn simplelogin_json() {
    let all = r#"{"email":"me@x.test","name":"Me","aliases":[{"email":"a@example.org","enabled":true},
        {"email":"b@example.org","enabled":false}],"apps":[],"custom_domains":["example.org"]}"#;
    let import = read_service(Service::SimpleLogin, all, &Beside::default());
    assert!(import.counts_items && import.aliases.is_empty());
    says(&import.problems, &[(1, "--to says"), (2, "--to says")]);
    let import = read_service(Service::SimpleLogin, all, &beside("", &["me@x.test"]));
    assert_eq!(
        aliases(&import),
        ["1 a@example.org -> me@x.test", "2 b@example.org -> me@x.test (disabled)"]
    );
    assert_eq!(import.domains.len(), 1);
    // Pages of the API, one behind the other.
    let page = r#"{"aliases":[{"email":"c@example.org","enabled":true,"name":"Shop","note":null,
        "mailbox":{"id":1,"email":"me@x.test"},"mailboxes":[{"id":1,"email":"me@x.test"},{"id":2,"email":"you@y.test"}]}]}"#;
    let import = read_service(
        Service::SimpleLogin,
        &format!("{page}\n{}", page.replace("c@", "d@")),
        &Beside::default(),
    );
    let wanted =
        ["1 c@example.org -> me@x.test, you@y.test", "2 d@example.org -> me@x.test, you@y.test"];
    assert_eq!(aliases(&import), wanted);
    says(&import.notes, &[(1, "display name"), (2, "display name")]);
}

#[test]
fn addy() {
    let text = "id,user_id,aliasable_id,aliasable_type,local_part,extension,domain,email,active,description,from_name,\
                attached_recipients_only,emails_forwarded,deleted_at,colour\n\
                1,u,d,App\\Models\\Domain,shop,,example.org,shop@example.org,1,\"Shop, \"\"the\"\" one\",Me,1,5,,red\n\
                2,u,d,,off,,example.org,off@example.org,,,,,0,,\n\
                3,u,,,x,,me.anonaddy.com,x@me.anonaddy.com,1,,,,0,,\n\
                4,u,d,,gone,,example.org,gone@example.org,,,,,0,2024-01-01 00:00:00,\n";
    let to = beside("", &["me@x.test"]);
    let import = read_service(Service::Addy, text, &to);
    let shown: Vec<_> = import
        .aliases
        .iter()
        .map(|(place, alias)| format!("{place} {}", alias.without_rules()))
        .collect();
    assert_eq!(
        shown,
        ["2 shop@example.org -> me@x.test", "3 off@example.org -> me@x.test (disabled)"]
    );
    assert_eq!(import.aliases[0].1.rules().note.as_deref(), Some("Shop, \"the\" one"));
    says(&import.problems, &[(4, "at a domain of addy.io")]);
    let notes =
        [(1, "\"colour\""), (2, "from_name"), (2, "attached_recipients_only"), (5, "deleted")];
    says(&import.notes, &notes);

    let template = "alias,description,recipients\nabc@example.org,Mine,\"a@x.test,b@y.test\"\n";
    let import = read_service(Service::Addy, template, &Beside::default());
    assert_eq!(
        import.aliases[0].1.without_rules().to_string(),
        "abc@example.org -> a@x.test, b@y.test"
    );

    let json = r#"{"data":[{"email":"a@example.org","active":false,"description":null,"from_name":"X",
        "recipients":[{"id":"1","email":"r@x.test"}],"deleted_at":null}],"meta":{"total":250}}"#;
    let import = read_service(Service::Addy, json, &Beside::default());
    assert_eq!(aliases(&import), ["1 a@example.org -> r@x.test (disabled)"]);
    says(&import.notes, &[(1, "1 of 250"), (1, "from_name")]);
    let none = read_service(Service::Addy, r#"{"data":[]}"#, &Beside::default());
    assert!(none.problems.is_empty() && none.aliases.is_empty());
    says(&read_service(Service::Addy, r#"{"date":[]}"#, &to).problems, &[(1, "\"data\"")]);
    says(&read_service(Service::Addy, r#"{"data":["#, &to).problems, &[(1, "no JSON")]);
}

#[test]
fn forward_email() {
    let text = "\
$ORIGIN example.org.
@ 3600 IN TXT \"forward-email=hello:me@x.test,Hello:you@y.test,\" \"all@x.test\"
@ IN TXT ( \"forward-email=!quiet,!!later:a@x.test\"
           \",!!!gone\" ) ; what is off
@ TXT \"forward-email=/^(support|info)$/i:u+$1@x.test,/^\\\\d{1,3}-x/:n@x.test,!/^spam$/\"
@ TXT \"forward-email=hook:https://x.test/hook,host:192.0.2.1\"
@ TXT \"forward-email-port=2525\"
@ TXT \"v=spf1 a -all\"
paid.test. TXT \"forward-email-site-verification=abc\"
@ MX 0 mx1.forwardemail.net.
old.test. TXT \"forward-email=new.test,copy@x.test\"
";
    let import = read_service(Service::ForwardEmail, text, &Beside::default());
    assert_eq!(
        aliases(&import),
        [
            "2 hello@example.org -> me@x.test, you@y.test",
            "3 quiet@example.org discards",
            "3 later@example.org defers: This address does not accept mail now",
            "3 gone@example.org rejects: This address does not accept mail",
            r"5 /^(support|info)@example\.org$/ -> u+$1@x.test",
            r"5 /^\d{1,3}-x.*@example\.org$/ -> n@x.test",
            r"5 /^spam@example\.org$/ discards",
            "2 *@example.org -> all@x.test",
            r"11 /^(.+)@old\.test$/ -> $1@new.test, copy@x.test",
        ]
    );
    let wanted = [(9, "paid plan"), (6, "192.0.2.1"), (6, "webhook")];
    let mut problems = import.problems.clone();
    problems.sort_by_key(|problem| (problem.line != 9, problem.what.contains("webhook")));
    says(&problems, &wanted);
    let notes: Vec<usize> = import.notes.iter().map(|note| note.line).collect();
    assert_eq!(notes, [7, 5, 5, 5], "{:?}", import.notes);

    let bare = "forward-email=a:b@x.test\nforward-email=nobody:nobody@forwardemail.net\nhello\n";
    let import = read_service(Service::ForwardEmail, bare, &beside("example.org", &[]));
    assert_eq!(aliases(&import), ["1 a@example.org -> b@x.test", "2 nobody@example.org discards"]);
    says(&import.problems, &[(3, "no TXT record")]);
    let import = read_service(Service::ForwardEmail, bare, &Beside::default());
    assert!(said(&import.problems)[1].contains("--domain says"), "{:?}", import.problems);
    let sealed = "forward-email=b3J3YXJkLWVtYWlsPWFAYi50ZXN0MTIz\n";
    let import = read_service(Service::ForwardEmail, sealed, &beside("example.org", &[]));
    says(&import.problems, &[(1, "encrypted")]);
}

#[test]
fn regexes_of_forward_email() {
    let one = |entry: &str| {
        let text = format!("forward-email={entry}\n");
        let import = read_service(Service::ForwardEmail, &text, &beside("example.org", &[]));
        match &aliases(&import)[..] {
            [alias] => alias.clone(),
            _ => said(&import.problems).join(";"),
        }
    };
    for (entry, becomes) in [
        ("/a|b/:x@y.test", r"1 /^.*(?:a|b).*@example\.org$/ -> x@y.test"),
        ("/^[a|b]$/g:x@y.test", r"1 /^[a|b]@example\.org$/ -> x@y.test"),
        (r"/^a,b\/c$/:x@y.test", r"1 /^a,b/c@example\.org$/ -> x@y.test"),
    ] {
        assert_eq!(one(entry), becomes, "{entry}");
    }
    assert!(one("/^a|b$/:x@y.test").contains("outside of a group"));
    assert!(one("/^a/:$1@y.test").contains("whole names"));
    assert!(one("/^(a$/:x@y.test").contains("not usable"));
}

#[test]
fn forward_email_csv_and_json() {
    let text = "Name,Domain,Recipients,Description,Is_Enabled,Labels\nhello,example.org,\"a@x.test, b@y.test\",Mine,true,x\n\
                *,example.org,c@x.test,,false,\n/^(x|y)$/,example.org,$1@x.test,,true,\n";
    let import = read_service(Service::ForwardEmail, text, &Beside::default());
    let shown: Vec<_> = import
        .aliases
        .iter()
        .map(|(place, alias)| format!("{place} {}", alias.without_rules()))
        .collect();
    assert_eq!(
        shown,
        [
            "2 hello@example.org -> a@x.test, b@y.test",
            "3 *@example.org -> c@x.test (disabled)",
            r"4 /^(x|y)@example\.org$/ -> $1@x.test",
        ]
    );
    says(&import.notes, &[(1, "\"Labels\"")]);
    let json = r#"[{"name":"hello","domain":{"id":"1","name":"example.org"},"recipients":["a@x.test"],"is_enabled":true,
        "description":""},{"name":"hook","domain":{"name":"example.org"},"recipients":["https://x.test/"]}]"#;
    let import = read_service(Service::ForwardEmail, json, &Beside::default());
    assert_eq!(aliases(&import), ["1 hello@example.org -> a@x.test"]);
    says(&import.problems, &[(2, "webhook")]);
}

#[test]
fn improvmx() {
    let csv = "alias,forward\nhello,\"a@x.test,b@y.test\"\n*,c@x.test\nhook,https://x.test/hook\n,d@x.test\n";
    let import = read_service(Service::ImprovMx, csv, &beside("example.org", &[]));
    assert_eq!(
        aliases(&import),
        ["2 hello@example.org -> a@x.test, b@y.test", "3 *@example.org -> c@x.test"]
    );
    says(&import.problems, &[(4, "webhook"), (5, "@example.org")]);
    let import = read_service(Service::ImprovMx, csv, &Beside::default());
    assert!(said(&import.problems)[0].contains("--domain says"), "{:?}", import.problems);

    let json = r#"{"aliases":[{"forward":"a@x.test","alias":"richard","id":4}],"limit":5,"page":1,"total":7,"success":true}"#;
    let import = read_service(Service::ImprovMx, json, &beside("example.org", &[]));
    assert_eq!(aliases(&import), ["1 richard@example.org -> a@x.test"]);
    says(&import.notes, &[(1, "1 of 7")]);
    let domains = r#"{"domains":[{"domain":"example.org","aliases":[{"forward":"a@x.test","alias":"*"}]},
        {"domain":"bad domain","aliases":[{"forward":"a@x.test","alias":"b"}]}]}"#;
    let import = read_service(Service::ImprovMx, domains, &Beside::default());
    assert_eq!(aliases(&import), ["1 *@example.org -> a@x.test"]);
    assert_eq!(import.domains.len(), 1);
    assert!(import.problems.len() == 2 && import.problems[0].what.contains("bad domain"));
}

#[test]
fn cloudflare() {
    let rule = |to: &str, action: &str, enabled: bool| {
        format!(
            r#"{{"id":"1","name":"Rule created at 2024-01-01","matchers":[{{"type":"literal","field":"to","value":"{to}"}}],
            "actions":[{action}],"enabled":{enabled},"priority":0}}"#
        )
    };
    let forward = r#"{"type":"forward","value":["me@x.test"]}"#;
    let catch_all = |enabled: bool, action: &str| {
        format!(
            r#"{{"name":"","matchers":[{{"type":"all"}}],"actions":[{action}],"enabled":{enabled}}}"#
        )
    };
    let rules = [
        rule("hello@example.org", forward, true),
        rule("off@example.org", forward, false),
        rule("drop@example.org", r#"{"type":"drop"}"#, true),
        rule("work@example.org", r#"{"type":"worker","value":["mine"]}"#, true),
        catch_all(true, forward),
    ];
    let list = format!(
        r#"{{"result":[{}],"success":true,"result_info":{{"total_count":5}}}}"#,
        rules.join(",")
    );
    let import = read_service(Service::Cloudflare, &list, &Beside::default());
    assert_eq!(
        aliases(&import),
        [
            "1 hello@example.org -> me@x.test",
            "2 off@example.org -> me@x.test (disabled)",
            "3 drop@example.org discards",
            "5 *@example.org -> me@x.test",
        ]
    );
    says(&import.problems, &[(4, "Worker")]);
    assert_eq!(import.notes, []);
    // The answer about the catch-all behind it says it again.
    let both = format!("{list}\n{{\"result\":{},\"success\":true}}", catch_all(true, forward));
    let import = read_service(Service::Cloudflare, &both, &Beside::default());
    assert_eq!(import.aliases.len(), 4, "{:?}", import.problems);

    let alone = format!("{{\"result\":{}}}", catch_all(true, forward));
    says(
        &read_service(Service::Cloudflare, &alone, &Beside::default()).problems,
        &[(1, "--domain says")],
    );
    let import = read_service(Service::Cloudflare, &alone, &beside("example.org", &[]));
    assert_eq!(aliases(&import), ["1 *@example.org -> me@x.test"]);
    let off = format!("{{\"result\":{}}}", catch_all(false, r#"{"type":"drop"}"#));
    let import = read_service(Service::Cloudflare, &off, &beside("example.org", &[]));
    assert!(import.aliases.is_empty());
    says(&import.notes, &[(1, "switched off")]);
    says(
        &read_service(Service::Cloudflare, "hello", &Beside::default()).problems,
        &[(1, "no JSON")],
    );
}

#[test]
fn notes_fit_a_line() {
    let long = "x".repeat(600);
    let text = format!(
        "alias,note,enabled,mailboxes\na@example.org,\"\u{202e}a\t b\n\",True,m@x.test\nb@example.org,{long},True,m@x.test\n"
    );
    let import = read_service(Service::SimpleLogin, &text, &Beside::default());
    let notes: Vec<_> =
        import.aliases.iter().filter_map(|(_, alias)| alias.rules().note.clone()).collect();
    assert_eq!(notes[0], "a b");
    assert_eq!(notes[1].len(), 500);
    says(&import.notes, &[(4, "cut")]);
}

proptest! {
    #[test]
    fn any_text(
        text in "([a@b.:,|/#\"!$(){}\\[\\]=; \t\n\\\\*^-]|forward-email=|TXT|alias|forward|\"data\":|\"result\":){0,60}",
        which in 0_usize..5,
    ) {
        let services = [
            Service::SimpleLogin, Service::Addy, Service::ForwardEmail, Service::ImprovMx, Service::Cloudflare,
        ];
        read_service(services[which], &text, &beside("example.org", &["me@x.test"]));
    }
}
