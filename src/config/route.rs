use super::{reader::Table, schema};
use crate::{
    address::DomainPattern,
    next_hop::{NextHop, TlsLevel},
};
use std::str::FromStr;

/// `[[route]]`: a next hop that replaces the MX of some destination domains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The destination domains.
    pub pattern: DomainPattern,
    /// Where their mail goes.
    pub to: NextHop,
}

pub(super) fn read(root: &Table<'_>) -> Option<Vec<Route>> {
    let tables = root.tables(&schema::ROUTE);
    let routes: Vec<Option<Route>> = tables
        .iter()
        .map(|table| {
            let pattern = table.text("domain", DomainPattern::from_str);
            let to = table.text("to", NextHop::from_str);
            let tls = table.one_of("tls", tls);
            for key in ["username", "password_file"] {
                if table.is_written(key) {
                    table.refuse(key, "not available in this version", "a route without it");
                }
            }
            Some(Route { pattern: pattern?, to: NextHop { tls: tls?, ..to? } })
        })
        .collect();
    routes.into_iter().collect()
}

fn tls(text: &str) -> Option<TlsLevel> {
    match text {
        "none" => Some(TlsLevel::None),
        "opportunistic" => Some(TlsLevel::Opportunistic),
        "required" => Some(TlsLevel::Required),
        _ => None,
    }
}
