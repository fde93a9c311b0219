//! Who asks: somebody with a session, or whom a proxy names that is believed.

use super::{
    cookies::cookie,
    host,
    notices::Notice,
    shell::{Look, Person, Tab, document, see},
    texts::Texts,
    trouble::Trouble,
};
use crate::{
    account::Label,
    address::Domain,
    admin::sessions,
    alias::OwnedDomain,
    http::Client,
    session::{Role, Session, SessionId},
    token::Maker,
    web::{Site, changes},
};
use axum::{
    body::Body,
    extract::FromRequestParts,
    response::{Html, IntoResponse},
};
use hyper::{Method, Response, StatusCode, header::HeaderName, http::request::Parts};
use maud::Markup;
use std::fmt::Display;

/// What a browser shows who has a session. Browsers keep a cookie of such a name only with `Secure`, for `/`, and for our
/// host alone, and no neighbour's site can set it.
pub(crate) const SESSION_COOKIE: &str = "__Host-onward";

/// By which a proxy says who asks.
const REMOTE_USER: HeaderName = HeaderName::from_static("remote-user");
/// Longest name of such a one, in octets.
const MAX_REMOTE_USER: usize = 200;

/// Somebody who may see pages, and how far.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// What may be seen and done.
    pub(crate) role: Role,
    /// The words in the language of whoever asks.
    pub(crate) texts: Texts,
    pub(crate) site: Site,
    who: Who,
    look: Look,
}

/// By what somebody is known.
#[derive(Debug, Clone)]
enum Who {
    /// A session of ours.
    Session(Session),
    /// The name that a proxy says.
    Proxied(String),
}

impl Visitor {
    /// True where what is of `domain` may be seen. What may not is answered as what is not there.
    pub(crate) fn may_see(&self, domain: &Domain) -> bool {
        self.role.may_see(domain)
    }

    /// The domains of theirs, each with since when it is; `None` for all, of all time.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn own(&self) -> Result<Option<Vec<OwnedDomain>>, Trouble> {
        match self.role.domains() {
            Some(domains) => Ok(Some(self.site.store.owned(domains).await?)),
            None => Ok(None),
        }
    }

    /// Refuses what is of no domain of theirs, as if it were not there.
    ///
    /// # Errors
    /// When it is not theirs.
    pub(crate) fn needs(&self, domain: &Domain) -> Result<(), Trouble> {
        if self.may_see(domain) { Ok(()) } else { Err(Trouble::NotFound) }
    }

    /// The session; `None` of whom a proxy names.
    pub(crate) fn session(&self) -> Option<SessionId> {
        match &self.who {
            Who::Session(session) => Some(session.id),
            Who::Proxied(_) => None,
        }
    }

    /// A page of theirs, with the notices that they have not seen yet.
    pub(crate) fn page(&self, tab: Tab, title: &str, content: &Markup) -> Response<Body> {
        self.page_with(StatusCode::OK, tab, title, content)
    }

    /// The same with a status, such as 422 of a form that is shown again.
    pub(crate) fn page_with(
        &self,
        status: StatusCode,
        tab: Tab,
        title: &str,
        content: &Markup,
    ) -> Response<Body> {
        let notices = match self.look.is_for_script() {
            // They are for whoever sees the whole page.
            true => Vec::new(),
            false => self.site.shared.notices.take(&self.key()),
        };
        let page = document(&self.look, Some(tab), title, &notices, content);
        (status, Html(page.into_string())).into_response()
    }

    /// Goes on to `path`, where the notice is read.
    pub(crate) fn done(&self, notice: Notice, path: &str) -> Response<Body> {
        self.tell(notice);
        see(path)
    }

    /// Tells the log of a change.
    pub(crate) fn did(&self, what: &'static str, of: &dyn Display) {
        changes::tell(&self.maker(), what, of);
    }

    /// As the log and tokens have it who somebody is.
    pub(crate) fn maker(&self) -> Maker {
        match &self.who {
            Who::Session(session) => maker(session),
            Who::Proxied(name) => Maker::Proxied(name.clone()),
        }
    }

    /// Says it on the next page that they see.
    pub(crate) fn tell(&self, notice: Notice) {
        self.site.shared.notices.add(self.key(), notice);
    }

    pub(super) fn look(&self) -> &Look {
        &self.look
    }

    /// Under which is kept what is theirs alone: notices, and what takes back what they did.
    pub(super) fn key(&self) -> String {
        match &self.who {
            Who::Session(session) => session.id.to_string(),
            Who::Proxied(name) => format!("user {name}"),
        }
    }

    fn new(site: &Site, head: &Parts, who: Who) -> Self {
        let (role, name) = match &who {
            Who::Session(session) => {
                (session.role.clone(), session.label.as_ref().map(Label::to_string))
            }
            Who::Proxied(name) => (Role::Admin, Some(name.clone())),
        };
        let is_ours = matches!(who, Who::Session(_));
        let person = Person { role: role.clone(), name, logs_out: is_ours };
        let look = Look::of(head, Some(person));
        Self { role, texts: look.texts, site: site.clone(), who, look }
    }
}

/// As the log and tokens have it whose a session is.
pub(super) fn maker(session: &Session) -> Maker {
    Maker::Session { id: session.id, label: session.label.clone() }
}

/// Who asks, if that is known.
///
/// # Errors
/// When a proxy that is believed names somebody who cannot be let in, or the store fails.
pub(super) async fn known(site: &Site, head: &Parts) -> Result<Option<Visitor>, Trouble> {
    let client = head.extensions.get().copied().unwrap_or(Client(None));
    if let Some(name) = proxied(site, client, head)? {
        return Ok(Some(Visitor::new(site, head, Who::Proxied(name))));
    }
    let Some(shown) = cookie(&head.headers, SESSION_COOKIE) else { return Ok(None) };
    let Some(session) = sessions::known(&site.store, shown).await? else { return Ok(None) };
    site.shared.uses.note_session(&session, client);
    Ok(Some(Visitor::new(site, head, Who::Session(session))))
}

/// Whom a proxy names that is believed. Where two names stand, one of them may be the client's own: none is believed. Browsers
/// connect from addresses as a proxy does: what they are made to ask by a name that leads here is not believed.
fn proxied(site: &Site, client: Client, head: &Parts) -> Result<Option<String>, Trouble> {
    if !site.config.web.trusted_proxy.iter().any(|peer| peer.is(client.0)) {
        return Ok(None);
    }
    let mut names = head.headers.get_all(REMOTE_USER).iter();
    let Some(first) = names.next() else { return Ok(None) };
    let refused = |trouble, why: &'static str| {
        site.shared.unbelieved.call_once(
            || tracing::warn!(why, peer = ?client.0, "nobody is let in by Remote-User; told once"),
        );
        Err(trouble)
    };
    if names.next().is_some() {
        return refused(Trouble::ProxyName, "there are two");
    }
    match first.to_str().map(str::trim) {
        Ok("") => Ok(None),
        // Caddy 2.6 passes on the variable itself, `{http.reverse_proxy.header.Remote-User}`, where who was asked lets a
        // request through and names nobody.
        Ok(name) if name.contains(['{', '}']) => Ok(None),
        Ok(name) if name.len() > MAX_REMOTE_USER => {
            refused(Trouble::ProxyName, "it is longer than 200 octets")
        }
        Err(_) => refused(Trouble::ProxyName, "it is not ASCII"),
        Ok(_) if client.0.is_some() && !host::is_named(&site.config, head) => {
            refused(Trouble::ProxyHost, "web.hosts does not have the host that is asked for")
        }
        Ok(name) => Ok(Some(name.to_owned())),
    }
}

impl FromRequestParts<Site> for Visitor {
    type Rejection = Response<Body>;

    async fn from_request_parts(head: &mut Parts, site: &Site) -> Result<Self, Response<Body>> {
        match known(site, head).await {
            Ok(Some(visitor)) => Ok(visitor),
            Ok(None) if head.method == Method::GET => Err(see("/login")),
            Ok(None) => Err(Trouble::NoSession.into_response()),
            Err(trouble) => Err(trouble.into_response()),
        }
    }
}

/// A visitor who may see everything. For others, what is asked for is not there.
#[derive(Debug, Clone)]
pub(crate) struct Admin(pub(crate) Visitor);

impl FromRequestParts<Site> for Admin {
    type Rejection = Response<Body>;

    async fn from_request_parts(head: &mut Parts, site: &Site) -> Result<Self, Response<Body>> {
        let visitor = Visitor::from_request_parts(head, site).await?;
        match visitor.role {
            Role::Admin => Ok(Self(visitor)),
            Role::Owner(_) => Err(Trouble::NotFound.into_response()),
        }
    }
}
