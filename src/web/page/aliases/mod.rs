//! Aliases: what there is, and making, changing and switching them. Every change is made only of what the visitor saw, and
//! can be taken back for a moment.

mod actions;
mod all;
mod bulk;
mod explained;
mod fields;
mod form;
mod list;
mod new;
mod one;
mod query;
mod rows;
mod sparkline;
pub(super) mod undo;

pub(super) use list::offered;

use crate::{alias::AliasAddress, web::Site};
use axum::{
    Router,
    routing::{get, post},
};

/// The routes of these pages.
pub(crate) fn routes() -> Router<Site> {
    Router::new()
        .route("/aliases", get(list::show))
        .route("/aliases/many", post(bulk::change))
        .route("/aliases/undo", post(bulk::take_back))
        .route("/aliases/new", get(new::show).post(new::make))
        .route("/aliases/{address}", get(one::show).post(one::change))
        .route("/aliases/{address}/explain", post(one::explain))
}

/// Where the page of an alias is.
pub(crate) fn place_of(address: &AliasAddress) -> String {
    let octets = address.to_string().into_bytes().into_iter();
    let encoded = octets.map(|octet| match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'@' | b'-' | b'_' => {
            char::from(octet).to_string()
        }
        // Two dots alone would be a step up.
        b'.' => ".".to_owned(),
        other => format!("%{other:02X}"),
    });
    format!("/aliases/{}", encoded.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        for (address, place) in [
            ("shop@x.test", "/aliases/shop@x.test"),
            ("*@x.test", "/aliases/%2A@x.test"),
            (r"/^a.(b)@x\.test$/", "/aliases/%2F%5Ea.%28b%29@x%5C.test%24%2F"),
            ("a+b@x.test", "/aliases/a%2Bb@x.test"),
        ] {
            assert_eq!(place_of(&AliasAddress::parse(address).unwrap()), place);
        }
    }
}
