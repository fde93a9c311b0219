//! Packets of the milter protocol: a length of four octets (big endian), a command of one, its data.

/// Longest packet that is read. Postfix and Sendmail cut bodies into pieces of 64 KiB; what interests us
/// is far shorter.
const MAX_PACKET: usize = 128 << 10;

/// One packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packet<'a> {
    pub(super) command: u8,
    pub(super) data: &'a [u8],
}

/// No length of a packet: there is no way to find the next one behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadLength;

/// The packet at the start of `input`, and how many octets it takes; `None` while it is not whole.
pub(super) fn read(input: &[u8]) -> Result<Option<(Packet<'_>, usize)>, BadLength> {
    let Some((length, rest)) = input.split_first_chunk() else { return Ok(None) };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    if length == 0 || length > MAX_PACKET {
        return Err(BadLength);
    }
    let packet = rest.get(..length).and_then(<[u8]>::split_first);
    Ok(packet.map(|(command, data)| (Packet { command: *command, data }, 4 + length)))
}

/// Appends a packet whose data are `parts` in a row.
pub(super) fn write(command: u8, parts: &[&[u8]], out: &mut Vec<u8>) {
    let length = 1 + parts.iter().map(|part| part.len()).sum::<usize>();
    out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    out.push(command);
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// The strings of data, each of which a NUL ends.
pub(super) fn strings(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let data = data.strip_suffix(b"\0").unwrap_or(data);
    data.split(|octet| *octet == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn packets() {
        let packet = |command, data| Packet { command, data };
        assert_eq!(read(b"\0\0\0\x01Qrest"), Ok(Some((packet(b'Q', b""), 5))));
        assert_eq!(read(b"\0\0\0\x04Mab\0"), Ok(Some((packet(b'M', b"ab\0"), 8))));
        for part in [&b""[..], b"\0", b"\0\0\0\x01", b"\0\0\0\x04Mab", b"\0\x01\0\0M"] {
            assert_eq!(read(part), Ok(None), "{part:?}");
        }
        for bad in [b"\0\0\0\0", b"\x01\0\0\0", b"\xff\xff\xff\xff", b"\0\x02\0\x01", b"HELO"] {
            assert_eq!(read(bad), Err(BadLength), "{bad:?}");
        }
        assert_eq!(strings(b"<a@b>\0SIZE=1\0").collect::<Vec<_>>(), [&b"<a@b>"[..], b"SIZE=1"]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            command: u8, data in prop::collection::vec(any::<u8>(), 0..40), cut in 0_usize..60
        ) {
            let mut out = Vec::new();
            write(command, &[&data], &mut out);
            let whole = Packet { command, data: &data };
            prop_assert_eq!(read(&out), Ok(Some((whole, out.len()))));
            if cut < out.len() {
                prop_assert_eq!(read(&out[..cut]), Ok(None));
            }
        }
    }
}
