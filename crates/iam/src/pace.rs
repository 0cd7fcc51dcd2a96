//! Each account's rate, and patience with one that throttles.

use std::time::Duration;

/// How fast, and how patient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Calls that change something, a second and account.
    pub writes: f64,
    /// Calls that read, a second and account.
    pub reads: f64,
    /// How long one call is repeated while the account throttles or IAM has a bad moment.
    pub patience: Duration,
}

/// An [`Iam`](crate::Iam) that keeps each account's rate and repeats what passes by itself, with
/// jittered pauses.
#[derive(Debug)]
pub struct Paced<I> {
    inner: I,
    rates: Rates,
    /// A number from 0 to 1.
    random: fn() -> f64,
}

impl<I> Paced<I> {
    /// Speaks to `inner` at these rates.
    pub fn new(inner: I, rates: Rates, random: fn() -> f64) -> Self {
        Self { inner, rates, random }
    }
}
