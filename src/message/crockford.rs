/// Crockford's alphabet for base32.
const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Ten octets in sixteen characters that need no quoting anywhere.
///
/// By hand, as some are printed for each message and the crate makes texts of its own each time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crockford([u8; 16]);

impl Crockford {
    pub(super) fn of(octets: &[u8; 10]) -> Self {
        let mut text = [b'0'; 16];
        let mut rest = octets.iter().fold(0_u128, |all, byte| (all << 8) | u128::from(*byte));
        for slot in text.iter_mut().rev() {
            let symbol = usize::try_from(rest % 32).ok().and_then(|at| SYMBOLS.get(at));
            *slot = symbol.copied().unwrap_or(*slot);
            rest /= 32;
        }
        Self(text)
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}
