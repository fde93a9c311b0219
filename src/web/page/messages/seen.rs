//! A message as a visitor may see it: what the journal has, what waits, which aliases answer.

use super::story::{Facts, Step, story};
use crate::{
    address::Mailbox,
    admin::{
        aliases,
        queue::{self, WaitingMessage},
        trace::{self, Filter, Names, Record},
    },
    alias::Alias,
    web::page::{trouble::Trouble, visitor::Visitor},
};

/// Most recipients that are looked up.
const RECIPIENTS: usize = 10;

/// A message that a visitor may see, as far as that.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) record: Record,
    /// What waits of it.
    pub(super) waiting: Option<WaitingMessage>,
    /// The visitor may try and drop what waits: all of it is theirs.
    pub(super) may_change: bool,
    /// The account that sent it.
    account: Option<String>,
    /// Its recipients, and which alias answers each of them now.
    pub(super) recipients: Vec<(Mailbox, Option<Alias>)>,
}

impl Seen {
    /// The message of this id; for whoever may not see it, it is not there.
    ///
    /// # Errors
    /// When it is not, or it cannot be read.
    pub(super) async fn find(visitor: &Visitor, id: &str) -> Result<Self, Trouble> {
        let site = &visitor.site;
        let domains = visitor.own().await?;
        let filter = Filter { id: Some(id.to_owned()), domains, ..Filter::default() };
        let page = trace::latest(&site.place, &filter, None, 1).await?;
        let record = page.records.into_iter().next().ok_or(Trouble::NotFound)?;
        let (waiting, may_change) = waiting(visitor, id).await?;
        let account = match record.account() {
            Some(_) => Names::all(&site.store).await?.traced(&record).account,
            None => None,
        };
        let to = record.to.iter().filter_map(|to| Mailbox::parse(to).ok());
        let to: Vec<Mailbox> =
            to.filter(|to| visitor.may_see(to.domain())).take(RECIPIENTS).collect();
        // What an account sends goes anywhere.
        let hosted = site.store.domains().await?;
        let to: Vec<Mailbox> = to.into_iter().filter(|to| hosted.contains(to.domain())).collect();
        let answering = aliases::answering_all(&site.store, to.clone()).await?;
        let recipients = to.into_iter().zip(answering).collect();
        Ok(Self { record, waiting, may_change, account, recipients })
    }

    /// What became of it.
    pub(super) fn story(&self, visitor: &Visitor) -> Vec<Step> {
        let of = |(to, alias): &(Mailbox, Option<Alias>)| {
            (to.to_string(), alias.as_ref().map(|alias| alias.address().to_string()))
        };
        let aliases: Vec<_> = self.recipients.iter().map(of).collect();
        story(&Facts {
            record: &self.record,
            account: self.account.as_deref(),
            waiting: self.waiting.as_ref(),
            aliases: &aliases,
            max_age: visitor.site.config.spool.max_age,
        })
    }

    /// The aliases that answer it now and are the visitor's.
    pub(super) fn aliases<'a>(&'a self, visitor: &'a Visitor) -> impl Iterator<Item = &'a Alias> {
        let found = self.recipients.iter().filter_map(|(_, alias)| alias.as_ref());
        found.filter(|alias| match alias.address().domain() {
            Some(domain) => visitor.may_see(domain),
            None => visitor.role.domains().is_none(),
        })
    }
}

/// What waits of a message, as far as a visitor may see it, and whether all of it is theirs.
///
/// # Errors
/// When the store fails.
pub(super) async fn waiting(
    visitor: &Visitor,
    id: &str,
) -> Result<(Option<WaitingMessage>, bool), Trouble> {
    // Not the message itself, which may be long.
    let filter = queue::Filter { ids: vec![id.to_owned()], ..queue::Filter::default() };
    let (found, _) = queue::page(&visitor.site.store, &filter, 0).await?;
    let Some(message) = found.into_iter().next() else { return Ok((None, false)) };
    let Some(own) = visitor.own().await? else { return Ok((Some(message), true)) };
    let is_all = message.legs_of(&own) == message.legs.len();
    Ok((message.part_of(&own), is_all))
}
