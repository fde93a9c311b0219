//! TLSA records (RFC 6698): what DNS says of a certificate.

/// A TLSA record (RFC 6698 §2.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tlsa {
    /// [`Tlsa::DANE_TA`] or [`Tlsa::DANE_EE`]; others say nothing about mail.
    pub usage: u8,
    /// 0: the certificate; 1: its public key.
    pub selector: u8,
    /// 0: all of the selected; 1: its SHA-256; 2: its SHA-512.
    pub matching: u8,
    /// What the selected, or its hash, must be.
    pub data: Vec<u8>,
}

impl Tlsa {
    /// The usage of a record about an authority of the host (RFC 7218 §2.1).
    pub const DANE_TA: u8 = 2;
    /// The usage of a record about the host's own certificate.
    pub const DANE_EE: u8 = 3;

    /// Whether a certificate can be told by this record (RFC 7672 §3.1).
    pub fn is_usable(&self) -> bool {
        let fits = match self.matching {
            0 => !self.data.is_empty(),
            1 => self.data.len() == 32,
            2 => self.data.len() == 64,
            _ => false,
        };
        matches!(self.usage, Self::DANE_TA | Self::DANE_EE) && self.selector <= 1 && fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usable_records() {
        for (usage, selector, matching, octets, expected) in [
            (3, 1, 1, 32, true),
            (2, 0, 2, 64, true),
            (3, 0, 0, 500, true),
            (3, 0, 0, 0, false),
            (1, 1, 1, 32, false),
            (3, 2, 1, 32, false),
            (3, 1, 1, 31, false),
            (3, 1, 2, 32, false),
            (3, 1, 3, 32, false),
        ] {
            let tlsa = Tlsa { usage, selector, matching, data: vec![0; octets] };
            assert_eq!(tlsa.is_usable(), expected, "{tlsa:?}");
        }
    }
}
