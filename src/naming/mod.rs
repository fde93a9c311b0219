//! Names for new aliases: nobody guesses one, and people can read it out.

mod chosen;
mod site;

pub use chosen::{ChosenNameError, chosen_name, is_reserved};
pub use site::Site;

use crate::token::NameFormat;

/// Words of our own choosing, one a line: short, and harmless in any company.
const WORDS: &str = include_str!("words.txt");
/// Letters that make no word, and are not taken for one another.
const LETTERS: &[u8] = b"bcdfghjkmnpqrstvwxyz";
/// The same with digits.
const SIGNS: &[u8] = b"bcdfghjkmnpqrstvwxyz23456789";
/// Signs of a random name, and of the tail behind a site's: 20 × 28⁷ are 38 bits.
const LENGTH: usize = 8;
/// Words of a name: with two digits behind them they are 37 bits.
const WORDS_OF_A_NAME: usize = 3;

/// A name of the format, made of 16 octets by chance, for a site if one is known. It is no role address, has not the form
/// of an SRS address or an answer's, and is at most 64 octets of lower-case letters, digits, dots and hyphens. Whether it
/// is free is another question.
///
/// - `random_characters`: `k7f2qdxm`
/// - `random_words`: `maple.otter.canyon47`
/// - `site`: `shop.k7f2qdxm`; where no site is known, as `random_characters`
/// - `uuid`: `0b7a9f6e-…`
pub fn new_name(format: NameFormat, site: Option<&Site>, random: [u8; 16]) -> String {
    match (format, site) {
        (NameFormat::Uuid, _) => uuid(random),
        (NameFormat::RandomWords, _) => words(Chance::new(random)),
        (NameFormat::Site, Some(site)) => format!("{site}.{}", characters(Chance::new(random))),
        (NameFormat::Site, None) | (NameFormat::RandomCharacters, _) => {
            characters(Chance::new(random))
        }
    }
}

/// Random octets as one number, from which choices are taken. What is left after those of a name is more than 2⁸⁰, so
/// that none of them is seen to be likelier.
struct Chance(u128);

impl Chance {
    fn new(random: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(random))
    }

    /// One of `among`; `None` where there are none.
    fn of<'a, T>(&mut self, among: &'a [T]) -> Option<&'a T> {
        let count = u128::try_from(among.len()).ok().filter(|count| *count > 0)?;
        let choice = self.0 % count;
        self.0 /= count;
        among.get(usize::try_from(choice).ok()?)
    }
}

fn characters(mut chance: Chance) -> String {
    // Some sites take no address that begins with a digit.
    let signs = (0..LENGTH).map(|index| if index == 0 { LETTERS } else { SIGNS });
    signs.filter_map(|signs| chance.of(signs).copied()).map(char::from).collect()
}

fn words(mut chance: Chance) -> String {
    let all: Vec<&str> = WORDS.lines().collect();
    let chosen: Vec<&str> = (0..WORDS_OF_A_NAME).filter_map(|_| chance.of(&all).copied()).collect();
    let digits: Vec<u8> = (10..100).collect();
    let digits = chance.of(&digits).copied().unwrap_or_default();
    format!("{}{digits}", chosen.join("."))
}

/// RFC 9562, version 4.
fn uuid(random: [u8; 16]) -> String {
    let bits = u128::from_be_bytes(random);
    let bits = bits & !(0xf << 76) | 0x4 << 76;
    let bits = bits & !(0b11 << 62) | 0b10 << 62;
    let digits = format!("{bits:032x}");
    let mut uuid = String::with_capacity(36);
    for (index, digit) in digits.chars().enumerate() {
        if [8, 12, 16, 20].contains(&index) {
            uuid.push('-');
        }
        uuid.push(digit);
    }
    uuid
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        address::{Domain, LocalPart, Mailbox},
        alias::{AliasAddress, AnswerAddress},
        srs::is_srs_shaped,
    };
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn the_words_are_short_and_each_is_there_once() {
        let words: Vec<&str> = WORDS.lines().collect();
        assert!(words.len() >= 1_000, "{}", words.len());
        let distinct: HashSet<&str> = words.iter().copied().collect();
        assert_eq!(distinct.len(), words.len());
        for word in words {
            assert!((3..=7).contains(&word.len()), "{word}");
            assert!(word.bytes().all(|octet| octet.is_ascii_lowercase()), "{word}");
        }
    }

    #[test]
    fn each_format_has_its_form() {
        let random = *b"\x00\x01\x02\x03\x04\x05\x06\x07\xf8\xf9\xfa\xfb\xfc\xfd\xfe\xff";
        assert_eq!(
            new_name(NameFormat::Uuid, None, random),
            "00010203-0405-4607-b8f9-fafbfcfdfeff"
        );
        let site = Site::of("www.shop.example").unwrap();
        let [plain, of_site] = [NameFormat::RandomCharacters, NameFormat::Site]
            .map(|f| new_name(f, Some(&site), random));
        assert_eq!(of_site, format!("shop.{plain}"));
        assert_eq!(plain.len(), LENGTH);
        assert_eq!(new_name(NameFormat::Site, None, random), plain);
        let words = new_name(NameFormat::RandomWords, None, random);
        assert_eq!(words.split('.').count(), WORDS_OF_A_NAME, "{words}");
        assert!(words.ends_with(|last: char| last.is_ascii_digit()), "{words}");
    }

    #[test]
    fn every_sign_and_word_is_used_at_every_place() {
        let mut at = vec![HashSet::new(); LENGTH];
        let mut firsts = HashSet::new();
        let mut names = HashSet::new();
        for turn in 0..20_000_u128 {
            // A number whose multiples are spread over all of the range.
            let random = turn.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes();
            let name = new_name(NameFormat::RandomCharacters, None, random);
            for (place, sign) in name.chars().enumerate() {
                at[place].insert(sign);
            }
            let words = new_name(NameFormat::RandomWords, None, random);
            firsts.insert(words.split('.').next().unwrap().to_owned());
            names.insert(name);
        }
        assert_eq!(names.len(), 20_000, "none twice");
        assert_eq!(at[0].len(), LETTERS.len());
        assert!(at[1..].iter().all(|signs| signs.len() == SIGNS.len()));
        assert_eq!(firsts.len(), WORDS.lines().count());
    }

    proptest! {
        #[test]
        fn a_name_is_an_ordinary_address(
            random: [u8; 16],
            host in "[ -~é]{0,80}",
            format in prop::sample::select(&NameFormat::ALL[..]),
        ) {
            let site = Site::of(&host);
            let name = new_name(format, site.as_ref(), random);
            prop_assert!(name.len() <= 64);
            let local = LocalPart::parse(&name).unwrap();
            prop_assert_eq!(local.wire_len(), name.len());
            prop_assert!(!is_srs_shaped(&local) && !is_reserved(&name));
            prop_assert_eq!(chosen_name(&name).map(|local| local.to_string()), Ok(name.clone()));
            let mailbox = Mailbox::new(local, Domain::parse("x.test").unwrap()).unwrap();
            prop_assert_eq!(AnswerAddress::read(&mailbox), None);
            let address = AliasAddress::parse(&format!("{name}@x.test")).unwrap();
            prop_assert!(matches!(address, AliasAddress::Exact(_)) && address.lookalike().is_none());
        }
    }
}
