//! Plays the corpus of every fuzz target: its seeds as they are, and for some seconds changes of them, the same each time.
//! What the targets claim holds without a fuzzer too; libFuzzer, which finds its way by what the code does, goes further
//! (fuzz/README.md).

#![allow(
    missing_docs,
    unused_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

extern crate self as libfuzzer_sys;

use std::{
    collections::BTreeSet,
    fs,
    ops::Range,
    panic::catch_unwind,
    path::Path,
    time::{Duration, Instant},
};

/// How long the seeds of a target are changed.
const TIME: Duration = Duration::from_secs(3);
/// Longest input, as libFuzzer's default is.
const LONGEST: usize = 4_096;

/// A module and a test of each target.
macro_rules! targets {
    ($($name:ident $path:literal)+) => {
        $(
            #[path = $path]
            mod $name;
        )+

        const TARGETS: &[&str] = &[$(stringify!($name)),+];

        $(
            #[test]
            fn $name() {
                play(stringify!($name), $name::claim);
            }
        )+
    };
}

targets! {
    address_path "../fuzz/targets/address_path.rs"
    alias_import "../fuzz/targets/alias_import.rs"
    answer "../fuzz/targets/answer.rs"
    arc "../fuzz/targets/arc.rs"
    author "../fuzz/targets/author.rs"
    client_setup "../fuzz/targets/client_setup.rs"
    data "../fuzz/targets/data.rs"
    header "../fuzz/targets/header.rs"
    milter "../fuzz/targets/milter.rs"
    mta_sts "../fuzz/targets/mta_sts.rs"
    page "../fuzz/targets/page.rs"
    password_manager "../fuzz/targets/password_manager.rs"
    policy "../fuzz/targets/policy.rs"
    proxy "../fuzz/targets/proxy.rs"
    received "../fuzz/targets/received.rs"
    reply_reader "../fuzz/targets/reply_reader.rs"
    report "../fuzz/targets/report.rs"
    rspamd "../fuzz/targets/rspamd.rs"
    sasl "../fuzz/targets/sasl.rs"
    sender_pattern "../fuzz/targets/sender_pattern.rs"
    service_import "../fuzz/targets/service_import.rs"
    smtp_session "../fuzz/targets/smtp_session.rs"
    socketmap "../fuzz/targets/socketmap.rs"
    spf_record "../fuzz/targets/spf_record.rs"
    srs_reverse "../fuzz/targets/srs_reverse.rs"
    submitted "../fuzz/targets/submitted.rs"
    tcp_table "../fuzz/targets/tcp_table.rs"
}

/// In the place of libFuzzer's macro, which makes a program: makes a function of the target. It stands behind the
/// targets, so that they have it by name as they have libFuzzer's.
macro_rules! fuzz_target {
    (|$text:ident: &str| $claim:block) => {
        pub(crate) fn claim(input: &[u8]) {
            let Ok($text) = std::str::from_utf8(input) else { return };
            $claim
        }
    };
    (|$data:ident: &[u8]| $claim:block) => {
        pub(crate) fn claim($data: &[u8]) {
            $claim
        }
    };
}
pub(crate) use fuzz_target;

#[test]
fn every_target_is_played() {
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/targets")).unwrap();
    let files: BTreeSet<String> = files
        .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(files, TARGETS.iter().map(ToString::to_string).collect());
}

fn play(target: &str, claim: fn(&[u8])) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let mut files: Vec<_> =
        fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let seeds: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    assert!(!seeds.is_empty(), "{target} has no seeds");
    let told = |input: &[u8]| {
        let holds = catch_unwind(|| claim(input)).is_ok();
        assert!(holds, "not true of the input {}", input.escape_ascii());
    };
    seeds.iter().for_each(|seed| told(seed));
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut input = Vec::new();
    let began = Instant::now();
    for turn in 0.. {
        // One change upon the other, and now and then from the beginning.
        if turn % 8 == 0 {
            if began.elapsed() > TIME {
                break;
            }
            input.clone_from(&seeds[dice.below(seeds.len())]);
        }
        change(&mut input, &seeds, &mut dice);
        input.truncate(LONGEST);
        told(&input);
    }
}

/// Pieces that parsers of this field trip over.
const PIECES: [&[u8]; 16] = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n.\r\n",
    b"\r\n ",
    b"\0",
    b"\xff",
    b"\"",
    b"\\",
    b"<",
    b">",
    b"@",
    b":",
    b"=",
    b"%{l}",
    b"4294967296",
];

fn change(input: &mut Vec<u8>, seeds: &[Vec<u8>], dice: &mut Dice) {
    let at = dice.below(input.len() + 1);
    match dice.below(7) {
        0 => drop(input.splice(at..at, PIECES[dice.below(PIECES.len())].iter().copied())),
        1 => drop(input.drain(dice.range(input.len()))),
        2 => {
            let piece = input[dice.range(input.len())].to_vec();
            input.splice(at..at, piece);
        }
        3 => {
            let other = &seeds[dice.below(seeds.len())];
            let piece = other[dice.range(other.len())].to_vec();
            input.splice(at..at, piece);
        }
        4 => input.truncate(at),
        5 => {
            let octet = u8::try_from(dice.below(256)).unwrap();
            let times = 1 << dice.below(10);
            input.splice(at..at, vec![octet; times]);
        }
        _ => {
            if let Some(octet) = input.get_mut(at) {
                *octet ^= 1 << dice.below(8);
            }
        }
    }
}

/// The same throws each time (xorshift).
struct Dice(u64);

impl Dice {
    /// A number below `sides`; 0 where there are none.
    fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let throw = usize::try_from(self.0 >> 32).unwrap();
        throw.checked_rem(sides).unwrap_or(0)
    }

    /// A range within so many octets.
    fn range(&mut self, length: usize) -> Range<usize> {
        let (one, other) = (self.below(length + 1), self.below(length + 1));
        one.min(other)..one.max(other)
    }
}
