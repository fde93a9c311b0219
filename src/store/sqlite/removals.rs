//! Aliases that are taken out, and come back as they were; and several such changes as one.

use super::{
    Sqlite,
    alter::alter,
    directory::{existing, put},
    error::Failure,
    rows::{alias_days, alias_use, aliases},
    writer::whole,
};
use crate::{
    alias::AliasAddress,
    clock,
    store::{CameOfOne, ChangeError, IsMeant, OneChange, Removals, Removed},
};
use async_trait::async_trait;
use rusqlite::Connection;

#[async_trait]
impl Removals for Sqlite {
    async fn change_each(&self, changes: Vec<OneChange>) -> Result<Vec<CameOfOne>, ChangeError> {
        self.change(move |connection| change_each(connection, changes)).await
    }
}

fn change_each(
    connection: &Connection,
    changes: Vec<OneChange>,
) -> Result<Vec<CameOfOne>, Failure> {
    let one = |change| {
        let came = whole(connection, |connection| match change {
            OneChange::TakeOut(address, is_meant) => take_out(connection, &address, is_meant),
            OneChange::BringBack(removed) => bring_back(connection, &removed).map(|()| None),
            OneChange::Alter(address, alteration) => {
                alter(connection, &address, alteration).map(|_| None)
            }
        });
        match came {
            Ok(removed) => Ok(Ok(removed)),
            Err(Failure::Refused(refused)) => Ok(Err(refused)),
            Err(failure) => Err(failure),
        }
    };
    changes.into_iter().map(one).collect()
}

fn take_out(
    connection: &Connection,
    address: &AliasAddress,
    is_meant: IsMeant,
) -> Result<Option<Removed>, Failure> {
    let alias = existing(connection, address)?;
    if !is_meant(&alias) {
        return Ok(None);
    }
    let key = address.key();
    let removed = Removed {
        counters: alias_use::get(connection, &key)?.unwrap_or_default(),
        days: alias_use::days(connection, &key, clock::now().day())?,
        number: alias_use::number_of(connection, &key)?.unwrap_or_default(),
        position: aliases::position(connection, &key)?,
        alias,
    };
    aliases::delete(connection, &key)?;
    Ok(Some(removed))
}

fn bring_back(connection: &Connection, removed: &Removed) -> Result<(), Failure> {
    let Removed { alias, counters, days, number, position } = removed;
    put(connection, alias, false)?;
    let key = alias.address().key();
    aliases::set_position(connection, &key, *position)?;
    alias_use::put_back(connection, &key, *number, counters)?;
    Ok(alias_days::add(connection, *number, days)?)
}
