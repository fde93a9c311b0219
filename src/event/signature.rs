use crate::time::UnixTime;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The `Onward-Signature` of a `body` that is sent at `time`: `t=…,v1=…`, where `v1` is the HMAC-SHA256 by `secret` of the
/// seconds of `t`, a dot, and the body, in lower-case hexadecimal digits. As the time is signed, an old request can be told
/// from a new one.
pub fn signature(secret: &[u8], time: UnixTime, body: &str) -> String {
    let time = time.as_secs();
    // A key of any length is one.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    mac.update(format!("{time}.").as_bytes());
    mac.update(body.as_bytes());
    format!("t={time},v1={}", HEXLOWER.encode(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By `printf '1790000000.{"a":1}' | openssl dgst -sha256 -hmac secret`.
    #[test]
    fn as_others_compute_it() {
        let signed = signature(b"secret", UnixTime::new(1_790_000_000), r#"{"a":1}"#);
        assert_eq!(
            signed,
            "t=1790000000,v1=da8fe498621aaab99d5b11c51346b13d1a2bf2914b865b8d3edd3531cab25a3e"
        );
    }
}
