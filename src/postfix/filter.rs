//! One packet of a milter connection: asks the service, changes the message, and tells the log.

use super::{Heard, Service};
use crate::{
    lookup::{Answer, Question, Table},
    milter::{Recipient, Session, Step},
};

pub(super) async fn answer<S: Service>(
    session: &mut Session,
    input: &[u8],
    service: &S,
    out: &mut Vec<u8>,
) -> Heard {
    match session.advance(input, out) {
        Step::Partial => Heard::Partial,
        Step::Done(octets) => Heard::Request(octets),
        Step::Recipient(octets) => {
            let recipient = service.recipient(session.recipient()).await;
            tell(session, &recipient);
            session.answer(&recipient, out);
            Heard::Request(octets)
        }
        Step::EndOfMessage(octets) => {
            end(session, service, out).await;
            Heard::Request(octets)
        }
        Step::Close => Heard::End,
        Step::Broken(why) => {
            tracing::warn!(why, "a mail server that we cannot be the milter of");
            Heard::End
        }
    }
}

/// A sender is rewritten only where the message goes on to a mailbox elsewhere.
async fn end<S: Service>(session: &mut Session, service: &S, out: &mut Vec<u8>) {
    if let Some(returning) = session.returning()
        && let Some(reply) = service.refusal_of_return(returning).await
    {
        tracing::info!(mode = ?session.mode(), id = session.queue_id(), %reply, "milter: message refused");
        return session.refuse(&reply, out);
    }
    if !session.leaves() || session.sender().is_empty() {
        return session.finish(None, out);
    }
    let question = Question { table: Table::Forward, key: session.sender() };
    match service.look_up(question).await {
        Answer::Found(new) => {
            let (mode, id) = (session.mode(), session.queue_id());
            let from = String::from_utf8_lossy(session.sender());
            tracing::info!(?mode, id, from = %from, srs_from = new, "milter: sender rewritten");
            session.finish(Some(&new), out);
        }
        Answer::Failed(why) => {
            tracing::warn!(id = session.queue_id(), why, "milter: message deferred");
            session.defer(out);
        }
        // Exempt, at the SRS domain already, or no mail address.
        _ => session.finish(None, out),
    }
}

fn tell(session: &Session, recipient: &Recipient) {
    let to = String::from_utf8_lossy(session.recipient());
    let (mode, id) = (session.mode(), session.queue_id());
    match recipient {
        Recipient::Stays => {}
        Recipient::Leaves => tracing::debug!(?mode, id, to = %to, "milter: leads elsewhere"),
        Recipient::Becomes(new) => {
            tracing::info!(?mode, id, to = %to, becomes = new, "milter: SRS address reversed");
        }
        Recipient::Refused(reply) if session.must_take() => {
            tracing::warn!(?mode, id, to = %to, %reply, "milter: a bad SRS address is left to Postfix");
        }
        Recipient::Refused(reply) => {
            tracing::info!(?mode, id, to = %to, %reply, "milter: recipient refused");
        }
        // Why is told where it is known.
        Recipient::Unknown => tracing::debug!(?mode, id, to = %to, "milter: recipient deferred"),
    }
}
