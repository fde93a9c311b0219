//! Aliases at the page: in a browser, with real mail; and what nobody but their owner may do.

mod all;
mod forms;
mod rights;
mod walks;

use super::browser::Browser;
use super::site::{Person, Site};
use crate::support::client::Reply;
use crate::support::onward::Onward;
use crate::support::wait_until;
use serde_json::Value;

const MESSAGE: &[u8] = b"From: alice@sender.test\r\n\r\nhello\r\n";

fn send(onward: &Onward, from: &str, to: &str) -> Reply {
    let mut client = onward.session();
    client.mail(from).expect_code(250);
    let reply = client.rcpt(to);
    if reply.code == 250 { client.data(MESSAGE) } else { reply }
}

/// The browser complains of nothing but of forms that were refused, as they were to be, and of the page of whoever begins.
#[track_caller]
pub(super) fn no_errors(browser: &Browser) {
    let is_meant = |line: &String| {
        line.contains("status of 422")
            || line.contains("/overview") && line.contains("status of 404")
    };
    let said: Vec<_> = browser.console().into_iter().filter(|line| !is_meant(line)).collect();
    assert!(said.is_empty(), "{said:#?}");
}

/// An alias as `alias show --json` has it.
#[track_caller]
fn alias(onward: &Onward, address: &str) -> Value {
    serde_json::from_str(&onward.run(&["alias", "show", address, "--json"])).unwrap()
}

#[track_caller]
fn wait_for_forwarded(onward: &Onward, address: &str, count: u64) {
    wait_until(format!("{address} has taken {count}"), || {
        (alias(onward, address)["counters"]["forwarded"] == count).then_some(())
    });
}

pub(super) fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The value of the first hidden field of this name.
#[track_caller]
pub(super) fn hidden(body: &str, name: &str) -> String {
    let from = body.split_once(&format!("name=\"{name}\" value=\"")).expect(name).1;
    from.split_once('"').unwrap().0.to_owned()
}

/// What the box of an alias on the list sends.
#[track_caller]
pub(super) fn picked(body: &str, address: &str) -> String {
    let mut values = body.split("value=\"").filter_map(|rest| rest.split_once('"'));
    let found = values.find(|(value, _)| value.ends_with(&format!(" {address}")));
    found.unwrap_or_else(|| panic!("no {address} in {body}")).0.to_owned()
}

#[track_caller]
fn get(site: &Site, person: &Person, path: &str) -> String {
    let answer = site.get(person, path);
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.body
}

/// Sends a form that does something, and gives the page that says what was done.
#[track_caller]
fn done(site: &Site, person: &Person, path: &str, pairs: &[(&str, &str)]) -> String {
    let answer = site.post(person, path, &form(pairs));
    assert_eq!(answer.status, 303, "{path} {pairs:?}: {answer:?}");
    let place = answer.head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap();
    get(site, person, place)
}
