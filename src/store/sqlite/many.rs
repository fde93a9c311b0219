//! Changes of many aliases at once: what changes is worked out beside the aliases, in a temporary table, and one
//! short transaction puts it in their place. By which texts they are found is written down behind it, by turns.

use super::{
    Live, Sqlite,
    alias_texts::write_texts,
    alter::alter,
    apply,
    error::{Failure, unreadable},
    file,
    rows::{
        alias_use,
        aliases::{self, Table},
        domain_settings, domains, tokens,
    },
    rules::{refuse_cycle, refuse_cycle_from, refuse_srs_shaped, refuse_unsafe},
    snapshot,
    tries::Tries,
};
use crate::{
    address::Domain,
    alias::{Alias, AliasAddress, DomainSettings, Edit, Key, MAX_PATTERNS},
    clock,
    store::{
        AliasChanges, Alteration, Change, ChangeError, Coming, Edited, Many, Progress, StoreError,
        TakenIn,
        many::{leads_on, led_elsewhere},
    },
};
use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode};
use std::{
    collections::{BTreeSet, HashSet},
    path::{Path, PathBuf},
};
use tokio::{sync::mpsc, task::spawn_blocking};

#[async_trait]
impl AliasChanges for Sqlite {
    async fn alter_alias(
        &self,
        address: &AliasAddress,
        alteration: Alteration,
    ) -> Result<Alias, ChangeError> {
        let address = address.clone();
        self.change(move |connection| alter(connection, &address, alteration)).await
    }

    async fn edit_aliases(&self, many: Many) -> Result<Edited, ChangeError> {
        self.on_its_own(move |connection, path| {
            edit(connection, &many).map_err(|failure| failure.at(path))
        })
        .await
    }

    async fn take_in(&self, coming: Coming) -> Result<TakenIn, ChangeError> {
        self.on_its_own(move |connection, path| {
            take_in(connection, &coming).map_err(|failure| failure.at(path))
        })
        .await
    }
}

impl Sqlite {
    /// Does what may take long on a connection of its own, as other writes get their turns then; look-ups know of
    /// it when this answers.
    async fn on_its_own<T, F>(&self, work: F) -> Result<T, ChangeError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection, &Path) -> Result<T, ChangeError> + Send + 'static,
    {
        let done = self.beside(work).await?;
        self.look_again().await;
        Ok(done)
    }

    /// The same for what changes no alias.
    pub(super) async fn beside<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Connection, &Path) -> Result<T, E> + Send + 'static,
    {
        self.opened.check()?;
        let (state_dir, path): (PathBuf, PathBuf) =
            (self.state_dir.clone(), file::path(&self.state_dir));
        let done = spawn_blocking(move || {
            let (mut connection, _) = file::open_writer(&state_dir, true)?;
            work(&mut connection, &path)
        });
        done.await.map_err(|error| StoreError::failed(&file::path(&self.state_dir), error))?
    }
}

fn edit(connection: &mut Connection, many: &Many) -> Result<Edited, Failure> {
    let mut tries = Tries::new(many.commits);
    loop {
        let reading = tries.begin(connection)?;
        let mut edited = work_out(&reading, many)?;
        let settings =
            led_elsewhere(domain_settings::all(&reading)?, &many.edit).map_err(unreadable)?;
        let destination = match &many.edit {
            Edit::Destination(change) => Some(change),
            Edit::Words { .. } => None,
        };
        if let Some(change) = destination {
            edited.tokens = tokens::leading_to(&reading, change.old())?;
        }
        if edited.changed == 0 && settings.is_empty() && edited.tokens.is_empty() {
            return Ok(edited);
        }
        edited.domains = settings.iter().map(|(domain, _)| domain.clone()).collect();
        let Some(transaction) = reading.write()? else { continue };
        apply::put_in_place(&transaction)?;
        for (domain, settings) in &settings {
            domain_settings::set(&transaction, domain, settings)?;
        }
        if let Some(change) = destination {
            tokens::replace_destination(&transaction, change.old(), change.new_mailbox())?;
        }
        refuse_cycles(&transaction, &many.progress, edited.changed)?;
        refuse_made_cycles(&transaction, &settings)?;
        if many.commits {
            domains::count_change(&transaction)?;
            alias_use::follow_many(&transaction)?;
            transaction.commit()?;
            write_texts(connection, &many.progress);
        } else {
            transaction.rollback()?;
            if let Some(told) = &many.told {
                tell(connection, told)?;
            }
        }
        return Ok(edited);
    }
}

/// Fills the temporary table with the aliases that change, as they are to be.
fn work_out(connection: &Connection, many: &Many) -> Result<Edited, Failure> {
    let mut edited = Edited::default();
    let mut through = 0;
    let all = match &many.which {
        Some(keys) => keys.len() as u64,
        None => aliases::count(connection)?,
    };
    let mut each = |alias: &Alias| -> Result<(), Failure> {
        through += 1;
        many.progress.step("looked at", through, Some(all));
        match many.edit.of(alias) {
            Ok(Some(new)) => {
                aliases::insert(connection, Table::Wanted, &new)?;
                edited.is_changed(new);
            }
            Ok(None) => {}
            Err(why) => edited.is_unable(alias.address(), why),
        }
        Ok(())
    };
    match (&many.which, &many.edit) {
        (Some(keys), _) => {
            for key in keys.iter().collect::<BTreeSet<&Key>>() {
                if let Some(alias) = aliases::get(connection, Table::Stored, key)? {
                    each(&alias)?;
                }
            }
        }
        (None, Edit::Destination(change)) => {
            aliases::leading_into(connection, change.old().domain(), &mut each)?;
        }
        (None, Edit::Words { .. }) => aliases::each_of(connection, Table::Stored, &mut each)?,
    }
    Ok(edited)
}

/// Those of the temporary table that lead to hosted domains lead to no cycle.
fn refuse_cycles(connection: &Connection, progress: &Progress, all: u64) -> Result<(), Failure> {
    let snapshot = snapshot::within(connection, Table::Stored)?;
    let live = Live::of(connection, Table::Stored, &snapshot);
    let mut through = 0;
    aliases::each_of(connection, Table::Wanted, &mut |alias| {
        through += 1;
        progress.step("checked", through, Some(all));
        match leads_on(alias, &snapshot.domains) {
            true => refuse_cycle(&live, alias),
            false => Ok(()),
        }
    })
}

/// Those that mail makes in these domains lead to no cycle.
fn refuse_made_cycles(
    connection: &Connection,
    settings: &[(Domain, DomainSettings)],
) -> Result<(), Failure> {
    let snapshot = snapshot::within(connection, Table::Stored)?;
    let live = Live::of(connection, Table::Stored, &snapshot);
    let made = settings.iter().filter_map(|(_, settings)| settings.auto_create.as_ref());
    made.into_iter().try_for_each(|made| refuse_cycle_from(&live, made.destinations()))
}

/// Gives the aliases that change, as they are and as they are to be.
fn tell(connection: &Connection, told: &mpsc::Sender<Change>) -> Result<(), Failure> {
    aliases::each_of(connection, Table::Wanted, &mut |new| {
        let old = aliases::get(connection, Table::Stored, &new.address().key())?;
        if let Some(old) = old {
            // Who listens no more has seen enough.
            let _ = told.blocking_send(Change::Replace { old: Box::new(old), new: new.clone() });
        }
        Ok(())
    })
}

fn take_in(connection: &mut Connection, coming: &Coming) -> Result<TakenIn, Failure> {
    if let Some(domain) = coming.domains.iter().find(|domain| domain.literal().is_some()) {
        return Err(ChangeError::Literal(domain.clone()).into());
    }
    let mut tries = Tries::new(coming.commits);
    loop {
        let reading = tries.begin(connection)?;
        let mut taken = TakenIn::default();
        let leads_on = load(&reading, coming, &mut taken)?;
        let Some(transaction) = reading.write()? else { continue };
        put_in(&transaction, coming, leads_on, &mut taken)?;
        if coming.commits && taken.refused.is_empty() {
            let all = coming.aliases.count() as u64;
            coming.progress.at("written", all, Some(all));
            domains::count_change(&transaction)?;
            alias_use::follow_many(&transaction)?;
            transaction.commit()?;
            write_texts(connection, &coming.progress);
        }
        return Ok(taken);
    }
}

/// Puts what comes among what is there, and names what would be part of a loop then.
fn put_in(
    transaction: &Connection,
    coming: &Coming,
    leads_on_to_us: bool,
    taken: &mut TakenIn,
) -> Result<(), Failure> {
    for domain in &coming.domains {
        domains::insert(transaction, domain, clock::millis())?;
    }
    apply::put_in_place(transaction)?;
    let snapshot = snapshot::within(transaction, Table::Stored)?;
    if snapshot.patterns.len() > MAX_PATTERNS {
        return Err(ChangeError::TooManyPatterns.into());
    }
    let all = coming.aliases.count() as u64;
    if !leads_on_to_us {
        coming.progress.at("checked", all, Some(all));
        return Ok(());
    }
    let live = Live::of(transaction, Table::Stored, &snapshot);
    let settled = taken.settled();
    for (through, (number, alias)) in (1..).zip(coming.aliases.aliases()) {
        coming.progress.step("checked", through, Some(all));
        if settled.contains(&number) || !leads_on(&alias, &snapshot.domains) {
            continue;
        }
        match refuse_cycle(&live, &alias) {
            Ok(()) => {}
            Err(Failure::Refused(why)) => taken.refuse(number, &alias, why),
            Err(failure) => return Err(failure),
        }
    }
    Ok(())
}

/// Fills the temporary table, for which nobody waits; true where an alias leads to a hosted domain.
fn load(connection: &Connection, coming: &Coming, taken: &mut TakenIn) -> Result<bool, Failure> {
    let mut hosted: HashSet<Domain> = domains::all(connection)?.into_iter().collect();
    hosted.extend(coming.domains.iter().cloned());
    let is_first = aliases::count(connection)? == 0;
    let (all, mut leads_on_to_us) = (Some(coming.aliases.count() as u64), false);
    for (through, (number, alias)) in (1..).zip(coming.aliases.aliases()) {
        coming.progress.step("read", through, all);
        if let Err(why) = refuse_srs_shaped(&alias).and_then(|()| refuse_unsafe(&alias)) {
            taken.refuse(number, &alias, why);
            continue;
        }
        if let Some(domain) = alias.address().domain()
            && !hosted.contains(domain)
        {
            taken.refuse(number, &alias, ChangeError::UnknownDomain(domain.clone()));
            continue;
        }
        let there = match is_first {
            true => None,
            false => aliases::get(connection, Table::Stored, &alias.address().key())?,
        };
        if let Some(there) = there
            && !taken.meet(number, &alias, there, coming.replaces)
        {
            continue;
        }
        leads_on_to_us |= leads_on(&alias, &hosted);
        if let Err(error) = aliases::insert(connection, Table::Wanted, &alias) {
            match error.sqlite_error_code() {
                Some(ErrorCode::ConstraintViolation) => {
                    let twice = ChangeError::Twice(alias.address().to_string());
                    taken.refuse(number, &alias, twice);
                }
                _ => return Err(error.into()),
            }
        }
    }
    Ok(leads_on_to_us)
}
