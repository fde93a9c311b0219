//! What the document says of messages, the queue and what would happen. A test holds what is answered against it.
#![allow(dead_code, reason = "utoipa describes them; nothing makes one")]

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What became of a message.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    /// Every destination took it.
    Forwarded,
    /// Some destinations took it, others never will.
    Partial,
    /// It was refused.
    Refused,
    /// Whoever brought it was told to try again later.
    Deferred,
    /// It waits in the queue.
    Spooled,
    /// It was taken, and came back later.
    Bounced,
    /// Nobody got it, and whoever sent it was told.
    Failed,
    /// It was taken out of the queue.
    Dropped,
    /// An alias threw it away.
    Discarded,
    /// Whoever brought it went away before its end.
    Aborted,
}

/// What happened to a message, or to one recipient that was refused.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Message {
    /// As in the 250 and in the Received field.
    id: String,
    /// When it came.
    #[schema(format = DateTime)]
    time: String,
    /// Who brought it; `null` on a unix socket.
    #[schema(required = true)]
    client: Option<String>,
    /// The reverse-path that it came with; `<>` for bounces.
    from: String,
    /// The reverse-path that it left with, where that is another one.
    #[schema(required = true)]
    srs_from: Option<String>,
    /// Its recipients.
    to: Vec<String>,
    /// What became of it.
    outcome: Outcome,
    /// What was answered. Empty, as are the attempts, where others than the token may see were recipients too.
    reply: String,
    /// The attempts to deliver it.
    attempts: Vec<Attempt>,
    /// What the checks found.
    auth: String,
    /// How it came encrypted; empty for plaintext.
    tls: String,
    /// What the spam filter said.
    #[schema(nullable = false)]
    filter: Option<Value>,
    /// What the owner should know besides.
    note: String,
    /// The account that sent it.
    #[schema(nullable = false)]
    account: Option<String>,
}

/// An attempt to deliver a message.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Attempt {
    /// When it began.
    #[schema(format = DateTime)]
    time: String,
    /// The host that answered, or should have.
    host: String,
    /// What it answered, or what went wrong.
    reply: String,
    /// How long it took, in milliseconds.
    ms: u64,
    /// How it was encrypted; empty for plaintext.
    tls: String,
}

/// A page of messages.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Messages {
    /// The newest first.
    messages: Vec<Message>,
    /// The `cursor` of the next page; `null` behind the last.
    #[schema(required = true)]
    next: Option<String>,
}

/// A message that waits.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Waiting {
    /// As in the 250 and in the Received field.
    id: String,
    /// The reverse-path that it came with; `<>` for bounces.
    from: String,
    /// The recipients that wait.
    to: Vec<String>,
    /// How far it got: `queued`, `sending`, `uncertain`.
    state: String,
    /// How often it was tried.
    attempts: u32,
    /// When it is tried next; `null` where nothing is left to do.
    #[schema(required = true, format = DateTime)]
    next_attempt: Option<String>,
    /// Its octets.
    size: u64,
    /// The id of the account that sent it.
    #[schema(nullable = false)]
    account: Option<String>,
    /// Why it does not leave for now: its account is `frozen`, `disabled` or `removed`.
    #[schema(nullable = false)]
    held: Option<String>,
    /// When it came.
    #[schema(format = DateTime)]
    arrived: String,
    /// Where it goes.
    legs: Vec<Leg>,
}

/// A recipient, and a mailbox that gets its mail.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Leg {
    /// The recipient.
    to: String,
    /// The mailbox.
    destination: String,
    /// How far it got.
    state: String,
    /// How often it was tried.
    attempts: u32,
    /// When it is due; `null` where nothing is left to do.
    #[schema(required = true, format = DateTime)]
    next_attempt: Option<String>,
    /// What was answered last.
    reply: String,
}

/// A page of the queue.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Queue {
    /// The oldest first.
    messages: Vec<Waiting>,
    /// The `cursor` of the next page; `null` behind the last.
    #[schema(required = true)]
    next: Option<String>,
}

/// What would happen to a message. Fields that say nothing may be left out.
#[derive(Serialize, Deserialize, ToSchema)]
pub(super) struct Explanation {
    /// To whom.
    to: String,
    /// From whom.
    from: String,
    /// Where it leads, each with the host that takes it.
    destinations: Vec<Value>,
    /// What the alias names and what does not get it.
    lost: Vec<String>,
    /// What the owner of the alias says of its mail.
    #[schema(nullable = false)]
    rules: Option<String>,
    /// How many messages the alias has had of those that its own limit allows.
    #[schema(nullable = false)]
    limit: Option<String>,
    /// The reverse-path that it leaves with.
    #[schema(required = true)]
    srs_from: Option<String>,
    /// What the checks find.
    #[schema(required = true)]
    checks: Option<String>,
    /// What becomes of it: `refused`, `discarded`, `munged`, `marked`, `answered` or `forwarded`.
    verdict: String,
    /// The reply that refuses it.
    #[schema(required = true)]
    reply: Option<String>,
}
