//! Who asks: the token that a request shows.

use super::{
    Site, changes,
    problem::{Kind, Problem},
};
use crate::{
    address::Domain,
    admin::{
        self,
        tokens::{self, Claim, NoClaim},
    },
    alias::OwnedDomain,
    http::Client,
    token::{Scope, Token},
};
use axum::extract::FromRequestParts;
use hyper::{
    HeaderMap,
    header::{AUTHORIZATION, HeaderName},
    http::request::Parts,
};
use std::{fmt::Display, time::Duration};

/// Where programs that speak as SimpleLogin's do show their token, without a scheme.
const AUTHENTICATION: HeaderName = HeaderName::from_static("authentication");

/// Who asks, with a token that is good.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) token: Token,
    site: Site,
}

/// A change that a token is about to make. None comes about that the log is not told of.
#[derive(Debug)]
pub(crate) struct Change {
    claim: Claim,
    by: String,
}

impl Change {
    /// It came about.
    pub(crate) fn keep(self, what: &'static str, of: &dyn Display) {
        self.claim.keep();
        changes::tell(&self.by, what, of);
    }
}

/// Why nobody is known.
#[derive(Debug)]
pub(crate) enum Unknown {
    /// No token is shown.
    Missing,
    /// More than one is shown: what stands before us may go by another one than we do.
    Twice,
    /// What is shown is no token, or one that was revoked or has expired.
    Wrong,
    /// It is none, and there were too many of these.
    Guesses(Duration),
    /// Whether it is one cannot be known now.
    Failed(Problem),
}

impl Caller {
    /// Who shows the token of these headers: `Authorization: Bearer onw_…`, or `Authentication: onw_…`.
    ///
    /// # Errors
    /// Why nobody is known.
    pub(crate) async fn of(
        site: &Site,
        client: Client,
        headers: &HeaderMap,
    ) -> Result<Self, Unknown> {
        if [AUTHORIZATION, AUTHENTICATION]
            .iter()
            .any(|name| headers.get_all(name).iter().count() > 1)
        {
            return Err(Unknown::Twice);
        }
        let shown = shown(headers).ok_or(Unknown::Missing)?;
        let known = tokens::known(&site.store, shown).await;
        let Some(token) = known.map_err(|error| Unknown::Failed(error.into()))? else {
            let wait = site.shared.guesses.failed(client, shown);
            return Err(wait.map_or(Unknown::Wrong, Unknown::Guesses));
        };
        site.shared.uses.note(&token, client);
        Ok(Self { token, site: site.clone() })
    }

    /// Claims one of the changes that the token may make in a day. It is given back unless it is kept.
    ///
    /// # Errors
    /// When it may make no more today, or the store fails.
    pub(crate) async fn claim(&self) -> Result<Change, NoClaim> {
        let Token { id, label, .. } = &self.token;
        let claim = tokens::claim(&self.site.store, &self.token).await?;
        Ok(Change { claim, by: format!("token {id} ({label})") })
    }

    /// The domain of the token, with since when it is; `None` for all, of all time.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn own(&self) -> Result<Option<Vec<OwnedDomain>>, Problem> {
        match &self.token.domain {
            Some(domain) => {
                let owned = self.site.store.owned(std::slice::from_ref(domain)).await;
                Ok(Some(owned.map_err(admin::Error::from)?))
            }
            None => Ok(None),
        }
    }

    /// Refuses who may less than `scope`.
    pub(crate) fn needs(&self, scope: Scope) -> Result<(), Problem> {
        let own = self.token.scope;
        match own >= scope {
            true => Ok(()),
            false => Err(Problem::forbidden(format!(
                "this needs a token of the scope {scope}, and this one is of the scope {own}"
            ))),
        }
    }

    /// Refuses what is not of the token's domain. Whether there is such a thing is not told.
    pub(crate) fn needs_domain(&self, domain: Option<&Domain>) -> Result<(), Problem> {
        match (&self.token.domain, domain) {
            (None, _) => Ok(()),
            (Some(own), Some(domain)) if own == domain => Ok(()),
            (Some(own), _) => Err(Problem::forbidden(format!("this token is for {own} alone"))),
        }
    }
}

/// Whether a request shows its token as SimpleLogin's clients do.
pub(super) fn shows_authentication(headers: &HeaderMap) -> bool {
    headers.contains_key(AUTHENTICATION)
}

/// The token that a request shows.
fn shown(headers: &HeaderMap) -> Option<&str> {
    if let Some(value) = headers.get(AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.trim().split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| token.trim());
    }
    let value = headers.get(AUTHENTICATION)?.to_str().ok()?.trim();
    Some(value).filter(|value| !value.is_empty())
}

impl From<Unknown> for Problem {
    fn from(unknown: Unknown) -> Self {
        match unknown {
            Unknown::Missing => Self::new(
                Kind::Unauthorized,
                "a token is wanted: Authorization: Bearer onw_…, as onward token add prints it",
            ),
            Unknown::Twice => Self::new(Kind::Malformed, "a request shows one token, once"),
            Unknown::Wrong => Self::new(
                Kind::Unauthorized,
                "this is no token, or one that was revoked or has expired",
            ),
            Unknown::Guesses(wait) => {
                Self::wait("too many wrong tokens came from this address", wait)
            }
            Unknown::Failed(problem) => problem,
        }
    }
}

impl FromRequestParts<Site> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let client = parts.extensions.get().copied().unwrap_or(Client(None));
        Ok(Self::of(site, client, &parts.headers).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_token_is_shown() {
        for (name, value, token) in [
            ("authorization", "Bearer onw_x", Some("onw_x")),
            ("authorization", "bearer  onw_x ", Some("onw_x")),
            ("authorization", "Basic onw_x", None),
            ("authorization", "onw_x", None),
            ("authentication", "onw_x", Some("onw_x")),
            ("authentication", " ", None),
            ("cookie", "onw_x", None),
        ] {
            let headers =
                HeaderMap::from_iter([(HeaderName::from_static(name), value.parse().unwrap())]);
            assert_eq!(shown(&headers), token, "{name}: {value}");
        }
    }
}
