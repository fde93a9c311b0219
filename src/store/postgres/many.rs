//! Changes of many aliases at once: what changes is worked out beside the aliases, in a temporary table, and one
//! short transaction puts it in their place. By which texts they are found is written down behind it, by turns.

use super::{
    Postgres,
    alias_texts::write_texts,
    alter::alter,
    apply::{push, put_in_place},
    ask::{self, Result},
    changing::{changing, count_change},
    error::{Failure, unreadable},
    rows::{
        aliases::{self, PAGE, Rows, Table, Which},
        domain_settings, tokens,
    },
    snapshot::{self, Live},
    take_in::take_in,
    telling::step,
    tries::{Tries, Try},
};
use crate::{
    address::Domain,
    alias::{Alias, AliasAddress, DomainSettings, Edit, Key},
    store::{
        AliasChanges, Alteration, Change, ChangeError, Coming, Edited, Many, Progress, TakenIn,
        many::{leads_on, led_elsewhere},
        rules::{refuse_cycle, refuse_cycle_from},
        snapshot::Snapshot,
    },
};
use async_trait::async_trait;
use deadpool::managed::Object;
use deadpool_postgres::{ClientWrapper, Transaction};
use std::collections::BTreeSet;
use tokio::sync::mpsc;

#[async_trait]
impl AliasChanges for Postgres {
    async fn alter_alias(
        &self,
        address: &AliasAddress,
        alteration: Alteration,
    ) -> Result<Alias, ChangeError> {
        changing!(self, tx, version => {
            alter(tx, &self.live, Some(version), address, alteration).await
        })
    }

    async fn edit_aliases(&self, many: Many) -> Result<Edited, ChangeError> {
        let (_turn, client) = self.access.long().await?;
        // It ends with this, and the temporary table with it.
        let mut client = Object::take(client);
        let edited = ask::at_length(edit(self, &mut client, &many)).await;
        let edited = edited.map_err(|failure| failure.at(&self.access.database))?;
        self.look_again().await;
        Ok(edited)
    }

    async fn take_in(&self, coming: Coming) -> Result<TakenIn, ChangeError> {
        let (_turn, client) = self.access.long().await?;
        let mut client = Object::take(client);
        let taken = ask::at_length(take_in(self, &mut client, &coming)).await;
        let taken = taken.map_err(|failure| failure.at(&self.access.database))?;
        self.look_again().await;
        Ok(taken)
    }
}

async fn edit(
    store: &Postgres,
    client: &mut ClientWrapper,
    many: &Many,
) -> Result<Edited, Failure> {
    let mut tries = Tries::new(&store.access, many.commits);
    loop {
        let Try { transaction: reading, version, turn } = tries.begin(client).await?;
        let mut edited = work_out(&reading, many).await?;
        let all = domain_settings::all(&reading).await?;
        let settings = led_elsewhere(all, &many.edit).map_err(unreadable)?;
        if let Edit::Destination(change) = &many.edit {
            edited.tokens = tokens::leading_to(&reading, change.old()).await?;
        }
        if edited.changed == 0 && settings.is_empty() && edited.tokens.is_empty() {
            return Ok(edited);
        }
        edited.domains = settings.iter().map(|(domain, _)| domain.clone()).collect();
        let (tx, turn) = match turn {
            Some(turn) => (reading, turn),
            None => {
                reading.commit().await?;
                let Some(next) = tries.write(client, version).await? else { continue };
                next
            }
        };
        put_all_in_place(&tx, many, &settings, edited.changed).await?;
        if many.commits {
            count_change(&tx).await?;
            tx.commit().await?;
            drop(turn);
            write_texts(client, &many.progress).await?;
        } else {
            tx.rollback().await?;
            if let Some(told) = &many.told {
                tell_each(client, told).await?;
            }
        }
        return Ok(edited);
    }
}

async fn put_all_in_place(
    tx: &Transaction<'_>,
    many: &Many,
    settings: &[(Domain, DomainSettings)],
    changed: u64,
) -> Result<(), Failure> {
    put_in_place(tx).await?;
    for (domain, settings) in settings {
        domain_settings::set(tx, domain, settings).await?;
    }
    if let Edit::Destination(change) = &many.edit {
        tokens::replace_destination(tx, change.old(), change.new_mailbox()).await?;
    }
    let snapshot = snapshot::within(tx, Table::Stored).await?;
    refuse_cycles(tx, &snapshot, &many.progress, changed).await?;
    let live = Live::of(tx, Table::Stored, &snapshot);
    for made in settings.iter().filter_map(|(_, settings)| settings.auto_create.as_ref()) {
        refuse_cycle_from(&live, made.destinations()).await?;
    }
    Ok(())
}

/// Fills the temporary table with the aliases that change, as they are to be.
async fn work_out(tx: &Transaction<'_>, many: &Many) -> Result<Edited, Failure> {
    let mut edited = Edited::default();
    let mut through = 0;
    let (mut rows, mut position) = (Rows::default(), 0);
    let all = match &many.which {
        Some(keys) => keys.len() as u64,
        None => aliases::count_all(tx).await?,
    };
    let mut pages = Pages::of(many);
    while let Some(page) = pages.next(tx).await? {
        for alias in page {
            through += 1;
            step(&many.progress, "looked at", through, Some(all)).await?;
            match many.edit.of(&alias) {
                Ok(Some(new)) => {
                    push(&mut rows, &new, &mut position);
                    edited.is_changed(new);
                }
                Ok(None) => {}
                Err(why) => edited.is_unable(alias.address(), why),
            }
        }
        std::mem::take(&mut rows).insert(tx, Table::Wanted).await?;
    }
    Ok(edited)
}

/// The aliases that are meant, some at a time.
struct Pages<'a> {
    many: &'a Many,
    /// Those that are named, in order.
    keys: Vec<&'a Key>,
    after: Option<Key>,
    is_done: bool,
}

impl<'a> Pages<'a> {
    fn of(many: &'a Many) -> Self {
        let keys = many.which.iter().flatten().collect::<BTreeSet<&Key>>();
        Self { many, keys: keys.into_iter().rev().collect(), after: None, is_done: false }
    }

    async fn next(&mut self, tx: &Transaction<'_>) -> Result<Option<Vec<Alias>>> {
        if self.many.which.is_some() {
            let rest = self.keys.len().saturating_sub(PAGE);
            let some: Vec<&Key> = self.keys.drain(rest..).rev().collect();
            return match some.is_empty() {
                true => Ok(None),
                false => aliases::of_keys(tx, &some).await.map(Some),
            };
        }
        if self.is_done {
            return Ok(None);
        }
        let which = match &self.many.edit {
            Edit::Destination(change) => Which::LeadingInto(change.old().domain()),
            Edit::Words { .. } => Which::All(Table::Stored),
        };
        let page = aliases::some(tx, which, self.after.as_ref()).await?;
        self.is_done = page.len() < PAGE;
        self.after = page.last().map(|alias| alias.address().key());
        Ok(Some(page))
    }
}

/// Those of the temporary table that lead to hosted domains lead to no cycle.
async fn refuse_cycles(
    tx: &Transaction<'_>,
    snapshot: &Snapshot,
    progress: &Progress,
    all: u64,
) -> Result<(), Failure> {
    let live = Live::of(tx, Table::Stored, snapshot);
    let (mut through, mut after) = (0, None);
    loop {
        let page = aliases::some(tx, Which::All(Table::Wanted), after.as_ref()).await?;
        for alias in &page {
            through += 1;
            step(progress, "checked", through, Some(all)).await?;
            if leads_on(alias, &snapshot.domains) {
                refuse_cycle(&live, alias).await?;
            }
        }
        if page.len() < PAGE {
            return Ok(());
        }
        after = page.last().map(|alias| alias.address().key());
    }
}

/// Gives the aliases that change, as they are and as they are to be.
async fn tell_each(client: &mut ClientWrapper, told: &mpsc::Sender<Change>) -> Result<(), Failure> {
    let tx = client.transaction().await?;
    let mut after = None;
    loop {
        let page = aliases::some(&tx, Which::All(Table::Wanted), after.as_ref()).await?;
        for new in &page {
            let old = aliases::get_one(&tx, Table::Stored, &new.address().key()).await?;
            if let Some(old) = old {
                // Who listens no more has seen enough.
                let _ = told.send(Change::Replace { old: Box::new(old), new: new.clone() }).await;
            }
        }
        if page.len() < PAGE {
            return Ok(());
        }
        after = page.last().map(|alias| alias.address().key());
    }
}
