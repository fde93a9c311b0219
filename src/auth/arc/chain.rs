//! The fields of a message put together to a chain: its structure, not yet its signatures
//! (RFC 8617 §5.2, steps 1 to 3).

use super::field::{Field, MessageSignature, Refused, Seal, results_instance};
use crate::{
    auth::view::{MAX_FIELD, MAX_FIELDS},
    message::Header,
    verdict::Arc,
};
use mail_auth::arc::ChainValidation;

/// The chain that a message came with, and what it is worth.
#[derive(Debug)]
pub struct Chain<'x> {
    pub(super) result: Result<Arc, Refused>,
    /// Oldest first; none where the chain is broken in itself. None of them says that it failed.
    pub(super) sets: Vec<Set<'x>>,
    /// Highest instance of a field that can be read, 0 without any.
    pub(super) highest: u8,
    /// True when nobody may add a set: the last one says `cv=fail`, or there is more of it than is read.
    pub(super) is_closed: bool,
}

/// One set, its fields as they stand in the message.
#[derive(Debug)]
pub(super) struct Set<'x> {
    pub(super) results: Field<'x>,
    pub(super) signature: MessageSignature<'x>,
    pub(super) seal: Seal<'x>,
}

/// More sets than mail collects on its way.
const MAX_SETS: usize = 20;

/// The fields of one kind with their instances, as they stand in the message.
type Kind<T> = Vec<Result<(u8, T), Refused>>;

impl<'x> Chain<'x> {
    /// Reads the fields of a message, bounded in number and length before any is parsed. Of a chain whose
    /// structure is right nothing more is known yet: [`Arc::TempError`].
    pub(super) fn read(header: &[Field<'x>]) -> Self {
        let kinds = ["ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal"];
        let kinds = kinds.map(|name| named(header, name).copied().collect::<Vec<_>>());
        let mut chain = Self { result: Ok(Arc::None), sets: vec![], highest: 0, is_closed: false };
        if kinds.iter().all(Vec::is_empty) {
            return chain;
        }
        let too_much = if header.len() > MAX_FIELDS {
            Some("too many header fields")
        } else if kinds.iter().any(|fields| fields.len() > MAX_SETS) {
            Some("too many sets")
        } else if kinds.iter().flatten().any(|(_, value)| value.len() > MAX_FIELD) {
            Some("an ARC field is too long")
        } else {
            None
        };
        if let Some(reason) = too_much {
            return Self { result: Err(reason), is_closed: true, ..chain };
        }
        let [results, signatures, seals] = kinds;
        let results = results.into_iter().map(|field| Ok((results_instance(field.1)?, field)));
        let results: Kind<_> = results.collect();
        let signatures: Kind<_> = signatures.into_iter().map(MessageSignature::parse).collect();
        let seals: Kind<_> = seals.into_iter().map(Seal::parse).collect();

        let last_seal = seals.iter().flatten().max_by_key(|(instance, _)| *instance);
        chain.is_closed = last_seal.is_some_and(|(_, seal)| seal.cv == ChainValidation::Fail);
        let highest = [highest(&results), highest(&signatures), highest(&seals)];
        chain.highest = highest.into_iter().max().unwrap_or(0);
        match whole(results, signatures, seals) {
            Ok(sets) => Self { result: Ok(Arc::TempError), sets, ..chain },
            Err(reason) => Self { result: Err(reason), ..chain },
        }
    }

    /// The chain of a message with these fields, of which is known what validation came to.
    pub(in crate::auth) fn known(header: &[Field<'x>], result: Result<Arc, &'static str>) -> Self {
        Self { result, ..Self::read(header) }
    }

    /// What validation came to: none, a pass, or no answer of DNS.
    ///
    /// # Errors
    /// Why the chain fails.
    pub fn result(&self) -> Result<Arc, &'static str> {
        self.result
    }

    /// The highest instance among the fields: the number of sets of a chain that is not broken.
    pub fn instances(&self) -> u8 {
        self.highest
    }
}

/// Whether the fields before the body of `message` are a chain that could pass, without a look at its
/// signatures. `None` where there are no such fields; else the number of sets, or what is wrong.
pub fn structure(message: &[u8]) -> Option<Result<usize, &'static str>> {
    let header = Header::scan(message);
    let fields: Vec<Field<'_>> = header.fields().iter().map(|f| (f.name, f.value)).collect();
    let chain = Chain::read(&fields);
    (chain.result != Ok(Arc::None)).then(|| chain.result.map(|_| chain.sets.len()))
}

impl<'x> Set<'x> {
    /// The fields of the set in the order in which they are sealed (§5.1.1).
    pub(super) fn fields(&self) -> [Field<'x>; 3] {
        [self.results, self.signature.signed.field, self.seal.signed.field]
    }
}

/// The fields of this name, in any case.
pub(super) fn named<'h, 'x>(
    header: &'h [Field<'x>],
    name: &'h str,
) -> impl DoubleEndedIterator<Item = &'h Field<'x>> {
    header.iter().filter(move |field| field.0.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
}

fn highest<T>(kind: &Kind<T>) -> u8 {
    kind.iter().flatten().map(|(instance, _)| *instance).max().unwrap_or(0)
}

fn sorted<T>(kind: Kind<T>) -> Result<Vec<(u8, T)>, Refused> {
    let mut fields = kind.into_iter().collect::<Result<Vec<_>, _>>()?;
    fields.sort_by_key(|(instance, _)| *instance);
    Ok(fields)
}

/// One field of each kind for each instance from 1 on, each `cv` what it must be.
fn whole<'x>(
    results: Kind<Field<'x>>,
    signatures: Kind<MessageSignature<'x>>,
    seals: Kind<Seal<'x>>,
) -> Result<Vec<Set<'x>>, Refused> {
    let (results, signatures, seals) = (sorted(results)?, sorted(signatures)?, sorted(seals)?);
    if results.len() != seals.len() || signatures.len() != seals.len() {
        return Err("a set is incomplete");
    }
    let sets = (1..).zip(results.into_iter().zip(signatures).zip(seals));
    let sets = sets.map(|(wanted, ((results, signature), seal))| {
        if [results.0, signature.0, seal.0] != [wanted; 3] {
            return Err("an instance is missing or there twice");
        }
        match seal.1.cv {
            ChainValidation::Fail => Err("a seal says that the chain failed"),
            ChainValidation::None if wanted > 1 => Err("a later seal says cv=none"),
            ChainValidation::Pass if wanted == 1 => Err("the first seal says cv=pass"),
            _ => Ok(Set { results: results.1, signature: signature.1, seal: seal.1 }),
        }
    });
    sets.collect()
}

#[cfg(test)]
mod tests {
    use super::structure;

    fn set(instance: usize, cv: &str) -> [String; 3] {
        let tags = format!("i={instance}; a=rsa-sha256; d=a.test; s=s; b=eA==");
        [
            format!("ARC-Seal: {tags}; cv={cv}\r\n"),
            format!("ARC-Message-Signature: {tags}; h=from; bh=eA==\r\n"),
            format!("ARC-Authentication-Results: i={instance}; x\r\n"),
        ]
    }

    fn chain(length: usize) -> Vec<String> {
        (1..=length).flat_map(|i| set(i, if i == 1 { "none" } else { "pass" })).collect()
    }

    fn read(fields: &[String]) -> Option<Result<usize, &'static str>> {
        structure((fields.concat() + "From: a@a.test\r\n\r\n").as_bytes())
    }

    #[test]
    fn sets_in_any_order_are_a_chain() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&["ARC-Seal-Of-Quality: i=1\r\n".to_owned()]), None);
        for length in [1, 2, 20] {
            let mut fields = chain(length);
            assert_eq!(read(&fields), Some(Ok(length)));
            fields.reverse();
            assert_eq!(read(&fields), Some(Ok(length)));
        }
    }

    #[test]
    fn one_field_of_each_kind_for_each_instance_from_one_on() {
        let whole = chain(3);
        for at in 0..whole.len() {
            let mut fields = whole.clone();
            let removed = fields.remove(at);
            assert_eq!(read(&fields), Some(Err("a set is incomplete")), "without {removed}");
            let twice = [whole.as_slice(), &[removed]].concat();
            assert_eq!(read(&twice), Some(Err("a set is incomplete")));
        }
        let gap = [set(1, "none"), set(3, "pass")].concat();
        assert_eq!(read(&gap), Some(Err("an instance is missing or there twice")));
        let twice = [set(1, "none"), set(1, "none")].concat();
        assert_eq!(read(&twice), Some(Err("an instance is missing or there twice")));
        let first = [set(1, "pass")].concat();
        assert_eq!(read(&first), Some(Err("the first seal says cv=pass")));
        let later = [set(1, "none"), set(2, "none")].concat();
        assert_eq!(read(&later), Some(Err("a later seal says cv=none")));
        let failed = [set(1, "fail"), set(2, "pass")].concat();
        assert_eq!(read(&failed), Some(Err("a seal says that the chain failed")));
    }

    #[test]
    fn what_is_too_much_is_not_read() {
        assert_eq!(read(&chain(21)), Some(Err("too many sets")));
        let long = vec![format!("ARC-Seal: {}\r\n", "x".repeat(super::MAX_FIELD))];
        assert_eq!(read(&long), Some(Err("an ARC field is too long")));
        let mut many = vec!["X: y\r\n".to_owned(); super::MAX_FIELDS];
        assert_eq!(read(&many), None);
        many.extend(chain(1));
        assert_eq!(read(&many), Some(Err("too many header fields")));
    }

    /// All 512 choices of the fields of three sets.
    #[test]
    fn only_whole_sets_from_the_first_on_are_a_chain() {
        let whole = chain(3);
        for choice in 0_u32..1 << whole.len() {
            let kept = whole.iter().enumerate().filter(|(at, _)| choice >> at & 1 == 1);
            let kept: Vec<String> = kept.map(|(_, field)| field.clone()).collect();
            let result = read(&kept);
            match choice {
                0 => assert_eq!(result, None),
                0b111 | 0b111_111 | 0b111_111_111 => {
                    assert_eq!(result, Some(Ok(kept.len() / 3)), "{choice:b}");
                }
                _ => assert!(matches!(result, Some(Err(_))), "{choice:b}: {result:?}"),
            }
        }
    }
}
