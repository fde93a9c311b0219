use super::{
    Service,
    conversation::{Conversation, Held, Leaves},
    lent::{self, Lend},
};
use crate::{
    config::Direction,
    inbound::{Accepted, Connections, Socket},
    milter,
};
use std::{io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    task::JoinSet,
};

/// What is spoken on a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The protocol of socketmap_table(5).
    Socketmap,
    /// The protocol of tcp_table(5).
    TcpTable(Direction),
    /// Postfix policy delegation.
    Policy,
    /// The milter protocol.
    Milter(milter::Mode),
}

/// A bound listener for Postfix.
#[derive(Debug)]
pub struct PostfixListener {
    socket: Socket,
    dialect: Dialect,
}

/// How long is waited for a request, from the end of the one before to its own end.
#[derive(Debug, Clone, Copy)]
pub struct RequestTimeout(pub Duration);

impl PostfixListener {
    /// A listener on a socket that Postfix may connect to, whoever it runs as.
    pub fn new(socket: Socket, dialect: Dialect) -> Self {
        Self { socket, dialect }
    }

    /// True where single keys are looked up.
    pub fn is_map(&self) -> bool {
        matches!(self.dialect, Dialect::Socketmap | Dialect::TcpTable(_))
    }

    /// The address that is listened on.
    pub fn local(&self) -> &str {
        self.socket.local()
    }

    /// Accepts until `retired` turns true, and answers until `shutdown` does.
    pub async fn run<S: Service>(
        self,
        service: Arc<S>,
        connections: Arc<Connections>,
        request_timeout: RequestTimeout,
        retired: watch::Receiver<bool>,
        shutdown: watch::Receiver<bool>,
    ) {
        let dialect = self.dialect;
        let leaves = if self.is_map() { Leaves::WhenBusy } else { Leaves::Never };
        let begin = |accepted, tasks: &mut JoinSet<()>| {
            let Some(place) = connections.admit() else {
                tracing::warn!(?dialect, "connection refused: limits.map_connections is reached");
                return;
            };
            let conversation = Conversation::new(dialect, request_timeout, place);
            let (service, mut shutdown) = (Arc::clone(&service), shutdown.clone());
            tasks.spawn(async move {
                let attended = async {
                    match accepted {
                        Accepted::Tcp(stream, _) => {
                            // Answers go out whole: Nagle could only delay them.
                            let _ = stream.set_nodelay(true);
                            attend(conversation, stream, service, leaves).await
                        }
                        Accepted::Unix(stream) => {
                            attend(conversation, stream, service, leaves).await
                        }
                    }
                };
                let attended = tokio::select! {
                    attended = attended => attended,
                    // What is asked now is asked again of whoever comes next.
                    _ = shutdown.wait_for(|stop| *stop) => return,
                };
                if let Err(error) = attended {
                    tracing::debug!(?dialect, %error, "connection lost");
                }
            });
        };
        self.socket.serve(retired, begin).await;
    }
}

/// Answers what comes on `stream`, until it ends, breaks the protocol, or exhausts `request_timeout`.
///
/// # Errors
/// When the stream fails.
pub async fn serve<IO, S>(
    mut stream: IO,
    dialect: Dialect,
    service: &S,
    request_timeout: RequestTimeout,
) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send,
    S: Service,
{
    let Some(place) = Connections::new(1).admit() else { return Ok(()) };
    let mut conversation = Conversation::new(dialect, request_timeout, place);
    conversation.hold(&mut stream, service, Leaves::Never).await.map(drop)
}

/// Answers on this thread, which has other connections too, and on one of its own while somebody asks without a pause.
async fn attend<IO: Lend, S: Service>(
    mut conversation: Conversation,
    mut stream: IO,
    service: Arc<S>,
    leaves: Leaves,
) -> io::Result<()> {
    while conversation.hold(&mut stream, &*service, leaves).await? == Held::Leaves {
        let held = lent::hold(conversation, stream, Arc::clone(&service));
        // In a box: most connections have none.
        match Box::pin(held).await? {
            Some(back) => (conversation, stream) = back,
            None => break,
        }
    }
    Ok(())
}
