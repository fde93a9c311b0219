//! Who asks: somebody with a session, or whom a proxy names that is believed.

use super::{
    cookies::cookie,
    notices::Notice,
    shell::{Look, Person, Tab, document, see},
    texts::Texts,
    trouble::Trouble,
};
use crate::{
    account::Label,
    address::Domain,
    admin::sessions,
    http::Client,
    session::{Role, Session, SessionId},
    web::Site,
};
use axum::{
    body::Body,
    extract::FromRequestParts,
    response::{Html, IntoResponse},
};
use hyper::{HeaderMap, Method, Response, StatusCode, header::HeaderName, http::request::Parts};
use maud::Markup;

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
        let notices = self.site.shared.notices.take(&self.key());
        let page = document(&self.look, Some(tab), title, &notices, content);
        (status, Html(page.into_string())).into_response()
    }

    /// Goes on to `path`, where the notice is read.
    pub(crate) fn done(&self, notice: Notice, path: &str) -> Response<Body> {
        self.tell(notice);
        see(path)
    }

    /// Says it on the next page that they see.
    pub(crate) fn tell(&self, notice: Notice) {
        self.site.shared.notices.add(self.key(), notice);
    }

    /// By what the log tells who did something.
    pub(crate) fn name(&self) -> String {
        self.key()
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

/// Who asks, if that is known.
///
/// # Errors
/// When the store fails.
pub(super) async fn known(site: &Site, head: &Parts) -> Result<Option<Visitor>, Trouble> {
    let client = head.extensions.get().copied().unwrap_or(Client(None));
    if let Some(name) = proxied(site, client, &head.headers) {
        return Ok(Some(Visitor::new(site, head, Who::Proxied(name))));
    }
    let Some(shown) = cookie(&head.headers, SESSION_COOKIE) else { return Ok(None) };
    let Some(session) = sessions::known(&site.store, shown).await? else { return Ok(None) };
    site.shared.uses.note_session(&session, client);
    Ok(Some(Visitor::new(site, head, Who::Session(session))))
}

/// Whom a proxy names that is believed. Where two names stand, one of them may be the client's own: none is believed.
fn proxied(site: &Site, client: Client, headers: &HeaderMap) -> Option<String> {
    if !site.config.web.trusted_proxy.iter().any(|peer| peer.is(client.0)) {
        return None;
    }
    let mut names = headers.get_all(REMOTE_USER).iter();
    let name = names.next()?.to_str().ok()?.trim();
    let is_alone = names.next().is_none();
    (is_alone && is_name(name)).then(|| name.to_owned())
}

/// Whether it names somebody. Caddy 2.6 passes on the variable itself, `{http.reverse_proxy.header.Remote-User}`,
/// where who was asked lets a request through and names nobody.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_REMOTE_USER && !text.contains(['{', '}'])
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
