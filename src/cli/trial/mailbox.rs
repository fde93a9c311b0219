//! A mail server that takes everything and shows it: Onward's own session on the receiving side.

use super::wire::{Side, Tapped, Transcript};
use crate::{
    address::{ForwardPath, ReversePath},
    envelope::RcptDsn,
    inbound::{Handler, MessageMemory, Patience, Reservation, Timeouts, drive},
    reply::Reply,
    smtp::{BareLf, Session, SessionConfig, Transaction},
};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    time::Instant,
};

const PATIENCE: Duration = Duration::from_secs(300);
const MAX_MESSAGE: usize = 64 << 20;

/// A message that arrived.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) reverse_path: ReversePath,
    pub(super) forward_paths: Vec<ForwardPath>,
    pub(super) message: Vec<u8>,
}

/// A mailbox server on loopback.
#[derive(Debug)]
pub(super) struct Mailbox {
    pub(super) address: SocketAddr,
    pub(super) arrived: mpsc::Receiver<Arrived>,
    pub(super) transcript: Transcript,
}

impl Mailbox {
    /// Starts one named `hostname`; it ends with the runtime.
    pub(super) async fn start(hostname: &str) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (sender, arrived) = mpsc::channel(16);
        let transcript = Transcript::default();
        let config = Arc::new(SessionConfig {
            hostname: hostname.to_owned(),
            max_message_size: MAX_MESSAGE,
            max_recipients: 100,
            max_errors: 10,
            bare_lf: BareLf::Refuse,
            minds_early_talk: false,
        });
        let tap = transcript.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (config, sender, tap) = (Arc::clone(&config), sender.clone(), tap.clone());
                tokio::spawn(receive(stream, config, sender, tap));
            }
        });
        Ok(Self { address, arrived, transcript })
    }
}

async fn receive(
    stream: TcpStream,
    config: Arc<SessionConfig>,
    arrived: mpsc::Sender<Arrived>,
    transcript: Transcript,
) {
    let timeouts =
        Timeouts { command: PATIENCE, data: PATIENCE, data_rate: 0, session: PATIENCE * 12 };
    let (_running, stopped) = watch::channel(false);
    let _ = drive(
        Box::new(Tapped { stream, side: Side::Server, transcript }),
        Session::new(config),
        None,
        &mut Inbox { arrived },
        &mut Patience::unshaken(timeouts, Instant::now()),
        &MessageMemory::new(MAX_MESSAGE),
        stopped,
    )
    .await;
}

struct Inbox {
    arrived: mpsc::Sender<Arrived>,
}

impl Handler for Inbox {
    async fn recipient(&mut self, _: &Session, _: &ForwardPath, _: &RcptDsn) -> Reply {
        Reply::recipient_ok()
    }

    async fn message(&mut self, transaction: Transaction, _: Reservation) -> Reply {
        let message = match transaction.message {
            Ok(message) => message,
            Err(refusal) => return refusal,
        };
        let arrived = Arrived {
            reverse_path: transaction.envelope.reverse_path,
            forward_paths: transaction.envelope.forward_paths,
            message,
        };
        match self.arrived.send(arrived).await {
            Ok(()) => Reply::ok(),
            Err(_) => Reply::shutting_down(),
        }
    }
}
