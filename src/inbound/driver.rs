//! Drives one SMTP session: bytes between the socket and the state machine, time-outs, memory.

use super::{
    memory::{MessageMemory, Reservation},
    patience::{Pace, Patience},
};
use crate::{
    address::ForwardPath,
    envelope::{Envelope, RcptDsn},
    reply::Reply,
    sasl::Credentials,
    smtp::{Aborted, Session, Step, Tls, Transaction},
    tls::{Acceptor, Stream},
};
use std::{
    cell::RefCell,
    future::{Future, poll_fn, ready},
    io,
    pin::{Pin, pin},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf},
    sync::watch,
    time::{Instant, timeout, timeout_at},
};
use zeroize::Zeroize;

/// Decides what the session cannot, stage by stage. Between an accepted [`Handler::sender`] and the
/// [`Handler::message`] or [`Handler::aborted`] that follows lies one transaction.
pub trait Handler: Send {
    /// Says whether the client may talk at all, before it is greeted: the reply that turns it away, if not. Whoever
    /// talks while this takes its time talks too early.
    fn connected(&mut self, _session: &Session) -> impl Future<Output = Result<(), Reply>> + Send {
        ready(Ok(()))
    }

    /// Says whether these are the credentials of an account, and remembers whose: asked of listeners alone where only
    /// accounts may send.
    fn authenticate(
        &mut self,
        _session: &Session,
        _credentials: Credentials,
    ) -> impl Future<Output = Reply> + Send {
        ready(Reply::unknown_command())
    }

    /// Answers MAIL that would open a transaction with this envelope. `session` tells who the client is.
    fn sender(
        &mut self,
        _session: &Session,
        _envelope: &Envelope,
    ) -> impl Future<Output = Reply> + Send {
        ready(Reply::sender_ok())
    }

    /// Answers RCPT, which asks `dsn` of DSNs. `session` tells the reverse-path and the recipients accepted so far.
    fn recipient(
        &mut self,
        session: &Session,
        path: &ForwardPath,
        dsn: &RcptDsn,
    ) -> impl Future<Output = Reply> + Send;

    /// Says whether the text of the message may come: the reply that refuses it, if not. With BDAT the text
    /// comes unasked.
    fn data(&mut self, _session: &Session) -> impl Future<Output = Result<(), Reply>> + Send {
        ready(Ok(()))
    }

    /// Answers a complete message, of whose octets `memory` is kept as long as they are; a 250 says that somebody
    /// else has it now.
    fn message(
        &mut self,
        transaction: Transaction,
        memory: Reservation,
    ) -> impl Future<Output = Reply> + Send;

    /// Hears that the client may have gone before it heard the last answer of [`Handler::message`]: it will
    /// bring the message again.
    fn unheard(&mut self) -> impl Future<Output = ()> + Send {
        ready(())
    }

    /// Hears that the transaction that is open ends without a message: RSET, another EHLO, or the end of the
    /// session, whoever ended it.
    fn aborted(&mut self, _aborted: Aborted) -> impl Future<Output = ()> + Send {
        ready(())
    }
}

/// How clients of a listener may encrypt.
#[derive(Debug, Clone)]
pub struct Encryption {
    /// Begins TLS, by our certificates.
    pub acceptor: Acceptor,
    /// From the first octet on, and not by STARTTLS.
    pub is_implicit: bool,
}

/// Read at once outside of messages, and inside of them.
const COMMAND_READ: usize = 4 * 1024;
const DATA_READ: usize = 64 * 1024;
/// What a client may still send after we closed, before the socket goes.
const LINGER: Duration = Duration::from_secs(1);

/// Runs `session` on `stream` until either side ends it or `shutdown` turns true. A message that is
/// being received or delivered then is still finished.
///
/// # Errors
/// When the socket fails; no message is lost by that, as its client got no reply.
pub async fn drive<H: Handler>(
    stream: Stream,
    mut session: Session,
    encryption: Option<&Encryption>,
    handler: &mut H,
    patience: &mut Patience,
    memory: &MessageMemory,
    shutdown: watch::Receiver<bool>,
) -> io::Result<()> {
    let ended =
        converse(stream, &mut session, encryption, handler, patience, memory, shutdown).await;
    if ended.is_err() {
        handler.unheard().await;
    }
    session.hang_up();
    if let Step::Aborted(aborted) = session.poll() {
        handler.aborted(aborted).await;
    }
    ended
}

async fn converse<H: Handler>(
    mut stream: Stream,
    session: &mut Session,
    encryption: Option<&Encryption>,
    handler: &mut H,
    patience: &mut Patience,
    memory: &MessageMemory,
    mut shutdown: watch::Receiver<bool>,
) -> io::Result<()> {
    // Since when the client is waited for: for a whole command, or for more of a message.
    let mut since = Instant::now();
    let mut pace: Option<Pace> = None;
    let mut reservation = memory.reserve();
    match encryption {
        Some(Encryption { acceptor, is_implicit: true }) => {
            let secured;
            (stream, secured) = secure(stream, acceptor, patience.handshake()).await?;
            session.secured(secured);
        }
        Some(_) => session.offer_tls(),
        None => {}
    }
    match handler.connected(session).await {
        Err(reply) => session.shut_down(reply),
        Ok(()) if session.minds_early_talk() && talks(&mut stream).await => {
            session.shut_down(Reply::early_talker());
        }
        Ok(()) => session.greet(),
    }
    loop {
        match session.poll() {
            Step::Sender(envelope) => {
                let reply = handler.sender(session, &envelope).await;
                session.answer(reply);
            }
            Step::Recipient(path, dsn) => {
                let reply = handler.recipient(session, &path, &dsn).await;
                session.answer(reply);
            }
            Step::Data => {
                let answer = handler.data(session).await;
                session.answer(answer.err().unwrap_or_else(Reply::start_data));
            }
            Step::Message(mut transaction) => {
                flush(&mut stream, session, patience.command()).await?;
                // It may have come whole with its commands, and never have been accounted for.
                let octets = transaction.message.as_ref().map_or(0, Vec::capacity);
                if !reservation.cover(octets) {
                    transaction.message = Err(Reply::out_of_memory());
                }
                reservation.shrink(octets);
                let held = std::mem::replace(&mut reservation, memory.reserve());
                let answer = handler.message(*transaction, held);
                let (reply, ahead) = attend(answer, &mut stream).await;
                if reply.is_positive() {
                    patience.brought_mail();
                }
                session.answer(reply);
                match ahead.is_gone {
                    true => handler.unheard().await,
                    false => session.receive(&ahead.octets),
                }
            }
            Step::Aborted(aborted) => handler.aborted(aborted).await,
            Step::StartTls => {
                let ready = encryption.filter(|encryption| encryption.acceptor.is_ready());
                let Some(Encryption { acceptor, .. }) = ready else {
                    session.answer(Reply::tls_unavailable());
                    continue;
                };
                session.answer(Reply::start_tls());
                flush(&mut stream, session, patience.command()).await?;
                let secured;
                (stream, secured) = secure(stream, acceptor, patience.handshake()).await?;
                session.secured(secured);
                since = Instant::now();
            }
            Step::Authenticate(credentials) => {
                let reply = handler.authenticate(session, credentials).await;
                // What came before the reply is not known to be of the client (RFC 4954 §4).
                match talks(&mut stream).await {
                    true => session.shut_down(Reply::text_behind_auth()),
                    false => session.answer(reply),
                }
            }
            Step::Close => {
                flush(&mut stream, session, patience.command()).await?;
                return close(stream).await;
            }
            Step::NeedInput => {
                account(session, &mut reservation);
                if !session.output().is_empty() {
                    since = Instant::now();
                    flush(&mut stream, session, patience.command()).await?;
                }
                let in_data = session.in_data();
                if *shutdown.borrow() && !in_data {
                    session.shut_down(Reply::shutting_down());
                    continue;
                }
                pace = in_data.then(|| pace.unwrap_or_else(|| Pace::begin(Instant::now())));
                let end = match &pace {
                    Some(pace) => patience.data_end(since, pace),
                    None => patience.command_end(since),
                };
                let most = if in_data { DATA_READ } else { COMMAND_READ };
                let receive = |input: &mut [u8]| {
                    session.receive(input);
                    if session.requires_login() && !session.in_data() {
                        input.zeroize();
                    }
                };
                let read = tokio::select! {
                    read = read_by(end, &mut stream, most, receive) => read,
                    () = patience.changed() => continue,
                    changed = shutdown.changed(), if !*shutdown.borrow() => {
                        if changed.is_err() {
                            return Ok(());
                        }
                        continue;
                    }
                };
                let count = match read {
                    Some(Ok(count)) if count > 0 => count,
                    Some(ended) => return ended.map(drop),
                    None => {
                        session.shut_down(Reply::timeout());
                        continue;
                    }
                };
                if let Some(pace) = pace.as_mut().filter(|_| session.in_data()) {
                    since = Instant::now();
                    if !patience.goes_on(pace, count, since) {
                        session.shut_down(Reply::too_slow());
                    }
                }
            }
        }
    }
}

/// What a client did while it waited for an answer.
#[derive(Debug, Default)]
struct Ahead {
    /// Further commands.
    octets: Vec<u8>,
    /// The client has closed, its side at least.
    is_gone: bool,
}

/// Awaits `answer`, however long that takes, and hears meanwhile whether the client stays.
async fn attend(answer: impl Future<Output = Reply>, stream: &mut Stream) -> (Reply, Ahead) {
    let mut answer = pin!(answer);
    let mut ahead = Ahead::default();
    loop {
        let room = COMMAND_READ - ahead.octets.len();
        let may_hear = !ahead.is_gone && room > 0;
        tokio::select! {
            biased;
            reply = &mut answer => return (reply, ahead),
            heard = read(stream, room, |input| ahead.octets.extend_from_slice(input)), if may_hear => {
                ahead.is_gone = !matches!(heard, Ok(1..));
            }
        }
    }
}

/// True when the client talks before it is answered: what it says is read and forgotten.
async fn talks(stream: &mut Stream) -> bool {
    tokio::select! {
        biased;
        heard = read(stream, COMMAND_READ, |input| input.zeroize()) => matches!(heard, Ok(1..)),
        () = ready(()) => false,
    }
}

thread_local! {
    /// What is read stands here until it is taken, at once. Had each connection a buffer of its own, ten thousand that are
    /// idle would hold as many.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; DATA_READ]);
}

/// Reads at most `most` octets, and has `take` take them; gives how many, and 0 where the client has closed.
async fn read(
    stream: &mut Stream,
    most: usize,
    mut take: impl FnMut(&mut [u8]),
) -> io::Result<usize> {
    poll_fn(|cx| {
        BUFFER.with_borrow_mut(|buffer| {
            let mut input = ReadBuf::new(buffer.get_mut(..most).unwrap_or_default());
            Pin::new(&mut *stream).poll_read(cx, &mut input).map_ok(|()| {
                take(input.filled_mut());
                input.filled().len()
            })
        })
    })
    .await
}

/// The handshake. It never goes back to plaintext.
async fn secure(
    stream: Stream,
    acceptor: &Acceptor,
    patience: Duration,
) -> io::Result<(Stream, Tls)> {
    let accepted = timeout(patience, acceptor.accept(stream)).await;
    let (stream, tls) = accepted.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
    Ok((Box::new(stream), tls))
}

/// Reserves memory for what the session holds of a message, or lets go of either.
fn account(session: &mut Session, reservation: &mut Reservation) {
    if !reservation.cover(session.taken()) {
        session.out_of_memory();
    }
    if session.taken() == 0 {
        reservation.release();
    }
}

/// `None` when it is too late. A time-out shows only while a read waits, which it need not with a
/// client that never pauses; so the clock is looked at first.
async fn read_by(
    until: Instant,
    stream: &mut Stream,
    most: usize,
    take: impl FnMut(&mut [u8]),
) -> Option<io::Result<usize>> {
    if Instant::now() >= until {
        return None;
    }
    timeout_at(until, read(stream, most, take)).await.ok()
}

async fn flush(stream: &mut Stream, session: &mut Session, patience: Duration) -> io::Result<()> {
    let output = session.output();
    if output.is_empty() {
        return Ok(());
    }
    let written = timeout(patience, async {
        stream.write_all(output).await?;
        stream.flush().await
    })
    .await;
    output.clear();
    written.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// A socket closed on unread input resets the connection, and the reset may overtake our last reply.
async fn close(mut stream: Stream) -> io::Result<()> {
    stream.shutdown().await?;
    let drained = async {
        let mut sink = [0; 1024];
        for _ in 0..64 {
            if stream.read(&mut sink).await? == 0 {
                break;
            }
        }
        Ok(())
    };
    timeout(LINGER, drained).await.unwrap_or(Ok(()))
}
