//! Randomness from the operating system.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::failure::Failure;
use crate::text::hex;

/// Random bytes, fit for secrets.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Failure::Random(error.to_string()))?;
    Ok(bytes)
}

/// A text that nobody has had. It need not be a secret, so that it is one also where the operating
/// system has no randomness in this moment: the process and a count tell it from others then.
pub(crate) fn token() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let random = bytes::<16>().unwrap_or_default();
    format!("signet-{}-{count}-{}", std::process::id(), hex(&random))
}

/// A number from 0 to 1, to spread pauses.
pub(crate) fn fraction() -> f64 {
    f64::from(bytes().map_or(u32::MAX / 2, u32::from_le_bytes)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_fractions_are_fractions() {
        assert_ne!(token(), token());
        assert!((0..100).all(|_| (0.0..=1.0).contains(&fraction())));
    }
}
