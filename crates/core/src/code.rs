//! Group codes: the short form of a group that fits into a session tag.
//!
//! A code is the lower-case base32 (RFC 4648, no padding) of SHA-256 of the group's key, cut to
//! the table's width. Four characters are 20 bits, so two groups of a large directory will
//! propose the same code. The hash only proposes; the table decides who owns a code, and gives
//! a newcomer that finds its code taken the code of the next salt.

use std::cmp::Ordering;
use std::fmt;

use sha2::{Digest, Sha256};

use crate::invalid::InvalidValue;

/// The widest code, in characters.
const MAX_WIDTH: usize = 16;

/// How many characters a group code has: 4 to 16. One width a table, kept in its `META` item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeWidth(u8);

impl CodeWidth {
    /// The width of a deployment that does not say otherwise: four characters, 20 bits.
    pub const DEFAULT: Self = Self(4);

    /// Takes a width in characters.
    ///
    /// # Errors
    /// [`InvalidValue::CodeWidth`] if it is not between 4 and 16.
    pub fn new(width: u64) -> Result<Self, InvalidValue> {
        match u8::try_from(width) {
            Ok(narrow @ 4..=16) => Ok(Self(narrow)),
            _ => Err(InvalidValue::CodeWidth(width)),
        }
    }

    /// The width in characters.
    #[must_use]
    pub fn get(self) -> usize {
        usize::from(self.0)
    }
}

/// Which of a group's proposals a code is: 0 for the key itself, `n` for `"<n>:" + key`.
///
/// A displaced group has a salt above 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Salt(u32);

impl Salt {
    /// The salt of a group that found its first proposal free.
    pub const NONE: Self = Self(0);

    /// Takes a salt's number.
    #[must_use]
    pub fn new(salt: u32) -> Self {
        Self(salt)
    }

    /// The salt's number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }

    /// The salt to try when this one's code is taken; none after the last number.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }
}

/// The hash that proposes codes. A parameter, so that tests can force collisions.
pub trait CodeHasher {
    /// The digest of the input.
    fn digest(&self, input: &[u8]) -> [u8; 32];
}

/// SHA-256, the hash of every deployment.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sha256Hasher;

impl CodeHasher for Sha256Hasher {
    fn digest(&self, input: &[u8]) -> [u8; 32] {
        Sha256::digest(input).into()
    }
}

/// A group code: 4 to 16 characters of `[a-z2-7]`.
///
/// The alphabet matters beyond tidiness: `*`, `?` and `${` are live in the `StringLike` patterns
/// that codes are written into, and `:` encloses codes in `GroupHash`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct GroupCode {
    // INVARIANT: the first `len` bytes are in the alphabet, the others are 0.
    bytes: [u8; MAX_WIDTH],
    len: u8,
}

impl GroupCode {
    /// The code that the hash proposes for a group's key and a salt.
    #[must_use]
    pub fn propose<H: CodeHasher + ?Sized>(hasher: &H, width: CodeWidth, key: &str, salt: Salt) -> Self {
        let digest = if salt == Salt::NONE {
            hasher.digest(key.as_bytes())
        } else {
            hasher.digest(format!("{}:{key}", salt.get()).as_bytes())
        };
        Self::from_alphabet(base32(&digest).take(width.get()))
    }

    /// Reads a code.
    ///
    /// # Errors
    /// [`InvalidValue::GroupCode`] if it is not 4 to 16 characters of `[a-z2-7]`.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let fits =
            CodeWidth::new(text.len() as u64).is_ok() && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'));
        if !fits {
            return Err(InvalidValue::GroupCode { value: crate::text::shown(text) });
        }
        Ok(Self::from_alphabet(text.bytes()))
    }

    /// The code's characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let text = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        // INVARIANT: the alphabet is ASCII, so this never falls back.
        std::str::from_utf8(text).unwrap_or_default()
    }

    /// Whether the code has a table's width.
    #[must_use]
    pub fn has_width(&self, width: CodeWidth) -> bool {
        usize::from(self.len) == width.get()
    }

    fn from_alphabet(text: impl Iterator<Item = u8>) -> Self {
        let mut code = Self { bytes: [0; MAX_WIDTH], len: 0 };
        for (slot, byte) in code.bytes.iter_mut().zip(text) {
            *slot = byte;
            code.len += 1;
        }
        code
    }
}

/// The characters of lower-case base32 (RFC 4648) of a digest, each from the next five bits.
///
/// Written out because a sign-in does this for every group, and a library's text on the heap costs as
/// much as the hash itself. A test holds it to the library.
fn base32(digest: &[u8; 32]) -> impl Iterator<Item = u8> {
    // The widest code takes 16 characters of five bits: the first ten bytes.
    let bits = digest.iter().take(10).fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    (0..MAX_WIDTH).map(move |place| {
        // INVARIANT: five bits fit into a byte.
        let five = u8::try_from(bits >> (75 - 5 * place) & 31).unwrap_or_default();
        if five < 26 { b'a' + five } else { b'2' + (five - 26) }
    })
}

/// The order of the texts: with the bytes behind a text all 0, that of the bytes as one number. A
/// sign-in sorts all its codes by it.
impl Ord for GroupCode {
    fn cmp(&self, other: &Self) -> Ordering {
        u128::from_be_bytes(self.bytes).cmp(&u128::from_be_bytes(other.bytes))
    }
}

impl PartialOrd for GroupCode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for GroupCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for GroupCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GroupCode({})", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn propose(width: u64, key: &str, salt: u32) -> String {
        let width = CodeWidth::new(width).unwrap();
        GroupCode::propose(&Sha256Hasher, width, key, Salt::new(salt)).to_string()
    }

    #[test]
    fn codes_are_the_published_hash() {
        // SHA-256("abc") = ba7816bf 8f01cfea …, by FIPS 180-2; its base32 by RFC 4648.
        assert_eq!(propose(4, "abc", 0), "xj4b");
        assert_eq!(propose(16, "abc", 0), "xj4bnp4pahh6uqkb");
        assert_eq!(propose(4, "1:abc", 0), propose(4, "abc", 1));
        assert_ne!(propose(4, "abc", 1), propose(4, "abc", 2));
    }

    #[test]
    fn the_alphabet_is_the_librarys() {
        for seed in 0..=u8::MAX {
            let digest = Sha256Hasher.digest(&[seed]);
            let by_library = ::base32::encode(::base32::Alphabet::Rfc4648Lower { padding: false }, &digest[..10]);
            let code: Vec<u8> = base32(&digest).collect();
            assert_eq!(code, by_library.as_bytes());
        }
    }

    #[test]
    fn a_narrow_code_is_the_beginning_of_a_wide_one() {
        for key in ["", "Clinical Readers", "\0", "😀", "*"] {
            let wide = propose(16, key, 0);
            for width in 4..=16 {
                assert!(wide.starts_with(&propose(width, key, 0)));
            }
        }
    }

    #[test]
    fn widths_outside_the_range_are_refused() {
        for width in [0, 3, 17, 260, u64::MAX] {
            assert_eq!(CodeWidth::new(width), Err(InvalidValue::CodeWidth(width)));
        }
    }

    #[test]
    fn only_the_alphabet_is_a_code() {
        for bad in ["", "abc", "abcdefghijklmnopq", "abc1", "ABCD", "ab*d", "ab:d", "ab d", "äbcd", "${a}"] {
            assert!(GroupCode::parse(bad).is_err(), "`{bad}` was taken");
        }
        assert_eq!(GroupCode::parse("a2z7").unwrap().as_str(), "a2z7");
    }

    #[test]
    fn codes_order_as_their_text() {
        let mut texts = ["zzzz", "a2z7", "aaaa", "aaaab", "2222"];
        let mut codes = texts.map(|t| GroupCode::parse(t).unwrap());
        texts.sort_unstable();
        codes.sort_unstable();
        assert_eq!(codes.map(|c| c.to_string()), texts);
    }
}
