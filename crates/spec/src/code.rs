//! The code that the hash proposes for a group.

use sha2::{Digest, Sha256};

/// A hash function: SHA-256, or one that tests weaken so that groups collide.
pub type Hash<'h> = &'h dyn Fn(&[u8]) -> [u8; 32];

/// SHA-256.
#[must_use]
pub fn sha256(input: &[u8]) -> [u8; 32] {
    Sha256::digest(input).into()
}

/// "Lower-case base32 of SHA-256 of its key, first `w` characters; with salt `n` ≥ 1, of
/// `"<n>:" + key`."
#[must_use]
pub fn code(hash: Hash<'_>, key: &str, salt: u32, width: usize) -> String {
    let hashed = if salt == 0 { key.to_owned() } else { format!("{salt}:{key}") };
    base32(&hash(hashed.as_bytes())).chars().take(width).collect()
}

/// Base32 as RFC 4648 writes it, in lower case and without padding: the bits in fives, the last
/// five filled up with zeros, each five a character of `a`…`z`, `2`…`7`.
#[must_use]
pub fn base32(bytes: &[u8]) -> String {
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |place| (byte >> place) & 1)).collect();
    bits.chunks(5)
        .map(|five| {
            let number = (0..5).fold(0, |number, place| number * 2 + five.get(place).copied().unwrap_or(0));
            char::from(if number < 26 { b'a' + number } else { b'2' + number - 26 })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_that_of_rfc_4648() {
        // RFC 4648, section 10, in lower case and without padding.
        for (text, encoded) in [
            ("", ""),
            ("f", "my"),
            ("fo", "mzxq"),
            ("foo", "mzxw6"),
            ("foob", "mzxw6yq"),
            ("fooba", "mzxw6ytb"),
            ("foobar", "mzxw6ytboi"),
        ] {
            assert_eq!(base32(text.as_bytes()), encoded);
        }
    }

    #[test]
    fn codes_are_those_that_other_tools_compute() {
        // Computed with Python's hashlib and base64.
        assert_eq!(code(&sha256, "Clinical Readers", 0, 4), "qwq3");
        assert_eq!(code(&sha256, "Clinical Readers", 1, 4), "b3ae");
        assert_eq!(code(&sha256, "Clinical Readers", 0, 16), "qwq36p3ok3q3h75i");
    }
}
