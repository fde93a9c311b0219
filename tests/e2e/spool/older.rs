//! What an older version spooled.

use super::{ALIAS, ALICE, MESSAGE, scene};
use crate::support::receiver::{Action, Step};
use crate::support::wait_until;
use rusqlite::Connection;

/// It had a whole copy of each form.
#[test]
fn mail_that_was_spooled_by_the_version_before_is_delivered() {
    let mut scene = scene(|onward| onward.config("spool.retry = [\"1h\"]"));
    scene.sink.on(Step::Greeting, Action::reply("421 4.3.2 down"));
    scene.send(ALICE, &[ALIAS]).expect("250 2.0.0");
    assert!(scene.onward.terminate().success());
    let database = Connection::open(scene.onward.state_dir().join("onward.db")).unwrap();
    // What is small is kept as it was then.
    database
        .execute_batch(concat!(
            include_str!("../../support/version_15.sql"),
            include_str!("../../support/version_6.sql")
        ))
        .unwrap();
    database.close().unwrap();

    scene.sink.accept_all();
    scene.onward.serve();
    scene.onward.run(&["queue", "retry", "--all"]);
    let message = scene.sink.wait_for_message();
    assert!(message.data.ends_with(MESSAGE), "{}", message.data.escape_ascii());
    wait_until("an empty spool", || scene.queue().is_empty().then_some(()));
    assert_eq!(scene.sink.count(), 1);
}
