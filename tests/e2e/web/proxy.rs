//! The page behind nginx and Caddy, as the files of contrib/ have them, and with TLS of its own by ACME.

use super::site::Site;
use crate::api::Answer;
use crate::support::certificates::Authority;
use crate::support::curl::Curl;
use crate::support::dns::Dns;
use crate::support::onward::Onward;
use crate::support::pebble::Pebble;
use crate::support::port::free_address;
use crate::support::web_server::{NAME, WebServer};
use crate::support::{peer, wait_until};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::thread;

const NGINX: &str = "http://127.0.0.1:8025;";
const CADDY: &str = "reverse_proxy 127.0.0.1:8025";
/// Where a sign-on of Authelia is, and where the page is for it.
const SIGN_ON: &str = "127.0.0.1:9091";
const SOCKET: &str = "/run/onward/web";

/// A page that believes what stands before it, as wrong a configuration as can be with such a file.
fn believing() -> Site {
    let builder = Onward::builder().config("web.trusted_proxy = [\"127.0.0.1\"]");
    Site::start_with(builder.config(&format!("web.hosts = [\"{NAME}\"]")))
}

/// Asks at a web server and gives the answer. `None`: skip.
fn ask(curl: &Curl, server: &WebServer, path: &str, options: &[&str]) -> Option<Answer> {
    let answer = curl.ask(&format!("{}{path}", server.base()), options)?;
    Some(Answer::of(&answer.unwrap()))
}

#[test]
fn nginx_with_the_file_of_contrib() {
    let (site, authority) = (believing(), Authority::new());
    let pair = authority.issue(NAME, "nginx");
    let to = format!("http://{};", site.address);
    let Some(server) = WebServer::nginx("onward-web.conf", &pair, &[(NGINX, &to)]) else { return };
    lets_in_and_keeps_strangers_out(site, &authority, &server);
    let logged = server.logged();
    assert!(logged.contains("GET /sessions HTTP/1.1\" 200"), "it logs: {logged}");
    assert!(logged.contains("connect() failed"), "it logs errors too: {logged}");
}

#[test]
fn caddy_with_the_file_of_contrib() {
    let (site, authority) = (believing(), Authority::new());
    let pair = authority.issue(NAME, "caddy");
    let to = format!("reverse_proxy {}", site.address);
    let Some(server) = WebServer::caddy("Caddyfile", &pair, &[(CADDY, &to)]) else { return };
    lets_in_and_keeps_strangers_out(site, &authority, &server);
    let logged = server.logged();
    assert!(logged.contains("\"uri\":\"/login/\""), "it logs errors: {logged}");
}

/// What the page promises of itself, through a web server that has TLS for it.
fn lets_in_and_keeps_strangers_out(mut site: Site, authority: &Authority, server: &WebServer) {
    // Without the server, who says that name is believed.
    let direct = Curl::new(&authority.file(), NAME, site.address);
    let url = format!("http://{NAME}:{}/sessions", site.address.port());
    let Some(answer) = direct.ask(&url, &["-H", "Remote-User: root"]) else { return };
    assert_eq!(Answer::of(&answer.unwrap()).status, 200);
    let curl = || Curl::new(&authority.file(), NAME, server.address);
    let stranger = curl();
    let Some(answer) = ask(&stranger, server, "/sessions", &["-H", "Remote-User: root"]) else {
        return;
    };
    assert_eq!((answer.status, answer.field("location")), (303, Some("/login")), "{answer:?}");
    let answer = ask(&stranger, server, "/login", &["-H", "remote-user: root"]).unwrap();
    assert_eq!(answer.status, 200, "nobody is known: {answer:?}");

    let base = server.base();
    let anna = curl();
    let link = |arguments: &[&str]| {
        let words = ["web", "login", "--base", &base];
        let url = site.onward.run(&[&words, arguments].concat());
        url.trim_end().strip_prefix(&base).expect(&url).to_owned()
    };
    let path = link(&["--label", "Anna"]);
    let secret = path.strip_prefix("/login/").unwrap().to_owned();
    assert_eq!(ask(&anna, server, &path, &[]).unwrap().status, 200);
    // A browser that says nothing but where a form is from: the name has to be ours, with its port.
    let own = format!("Origin: {base}");
    let form = |origin: &str| ["-X", "POST", "-d", "", "-H", origin].map(str::to_owned);
    let send = |curl: &Curl, path: &str, origin: &str| {
        let options = form(origin);
        ask(curl, server, path, &options.each_ref().map(String::as_str)).unwrap()
    };
    let entered = send(&anna, &path, &own);
    assert_eq!((entered.status, entered.field("location")), (303, Some("/welcome")), "{entered:?}");
    let cookies = anna.cookies();
    let kept = cookies.lines().find(|line| line.contains("__Host-onward")).expect(&cookies);
    let fields: Vec<_> = kept.split('\t').collect();
    assert_eq!(
        (fields[0], fields[1], fields[2], fields[3]),
        ("#HttpOnly_mail.example.org", "FALSE", "/", "TRUE"),
        "the cookie is kept, for https and this host alone"
    );
    let sessions = ask(&anna, server, "/sessions", &[]).unwrap();
    assert_eq!(sessions.status, 200, "{sessions:?}");
    assert!(sessions.body.contains("Anna") && sessions.body.contains("127.0.0.1"));

    // A form does what it says, and one of another site nothing.
    let other = link(&["--domain", "example.org", "--label", "Other"]);
    let list = site.onward.run(&["web", "list"]);
    let id = list.lines().find(|line| line.contains("Other")).unwrap().split(' ').next().unwrap();
    let revoke = format!("/sessions/{id}/revoke");
    let port = server.address.port();
    for foreign in [
        "Origin: https://evil.test".to_owned(),
        format!("Origin: https://evil.test:{port}"),
        format!("Origin: https://{NAME}.evil.test:{port}"),
        "Sec-Fetch-Site: cross-site".to_owned(),
        "Sec-Fetch-Site: same-site".to_owned(),
    ] {
        let answer = send(&anna, &revoke, &foreign);
        assert_eq!(answer.status, 403, "{foreign}: {answer:?}");
    }
    assert_eq!(ask(&stranger, server, &other, &[]).unwrap().status, 200, "it was not ended");
    assert_eq!(send(&anna, &revoke, &own).status, 303);
    assert_eq!(ask(&stranger, server, &other, &[]).unwrap().status, 404, "it was");

    // A link that was not followed, while the page is away: no log has it.
    let unused = link(&[]);
    site.onward.terminate();
    assert_eq!(ask(&stranger, server, &unused, &[]).unwrap().status, 502);
    assert_eq!(ask(&stranger, server, "/aliases", &[]).unwrap().status, 502);
    let logged = server.logged();
    for secret in [secret.as_str(), unused.strip_prefix("/login/").unwrap()] {
        assert!(!logged.contains(secret), "{logged}");
    }
}

#[test]
fn nginx_and_a_single_sign_on_with_the_file_of_contrib() {
    let (sign_on, authority) = (sign_on(), Authority::new());
    let site = on_a_socket();
    let pair = authority.issue(NAME, "nginx");
    let changes = [(SIGN_ON, sign_on.to_string()), (SOCKET, site.1.clone())];
    let changes = changes.each_ref().map(|(from, to)| (*from, to.as_str()));
    let Some(server) = WebServer::nginx("onward-web-sso.conf", &pair, &changes) else { return };
    whom_the_sign_on_names_is_let_in(&authority, &server);
}

#[test]
fn caddy_and_a_single_sign_on_with_the_file_of_contrib() {
    let (sign_on, authority) = (sign_on(), Authority::new());
    let site = on_a_socket();
    let pair = authority.issue(NAME, "caddy");
    let changes = [(SIGN_ON, sign_on.to_string()), (SOCKET, site.1.clone())];
    let changes = changes.each_ref().map(|(from, to)| (*from, to.as_str()));
    let Some(server) = WebServer::caddy("Caddyfile.sso", &pair, &changes) else { return };
    whom_the_sign_on_names_is_let_in(&authority, &server);
}

fn whom_the_sign_on_names_is_let_in(authority: &Authority, server: &WebServer) {
    let curl = Curl::new(&authority.file(), NAME, server.address);
    let asked = |path: &str, options: &[&str]| ask(&curl, server, path, options);
    let claims = "Remote-User: root";
    let Some(stranger) = asked("/sessions", &["-H", claims]) else { return };
    assert_eq!(stranger.status, 401, "the sign-on does not let them in: {stranger:?}");
    let anna = asked("/sessions", &["-b", "sign-on=anna"]).unwrap();
    assert_eq!(anna.status, 200, "{anna:?}");
    assert!(anna.body.contains(">anna<") && anna.body.contains("administrator"), "{anna:?}");
    // What she says herself of who she is counts for nothing, however it is spelled.
    for claim in [claims, "remote-user: root", "REMOTE-USER: root"] {
        let anna = asked("/sessions", &["-b", "sign-on=anna", "-H", claim]).unwrap();
        assert_eq!(anna.status, 200, "{anna:?}");
        assert!(anna.body.contains(">anna<") && !anna.body.contains("root"), "{anna:?}");
        // Who is let through and not named is nobody.
        let nobody = asked("/sessions", &["-b", "sign-on=open", "-H", claim]).unwrap();
        assert_eq!((nobody.status, nobody.field("location")), (303, Some("/login")), "{nobody:?}");
    }
    let nobody = asked("/sessions", &["-b", "sign-on=open"]).unwrap();
    assert_eq!((nobody.status, nobody.field("location")), (303, Some("/login")), "{nobody:?}");
    // Forms, with their bodies, and none of another site.
    let form = ["-b", "sign-on=anna", "-d", "domain=third.test"];
    let own = format!("Origin: {}", server.base());
    let foreign = asked("/domains", &[&form[..], &["-H", "Origin: https://evil.test"]].concat());
    assert_eq!(foreign.unwrap().status, 403);
    assert!(!asked("/domains", &form[..2]).unwrap().body.contains("third.test"));
    let made = asked("/domains", &[&form[..], &["-H", &own]].concat()).unwrap();
    assert_eq!(made.status, 303, "{made:?}");
    assert!(asked("/domains", &form[..2]).unwrap().body.contains("third.test"));
}

/// A page on a unix socket that believes whoever connects, and the path of it.
fn on_a_socket() -> (Onward, String) {
    let builder = Onward::builder();
    let socket = builder.directory().join("web");
    let path = socket.display().to_string();
    let mut onward = builder
        .without_listener()
        .config("web.trusted_proxy = [\"unix\"]")
        .config(&format!("web.hosts = [\"{NAME}\"]"))
        .toml(&format!(
            "[[listen]]\nprotocol = \"http\"\naddress = \"unix:{path}\"\nserve = [\"web\"]\n"
        ))
        .domain("example.org")
        .build();
    onward.serve();
    // It has a name before it listens.
    wait_until("the socket", || UnixStream::connect(&socket).ok());
    (onward, path)
}

/// Who is asked by a web server: names anna by her cookie, lets through whom it does not name by another, and nobody else.
fn sign_on() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    });
    address
}

fn answer(mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if !matches!(reader.read_line(&mut head), Ok(1..)) {
            return;
        }
    }
    let says = if !head.starts_with("GET /api/authz/") {
        "404 Not Found\r\n"
    } else if head.contains("sign-on=anna") {
        "200 OK\r\nRemote-User: anna\r\n"
    } else if head.contains("sign-on=open") {
        "200 OK\r\n"
    } else {
        "401 Unauthorized\r\n"
    };
    let answer = format!("HTTP/1.1 {says}Content-Length: 0\r\nConnection: close\r\n\r\n");
    // Who broke off had no use for it.
    let _ = stream.write_all(answer.as_bytes());
}

#[test]
fn the_page_with_a_certificate_by_acme() {
    let (authority, dns) = (Authority::new(), Dns::start());
    dns.a("mx.example.org", Ipv4Addr::LOCALHOST);
    let challenges = free_address();
    let Some(pebble) = Pebble::start(&authority, challenges.port(), dns.address()) else { return };
    let tls = format!(
        "[tls]\nacme = \"{}\"\nacme_contact = \"you@mailbox.example\"\nacme_http = \"{challenges}\"\n\
         ca_file = \"{}\"\n",
        pebble.directory(),
        authority.file().display()
    );
    let lines = ["serve = [\"web\"]", "tls = \"implicit\""];
    let (builder, address) = Onward::builder().dns(&dns).toml(&tls).listen("http", &lines);
    let onward = builder.start();
    let url = onward.run(&["web", "login", "--label", "Anna"]);
    let base = format!("https://mx.example.org:{}", address.port());
    assert!(url.starts_with(&format!("{base}/login/")), "{url}");
    if peer::program("curl").is_none() {
        return;
    }
    // The authority of the certificates is made anew at each start.
    let roots = tempfile::NamedTempFile::new().unwrap();
    let root = Curl::new(&authority.file(), "localhost", pebble.management());
    let answer = root.ask(&format!("{}/roots/0", pebble.managed()), &[]).unwrap().unwrap();
    fs::write(roots.path(), Answer::of(&answer).body).unwrap();
    let anna = Curl::new(roots.path(), "mx.example.org", address);
    wait_until("a certificate that is believed", || {
        anna.ask(&format!("{base}/login"), &[]).unwrap().ok()
    });
    let own = format!("Origin: {base}");
    let entered = anna.ask(url.trim_end(), &["-X", "POST", "-d", "", "-H", &own]);
    let entered = Answer::of(&entered.unwrap().unwrap());
    assert_eq!((entered.status, entered.field("location")), (303, Some("/welcome")), "{entered:?}");
    let sessions = anna.ask(&format!("{base}/sessions"), &[]).unwrap().unwrap();
    let sessions = Answer::of(&sessions);
    assert_eq!(sessions.status, 200, "{sessions:?}");
    assert!(sessions.body.contains("Anna"));
    // By the machine's address it is no other's page: the certificate is not for that.
    let address = format!("https://{address}/login");
    assert!(anna.ask(&address, &[]).unwrap().is_err());
}
