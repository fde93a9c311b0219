//! Any text behind DATA: the end is where CRLF . CRLF is, what is taken has clean line ends, and
//! what is sent of it reads back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use onward::smtp::data::{BareLf, DataReader, END_OF_DATA, dot_stuffed};

fuzz_target!(|data: &[u8]| {
    let Some((&cut, wire)) = data.split_first() else { return };
    let bare_lf = if cut % 2 == 0 { BareLf::Normalize } else { BareLf::Refuse };
    let mut reader = DataReader::new(1000, bare_lf);
    let mut used = 0;
    for part in wire.chunks(usize::from(cut / 2).max(1)) {
        used += reader.read(part);
    }
    let framed = [b"\r\n", wire].concat();
    let end = framed.windows(5).position(|window| window == b"\r\n.\r\n").map(|at| at + 3);
    assert_eq!(reader.is_done(), end.is_some());
    assert_eq!(used, end.unwrap_or(wire.len()));
    if let (Some(_), Ok(message)) = (end, reader.finish()) {
        // What is added to line ends does not count.
        assert!(message.iter().filter(|octet| **octet != b'\r').count() <= 1000);
        let mut again: Vec<u8> = dot_stuffed(&message).flatten().copied().collect();
        again.extend_from_slice(END_OF_DATA);
        let mut reread = DataReader::new(message.len(), BareLf::Refuse);
        assert_eq!(reread.read(&again), again.len());
        let text = String::from_utf8_lossy(&message).replace("\r\n", "");
        assert!(!text.contains(['\r', '\n', '\0']));
        assert_eq!(reread.finish(), Ok(message));
    }
});
