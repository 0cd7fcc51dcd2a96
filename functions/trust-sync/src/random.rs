//! Randomness of the operating system.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use signet_sync::environment::ConfigError;

/// What tells this process from every other.
static SEED: OnceLock<u128> = OnceLock::new();
static TOKENS: AtomicU64 = AtomicU64::new(0);

/// Draws what tells this process from every other: once, at its start.
///
/// # Errors
/// The operating system gives no randomness: a process without it could take another's lease for its own.
pub fn seed() -> Result<(), ConfigError> {
    let drawn =
        draw().map_err(|error| ConfigError(vec![format!("the operating system gives no randomness: {error}")]))?;
    SEED.get_or_init(|| drawn);
    Ok(())
}

/// A text that nobody has had: for leases, which need to differ, and not to be secret.
#[must_use]
pub fn token() -> String {
    // INVARIANT: a function that could not draw its seed did not start.
    let seed = SEED.get_or_init(|| draw().unwrap_or_default());
    format!("{seed:032x}-{}", TOKENS.fetch_add(1, Ordering::Relaxed))
}

fn draw() -> Result<u128, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(u128::from_be_bytes(bytes))
}

/// A number from 0 to 1, for pauses. Without randomness it is the middle: pauses then are not spread,
/// and no shorter on average.
#[must_use]
pub fn fraction() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_fractions_are_fractions() {
        seed().unwrap();
        let first = token();
        seed().unwrap();
        let second = token();
        assert_ne!(first, second);
        let seed_of = |token: &str| token.split('-').next().unwrap().to_owned();
        assert_eq!(seed_of(&first), seed_of(&second), "the seed is drawn once");
        assert_ne!(seed_of(&first), "0".repeat(32));
        let drawn: Vec<f64> = (0..100).map(|_| fraction()).collect();
        assert!(drawn.iter().all(|number| (0.0..=1.0).contains(number)));
        assert!(drawn.iter().any(|number| *number < 0.5) && drawn.iter().any(|number| *number > 0.5));
    }
}
