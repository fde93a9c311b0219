use super::*;
use proptest::prelude::*;

type Read = (Option<Result<Vec<u8>, DataFault>>, Vec<u8>);

fn read(wire: &[u8], cut: usize) -> Read {
    read_as(BareLf::Refuse, wire, cut)
}

fn read_as(bare_lf: BareLf, wire: &[u8], cut: usize) -> Read {
    let mut reader = DataReader::new(1000, bare_lf);
    let (mut rest, mut left) = (Vec::new(), wire);
    for part in wire.chunks(cut.max(1)) {
        if reader.is_done() {
            break;
        }
        let used = reader.read(part);
        left = &left[used..];
    }
    if reader.is_done() {
        rest.extend_from_slice(left);
        return (Some(reader.finish()), rest);
    }
    (None, rest)
}

#[test]
fn ends_at_crlf_dot_crlf_only() {
    type Row = (&'static [u8], Option<Result<&'static [u8], DataFault>>, &'static [u8]);
    const BAD: Option<Result<&[u8], DataFault>> = Some(Err(DataFault::LineEnds));
    let rows: &[Row] = &[
        (b".\r\n", Some(Ok(b"")), b""),
        (b"a\r\n.\r\nQUIT\r\n", Some(Ok(b"a\r\n")), b"QUIT\r\n"),
        (b"..\r\n...\r\n.\r\n", Some(Ok(b".\r\n..\r\n")), b""),
        (b".a\r\n.\r\n", Some(Ok(b"a\r\n")), b""),
        (b"a.\r\n", None, b""),
        (b"a\n.\n", None, b""),
        (b"a\r.\r", None, b""),
        (b"a\n.\r\nb\r\n.\r\nX", BAD, b"X"),
        (b"a\r\n.\nb\r\n.\r\nX", BAD, b"X"),
        (b"a\r\n.\rb\r\n.\r\nX", BAD, b"X"),
        (b"a\r.\r\nb\r\n.\r\nX", BAD, b"X"),
        (b"a\r\n.\r\r\nb\r\n.\r\nX", BAD, b"X"),
        (b"a\r\r\n.\r\r\nb\r\n.\r\nX", BAD, b"X"),
        (b"a\r\n\0.\r\nb\r\n.\r\nX", BAD, b"X"),
        (b"a\r\n.\0\r\nb\r\n.\r\nX", BAD, b"X"),
        (b"a\r\r\n.\r\nX", BAD, b"X"),
        (b"a\0b\r\n.\r\nX", BAD, b"X"),
        (b"a\nb\r\n.\r\nX", BAD, b"X"),
        (b"\n.\r\n\r\n.\r\nX", BAD, b"X"),
        (b".\n\r\n.\r\nX", BAD, b"X"),
    ];
    for (wire, message, rest) in rows {
        for cut in 1..=wire.len() {
            let (got, left) = read(wire, cut);
            let expected = message.map(|m| m.map(<[u8]>::to_vec));
            assert_eq!(got, expected, "{}", wire.escape_ascii());
            assert_eq!(left, *rest, "{}", wire.escape_ascii());
        }
    }
}

#[test]
fn a_bare_lf_ends_a_line_and_never_the_data() {
    type Row = (&'static [u8], Option<Result<&'static [u8], DataFault>>, &'static [u8]);
    const BAD: Option<Result<&[u8], DataFault>> = Some(Err(DataFault::LineEnds));
    let rows: &[Row] = &[
        (b"a\nb\n\nc\r\n.\r\nX", Some(Ok(b"a\r\nb\r\n\r\nc\r\n")), b"X"),
        (b"a\n.\n", None, b""),
        (b"a\n.\r\n", None, b""),
        (b"a\r\n.\n", None, b""),
        (b".\n", None, b""),
        (b"a\n\r\n.\r\nX", Some(Ok(b"a\r\n\r\n")), b"X"),
        // Every wrong end is a line of the text with its dot.
        (b"a\n.\nb\r\n.\r\nX", Some(Ok(b"a\r\n.\r\nb\r\n")), b"X"),
        (b"a\n.\r\nb\r\n.\r\nX", Some(Ok(b"a\r\n.\r\nb\r\n")), b"X"),
        (b"a\r\n.\nb\r\n.\r\nX", Some(Ok(b"a\r\n.\r\nb\r\n")), b"X"),
        (b".\nb\r\n.\r\nX", Some(Ok(b".\r\nb\r\n")), b"X"),
        (b"a\n.\r\n.\r\nX", Some(Ok(b"a\r\n.\r\n")), b"X"),
        (b"a\n.\n.\n.\r\n.\r\nX", Some(Ok(b"a\r\n.\r\n.\r\n.\r\n")), b"X"),
        // Dots of whoever stuffs, and of whoever does not.
        (b"a\n.b\n..c\n...d\n..\n.\r\n.\r\n", Some(Ok(b"a\r\n.b\r\n.c\r\n..d\r\n.\r\n.\r\n")), b""),
        (b"a\r\n.b\n..c\r\n..d\r\n.\r\n", Some(Ok(b"a\r\nb\r\n.c\r\n.d\r\n")), b""),
        // A bare CR and NUL are what they were.
        (b"a\n.\rb\r\n.\r\nX", BAD, b"X"),
        (b"a\r.\nb\r\n.\r\nX", BAD, b"X"),
        (b"a\n.\r\r\nb\r\n.\r\nX", BAD, b"X"),
        (b"a\n\0.\nb\r\n.\r\nX", BAD, b"X"),
        (b"a\n.\0\nb\r\n.\r\nX", BAD, b"X"),
    ];
    for (wire, message, rest) in rows {
        for cut in 1..=wire.len() {
            let (got, left) = read_as(BareLf::Normalize, wire, cut);
            let expected = message.map(|m| m.map(<[u8]>::to_vec));
            assert_eq!(got, expected, "{}", wire.escape_ascii());
            assert_eq!(left, *rest, "{}", wire.escape_ascii());
        }
    }
}

#[test]
fn what_was_normalized_is_told() {
    for (message, is_normalized) in [(&b"a\r\nb\r\n"[..], false), (b"a\nb\r\n", true)] {
        let mut reader = DataReader::new(100, BareLf::Normalize);
        reader.read(message);
        assert_eq!(reader.is_normalized(), is_normalized);
        let mut reader = ChunkReader::new(100, BareLf::Normalize);
        reader.read(message);
        assert_eq!(reader.is_normalized(), is_normalized);
    }
}

#[test]
fn chunks_with_bare_lf_as_exchange_online_sends_them() {
    for (message, expected) in [
        (&b"a\nb"[..], Ok(&b"a\r\nb\r\n"[..])),
        (b"a\n", Ok(b"a\r\n")),
        (b"\n\n", Ok(b"\r\n\r\n")),
        (b"\r\n\n", Ok(b"\r\n\r\n")),
        (b"a\n.\nb\r\n.\n..\n", Ok(b"a\r\n.\r\nb\r\n.\r\n..\r\n")),
        (b"a\n\r", Err(DataFault::LineEnds)),
        (b"a\r\r\n", Err(DataFault::LineEnds)),
        (b"\rx\n", Err(DataFault::LineEnds)),
        (b"a\n\0", Err(DataFault::LineEnds)),
    ] {
        for cut in 1..=message.len() {
            let mut reader = ChunkReader::new(100, BareLf::Normalize);
            message.chunks(cut).for_each(|part| reader.read(part));
            let expected = expected.map(<[u8]>::to_vec);
            assert_eq!(reader.finish(), expected, "{} {cut}", message.escape_ascii());
        }
    }
}

#[test]
fn a_message_of_the_announced_size_is_not_too_big_for_what_is_added_to_it() {
    for (message, expected) in [
        (&b"a\r\nb"[..], &b"a\r\nb\r\n"[..]),
        (b"a\nb\n", b"a\r\nb\r\n"),
        (b"\n\n\n\n", b"\r\n\r\n\r\n\r\n"),
    ] {
        let chunks = |max, cut| {
            let mut reader = ChunkReader::new(max, BareLf::Normalize);
            message.chunks(cut).for_each(|part| reader.read(part));
            reader.finish()
        };
        for cut in 1..=message.len() {
            assert_eq!(chunks(message.len(), cut).as_deref(), Ok(expected));
            assert_eq!(chunks(message.len() - 1, cut), Err(DataFault::TooBig));
        }
    }
    let mut reader = DataReader::new(6, BareLf::Normalize);
    reader.read(b"a\nb\n\r\n.\r\n");
    assert_eq!(reader.finish(), Ok(b"a\r\nb\r\n\r\n".to_vec()));
}

#[test]
fn too_big_is_found_and_the_end_too() {
    let mut wire = b"a".repeat(1001);
    wire.extend_from_slice(b"\r\n.\r\nQUIT");
    assert_eq!(read(&wire, 7), (Some(Err(DataFault::TooBig)), b"QUIT".to_vec()));
}

#[test]
fn chunks_refuse_what_data_refuses() {
    for (message, expected) in [
        (&b"a\r\nb\r\n"[..], Ok(&b"a\r\nb\r\n"[..])),
        (b"a\r\n.\r\n", Ok(b"a\r\n.\r\n")),
        (b"a", Ok(b"a\r\n")),
        (b"", Ok(b"")),
        (b"a\nb", Err(DataFault::LineEnds)),
        (b"a\rb", Err(DataFault::LineEnds)),
        (b"a\r", Err(DataFault::LineEnds)),
        (b"a\0", Err(DataFault::LineEnds)),
        (b"a\r\r\n", Err(DataFault::LineEnds)),
        (b"\r\n\n", Err(DataFault::LineEnds)),
        (b"\rx\n", Err(DataFault::LineEnds)),
    ] {
        for cut in 1..=message.len().max(1) {
            let mut reader = ChunkReader::new(100, BareLf::Refuse);
            message.chunks(cut).for_each(|part| reader.read(part));
            assert_eq!(reader.finish(), expected.map(<[u8]>::to_vec), "{}", message.escape_ascii());
        }
    }
}

proptest! {
    #[test]
    fn what_is_stuffed_reads_back(lines in prop::collection::vec("[.a ]{0,4}", 0..12), cut in 1usize..9) {
        let message: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let mut wire: Vec<u8> = dot_stuffed(message.as_bytes()).flatten().copied().collect();
        wire.extend_from_slice(END_OF_DATA);
        wire.extend_from_slice(b"NEXT");
        prop_assert_eq!(read(&wire, cut), (Some(Ok(message.into_bytes())), b"NEXT".to_vec()));
    }

    #[test]
    fn cuts_do_not_matter(wire in prop::collection::vec(prop::sample::select(&b"\r\n.\0a"[..]), 0..40), cut in 1usize..9) {
        for bare_lf in [BareLf::Refuse, BareLf::Normalize] {
            let whole = read_as(bare_lf, &wire, wire.len());
            prop_assert_eq!(read_as(bare_lf, &wire, cut), whole);
        }
    }

    #[test]
    fn both_modes_find_the_same_end(wire in prop::collection::vec(prop::sample::select(&b"\r\n.\0a"[..]), 0..40)) {
        let (refused, left) = read(&wire, 40);
        let (normalized, left_there) = read_as(BareLf::Normalize, &wire, 40);
        prop_assert_eq!(refused.is_some(), normalized.is_some());
        prop_assert_eq!(left, left_there);
        if let Some(Ok(message)) = normalized {
            let text = String::from_utf8(message).unwrap();
            prop_assert!(!text.replace("\r\n", "").contains(['\r', '\n', '\0']));
            let mut sent: Vec<u8> = dot_stuffed(text.as_bytes()).flatten().copied().collect();
            sent.extend_from_slice(END_OF_DATA);
            for end in ["\n.\n", "\r.\r", "\n.\r", "\r.\n"] {
                let at = sent.windows(3).position(|three| three == end.as_bytes());
                prop_assert!(at.is_none_or(|at| at + 4 == sent.len()));
            }
        }
    }

    #[test]
    fn data_and_chunks_agree_on_line_ends(body in prop::collection::vec(prop::sample::select(&b"\r\na\0"[..]), 0..20)) {
        let mut chunks = ChunkReader::new(100, BareLf::Refuse);
        chunks.read(&body);
        let mut wire = body.clone();
        wire.extend_from_slice(b"\r\n.\r\n");
        let mut whole = body;
        whole.extend_from_slice(b"\r\n");
        let mut with_end = ChunkReader::new(100, BareLf::Refuse);
        with_end.read(&whole);
        prop_assert_eq!(read(&wire, 3).0.unwrap().is_ok(), with_end.finish().is_ok());
    }
}
