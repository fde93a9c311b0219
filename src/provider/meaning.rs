/// What a reply means, whoever says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// There is no such mailbox.
    NoSuchUser,
    /// The mailbox is switched off.
    Disabled,
    /// The mailbox is full.
    Full,
    /// More comes to the mailbox than its provider lets in for now.
    MailboxBusy,
    /// The message is too large.
    TooLarge,
    /// Nothing proves to the destination who sent the message.
    Unauthenticated,
    /// The owner of the From domain wants it refused.
    Dmarc,
    /// The name of this server's address is missing or does not lead back.
    NoReverseName,
    /// The destination wants TLS.
    NeedsTls,
    /// This server sends too much, or too fast.
    Rate,
    /// The destination thinks little of this server, or of what it sends.
    Reputation,
    /// The destination's own list has the address of this server.
    Blocked,
    /// A list of others has it.
    Listed,
    /// The content is taken for spam.
    Content,
    /// The message is malformed.
    Form,
    /// Who comes for the first time is to come again.
    Greylisted,
    /// The destination has no room or time for now.
    Busy,
    /// Too many connections at once.
    Connections,
    /// Too many recipients, or of too many domains, in one transaction.
    Recipients,
    /// The destination does not take mail for that domain.
    NoRelay,
    /// The message goes round.
    Loop,
    /// No host took a connection.
    Unreachable,
    /// The connection broke.
    Lost,
    /// The destination took too long.
    Slow,
    /// DNS of the destination does not answer.
    DnsSilent,
    /// The domain of the mailbox has no mail server.
    NoServer,
    /// The domain does not exist.
    NoDomain,
    /// The domain takes no mail.
    NullMx,
    /// TLS is demanded and not offered.
    TlsMissing,
    /// TLS failed, or its certificate is not the right one.
    TlsFailed,
    /// The domain's own policy bars its hosts.
    TlsPolicy,
    /// The destination wants a login, or TLS, that it did not get.
    RefusesUs,
    /// The destination cannot carry what is in the message.
    Encoding,
    /// A rule of the destination that it does not name.
    Policy,
}
