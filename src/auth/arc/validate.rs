//! The signatures of a chain (RFC 8617 §5.2, steps 4 to 6).

use super::{
    chain::{Chain, Set},
    field::{Field, Refused},
    tags::unsigned,
};
use crate::{
    auth::{body::whole_hash, records::Records},
    dns::Resolver,
    time::UnixTime,
    verdict::Arc,
};
use mail_auth::{
    AuthenticatedMessage, DnsError, Error, common::crypto::HashAlgorithm, dkim::Canonicalization,
};
use std::collections::HashMap;
use tokio::time::{Instant, timeout_at};

/// Validates the chain of `message` with keys of `resolver`, which `records` may have already.
///
/// What is not known by `deadline` is an [`Arc::TempError`]. A chain of n
/// sets asks for at most n + 1 keys, one after the other, and for none when its structure is wrong.
pub async fn validate<'x>(
    resolver: &Resolver,
    message: &AuthenticatedMessage<'x>,
    records: &Records,
    now: UnixTime,
    deadline: Instant,
) -> Chain<'x> {
    let mut chain = Chain::read(&message.headers);
    if let Some(newest) = chain.sets.last() {
        let check = check(&chain.sets, newest, message, resolver, records, now);
        chain.result = timeout_at(deadline, check).await.unwrap_or(Ok(Arc::TempError));
    }
    chain
}

async fn check(
    sets: &[Set<'_>],
    // Earlier message signatures may have been broken by those who sealed after them.
    Set { signature, .. }: &Set<'_>,
    message: &AuthenticatedMessage<'_>,
    resolver: &Resolver,
    records: &Records,
    now: UnixTime,
) -> Result<Arc, Refused> {
    if signature.expires.is_some_and(|expires| expires < now) {
        return Err("ARC-Message-Signature has expired");
    }
    if signature.body_hash != whole_hash(message, signature.body) {
        return Err("the body has changed");
    }
    let signed = chosen(&message.headers, &signature.names);
    let broken = "ARC-Message-Signature does not verify";
    let mut signatures = vec![(&signature.signed, signed, signature.header, broken)];
    for (at, Set { seal, .. }) in sets.iter().enumerate().rev() {
        let mut sealed: Vec<Field<'_>> = sets.iter().take(at + 1).flat_map(Set::fields).collect();
        // The seal itself comes last, and without its signature.
        sealed.pop();
        let (canonicalization, broken) = (Canonicalization::Relaxed, "an ARC-Seal does not verify");
        signatures.push((&seal.signed, sealed, canonicalization, broken));
    }
    for (signed, fields, canonicalization, broken) in signatures {
        let name = signed.key_name.as_str();
        let key = match records.key(resolver, name).await {
            Ok(key) => key,
            Err(Error::Dns(DnsError::RecordNotFound(_))) => return Err("a key does not exist"),
            Err(Error::Dns(DnsError::Resolver(_))) => return Ok(Arc::TempError),
            Err(_) => return Err("a key cannot be read"),
        };
        if key.has_flag(HashAlgorithm::Sha1) && !key.has_flag(HashAlgorithm::Sha256) {
            return Err("a key is for sha1 only");
        }
        let unsigned = unsigned(signed.field.1);
        let mut fields = fields.into_iter().chain([(signed.field.0, unsigned.as_slice())]);
        let verified =
            key.p.verify(&mut fields, &signed.signature, canonicalization, signed.algorithm);
        verified.map_err(|_| broken)?;
    }
    Ok(Arc::Pass)
}

/// The fields that a list of lower-case names chooses: for each name the lowest one of that name which
/// is not chosen yet (RFC 6376 §5.4.2). mail-auth overlooks a name with white space before its colon.
fn chosen<'x>(header: &[Field<'x>], names: &[String]) -> Vec<Field<'x>> {
    let mut left: HashMap<Vec<u8>, Vec<Field<'x>>> = HashMap::new();
    for field in header {
        left.entry(field.0.trim_ascii().to_ascii_lowercase()).or_default().push(*field);
    }
    names.iter().filter_map(|name| left.get_mut(name.as_bytes())?.pop()).collect()
}
