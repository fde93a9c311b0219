//! A change of an alias that depends on what it is.

use super::{
    directory::{existing, put},
    error::Failure,
    rows::aliases,
};
use crate::{
    alias::{Alias, AliasAddress},
    store::{Alteration, Altered, ChangeError},
};
use rusqlite::Connection;

pub(super) fn alter(
