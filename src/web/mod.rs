//! What programs with a token, and people, ask by HTTP: routes over [`crate::admin`].
//!
//! A request comes whole ([`crate::http::Application`]). For a program it goes: pages of other origins ([`cors`]) · the
//! route · the token ([`caller`]) · a function of `admin` · the answer, with its tag ([`etag`]), or a [`problem`]. For people,
//! whose browsers ask for what is not below `/api`: see [`page`].

mod alias_record;
mod api;
mod asking;
mod caller;
mod cause;
mod changes;
mod cors;
mod etag;
mod guesses;
mod input;
mod page;
mod password_managers;
mod problem;
mod uses;

pub use api::document;

use crate::{
    admin::{Place, Store},
    clock,
    config::{Config, Served},
    daemon::{self, Figures},
    http::{Application, Client, Fault},
    password_manager::Dialect,
};
use asking::Asking;
use async_trait::async_trait;
use axum::{Router, body::Body};
use guesses::Guesses;
use http_body_util::BodyExt;
use hyper::{
    Method, Request, Response, StatusCode, Uri,
    body::Bytes,
    header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS},
    http::request::Parts,
};
use problem::{Kind, Problem};
use std::{
    sync::{self, Arc},
    time::Duration,
};
use tokio::time::sleep;
use tower::ServiceExt;
use uses::Uses;

/// How often uses of tokens are written down, and what is too late to be taken back is forgotten.
const USES_EVERY: Duration = Duration::from_secs(5);

/// Questions that ask DNS at once.
const EXPLAINS: usize = 4;

/// What is counted over all listeners and reloads.
#[derive(Debug, Default)]
pub struct Web(Arc<Shared>);

/// See [`Web`].
#[derive(Debug)]
pub(crate) struct Shared {
    /// Who shows what is no token.
    guesses: Guesses,
    /// When tokens and sessions were used last.
    uses: Uses,
    /// Who asks what would become of a message, for which DNS is asked.
    explaining: Asking,
    /// What people are told on the next page.
    notices: page::Notices,
    /// What takes back what people did.
    undos: page::Undos,
    /// What DNS said when somebody had it looked at.
    checks: page::Checks,
    /// Whether the log was told of a Remote-User that is not believed.
    unbelieved: sync::Once,
    /// Whether it was told of a name of the page that nobody said it has.
    misdirected: sync::Once,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            guesses: Guesses::default(),
            uses: Uses::default(),
            explaining: Asking::new(EXPLAINS),
            notices: page::Notices::default(),
            undos: page::Undos::default(),
            checks: page::Checks::default(),
            unbelieved: sync::Once::new(),
            misdirected: sync::Once::new(),
        }
    }
}

/// What every route is given.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) config: Arc<Config>,
    pub(crate) place: Place,
    pub(crate) store: Store,
    pub(crate) figures: Arc<dyn Figures>,
    pub(crate) shared: Arc<Shared>,
}

#[async_trait]
impl daemon::Web for Web {
    fn application(
        &self,
        config: &Config,
        place: &Place,
        store: &Store,
        figures: Arc<dyn Figures>,
        serve: &[Served],
    ) -> Arc<dyn Application> {
        let config = Arc::new(config.clone());
        let shared = Arc::clone(&self.0);
        let (place, store) = (place.clone(), store.clone());
        let site = Site { config, place, store, figures, shared };
        let serves = |served| serve.contains(&served);
        let api = serves(Served::Api).then(|| api::routes().with_state(site.clone()));
        let page = serves(Served::Web).then(|| page::routes(site.clone()));
        Arc::new(App { api, page, site })
    }

    async fn follow(&self, store: &Store) {
        loop {
            sleep(USES_EVERY).await;
            self.0.uses.keep(store).await;
            self.0.undos.forget_late(clock::steady_millis());
        }
    }

    async fn finish(&self, store: &Store) {
        self.0.uses.keep(store).await;
    }
}

#[derive(Debug)]
struct App {
    /// Of programs, where they are served.
    api: Option<Router>,
    /// Of people, where they are served.
    page: Option<Router>,
    site: Site,
}

#[async_trait]
impl Application for App {
    async fn answer(&self, client: Client, request: Request<Bytes>) -> Response<Bytes> {
        if let Some(routes) = self.page(request.uri().path()) {
            let (head, body) = request.into_parts();
            return page::answer(&self.site, routes, client, head, body).await;
        }
        let origins = &self.site.config.api.cors_origins;
        let origin = cors::allowed(request.headers(), origins);
        if let Some(mut response) = cors::preflight(&request, origin.as_ref()) {
            cors::tell(response.headers_mut(), origin);
            return response;
        }
        let (mut head, body) = request.into_parts();
        head.uri = without_doubled_slash(head.uri);
        let is_head = head.method == Method::HEAD;
        if is_head {
            head.method = Method::GET;
        }
        head.extensions.insert(client);
        let asked = head.clone();
        let mut response = match dialect_of(&asked) {
            Some(dialect) => {
                password_managers::answer(&self.site, dialect, client, &asked, &body).await
            }
            None => self.routed(head, body).await,
        };
        if asked.method == Method::GET {
            etag::conclude(&asked.headers, &mut response);
        }
        tell(&mut response);
        cors::tell(response.headers_mut(), origin);
        response
    }

    fn told<'a>(&self, path: &'a str) -> &'a str {
        page::told(path)
    }

    fn fault(&self, head: Option<&Parts>, fault: Fault) -> Response<Bytes> {
        let is_of_page = match head {
            Some(head) => self.page(head.uri.path()).is_some(),
            // Nobody knows what was asked for: where there is nothing but the page, it was that.
            None => self.api.is_none(),
        };
        if is_of_page {
            return page::fault(head, fault);
        }
        let problem = Problem::from(fault);
        let Some(head) = head else {
            let mut response = problem.into_bytes();
            tell(&mut response);
            return response;
        };
        let mut response = match dialect_of(head) {
            Some(dialect) => password_managers::problem(dialect, problem),
            None => problem.into_bytes(),
        };
        tell(&mut response);
        let origins = &self.site.config.api.cors_origins;
        cors::tell(response.headers_mut(), cors::allowed(&head.headers, origins));
        response
    }
}

impl App {
    /// The routes of the page, where it is what is asked for.
    fn page(&self, path: &str) -> Option<&Router> {
        let path = path.trim_start_matches('/');
        let is_api = path == "api" || path.starts_with("api/");
        self.page.as_ref().filter(|_| !is_api || self.api.is_none())
    }

    /// The answer of a route of our own.
    async fn routed(&self, head: Parts, body: Bytes) -> Response<Bytes> {
        let asked = head.clone();
        let routes = self.api.clone().unwrap_or_default();
        let response = routes.oneshot(Request::from_parts(head, Body::from(body)));
        // A router never fails.
        let Ok(response) = response.await;
        let response = whole(response).await;
        match response.headers().get(CONTENT_TYPE) {
            Some(_) => response,
            None => in_words(&asked, response),
        }
    }
}

/// The dialect in which a request is to be answered.
fn dialect_of(head: &Parts) -> Option<Dialect> {
    let path = format!("/{}", head.uri.path().trim_start_matches('/'));
    Dialect::of_path(&path, caller::shows_authentication(&head.headers))
}

/// Instead of the router's own answers, which say nothing.
fn in_words(asked: &Parts, response: Response<Bytes>) -> Response<Bytes> {
    let problem = match response.status() {
        StatusCode::NOT_FOUND => Problem::new(
            Kind::NoRoute,
            "nothing of that name is here; GET /api/openapi.json names what is",
        ),
        StatusCode::METHOD_NOT_ALLOWED => {
            Problem::new(Kind::Method, format!("{} is not answered here", asked.method))
        }
        _ => return response,
    };
    let mut told = problem.into_bytes();
    let others = response.headers().iter().filter(|(name, _)| *name == hyper::header::ALLOW);
    for (name, value) in others {
        told.headers_mut().insert(name, value.clone());
    }
    told
}

/// What stands in every answer: none of them is for a cache, and none is anything but what it says.
fn tell(response: &mut Response<Bytes>) {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

async fn whole(response: Response<Body>) -> Response<Bytes> {
    let (head, body) = response.into_parts();
    match body.collect().await {
        Ok(body) => Response::from_parts(head, body.to_bytes()),
        Err(_) => Problem::failed().into_bytes(),
    }
}

/// Clients put `/api/…` behind a base that may end in a slash.
fn without_doubled_slash(uri: Uri) -> Uri {
    let Some(target) = uri.path_and_query().map(|target| target.as_str()) else { return uri };
    if !target.starts_with("//") {
        return uri;
    }
    let single = format!("/{}", target.trim_start_matches('/'));
    single.parse().unwrap_or(uri)
}
