//! The fields of a message put together to a chain: its structure, not yet its signatures
//! (RFC 8617 §5.2, steps 1 to 3).

use super::field::{Cv, Field, MAX_INSTANCE, MessageSignature, Refused, Seal, results_instance};

/// One set, its fields as they stand in the message.
#[derive(Debug)]
pub(super) struct Set<'x> {
    pub(super) results: Field<'x>,
    pub(super) signature: MessageSignature<'x>,
    pub(super) seal: Seal<'x>,
}

/// What the ARC fields of a message come to.
#[derive(Debug)]
pub(super) enum Structure<'x> {
    /// There are none.
    None,
    /// The sets, oldest first and at least one; none says that the chain failed.
    Whole(Vec<Set<'x>>),
    /// They are no chain that could pass.
    Broken {
        /// What is wrong.
        reason: Refused,
        /// Highest instance of a field that can be read, 0 without any.
        highest: u8,
        /// True when nobody may add a set: the last one says `cv=fail`, or there is more of it than is
        /// read here.
        is_closed: bool,
    },
}

/// More sets than mail collects on its way.
const MAX_SETS: usize = 20;

/// Longest ARC field that is read, in octets.
pub(super) const MAX_FIELD: usize = 8 * 1024;

/// Most header fields of a message whose chain is looked at: each signature may choose from all of them.
const MAX_FIELDS: usize = 2_000;

/// The ARC fields of a message by kind, in the order in which they stand there.
#[derive(Default)]
struct Fields<'x> {
    results: Vec<Field<'x>>,
    signatures: Vec<Field<'x>>,
    seals: Vec<Field<'x>>,
}

impl<'x> Structure<'x> {
    /// Reads all fields of a message, bounded in number and length before any is parsed.
    pub(super) fn read(header: &[Field<'x>]) -> Self {
        let fields = Fields::pick(header);
        if fields.all().next().is_none() {
            return Self::None;
        }
        let too_much = |reason| Self::Broken { reason, highest: 0, is_closed: true };
        if header.len() > MAX_FIELDS {
            return too_much("too many header fields");
        }
        if fields.by_kind().iter().any(|kind| kind.len() > MAX_SETS) {
            return too_much("too many sets");
        }
        if fields.all().any(|(_, value)| value.len() > MAX_FIELD) {
            return too_much("an ARC field is too long");
        }
        fields.chain()
    }
}

impl<'x> Fields<'x> {
    fn pick(header: &[Field<'x>]) -> Self {
        let mut fields = Self::default();
        for field in header {
            let name = field.0.trim_ascii();
            if name.eq_ignore_ascii_case(b"ARC-Authentication-Results") {
                fields.results.push(*field);
            } else if name.eq_ignore_ascii_case(b"ARC-Message-Signature") {
                fields.signatures.push(*field);
            } else if name.eq_ignore_ascii_case(b"ARC-Seal") {
                fields.seals.push(*field);
            }
        }
        fields
    }

    fn by_kind(&self) -> [&[Field<'x>]; 3] {
        [&self.results, &self.signatures, &self.seals]
    }

    fn all(&self) -> impl Iterator<Item = &Field<'x>> {
        self.by_kind().into_iter().flatten()
    }

    fn chain(&self) -> Structure<'x> {
        let results = self.results.iter().map(|field| Ok((results_instance(field.1)?, *field)));
        let results: Vec<Result<_, Refused>> = results.collect();
        let signatures: Vec<_> =
            self.signatures.iter().map(|f| MessageSignature::parse(*f)).collect();
        let seals: Vec<_> = self.seals.iter().map(|field| Seal::parse(*field)).collect();

        let last_seal = seals.iter().flatten().max_by_key(|seal| seal.signed.instance);
        let is_closed = last_seal.is_some_and(|seal| seal.cv == Cv::Fail);
        let highest = (results.iter().flatten().map(|(instance, _)| *instance))
            .chain(signatures.iter().flatten().map(|signature| signature.signed.instance))
            .chain(seals.iter().flatten().map(|seal| seal.signed.instance))
            .max()
            .unwrap_or(0);
        match whole(results, signatures, seals) {
            Ok(sets) => Structure::Whole(sets),
            Err(reason) => {
                let is_closed = is_closed || highest == MAX_INSTANCE;
                Structure::Broken { reason, highest, is_closed }
            }
        }
    }
}

/// One field of each kind for each instance from 1 on, each `cv` what it must be.
fn whole<'x>(
    results: Vec<Result<(u8, Field<'x>), Refused>>,
    signatures: Vec<Result<MessageSignature<'x>, Refused>>,
    seals: Vec<Result<Seal<'x>, Refused>>,
) -> Result<Vec<Set<'x>>, Refused> {
    let mut results = results.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut signatures = signatures.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut seals = seals.into_iter().collect::<Result<Vec<_>, _>>()?;
    if results.len() != seals.len() || signatures.len() != seals.len() {
        return Err("a set is incomplete");
    }
    results.sort_by_key(|(instance, _)| *instance);
    signatures.sort_by_key(|signature| signature.signed.instance);
    seals.sort_by_key(|seal| seal.signed.instance);
    let mut sets = Vec::with_capacity(seals.len());
    for (wanted, ((results, signature), seal)) in
        (1..).zip(results.into_iter().zip(signatures).zip(seals))
    {
        let (instance, results) = results;
        if [instance, signature.signed.instance, seal.signed.instance] != [wanted; 3] {
            return Err("an instance is missing or there twice");
        }
        match seal.cv {
            Cv::Fail => return Err("a seal says that the chain failed"),
            Cv::None if wanted > 1 => return Err("a later seal says cv=none"),
            Cv::Pass if wanted == 1 => return Err("the first seal says cv=pass"),
            Cv::None | Cv::Pass => sets.push(Set { results, signature, seal }),
        }
    }
    Ok(sets)
}

#[cfg(test)]
mod tests {
    use crate::auth::arc::structure;

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
