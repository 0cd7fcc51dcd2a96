use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use signet_core::role::AccountId;
use tokio::time::Instant;

use super::*;

/// What an account does at a moment.
type Weather = Box<dyn Fn(&Account, Duration) -> Option<IamError> + Send + Sync>;

/// An IAM whose answers the time decides, and which writes down when it was asked.
struct Double {
    began: Instant,
    takes: Duration,
    weather: Weather,
    seen: Mutex<Vec<(Account, &'static str, Duration)>>,
}

impl Double {
    fn new(weather: impl Fn(&Account, Duration) -> Option<IamError> + Send + Sync + 'static) -> Self {
        Self { began: Instant::now(), takes: Duration::ZERO, weather: Box::new(weather), seen: Mutex::default() }
    }

    async fn answer<T>(&self, account: &Account, operation: &'static str, value: T) -> Result<T, IamError> {
        let at = self.began.elapsed();
        self.seen.lock().unwrap().push((account.clone(), operation, at));
        tokio::time::sleep(self.takes).await;
        (self.weather)(account, at).map_or(Ok(value), Err)
    }

    fn times(&self, account: &Account, operation: &str) -> Vec<Duration> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|(a, o, _)| a == account && *o == operation).map(|(_, _, at)| *at).collect()
    }
}

impl Iam for Double {
    async fn role(&self, account: &Account, name: &str) -> Result<RoleFacts, IamError> {
        let facts = RoleFacts { arn: name.to_owned(), trust_policy: String::new(), tags: None };
        self.answer(account, "role", facts).await
    }
    async fn roles(&self, account: &Account) -> Result<Vec<RoleFacts>, IamError> {
        self.answer(account, "roles", Vec::new()).await
    }
    async fn set_trust_policy(&self, account: &Account, _: &str, _: &str) -> Result<(), IamError> {
        self.answer(account, "write", ()).await
    }
    async fn providers(&self, account: &Account) -> Result<Providers, IamError> {
        self.answer(account, "providers", Providers::default()).await
    }
    async fn saml_metadata(&self, account: &Account, _: &str) -> Result<String, IamError> {
        self.answer(account, "saml_metadata", String::new()).await
    }
    async fn create_saml_provider(&self, account: &Account, _: &str, _: &str) -> Result<(), IamError> {
        self.answer(account, "create", ()).await
    }
    async fn update_saml_provider(&self, account: &Account, _: &str, _: &str) -> Result<(), IamError> {
        self.answer(account, "update", ()).await
    }
    async fn oidc_provider(&self, account: &Account, _: &str) -> Result<OidcProvider, IamError> {
        let provider = OidcProvider { url: String::new(), client_ids: BTreeSet::default() };
        self.answer(account, "oidc_provider", provider).await
    }
    async fn create_oidc_provider(&self, account: &Account, _: &OidcProvider) -> Result<(), IamError> {
        self.answer(account, "create", ()).await
    }
    async fn add_client_id(&self, account: &Account, _: &str, _: &str) -> Result<(), IamError> {
        self.answer(account, "add", ()).await
    }
    async fn remove_client_id(&self, account: &Account, _: &str, _: &str) -> Result<(), IamError> {
        self.answer(account, "remove", ()).await
    }
    async fn delete_provider(&self, account: &Account, _: &str) -> Result<(), IamError> {
        self.answer(account, "delete", ()).await
    }
}

fn account(number: &str) -> Account {
    Account { partition: "aws".to_owned(), id: AccountId::parse(number).unwrap() }
}

fn one() -> Account {
    account("111111111111")
}

fn two() -> Account {
    account("222222222222")
}

fn throttled(account: &Account) -> IamError {
    let account = account.id.as_str().to_owned();
    IamError::Throttled { operation: "UpdateAssumeRolePolicy", account, cause: "Throttling: Rate exceeded".to_owned() }
}

fn conflict(operation: &'static str) -> IamError {
    IamError::Conflict { operation, account: one().id.as_str().to_owned(), cause: "x".to_owned() }
}

const RATES: Rates = Rates { writes: 1.0, reads: 10.0, patience: Duration::from_mins(2) };

fn seconds(times: &[Duration]) -> Vec<f64> {
    times.iter().map(|time| (time.as_secs_f64() * 100.0).round() / 100.0).collect()
}

#[tokio::test(start_paused = true)]
async fn an_account_keeps_its_rates_and_does_not_wait_for_another() {
    let iam = Paced::new(Double::new(|_, _| None), RATES, || 0.5);
    let (one, two) = (one(), two());
    let calls = async |account: &Account| {
        let writes: Vec<_> = (0..5).map(|_| iam.set_trust_policy(account, "r", "{}")).collect();
        let reads: Vec<_> = (0..5).map(|_| iam.role(account, "r")).collect();
        let (writes, reads) =
            tokio::join!(futures_util::future::join_all(writes), futures_util::future::join_all(reads));
        assert!(writes.iter().all(Result::is_ok) && reads.iter().all(Result::is_ok));
    };
    tokio::join!(calls(&one), calls(&two));
    for account in [&one, &two] {
        assert_eq!(seconds(&iam.inner().times(account, "write")), [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(seconds(&iam.inner().times(account, "role")), [0.0, 0.1, 0.2, 0.3, 0.4]);
    }
    assert_eq!(iam.counts(), Counts { reads: 10, writes: 10, failures: 0 });
}

#[tokio::test(start_paused = true)]
async fn an_idle_hour_is_no_credit_and_order_is_kept() {
    let iam = Paced::new(Double::new(|_, _| None), RATES, || 0.5);
    tokio::time::sleep(Duration::from_hours(1)).await;
    let order = Mutex::new(Vec::new());
    let one = one();
    let calls = (0..10).map(async |n| {
        iam.set_trust_policy(&one, "r", "{}").await.unwrap();
        order.lock().unwrap().push(n);
    });
    futures_util::future::join_all(calls).await;
    assert_eq!(*order.lock().unwrap(), (0..10).collect::<Vec<_>>());
    let times = iam.inner().times(&one, "write");
    assert!(times.windows(2).all(|pair| pair[1] >= pair[0] + Duration::from_millis(999)), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_given_up_leaves_no_gap() {
    let iam = Paced::new(Double::new(|_, _| None), RATES, || 0.5);
    let one = one();
    iam.set_trust_policy(&one, "r", "{}").await.unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(300), iam.set_trust_policy(&one, "r", "{}")).await;
    given_up.unwrap_err();
    iam.set_trust_policy(&one, "r", "{}").await.unwrap();
    assert_eq!(seconds(&iam.inner().times(&one, "write")), [0.0, 1.0]);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_throttles_for_a_minute_recovers_and_holds_no_other_up() {
    let weather = |account: &Account, at: Duration| {
        (*account == one() && at < Duration::from_mins(1)).then(|| throttled(account))
    };
    let iam = Paced::new(Double::new(weather), RATES, || 0.9);
    let (one, two) = (one(), two());
    let writes = async |account: &Account, count: usize| {
        let calls = (0..count).map(|_| iam.set_trust_policy(account, "r", "{}"));
        assert!(futures_util::future::join_all(calls).await.iter().all(Result::is_ok));
    };
    tokio::join!(writes(&one, 4), writes(&two, 4));
    assert_eq!(seconds(&iam.inner().times(&two, "write")), [0.0, 1.0, 2.0, 3.0]);
    let times = iam.inner().times(&one, "write");
    let (during, after): (Vec<_>, Vec<_>) = times.iter().copied().partition(|at| at.as_secs() < 60);
    assert_eq!(after.len(), 4, "each of them once: {times:?}");
    assert!(during.len() < 12, "the pauses grow, whichever call fails: {times:?}");
    assert!(after[0] < Duration::from_secs(60 + 20), "{times:?}");
    assert_eq!(iam.counts().failures, during.len() as u64);
}

#[tokio::test(start_paused = true)]
async fn while_an_account_pauses_its_reads_wait_as_well() {
    let weather = |account: &Account, at: Duration| (at < Duration::from_millis(100)).then(|| throttled(account));
    let iam = Paced::new(Double::new(weather), RATES, || 1.0);
    let one = one();
    let read_later = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        iam.role(&one, "r").await
    };
    let (written, read) = tokio::join!(iam.set_trust_policy(&one, "r", "{}"), read_later);
    written.unwrap();
    read.unwrap();
    assert_eq!(seconds(&iam.inner().times(&one, "role")), [0.5]);
}

#[tokio::test(start_paused = true)]
async fn calls_that_fail_side_by_side_make_one_pause() {
    let weather = |account: &Account, at: Duration| (at < Duration::from_secs(1)).then(|| throttled(account));
    let mut double = Double::new(weather);
    double.takes = Duration::from_millis(500);
    let iam = Paced::new(double, RATES, || 1.0);
    let one = one();
    let reads = (0..5).map(|_| iam.role(&one, "r"));
    assert!(futures_util::future::join_all(reads).await.iter().all(Result::is_ok));
    let times = seconds(&iam.inner().times(&one, "role"));
    // Five under way until the first fails at 0.5; then half a second for all of them.
    assert_eq!(times, [0.0, 0.1, 0.2, 0.3, 0.4, 1.0, 1.1, 1.2, 1.3, 1.4]);
}

#[tokio::test(start_paused = true)]
async fn patience_ends_with_the_last_error() {
    let iam = Paced::new(Double::new(|account, _| Some(throttled(account))), RATES, || 1.0);
    let one = one();
    let began = Instant::now();
    assert_eq!(iam.set_trust_policy(&one, "r", "{}").await, Err(throttled(&one)));
    assert!(began.elapsed() <= RATES.patience, "{:?}", began.elapsed());
    assert!(began.elapsed() + CAP > RATES.patience, "{:?}", began.elapsed());
    // 0.5 s, which a write has to wait anyway, 1, 2, 4, 8, 16, and 20 s from then on.
    let times = seconds(&iam.inner().times(&one, "write"));
    assert_eq!(times, [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 52.0, 72.0, 92.0, 112.0]);

    // From now on one attempt is enough to know.
    let before = iam.counts().writes;
    assert_eq!(iam.set_trust_policy(&one, "r", "{}").await, Err(throttled(&one)));
    assert_eq!(iam.counts().writes, before + 1);

    // An hour later it is worth the patience again.
    tokio::time::sleep(Duration::from_hours(1)).await;
    let before = iam.counts().writes;
    assert_eq!(iam.set_trust_policy(&one, "r", "{}").await, Err(throttled(&one)));
    assert!(iam.counts().writes > before + 5);
}

#[tokio::test(start_paused = true)]
async fn a_conflict_is_the_calls_own_and_a_creations_is_told_at_once() {
    let weather = |_: &Account, at: Duration| (at < Duration::from_secs(5)).then(|| conflict("UpdateAssumeRolePolicy"));
    let iam = Paced::new(Double::new(weather), RATES, || 1.0);
    let one = one();
    iam.set_trust_policy(&one, "r", "{}").await.unwrap();
    assert_eq!(seconds(&iam.inner().times(&one, "write")), [0.0, 1.0, 2.0, 4.0, 8.0]);

    let iam = Paced::new(Double::new(|_, _| Some(conflict("CreateSAMLProvider"))), RATES, || 1.0);
    assert_eq!(iam.create_saml_provider(&one, "p", "<m/>").await, Err(conflict("CreateSAMLProvider")));
    assert_eq!(iam.counts(), Counts { reads: 0, writes: 1, failures: 0 });
}

#[tokio::test(start_paused = true)]
async fn what_does_not_pass_is_told_at_once() {
    let missing = |account: &Account| IamError::NotFound {
        operation: "GetRole",
        account: account.id.as_str().to_owned(),
        what: "r".to_owned(),
    };
    let iam = Paced::new(Double::new(move |account, _| Some(missing(account))), RATES, || 1.0);
    assert_eq!(iam.role(&one(), "r").await, Err(missing(&one())));
    assert_eq!(iam.counts(), Counts { reads: 1, writes: 0, failures: 0 });
}

#[test]
fn pauses_are_a_random_part_of_what_doubles() {
    let longest: Vec<f64> = (0..8).map(|n| pause(n, 1.0).as_secs_f64()).collect();
    assert_eq!(longest, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0]);
    assert_eq!(pause(u32::MAX, 1.0), CAP);
    assert_eq!(pause(3, 0.0), Duration::ZERO);
    assert_eq!(pause(3, 0.25), Duration::from_secs(1));
}

#[test]
fn the_random_number_is_kept_in_bounds() {
    for (random, expected) in
        [((|| 7.0) as fn() -> f64, 1.0), (|| -1.0, 0.0), (|| f64::NAN, 1.0), (|| f64::INFINITY, 1.0), (|| 0.25, 0.25)]
    {
        let fraction = Paced::new((), RATES, random).fraction();
        assert!((fraction - expected).abs() < f64::EPSILON, "{fraction}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_that_is_none_is_one_a_minute() {
    for rate in [0.0, -1.0, f64::NAN, f64::MIN_POSITIVE] {
        let iam = Paced::new(Double::new(|_, _| None), Rates { writes: rate, ..RATES }, || 1.0);
        for _ in 0..2 {
            iam.set_trust_policy(&one(), "r", "{}").await.unwrap();
        }
        assert_eq!(seconds(&iam.inner().times(&one(), "write")), [0.0, 60.0], "{rate}");
    }
}
