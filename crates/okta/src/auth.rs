//! Authentication of a request by the secret header that Okta sends with every call.
//!
//! Okta has no body signature: whoever knows the header's value is Okta. The value itself
//! is kept only in Okta; a hook is configured with its SHA-256 digest, or with several
//! while the secret is being changed.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use thiserror::Error;

/// Characters of a SHA-256 digest in hex.
const HEX_DIGITS: usize = 64;

/// The digests of the accepted header values. `Debug` shows how many there are, no more.
#[derive(Clone)]
pub struct HeaderSecrets {
    // INVARIANT: not empty; an empty list would accept nobody and hide a mistake.
    digests: Vec<[u8; 32]>,
}

impl HeaderSecrets {
    /// Reads a comma-separated list of SHA-256 digests of whole header values, each 64 hex
    /// digits of either case, with white space around them allowed.
    ///
    /// # Errors
    /// [`AuthConfigError`] if there is none, or any one is not such a digest. The message
    /// names the position, never the text: it could be a secret pasted by mistake.
    pub fn parse(comma_separated_hex_sha256: &str) -> Result<Self, AuthConfigError> {
        if comma_separated_hex_sha256.trim().is_empty() {
            return Err(AuthConfigError::Empty);
        }
        let entries = comma_separated_hex_sha256.split(',').zip(1..);
        let digests =
            entries.map(|(entry, position)| parse_digest(entry.trim(), position)).collect::<Result<_, _>>()?;
        Ok(Self { digests })
    }

    /// Checks the values of the authentication header that a request carries; see
    /// [`find_header`].
    ///
    /// The time taken depends on the length of the presented value and the number of
    /// accepted digests, not on what they are: every digest is compared in full. A gateway
    /// that joins doubled headers with a comma presents one value, which does not match.
    ///
    /// # Errors
    /// [`AuthError`] unless there is exactly one value and its digest is accepted.
    pub fn verify(&self, presented: &[&str]) -> Result<(), AuthError> {
        let value = match presented {
            [] => return Err(AuthError::Missing),
            [value] => value,
            _ => return Err(AuthError::Doubled),
        };
        let digest = digest(value);
        let accepted = self
            .digests
            .iter()
            .fold(Choice::from(0), |any, accepted| any | accepted.as_slice().ct_eq(digest.as_slice()));
        if bool::from(accepted) { Ok(()) } else { Err(AuthError::Mismatch) }
    }
}

impl fmt::Debug for HeaderSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeaderSecrets").field("accepted", &self.digests.len()).finish_non_exhaustive()
    }
}

/// The lower-case hex SHA-256 of a header value, as [`HeaderSecrets::parse`] takes it.
#[must_use]
pub fn digest_hex(header_value: &str) -> String {
    let digest = digest(header_value);
    let nibbles = digest.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    nibbles.filter_map(|nibble| char::from_digit(nibble.into(), 16)).collect()
}

/// All values of the header of that name, compared without regard to ASCII case (RFC 9110
/// §5.1): Okta promises no case, and gateways change it.
#[must_use]
pub fn find_header<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>, name: &str) -> Vec<&'a str> {
    let found = headers.into_iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value).collect()
}

/// Why a request is refused: answer HTTP 401. No variant says anything about the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AuthError {
    /// The request does not carry the header.
    #[error("the authentication header is missing")]
    Missing,
    /// The request carries the header more than once; none of the values is believed.
    #[error("the authentication header is there more than once")]
    Doubled,
    /// The value's digest is not an accepted one.
    #[error("the authentication header does not match")]
    Mismatch,
}

/// Why a list of digests cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AuthConfigError {
    /// There is no digest at all.
    #[error("no digest given; give the hex SHA-256 of the header value")]
    Empty,
    /// An entry is not 64 characters long; an empty one is a comma too many.
    #[error(
        "digest {position} has {characters} characters; \
         give 64 hex digits, the SHA-256 of the header value"
    )]
    Length {
        /// Which entry of the list, from 1.
        position: usize,
        /// How many characters it has.
        characters: usize,
    },
    /// An entry has a character that is not a hex digit.
    #[error("digest {position} has something else than a hex digit at character {character}")]
    NotHex {
        /// Which entry of the list, from 1.
        position: usize,
        /// Which character of the entry, from 1.
        character: usize,
    },
}

fn digest(header_value: &str) -> [u8; 32] {
    Sha256::digest(header_value.as_bytes()).into()
}

fn parse_digest(entry: &str, position: usize) -> Result<[u8; 32], AuthConfigError> {
    let characters = entry.chars().count();
    if characters != HEX_DIGITS {
        return Err(AuthConfigError::Length { position, characters });
    }
    let mut digest = [0; 32];
    for (index, character) in entry.chars().enumerate() {
        let nibble = character
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok())
            .ok_or(AuthConfigError::NotHex { position, character: index + 1 })?;
        if let Some(byte) = digest.get_mut(index / 2) {
            *byte = *byte << 4 | nibble;
        }
    }
    Ok(digest)
}
