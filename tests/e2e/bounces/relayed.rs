//! What answers no forward provably, or answers it to people alone, goes on as it came, unsigned.

use super::forms::{Form, Outcome, Third};
use super::{postfix_bounce, scene};
use crate::support::receiver::Message;

/// `sent` came byte for byte, below our trace alone.
#[track_caller]
fn assert_relayed(got: &Message, sent: &[u8], what: &str) {
    assert!(got.data.ends_with(sent), "{what}: {}", String::from_utf8_lossy(&got.data));
    let above = String::from_utf8_lossy(&got.data[..got.data.len() - sent.len()]);
    assert!(above.starts_with("Received: from "), "{what}: {above}");
}

#[test]
fn what_is_for_people_goes_on_byte_for_byte() {
    let scene = scene(|onward| onward);
    let forward = scene.forward();
    for form in Form::all().iter().filter(|form| form.is_for_people()) {
        let bounce = form.filled(&forward, &forward.data, &Outcome::all()[0], Third::Rfc822);
        assert_relayed(&scene.told(&forward.from, &bounce), &bounce, &form.name);
    }
}

#[test]
fn a_report_can_be_relayed_by_the_configuration() {
    let scene = scene(|onward| onward.config("srs.bounces = \"relay\""));
    let forward = scene.forward();
    assert!(forward.header("X-Onward-Seal").is_none(), "nobody would look at it");
    let bounce = postfix_bounce(&forward);
    assert_relayed(&scene.told(&forward.from, &bounce), &bounce, "relay");
}

/// Where others than bounces are taken: what has a sender is no bounce, whatever it says.
#[test]
fn a_report_with_a_sender_goes_on_byte_for_byte() {
    let scene = scene(|onward| onward.config("srs.bounces_only = false"));
    let forward = scene.forward();
    let bounce = postfix_bounce(&forward);
    let mut client = scene.onward.session();
    client.transaction("mallory@sender.test", &[&forward.from], &bounce).expect("250 2.0.0");
    assert_relayed(&scene.author.wait_for_message(), &bounce, "with a sender");
}

#[test]
fn a_report_about_another_message_goes_on_byte_for_byte() {
    let scene = scene(|onward| onward);
    let forward = scene.forward();
    let foreign = b"Received: from a by b\r\nFrom: <alice@sender.test>\r\nSubject: another\r\n\r\n";
    let bounce = Form::named("exim").filled(&forward, foreign, &Outcome::all()[0], Third::Headers);
    assert_relayed(&scene.told(&forward.from, &bounce), &bounce, "foreign");
}
