//! The journal joins a bounce to the message that it answers.

use super::{
    ALIAS,
    forms::{Form, Outcome, Third},
    postfix_bounce, scene,
};
use crate::support::wait_until;
use serde_json::Value;

#[test]
fn trace_joins_a_bounce_to_the_message_that_it_answers() {
    let scene = scene(|onward| onward);
    let forward = scene.forward();
    scene.told(&forward.from, &postfix_bounce(&forward));
    let record = |arguments: &[&str]| scene.onward.wait_for_trace(arguments, 1).remove(0);
    let bounced = wait_until("the outcome bounced", || {
        Some(record(&["--to", ALIAS])).filter(|record| record["outcome"] == "bounced")
    });
    let returned = record(&["--from", "<>"]);
    let id = |record: &Value| record["id"].as_str().unwrap().to_owned();
    assert_eq!(
        bounced["note"],
        format!("bounced by {}: hello@example.org failed 5.1.1", id(&returned)),
        "{bounced:#}"
    );
    assert_eq!(
        bounced["reply"].as_str().unwrap().split(' ').next(),
        Some("250"),
        "what its client heard"
    );
    assert_eq!(returned["outcome"], "forwarded");
    let note = returned["note"].as_str().unwrap();
    let told = format!("retold, as it answers {}: hello@example.org failed 5.1.1", id(&bounced));
    assert!(note.contains(&told), "{note}");
    let text = scene.onward.run(&["trace", "--to", ALIAS]);
    assert!(text.contains("bounced"), "{text}");
}

#[test]
fn a_delay_is_told_and_is_no_end() {
    let scene = scene(|onward| onward);
    let forward = scene.forward();
    let delayed = Outcome::all()[4];
    let bounce = Form::named("postfix").filled(&forward, &forward.data, &delayed, Third::Headers);
    let told = super::retold::read(&scene.told(&forward.from, &bounce));
    assert!(told.status.contains("Action: delayed"), "{}", told.status);
    assert!(told.text.contains("You need not send it again"), "{}", told.text);
    let record = wait_until("a note", || {
        let record = scene.onward.wait_for_trace(&["--to", ALIAS], 1).remove(0);
        record["note"].as_str().unwrap().contains("delayed 4.2.1").then_some(record)
    });
    assert_eq!(record["outcome"], "forwarded");
}

#[test]
fn bounces_are_counted() {
    let (mut metrics, mut address) = (String::new(), None);
    let scene = scene(|onward| {
        let (onward, http) = onward.listen("http", &[]);
        address = Some(http);
        onward
    });
    let forward = scene.forward();
    scene.told(&forward.from, &postfix_bounce(&forward));
    scene.told(&forward.from, b"From: <a@b.test>\r\nAuto-Submitted: auto-replied\r\n\r\naway\r\n");
    wait_until("both of them", || {
        metrics = crate::metrics::get(address.unwrap(), "GET /metrics");
        let has = |result: &str| {
            metrics.contains(&format!("onward_bounces_total{{result=\"{result}\"}} 1"))
        };
        (has("retold") && has("relayed")).then_some(())
    });
}
