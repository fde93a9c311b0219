//! Rows of `domain_settings`.

use crate::{
    address::Domain,
    alias::{AutoCreate, Digest, DomainSettings},
    store::sqlite::error::unreadable,
};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

const COLUMNS: &str = "domain, auto_create, destinations, digest";

/// What is set for a domain; nothing where nothing is.
pub(crate) fn get(connection: &Connection, domain: &Domain) -> Result<DomainSettings> {
    let sql = format!("SELECT {COLUMNS} FROM domain_settings WHERE domain = ?1");
    let found = connection.prepare_cached(&sql)?.query_row([domain.to_key()], from_row);
    Ok(found.optional()?.map(|(_, settings)| settings).unwrap_or_default())
}

pub(crate) fn set(
    connection: &Connection,
    domain: &Domain,
    settings: &DomainSettings,
) -> Result<()> {
    let key = domain.to_key();
    if settings.is_empty() {
        let sql = "DELETE FROM domain_settings WHERE domain = ?1";
        return connection.execute(sql, [key]).map(drop);
    }
    let DomainSettings { auto_create, digest } = settings;
    let to = auto_create.as_ref().map(AutoCreate::destinations).unwrap_or_default();
    let to: Vec<String> = to.iter().map(ToString::to_string).collect();
    let sql = "INSERT INTO domain_settings (domain, auto_create, destinations, digest)
               VALUES (?1, ?2, ?3, ?4) ON CONFLICT (domain) DO UPDATE SET auto_create = excluded.auto_create,
               destinations = excluded.destinations, digest = excluded.digest";
    let pattern = auto_create.as_ref().map(AutoCreate::pattern);
    let values = params![key, pattern, to.join("\n"), digest.map(Digest::as_str)];
    connection.execute(sql, values).map(drop)
}

pub(crate) fn all(connection: &Connection) -> Result<Vec<(Domain, DomainSettings)>> {
    let sql = format!("SELECT {COLUMNS} FROM domain_settings ORDER BY domain");
    connection.prepare_cached(&sql)?.query_map((), from_row)?.collect()
}

fn from_row(row: &Row<'_>) -> Result<(Domain, DomainSettings)> {
    let domain = Domain::parse(row.get_ref(0)?.as_str()?).map_err(unreadable)?;
    let destinations = row.get_ref(2)?.as_str()?.lines();
    let auto_create = match row.get_ref(1)?.as_str_or_null()? {
        Some(pattern) => Some(AutoCreate::new(pattern, destinations).map_err(unreadable)?),
        None => None,
    };
    let digest = row.get_ref(3)?.as_str_or_null()?.map(str::parse::<Digest>);
    let digest = digest.transpose().map_err(unreadable)?;
    Ok((domain, DomainSettings { auto_create, digest }))
}
