//! Takes in aliases that are new, or as new: they are put beside the others, in a temporary table, and one short transaction
//! puts them in place.

use super::{
    Postgres,
    alias_texts::write_texts,
    apply::{AT_ONCE, push, put_in_place},
    ask::Result,
    changing::count_change,
    error::Failure,
    rows::{
        aliases::{self, Rows, Table},
        domains,
    },
    snapshot::{self, Live},
    telling::{step, tell},
    tries::{Tries, Try},
};
use crate::{
    address::Domain,
    alias::{Alias, Key, MAX_PATTERNS},
    clock,
    store::{
        ChangeError, Coming, TakenIn, failure,
        many::leads_on,
        rules::{refuse_cycle, refuse_srs_shaped, refuse_unsafe},
    },
};
use deadpool_postgres::{ClientWrapper, Transaction};
use std::collections::{HashMap, HashSet};

pub(super) async fn take_in(
    store: &Postgres,
    client: &mut ClientWrapper,
    coming: &Coming,
) -> Result<TakenIn, Failure> {
    if let Some(domain) = coming.domains.iter().find(|domain| domain.literal().is_some()) {
        return Err(ChangeError::Literal(domain.clone()).into());
    }
    let mut tries = Tries::new(&store.access, coming.commits);
    loop {
        let Try { transaction: reading, version, turn } = tries.begin(client).await?;
        let mut taken = TakenIn::default();
        let leads_on = load(&reading, coming, &mut taken).await?;
        let (tx, turn) = match turn {
            Some(turn) => (reading, turn),
            None => {
                reading.commit().await?;
                let Some(next) = tries.write(client, version).await? else { continue };
                next
            }
        };
        put_in(&tx, coming, leads_on, &mut taken).await?;
        if !coming.commits || !taken.refused.is_empty() {
            tx.rollback().await?;
            return Ok(taken);
        }
        let all = coming.aliases.count() as u64;
        tell(&coming.progress, "written", all, Some(all)).await?;
        count_change(&tx).await?;
        tx.commit().await?;
        drop(turn);
        write_texts(client, &coming.progress).await?;
        return Ok(taken);
    }
}

/// Puts what comes among what is there, and names what would be part of a loop then.
async fn put_in(
    tx: &Transaction<'_>,
    coming: &Coming,
    leads_on_to_us: bool,
    taken: &mut TakenIn,
) -> Result<(), Failure> {
    for domain in &coming.domains {
        domains::insert(tx, domain, clock::millis()).await?;
    }
    put_in_place(tx).await?;
    let snapshot = snapshot::within(tx, Table::Stored).await?;
    if snapshot.patterns.len() > MAX_PATTERNS {
        return Err(ChangeError::TooManyPatterns.into());
    }
    let all = coming.aliases.count() as u64;
    if !leads_on_to_us {
        return Ok(tell(&coming.progress, "checked", all, Some(all)).await?);
    }
    let live = Live::of(tx, Table::Stored, &snapshot);
    let settled = taken.settled();
    for (through, (number, alias)) in (1..).zip(coming.aliases.aliases()) {
        step(&coming.progress, "checked", through, Some(all)).await?;
        if settled.contains(&number) || !leads_on(&alias, &snapshot.domains) {
            continue;
        }
        match refuse_cycle(&live, &alias).await {
            Ok(()) => {}
            Err(failure::Failure::Refused(why)) => taken.refuse(number, &alias, why),
            Err(failure) => return Err(failure),
        }
    }
    Ok(())
}

/// Fills the temporary table, for which nobody waits; true where an alias leads to a hosted domain.
async fn load(tx: &Transaction<'_>, coming: &Coming, taken: &mut TakenIn) -> Result<bool, Failure> {
    let mut loading = Loading {
        hosted: domains::all(tx).await?.into_iter().chain(coming.domains.iter().cloned()).collect(),
        is_first: aliases::count_all(tx).await? == 0,
        replaces: coming.replaces,
        seen: HashSet::new(),
        position: 0,
        leads_on: false,
    };
    let all = Some(coming.aliases.count() as u64);
    let mut some = Vec::new();
    for (through, (number, alias)) in (1..).zip(coming.aliases.aliases()) {
        step(&coming.progress, "read", through, all).await?;
        some.push((number, alias));
        if some.len() == AT_ONCE {
            loading.add(tx, std::mem::take(&mut some), taken).await?;
        }
    }
    loading.add(tx, some, taken).await?;
    tx.batch_execute("ANALYZE pg_temp.wanted").await?;
    Ok(loading.leads_on)
}

/// What is known while the temporary table is filled.
struct Loading {
    hosted: HashSet<Domain>,
    /// No alias is there yet.
    is_first: bool,
    replaces: bool,
    /// Numbers for the keys that came: keys themselves would be much memory.
    seen: HashSet<u64>,
    position: i64,
    leads_on: bool,
}

impl Loading {
    async fn add(
        &mut self,
        tx: &Transaction<'_>,
        some: Vec<(usize, Alias)>,
        taken: &mut TakenIn,
    ) -> Result<(), Failure> {
        let there: HashMap<Key, Alias> = match self.is_first {
            true => HashMap::new(),
            false => {
                let keys: Vec<Key> = some.iter().map(|(_, alias)| alias.address().key()).collect();
                let found = aliases::of_keys(tx, &keys.iter().collect::<Vec<_>>()).await?;
                found.into_iter().map(|alias| (alias.address().key(), alias)).collect()
            }
        };
        let mut rows = Rows::default();
        for (number, alias) in &some {
            if let Err(why) = refuse_srs_shaped(alias).and_then(|()| refuse_unsafe(alias)) {
                taken.refuse(*number, alias, why);
                continue;
            }
            if let Some(domain) = alias.address().domain()
                && !self.hosted.contains(domain)
            {
                taken.refuse(*number, alias, ChangeError::UnknownDomain(domain.clone()));
                continue;
            }
            let key = alias.address().key();
            if !self.seen.insert(key.fingerprint()) {
                std::mem::take(&mut rows).insert(tx, Table::Wanted).await?;
                if aliases::get_one(tx, Table::Wanted, &key).await?.is_some() {
                    let twice = ChangeError::Twice(alias.address().to_string());
                    taken.refuse(*number, alias, twice);
                    continue;
                }
            }
            if let Some(there) = there.get(&key)
                && !taken.meet(*number, alias, there.clone(), self.replaces)
            {
                continue;
            }
            self.leads_on |= leads_on(alias, &self.hosted);
            push(&mut rows, alias, &mut self.position);
        }
        Ok(rows.insert(tx, Table::Wanted).await?)
    }
}
