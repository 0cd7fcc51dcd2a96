//! Each account's rate, and patience with one that throttles.

mod lane;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use crate::api::{Account, Iam, OidcProvider, Providers, RoleFacts};
use crate::error::IamError;
use lane::{Kind, Lane};

/// The longest first pause; it doubles with each failure.
const BASE: Duration = Duration::from_millis(500);
/// The longest pause.
const CAP: Duration = Duration::from_secs(20);

/// How fast, and how patient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Calls that change something, a second and account. What is no positive number is one a minute.
    pub writes: f64,
    /// Calls that read, a second and account. What is no positive number is one a minute.
    pub reads: f64,
    /// How long one call is repeated while the account throttles or IAM has a bad moment. An account for
    /// which nothing has succeeded for so long gets each further call once, until one succeeds.
    pub patience: Duration,
}

impl Rates {
    /// The rates of an account that leave room for others that use its IAM, in which some two writes a
    /// second are let through; after the patience a role is noted as failed, with its next attempt, and
    /// others get their turn.
    pub const DEFAULT: Self = Self { writes: 1.0, reads: 10.0, patience: Duration::from_secs(30) };
}

/// How many calls were made, attempts counted each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Attempts that read.
    pub reads: u64,
    /// Attempts to change something.
    pub writes: u64,
    /// Attempts that failed with what [passes](IamError::passes).
    pub failures: u64,
}

/// An [`Iam`] that keeps each account's rate and repeats what passes by itself, with
/// jittered pauses.
///
/// Each account's reads go one after another at their rate, and so do its writes, in the order in which
/// they are asked for; accounts do not wait for each other. When an account throttles or gives no answer,
/// none of its calls is made until a random part of a pause is over, which doubles from half a second
/// to twenty seconds. A conflict concerns one role or provider: only the call in question waits.
#[derive(Debug)]
pub struct Paced<I> {
    inner: I,
    rates: Rates,
    /// A number from 0 to 1.
    random: fn() -> f64,
    lanes: Mutex<BTreeMap<Account, Arc<Lane>>>,
    reads: AtomicU64,
    writes: AtomicU64,
    failures: AtomicU64,
}

impl<I> Paced<I> {
    /// Speaks to `inner` at these rates. `random` gives numbers from 0 to 1.
    pub fn new(inner: I, rates: Rates, random: fn() -> f64) -> Self {
        let zero = AtomicU64::default;
        Self { inner, rates, random, lanes: Mutex::default(), reads: zero(), writes: zero(), failures: zero() }
    }

    /// What is spoken to.
    pub fn inner(&self) -> &I {
        &self.inner
    }

    /// How many calls were made since the start.
    pub fn counts(&self) -> Counts {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Counts { reads: of(&self.reads), writes: of(&self.writes), failures: of(&self.failures) }
    }

    fn lane(&self, account: &Account) -> Arc<Lane> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get(account) {
            return Arc::clone(lane);
        }
        Arc::clone(lanes.entry(account.clone()).or_insert_with(|| Arc::new(Lane::new(&self.rates))))
    }

    /// Makes a call in its turn, and again while it fails with what passes and there is patience left.
    async fn paced<T>(
        &self,
        account: &Account,
        kind: Kind,
        call: impl AsyncFn(&I) -> Result<T, IamError>,
    ) -> Result<T, IamError> {
        let lane = self.lane(account);
        let mut conflicts = Conflicts::default();
        // The last failure, and until when the call may be repeated.
        let mut failed: Option<(IamError, Instant)> = None;
        loop {
            match failed.take() {
                None => lane.turn(kind).await,
                Some((error, until)) => {
                    if timeout_at(until, lane.turn(kind)).await.is_err() {
                        return Err(error);
                    }
                }
            }
            let began = Instant::now();
            self.count(kind).fetch_add(1, Ordering::Relaxed);
            let error = match call(&self.inner).await {
                Ok(answer) => {
                    lane.succeeded(began);
                    return Ok(answer);
                }
                Err(error) if error.passes() => error,
                Err(error) => {
                    // A refusal is an answer: the account does not throttle.
                    lane.succeeded(began);
                    return Err(error);
                }
            };
            self.failures.fetch_add(1, Ordering::Relaxed);
            let (next, until) = if matches!(error, IamError::Conflict { .. }) {
                lane.succeeded(began);
                conflicts.failed(self.rates.patience, self.fraction())
            } else {
                lane.failed(began, self.rates.patience, self.fraction())
            };
            if next >= until {
                return Err(error);
            }
            if matches!(error, IamError::Conflict { .. }) {
                sleep_until(next).await;
            }
            failed = Some((error, until));
        }
    }

    fn count(&self, kind: Kind) -> &AtomicU64 {
        match kind {
            Kind::Read => &self.reads,
            Kind::Write => &self.writes,
        }
    }

    /// The part of a pause that is taken, from 0 to 1: all of it should `random` give no number.
    fn fraction(&self) -> f64 {
        let drawn = (self.random)();
        if drawn.is_nan() { 1.0 } else { drawn.clamp(0.0, 1.0) }
    }
}

/// The conflicts of one call.
#[derive(Debug, Default)]
struct Conflicts {
    first: Option<Instant>,
    count: u32,
}

impl Conflicts {
    /// When to repeat the call, and from when on not.
    fn failed(&mut self, patience: Duration, fraction: f64) -> (Instant, Instant) {
        let now = Instant::now();
        let first = *self.first.get_or_insert(now);
        let pause = pause(self.count, fraction);
        self.count = self.count.saturating_add(1);
        (now + pause, first + patience)
    }
}

/// A random part of a pause that doubles with each failure before it: "full jitter" (AWS architecture
/// blog, "Exponential backoff and jitter").
fn pause(failures: u32, fraction: f64) -> Duration {
    let longest = BASE.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX)).min(CAP);
    longest.mul_f64(fraction)
}

impl<I: Iam> Iam for Paced<I> {
    async fn role(&self, account: &Account, name: &str) -> Result<RoleFacts, IamError> {
        self.paced(account, Kind::Read, async |iam| iam.role(account, name).await).await
    }

    async fn roles(&self, account: &Account) -> Result<Vec<RoleFacts>, IamError> {
        self.paced(account, Kind::Read, async |iam| iam.roles(account).await).await
    }

    async fn set_trust_policy(&self, account: &Account, role: &str, document: &str) -> Result<(), IamError> {
        self.paced(account, Kind::Write, async |iam| iam.set_trust_policy(account, role, document).await).await
    }

    async fn providers(&self, account: &Account) -> Result<Providers, IamError> {
        self.paced(account, Kind::Read, async |iam| iam.providers(account).await).await
    }

    async fn saml_metadata(&self, account: &Account, arn: &str) -> Result<String, IamError> {
        self.paced(account, Kind::Read, async |iam| iam.saml_metadata(account, arn).await).await
    }

    async fn create_saml_provider(&self, account: &Account, name: &str, metadata: &str) -> Result<(), IamError> {
        self.paced(account, Kind::Write, async |iam| iam.create_saml_provider(account, name, metadata).await).await
    }

    async fn update_saml_provider(&self, account: &Account, arn: &str, metadata: &str) -> Result<(), IamError> {
        self.paced(account, Kind::Write, async |iam| iam.update_saml_provider(account, arn, metadata).await).await
    }

    async fn oidc_provider(&self, account: &Account, arn: &str) -> Result<OidcProvider, IamError> {
        self.paced(account, Kind::Read, async |iam| iam.oidc_provider(account, arn).await).await
    }

    async fn create_oidc_provider(&self, account: &Account, provider: &OidcProvider) -> Result<(), IamError> {
        self.paced(account, Kind::Write, async |iam| iam.create_oidc_provider(account, provider).await).await
    }

    async fn add_client_id(&self, account: &Account, arn: &str, id: &str) -> Result<(), IamError> {
        self.paced(account, Kind::Write, async |iam| iam.add_client_id(account, arn, id).await).await
    }

    async fn remove_client_id(&self, account: &Account, arn: &str, id: &str) -> Result<(), IamError> {
        self.paced(account, Kind::Write, async |iam| iam.remove_client_id(account, arn, id).await).await
    }

    async fn delete_provider(&self, account: &Account, arn: &str) -> Result<(), IamError> {
        self.paced(account, Kind::Write, async |iam| iam.delete_provider(account, arn).await).await
    }
}
