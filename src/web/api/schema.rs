//! What the document says of objects that are made elsewhere. A test holds what is answered against it.
#![allow(dead_code, reason = "utoipa describes them; nothing makes one")]

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an alias does.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Action {
    /// Its mail goes to its destinations.
    Forward,
    /// Its mail is refused with its text.
    Reject,
    /// Whoever brings its mail is to try again later.
    Defer,
    /// Its mail is taken and thrown away.
    Discard,
}

/// Which recipients an alias answers.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AliasKind {
    /// One address.
    Exact,
    /// What nothing else in the domain answers.
    CatchAll,
    /// What a regex matches.
    Regex,
}

/// What becomes of spam.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Spam {
    /// It is forwarded with fields that say so.
    Mark,
    /// It is refused.
    Refuse,
}

/// How often the owner hears what came.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Digest {
    /// Never.
    Off,
    /// Once a day.
    Daily,
    /// Once a week.
    Weekly,
}

/// An alias. Fields without a value are left out.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Alias {
    /// Which recipients it answers.
    #[schema(example = "hello@example.org")]
    address: String,
    /// As it follows from the address.
    kind: AliasKind,
    /// Where its mail goes; of a regex with `$1` for what it matched. Not told to tokens of the scope `create`.
    #[schema(required = false, example = json!(["me@mailbox.example"]))]
    destinations: Vec<String>,
    /// Whether it answers.
    enabled: bool,
    /// What it does, where that is not to forward.
    #[schema(nullable = false)]
    action: Option<Action>,
    /// What the reply says, of one that rejects or defers.
    #[schema(nullable = false)]
    text: Option<String>,
    /// What it is for.
    #[schema(nullable = false)]
    note: Option<String>,
    /// From when on it refuses its mail.
    #[schema(nullable = false, format = DateTime)]
    expires: Option<String>,
    /// After how many messages it refuses its mail.
    #[schema(nullable = false)]
    max_messages: Option<u64>,
    /// Whose mail is not blocked.
    #[schema(required = false)]
    allow: Vec<String>,
    /// Whose mail is refused.
    #[schema(required = false)]
    block: Vec<String>,
    /// How many messages it takes in which time.
    #[schema(nullable = false, example = "30/1h")]
    limit: Option<String>,
    /// What becomes of spam, where it has a word of its own on that.
    #[schema(nullable = false)]
    spam: Option<Spam>,
    /// Whether mailboxes see the `+tag` of its recipients, where it has a word of its own on that.
    #[schema(nullable = false)]
    keep_tag: Option<bool>,
    /// Whether its mailboxes answer by writing to an address that names the other.
    #[schema(nullable = false)]
    reply_by_address: Option<bool>,
    /// How often its owner hears what came, where it has a word of its own on that.
    #[schema(nullable = false)]
    digest: Option<Digest>,
    /// What came of its mail so far.
    counters: Counters,
    /// Of one that was made or changed: its destinations that nothing answers here. Mail to them is refused.
    #[schema(nullable = false)]
    warnings: Option<Vec<String>>,
}

/// What came of the mail to an alias. One message counts once.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Counters {
    /// Messages that were taken.
    forwarded: u64,
    /// Messages that were refused.
    refused: u64,
    /// These by why.
    #[schema(required = false)]
    refused_by: std::collections::BTreeMap<String, u64>,
    /// When the last was taken.
    #[schema(nullable = false, format = DateTime)]
    last_use: Option<String>,
    /// Since when is counted.
    #[schema(nullable = false, format = DateTime)]
    since: Option<String>,
}

/// An alias that is to be. `null` is the same as nothing.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAlias {
    /// `hello@example.org`; `*@example.org` for what nothing else in the domain answers; or a regex between slashes.
    #[schema(example = "hello@example.org")]
    address: String,
    /// As it follows from the address.
    #[schema(nullable = false)]
    kind: Option<AliasKind>,
    /// Where its mail goes; where it is left out, to the destinations of the token, if it has any.
    #[schema(required = false, min_items = 1, max_items = 100, example = json!(["me@mailbox.example"]))]
    destinations: Vec<String>,
    /// Whether it answers; it does where nothing is said.
    #[schema(nullable = false)]
    enabled: Option<bool>,
    /// What it does; it forwards where nothing is said.
    action: Option<Action>,
    /// What the reply says, of one that rejects or defers.
    #[schema(max_length = 200)]
    text: Option<String>,
    /// What it is for: one line.
    #[schema(max_length = 500)]
    note: Option<String>,
    /// From when on it refuses its mail: a time to come with its zone.
    #[schema(format = DateTime)]
    expires: Option<String>,
    /// After how many messages it refuses its mail.
    #[schema(minimum = 1, maximum = 1000000000)]
    max_messages: Option<u64>,
    /// Whose mail is not blocked: `news@shop.example`, `@shop.example`, `*.shop.example`.
    #[schema(max_items = 100)]
    allow: Option<Vec<String>>,
    /// Whose mail is refused: the same, or `*` for everybody.
    #[schema(max_items = 100)]
    block: Option<Vec<String>>,
    /// How many messages it takes in which time.
    #[schema(example = "30/1h")]
    limit: Option<String>,
    /// What becomes of spam.
    spam: Option<Spam>,
    /// Whether mailboxes see the `+tag` of its recipients.
    keep_tag: Option<bool>,
    /// Whether its mailboxes answer by writing to an address that names the other.
    reply_by_address: Option<bool>,
    /// How often its owner hears what came.
    digest: Option<Digest>,
}

/// What is to change of an alias. What is left out stays, and `null` takes a value away.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AliasPatch {
    /// May be named, and not changed.
    #[schema(nullable = false)]
    address: Option<String>,
    /// May be named, and not changed.
    #[schema(nullable = false)]
    kind: Option<AliasKind>,
    /// Where its mail goes. An alias that did something else forwards then.
    #[schema(required = false, min_items = 1, max_items = 100, example = json!(["me@mailbox.example"]))]
    destinations: Vec<String>,
    /// Whether it answers.
    #[schema(nullable = false)]
    enabled: Option<bool>,
    /// What it does. One that does not forward has no destinations.
    action: Option<Action>,
    /// What the reply says, of one that rejects or defers.
    #[schema(max_length = 200)]
    text: Option<String>,
    /// What it is for: one line.
    #[schema(max_length = 500)]
    note: Option<String>,
    /// From when on it refuses its mail: a time to come with its zone.
    #[schema(format = DateTime)]
    expires: Option<String>,
    /// After how many messages it refuses its mail.
    #[schema(minimum = 1, maximum = 1000000000)]
    max_messages: Option<u64>,
    /// Whose mail is not blocked.
    #[schema(max_items = 100)]
    allow: Option<Vec<String>>,
    /// Whose mail is refused.
    #[schema(max_items = 100)]
    block: Option<Vec<String>>,
    /// How many messages it takes in which time.
    #[schema(example = "30/1h")]
    limit: Option<String>,
    /// What becomes of spam.
    spam: Option<Spam>,
    /// Whether mailboxes see the `+tag` of its recipients.
    keep_tag: Option<bool>,
    /// Whether its mailboxes answer by writing to an address that names the other.
    reply_by_address: Option<bool>,
    /// How often its owner hears what came.
    digest: Option<Digest>,
}

/// A page of aliases.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AliasPage {
    /// Those that are looked for.
    aliases: Vec<Alias>,
    /// The `cursor` of the next page; `null` behind the last.
    #[schema(required = true)]
    next: Option<String>,
}

/// A hosted domain.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Domain {
    /// Its name, in A-labels.
    #[schema(example = "example.org")]
    domain: String,
    /// Which addresses become aliases by their first mail.
    #[schema(nullable = false)]
    auto_create: Option<AutoCreate>,
    /// How often owners hear of its aliases, where those say nothing of that.
    #[schema(nullable = false)]
    digest: Option<Digest>,
    /// Of one that was changed: where aliases lead that mail makes, and nothing answers here. Mail to them is refused.
    #[schema(nullable = false)]
    warnings: Option<Vec<String>>,
}

/// Which addresses become aliases by their first mail.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AutoCreate {
    /// A regex that matches the whole of what stands before the @.
    #[schema(example = "shop-.+", min_length = 1, max_length = 1000)]
    pub(super) pattern: String,
    /// Where the aliases lead.
    #[schema(min_items = 1, max_items = 100, example = json!(["me@mailbox.example"]))]
    pub(super) destinations: Vec<String>,
}

/// What is to change of a domain. What is left out stays, and `null` takes it away.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DomainPatch {
    /// Which addresses become aliases by their first mail.
    pub(super) auto_create: Option<AutoCreate>,
    /// How often owners hear of its aliases, where those say nothing of that.
    pub(super) digest: Option<Digest>,
}

/// Senders that are refused.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Block {
    /// An address, `@domain`, `*.domain`, or `*` for everybody.
    #[schema(example = "@shop.example")]
    pattern: String,
    /// For whose aliases; left out for all.
    #[schema(nullable = false)]
    domain: Option<String>,
    /// What it is for.
    #[schema(nullable = false)]
    note: Option<String>,
    /// Since when.
    #[schema(format = DateTime)]
    added: String,
}

/// Blocks.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Blocks {
    /// Those for all aliases first.
    blocks: Vec<Block>,
}

/// Senders that are to be refused.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewBlock {
    /// An address, `@domain`, `*.domain`, or, for a domain, `*` for everybody.
    #[schema(example = "@shop.example")]
    pub(super) pattern: String,
    /// For the aliases of this domain; where it is left out, for all.
    pub(super) domain: Option<String>,
    /// What it is for.
    #[schema(max_length = 500)]
    pub(super) note: Option<String>,
}

/// The hosted domains that the token may see.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Domains {
    /// In alphabetical order.
    domains: Vec<Domain>,
}

/// A domain that is to be hosted.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDomain {
    /// Its name.
    #[schema(example = "example.org")]
    pub(super) domain: String,
}
