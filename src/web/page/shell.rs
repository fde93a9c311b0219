//! What stands around every page: head, ways to others, notices, language.

use super::{
    assets::{ICON, SCRIPT, STYLE},
    notices::Notice,
    outside::outside,
    texts::{Language, Texts},
    trouble::Trouble,
};
use crate::session::Role;
use axum::{body::Body, response::IntoResponse};
use hyper::{
    Method, Response, StatusCode,
    header::{HeaderName, HeaderValue, LOCATION},
    http::request::Parts,
};
use maud::{DOCTYPE, Markup, html};

/// By which script says that it asks, and nobody sees the page itself.
const FOR_SCRIPT: HeaderName = HeaderName::from_static("onward-script");

/// The places that a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    Overview,
    Aliases,
    Messages,
    Domains,
    Tokens,
    Accounts,
    Sessions,
}

impl Tab {
    /// All of them, in the order in which they stand.
    const ALL: [Self; 7] = [
        Self::Overview,
        Self::Aliases,
        Self::Messages,
        Self::Domains,
        Self::Tokens,
        Self::Accounts,
        Self::Sessions,
    ];

    /// Its first page, and the key of its name.
    fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Overview => ("/overview", "tab-overview"),
            Self::Aliases => ("/aliases", "tab-aliases"),
            Self::Messages => ("/messages", "tab-messages"),
            Self::Domains => ("/domains", "tab-domains"),
            Self::Tokens => ("/tokens", "tab-tokens"),
            Self::Accounts => ("/accounts", "tab-accounts"),
            Self::Sessions => ("/sessions", "tab-sessions"),
        }
    }

    /// True where it is there for a role.
    fn is_for(self, role: &Role) -> bool {
        match self {
            Self::Overview | Self::Accounts => *role == Role::Admin,
            Self::Aliases | Self::Messages | Self::Domains | Self::Tokens | Self::Sessions => true,
        }
    }
}

/// For whom a page is made, and where that one is.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    /// The words.
    pub(crate) texts: Texts,
    /// Path and query of the page, to come back to.
    back: String,
    /// Script asks for it, to put a part of it into another page.
    is_for_script: bool,
    person: Option<Person>,
}

/// Whom the head of a page names.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) role: Role,
    pub(super) name: Option<String>,
    /// False of whom a proxy names, who would be there again at once.
    pub(super) logs_out: bool,
}

impl Look {
    /// For whoever sent this head.
    pub(super) fn of(head: &Parts, person: Option<Person>) -> Self {
        let back = match head.method {
            Method::GET => {
                head.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned()
            }
            _ => page_of(head.uri.path()),
        };
        let is_for_script = head.headers.contains_key(FOR_SCRIPT);
        Self { texts: Texts::of(&head.headers), back, is_for_script, person }
    }

    /// True where nobody reads the page itself, but script takes a part of it.
    pub(super) fn is_for_script(&self) -> bool {
        self.is_for_script
    }

    /// The same, of whom nothing is known.
    pub(super) fn of_stranger(head: &Parts) -> Self {
        Self::of(head, None)
    }

    /// True for whom nothing is known of.
    pub(super) fn is_stranger(&self) -> bool {
        self.person.is_none()
    }
}

/// The page that a form belongs to: forms are sent to the path of their page, or to one below it.
fn page_of(path: &str) -> String {
    let mut segments = path.split('/').skip(1);
    match (segments.next().unwrap_or_default(), segments.next()) {
        ("aliases", Some("many" | "undo")) => "/aliases".to_owned(),
        (own @ ("aliases" | "messages" | "domains" | "login"), Some(name)) => {
            format!("/{own}/{name}")
        }
        ("doctor", _) => "/domains".to_owned(),
        ("logout" | "language", _) => "/".to_owned(),
        (own, _) => format!("/{own}"),
    }
}

/// The whole page. `title` is its first heading too.
pub(crate) fn document(
    look: &Look,
    tab: Option<Tab>,
    title: &str,
    notices: &[Notice],
    content: &Markup,
) -> Markup {
    let texts = look.texts;
    html! {
        (DOCTYPE)
        html lang=(texts.language().code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " · Onward" }
                link rel="icon" type="image/svg+xml" href=(ICON.path);
                link rel="stylesheet" href=(STYLE.path);
                script src=(SCRIPT.path) defer {}
            }
            body {
                a .skip href="#main" { (texts.say("shell-skip", &[])) }
                header .top {
                    a .brand href="/" { span .mark aria-hidden="true" {} "Onward" }
                    @if let Some(person) = &look.person {
                        nav aria-label=(texts.say("shell-nav", &[])) { ul {
                            @for one in Tab::ALL.into_iter().filter(|tab| tab.is_for(&person.role)) {
                                @let (path, name) = one.told();
                                li { a href=(path) aria-current=[(Some(one) == tab).then_some("page")] {
                                    (texts.say(name, &[]))
                                } }
                            }
                        } }
                    }
                }
                main #main tabindex="-1" {
                    @for notice in notices { (told(texts, notice)) }
                    h1 { (title) }
                    (content)
                }
                footer .bottom {
                    @if let Some(person) = &look.person { (who(texts, person)) }
                    (languages(look))
                }
            }
        }
    }
}

/// Sends the browser on to a path of ours, by GET.
pub(crate) fn see(path: &str) -> Response<Body> {
    // A path is made of what stands in URLs; one that is not is a mistake of ours.
    let Ok(location) = HeaderValue::from_str(path) else { return Trouble::Failed.into_response() };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(LOCATION, location);
    response
}

fn told(texts: Texts, notice: &Notice) -> Markup {
    html! {
        div .notice role="status" {
            p { (notice.text) }
            @if let Some(undo) = &notice.undo {
                form method="post" action=(undo.action) data-undo {
                    @for (name, value) in &undo.fields {
                        input type="hidden" name=(name) value=(value);
                    }
                    button { (texts.say("shell-undo", &[])) }
                }
            }
        }
    }
}

/// Who is logged in, and the way out.
fn who(texts: Texts, person: &Person) -> Markup {
    let role = match person.role {
        Role::Admin => texts.say("role-admin", &[]),
        Role::Owner(_) => texts.say("role-owner", &[]),
    };
    html! {
        p .who {
            @if let Some(name) = &person.name { (outside(name)) " · " }
            (role)
        }
        @if person.logs_out {
            form method="post" action="/logout" {
                button .quiet { (texts.say("shell-log-out", &[])) }
            }
        }
    }
}

fn languages(look: &Look) -> Markup {
    let others = Language::ALL.into_iter().filter(|one| *one != look.texts.language());
    html! {
        form .languages method="post" action="/language" {
            input type="hidden" name="back" value=(look.back);
            @for language in others {
                button .quiet name="lang" value=(language.code()) lang=(language.code()) {
                    (language.name())
                }
            }
        }
    }
}
