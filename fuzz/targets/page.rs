//! Requests of whoever asks the page or the API, with a store behind them: no answer is a failure of ours, nothing that was
//! sent is markup of an answer or leads elsewhere, and nobody is told what is another owner's.
//!
//! The first octet says who asks, the rest is the request as it is sent: its line, its fields, its body.
#![no_main]

use async_trait::async_trait;
use hyper::{
    Request, Response,
    body::Bytes,
    header::{CONTENT_TYPE, LOCATION, X_CONTENT_TYPE_OPTIONS},
};
use libfuzzer_sys::fuzz_target;
use onward::{
    account::Label,
    address::{Domain, Mailbox},
    admin::{Place, sessions, tokens},
    alias::{Alias, AliasAddress, Rules},
    clock,
    config::{Config, Machine, Served},
    daemon::{Figures, Web as _},
    http::{Application, Client},
    metrics::{Now, ProcessFigures},
    outbound::Unreachable,
    session::Role,
    store::{Options, Store},
    token::{Maker, NameFormat, Scope},
    web::Web,
};
use std::{cell::RefCell, net::IpAddr, net::Ipv4Addr, path::Path, sync::Arc};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// What the owner of own.test is told by nothing, and a stranger neither.
const SECRET: &str = "kept-from-others-7731";
/// What is sent as the beginning of an element.
const MARKUP: &str = "<zq";
/// Requests by one store: those of an administrator fill it.
const AGE: u32 = 2_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Stranger,
    Owner,
    Admin,
    Proxied,
    Manager,
    Program,
}

const WHO: [Who; 6] =
    [Who::Stranger, Who::Owner, Who::Admin, Who::Proxied, Who::Manager, Who::Program];

/// A store with two domains, and what answers by it.
struct World {
    runtime: Runtime,
    store: Store,
    application: Arc<dyn Application>,
    owner: String,
    admin: String,
    manager: String,
    program: String,
    age: u32,
    _state: TempDir,
}

#[derive(Debug)]
struct NoFigures;

#[async_trait]
impl Figures for NoFigures {
    async fn now(&self) -> Now {
        Now::default()
    }

    fn process(&self) -> ProcessFigures {
        ProcessFigures { start: clock::now(), memory: 0, files: 0 }
    }

    fn unreachable(&self) -> Vec<Unreachable> {
        Vec::new()
    }
}

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let state = tempfile::tempdir().expect("a directory");
        // Nothing is asked of DNS about what has a route.
        let text = "[[route]]\ndomain = \"*\"\nto = \"127.0.0.1:9\"\n[dns]\nservers = [\"127.0.0.1:9\"]\n\
                    [web]\ntrusted_proxy = [\"192.0.2.1\"]\n";
        let machine = Machine {
            hostname: "mx.test".into(),
            state_directory: Some(state.path().to_owned()),
            credentials_directory: None,
        };
        let config = Config::parse(text, Path::new("x"), &machine).expect("a configuration");
        let store = Store::open(state.path(), Options::default()).expect("a store");
        let made = runtime.block_on(Self::fill(&store));
        let (owner, admin, manager, program) = made;
        let serve = [Served::Web, Served::Api];
        let _inside = runtime.enter();
        let (place, figures) = (Place::of(&config), Arc::new(NoFigures));
        let application = Web::default().application(&config, &place, &store, figures, &serve);
        drop(_inside);
        Self { runtime, store, application, owner, admin, manager, program, age: 0, _state: state }
    }

    async fn fill(store: &Store) -> (String, String, String, String) {
        for name in ["own.test", "other.test"] {
            store.add_domain(&Domain::parse(name).unwrap()).await.expect("a domain");
        }
        let mine = AliasAddress::parse("shop@own.test").unwrap();
        store.add_alias(&Alias::forward(mine, ["me@x.test"]).unwrap()).await.expect("an alias");
        let theirs = AliasAddress::parse("shop@other.test").unwrap();
        let to = format!("{SECRET}@x.test");
        let rules = Rules { note: Some(SECRET.to_owned()), ..Rules::default() };
        let theirs = Alias::forward(theirs, [to.as_str()]).unwrap().with_rules(rules).unwrap();
        store.add_alias(&theirs).await.expect("an alias");
        let manager = Self::token(store, Scope::Manage, Some("own.test")).await;
        let program = Self::token(store, Scope::Admin, None).await;
        (Self::log_in(store, true).await, Self::log_in(store, false).await, manager, program)
    }

    async fn token(store: &Store, scope: Scope, domain: Option<&str>) -> String {
        let new = tokens::New {
            label: Label::parse("fuzz").unwrap(),
            scope,
            domain: domain.map(|name| Domain::parse(name).unwrap()),
            destinations: vec![Mailbox::parse("me@x.test").unwrap()],
            format: NameFormat::default(),
            daily_limit: None,
            expires: None,
            maker: Maker::CommandLine,
        };
        tokens::add(store, new).await.expect("a token").1.to_string()
    }

    async fn log_in(store: &Store, is_owner: bool) -> String {
        let role = match is_owner {
            true => Role::Owner(vec![Domain::parse("own.test").unwrap()]),
            false => Role::Admin,
        };
        let (_, link) = sessions::make_link(store, role, None).await.expect("a link");
        let begun = sessions::begin(store, &link, None, None).await.expect("a store");
        begun.expect("a session").1.to_string()
    }

    /// Whether all who may ask can still do so.
    fn is_whole(&self) -> bool {
        self.runtime.block_on(async {
            let mut whole = self.age < AGE;
            for secret in [&self.owner, &self.admin] {
                whole &= sessions::known(&self.store, secret).await.expect("a store").is_some();
            }
            for secret in [&self.manager, &self.program] {
                whole &= tokens::known(&self.store, secret).await.expect("a store").is_some();
            }
            whole
        })
    }

    fn answer(&self, who: Who, mut request: Request<Bytes>) -> Response<Bytes> {
        let mut client = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let headers = request.headers_mut();
        let mut say = |name: &'static str, value: String| {
            headers.insert(name, value.parse().unwrap());
        };
        match who {
            Who::Stranger => {}
            Who::Owner => say("cookie", format!("__Host-onward={}", self.owner)),
            Who::Admin => say("cookie", format!("__Host-onward={}", self.admin)),
            Who::Proxied => client = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
            Who::Manager => say("authorization", format!("Bearer {}", self.manager)),
            Who::Program => say("authorization", format!("Bearer {}", self.program)),
        }
        self.runtime.block_on(self.application.answer(Client(Some(client)), request))
    }
}

/// The request that is written there, if hyper would take it for one.
fn read(octets: &[u8]) -> Option<Request<Bytes>> {
    let at = octets.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, body) = (std::str::from_utf8(&octets[..at]).ok()?, &octets[at + 4..]);
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let mut request = Request::builder().method(words.next()?).uri(words.next()?);
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        request = request.header(name, value);
    }
    request.body(Bytes::copy_from_slice(body)).ok()
}

fuzz_target!(|data: &[u8]| {
    let Some((&who, octets)) = data.split_first() else { return };
    let who = WHO[usize::from(who) % WHO.len()];
    let Some(request) = read(octets) else { return };
    let path = request.uri().path().to_owned();
    // These ask DNS, and wait for it.
    if !path.starts_with('/') || path.contains("check") || path.contains("explain") {
        return;
    }
    let sent = String::from_utf8_lossy(octets).into_owned();
    let is_said = sent.contains(SECRET);
    WORLD.with_borrow_mut(|world| {
        let world = match world {
            Some(world) if world.is_whole() => world,
            _ => world.insert(World::new()),
        };
        world.age += 1;
        let response = world.answer(who, request);
        let status = response.status();
        assert!(!status.is_server_error(), "{who:?}: {status}");
        let field = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!(field(&X_CONTENT_TYPE_OPTIONS), Some("nosniff"));
        if let Some(to) = field(&LOCATION) {
            let is_own = to.starts_with('/') && !to.starts_with("//") && !to.contains('\\');
            assert!(is_own, "{who:?} is sent to {to:?}");
        }
        let kind = field(&CONTENT_TYPE).unwrap_or_default().to_owned();
        let body = String::from_utf8_lossy(response.body());
        if kind.starts_with("text/html") {
            assert!(!body.contains(MARKUP), "{who:?}: markup of somebody else");
            let is_hidden =
                |c: char| matches!(c, '\0' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}');
            // A field of a form has what was typed into it, as it was.
            let is_typed = sent.contains(is_hidden) || sent.to_uppercase().contains("%E2%80");
            assert!(is_typed || !body.contains(is_hidden), "{who:?}: what nobody sees");
        }
        // Who may see all may; what was sent may be shown to its sender.
        if matches!(who, Who::Stranger | Who::Owner | Who::Manager) && !is_said {
            assert!(!body.contains(SECRET), "{who:?} is told what is another's");
        }
    });
});
