//! The signatures of a chain (RFC 8617 §5.2, steps 4 to 6).

use super::{
    Arc, Chain, Set, body_hash, chosen,
    field::{Field, Signed},
};
use crate::{dns::Resolver, time::UnixTime};
use hickory_resolver::proto::op::ResponseCode;
use mail_auth::{
    AuthenticatedMessage, DnsError, Error, MessageAuthenticator, ResolverCache, Txt,
    common::{crypto::HashAlgorithm, verify::DomainKey},
    dkim::Canonicalization,
};
use tokio::time::{Instant, timeout_at};

/// Validates the chain of `message` with keys of `resolver`, which `cache` may know already.
///
/// What is not known by `deadline` is an [`Arc::TempError`]. A chain of n
/// sets asks for at most n + 1 keys, one after the other, and for none when its structure is wrong.
pub async fn validate<'x, C>(
    resolver: &Resolver,
    message: &AuthenticatedMessage<'x>,
    cache: &C,
    now: UnixTime,
    deadline: Instant,
) -> Chain<'x>
where
    C: ResolverCache<Box<str>, Txt>,
{
    let mut chain = Chain::read(&message.headers);
    if !chain.sets.is_empty() {
        let keys = Keys { authenticator: resolver.authenticator(), cache };
        let check = check(&chain.sets, message, &keys, now);
        chain.result = match timeout_at(deadline, check).await {
            Ok(Ok(())) => Arc::Pass,
            Ok(Err(result)) => result,
            Err(_) => Arc::TempError,
        };
    }
    chain
}

async fn check<C: ResolverCache<Box<str>, Txt>>(
    sets: &[Set<'_>],
    message: &AuthenticatedMessage<'_>,
    keys: &Keys<'_, C>,
    now: UnixTime,
) -> Result<(), Arc> {
    // Earlier message signatures may have been broken by those who sealed after them.
    let Some(Set { signature, .. }) = sets.last() else { return Ok(()) };
    if signature.expires.is_some_and(|expires| expires < now) {
        return Err(Arc::Fail("ARC-Message-Signature has expired"));
    }
    if signature.body_hash != body_hash(message, signature.body) {
        return Err(Arc::Fail("the body has changed"));
    }
    let signed = chosen(&message.headers, &signature.names);
    let is_good = keys.verify(&signature.signed, signed, signature.header).await?;
    if !is_good {
        return Err(Arc::Fail("ARC-Message-Signature does not verify"));
    }
    for (at, Set { seal, .. }) in sets.iter().enumerate().rev() {
        let mut sealed: Vec<Field<'_>> = sets.iter().take(at + 1).flat_map(Set::fields).collect();
        // The seal itself comes last, and without its signature.
        sealed.pop();
        if !keys.verify(&seal.signed, sealed, Canonicalization::Relaxed).await? {
            return Err(Arc::Fail("an ARC-Seal does not verify"));
        }
    }
    Ok(())
}

impl<'x> Set<'x> {
    /// In the order in which they are sealed (§5.1.1).
    pub(super) fn fields(&self) -> [Field<'x>; 3] {
        [self.results, self.signature.signed.field, self.seal.signed.field]
    }
}

struct Keys<'a, C> {
    authenticator: MessageAuthenticator,
    cache: &'a C,
}

impl<C: ResolverCache<Box<str>, Txt>> Keys<'_, C> {
    /// True when the signature is one of `header` and of the field that it stands in.
    async fn verify(
        &self,
        signed: &Signed<'_>,
        mut header: Vec<Field<'_>>,
        canonicalization: Canonicalization,
    ) -> Result<bool, Arc> {
        let name = signed.key_name.as_str();
        let key = self.authenticator.txt_lookup::<DomainKey>(name, Some(self.cache)).await;
        let key = key.map_err(|error| no_key(&error))?;
        if key.has_flag(HashAlgorithm::Sha1) && !key.has_flag(HashAlgorithm::Sha256) {
            return Err(Arc::Fail("a key is for sha1 only"));
        }
        header.push((signed.field.0, &signed.unsigned));
        let mut header = header.into_iter();
        let (signature, algorithm) = (&signed.signature, signed.algorithm);
        Ok(key.p.verify(&mut header, signature, canonicalization, algorithm).is_ok())
    }
}

fn no_key(error: &Error) -> Arc {
    match error {
        Error::Dns(DnsError::RecordNotFound(ResponseCode::NXDomain | ResponseCode::NoError)) => {
            Arc::Fail("a key does not exist")
        }
        Error::Dns(DnsError::Resolver(_) | DnsError::RecordNotFound(_)) => Arc::TempError,
        _ => Arc::Fail("a key cannot be read"),
    }
}
