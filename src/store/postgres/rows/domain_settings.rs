//! Rows of `domain_settings`.

use crate::{
    address::Domain,
    alias::{AutoCreate, Digest, DomainSettings},
    store::postgres::{
        ask::{self, Result, get},
        error::unreadable,
    },
};
use deadpool_postgres::Transaction;
use tokio_postgres::Row;

const COLUMNS: &str = "domain, auto_create, destinations, digest";

/// What is set for a domain; nothing where nothing is.
pub(crate) async fn of(tx: &Transaction<'_>, domain: &Domain) -> Result<DomainSettings> {
    let sql = format!("SELECT {COLUMNS} FROM domain_settings WHERE domain = $1");
    let found = ask::first(tx, &sql, &[&domain.to_key()], from_row).await?;
    Ok(found.map(|(_, settings)| settings).unwrap_or_default())
}

pub(crate) async fn set(
    tx: &Transaction<'_>,
    domain: &Domain,
    settings: &DomainSettings,
) -> Result<()> {
    let key = domain.to_key();
    if settings.is_empty() {
        let sql = "DELETE FROM domain_settings WHERE domain = $1";
        return ask::run(tx, sql, &[&key]).await.map(drop);
    }
    let DomainSettings { auto_create, digest } = settings;
    let to = auto_create.as_ref().map(AutoCreate::destinations).unwrap_or_default();
    let to = to.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let sql = "INSERT INTO domain_settings (domain, auto_create, destinations, digest)
               VALUES ($1, $2, $3, $4) ON CONFLICT (domain) DO UPDATE SET auto_create = excluded.auto_create,
               destinations = excluded.destinations, digest = excluded.digest";
    let pattern = auto_create.as_ref().map(AutoCreate::pattern);
    ask::run(tx, sql, &[&key, &pattern, &to, &digest.map(Digest::as_str)]).await.map(drop)
}

pub(crate) async fn all(tx: &Transaction<'_>) -> Result<Vec<(Domain, DomainSettings)>> {
    let sql = format!("SELECT {COLUMNS} FROM domain_settings ORDER BY domain");
    ask::all(tx, &sql, &[], from_row).await
}

fn from_row(row: &Row) -> Result<(Domain, DomainSettings)> {
    let domain = Domain::parse(get(row, 0)?).map_err(unreadable)?;
    let auto_create = match get::<Option<&str>>(row, 1)? {
        Some(pattern) => {
            let to = get::<&str>(row, 2)?.lines();
            Some(AutoCreate::new(pattern, to).map_err(unreadable)?)
        }
        None => None,
    };
    let digest = get::<Option<&str>>(row, 3)?.map(str::parse::<Digest>);
    Ok((domain, DomainSettings { auto_create, digest: digest.transpose().map_err(unreadable)? }))
}
