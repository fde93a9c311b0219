//! Whether listeners answer.

use crate::{
    config::{Listen, ListenAddress},
    outbound::Dialogue,
};
use std::{io, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    time::{Instant, timeout_at},
};

/// How long listeners may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is wrong with each of `listeners`; `None` where one takes a connection and, unless it waits for a
/// PROXY header first, greets. All are asked at once, and none is waited for too long.
pub(super) async fn all(listeners: &[Listen]) -> Vec<Option<String>> {
    let end = Instant::now() + PATIENCE;
    let asked: Vec<_> =
        listeners.iter().cloned().map(|listen| tokio::spawn(problem(listen, end))).collect();
    let mut problems = Vec::new();
    for asked in asked {
        problems.push(asked.await.unwrap_or_else(|error| Some(error.to_string())));
    }
    problems
}

async fn problem(listen: Listen, end: Instant) -> Option<String> {
    // Only SMTP greets.
    let waits =
        !listen.proxy_protocol.is_empty() || listen.implicit_tls || !listen.protocol.takes_mail();
    let asked = match &listen.address {
        ListenAddress::Tcp { host, port } => {
            let stream = timeout_at(end, TcpStream::connect((host.as_str(), *port))).await;
            greeting(stream.unwrap_or_else(|late| Err(late.into())), waits, end).await
        }
        ListenAddress::Unix(path) => {
            let stream = timeout_at(end, UnixStream::connect(path)).await;
            greeting(stream.unwrap_or_else(|late| Err(late.into())), waits, end).await
        }
        // Where that is, systemd knows.
        ListenAddress::Systemd(_) => return None,
    };
    asked.unwrap_or_else(|error| match error.kind() {
        io::ErrorKind::TimedOut => Some(format!("nothing within {} s", PATIENCE.as_secs())),
        // Whether it answers those whom it is for cannot be told.
        io::ErrorKind::PermissionDenied => Some(format!("{error}: ask with sudo")),
        io::ErrorKind::UnexpectedEof => Some("it closes at once".to_owned()),
        _ => Some(error.to_string()),
    })
}

/// Takes leave after the greeting, as a client does; `Some` of what is no greeting.
async fn greeting<S: AsyncRead + AsyncWrite + Unpin>(
    stream: io::Result<S>,
    waits: bool,
    end: Instant,
) -> io::Result<Option<String>> {
    let mut server = Dialogue::new(stream?);
    if waits {
        return Ok(None);
    }
    let reply = server.reply(end).await?;
    server.quit(end).await;
    Ok((reply.code != 220).then(|| reply.last_line()))
}
