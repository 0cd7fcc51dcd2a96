//! One role: read, compare, write, note.
//!
//! An attempt takes at most three calls of IAM: one that reads, one that writes, and one that writes what
//! can be written if the first was refused. Before it writes it marks the role's row, on condition that
//! the lease is ours and that nothing more was wanted since: so whoever comes next knows that IAM may have
//! another document than it shows (see [`judge`](crate::judge)). If more was wanted before the outcome is
//! noted, the attempt is repeated. An attempt may be dropped anywhere.

use std::collections::BTreeSet;
use std::time::Duration;

use signet_core::grant::Timestamp;
use signet_core::role::RoleArn;
use signet_core::trust::desired::{Desired, LeftOut};
use signet_core::trust::document::Document;
use signet_core::trust::grants::{Codes, RoleEntry, codes_at, next_expiry};
use signet_core::trust::plan::{Fit, Plan};
use signet_iam::{Iam, IamError};
use signet_store::trust::account::{RoleState, Written};
use signet_store::trust::outcome::{Noted, RoleOutcome};

use crate::account::Watch;
use crate::alerts;
use crate::judge::{Case, Judgement, Known, UNDER_WAY, written};
use crate::report::{Outcome, RoleReport};
use crate::run::{Run, Stop};
use crate::settings::later;
use tokio::time::timeout;

/// What the row of a role has as its outcome while the first write is under way.
const BEGUN: &str = "begun";

/// What is told of a repair, where the role has no row.
const ORPHAN: &str = "statements of ours stand where nothing was ever granted";
const CHANGED: &str = "somebody else changed statements of ours";

/// What became of an attempt.
struct Round {
    noted: Noted,
    /// What is known of the role's document, for the next attempt; none if it is to be read again.
    known: Option<Known>,
}

/// One attempt at a role.
struct Attempt<'a, I, W> {
    run: &'a Run<'a, I, W>,
    state: &'a RoleState,
    /// Whether the table has a row of the role: there is none where nothing was ever granted.
    has_row: bool,
    now: Timestamp,
    entries: Vec<RoleEntry>,
    desired: Desired,
    calls: u32,
}

/// How an attempt ends, but for its being noted.
#[derive(Default)]
struct Ending {
    outcome: Option<Outcome>,
    why: Option<String>,
    before: Option<Document>,
    after: Option<Document>,
    /// What is noted of the document; none where that stays as it is.
    written: Option<Written>,
    withheld: Option<Codes>,
    drifted: bool,
    /// Whether the role is to be looked at again once IAM has settled.
    unsettled: bool,
    /// Whether `after` is what IAM has, whatever it shows.
    is_certain: bool,
}

/// What IAM took.
struct Landed {
    document: Document,
    codes: Codes,
    fit: Fit,
    why: Option<String>,
    /// Whether principals that are deleted were taken out.
    is_mended: bool,
}

impl<I: Iam, W: Watch> Run<'_, I, W> {
    /// Attends to a role until nothing more was wanted in between.
    pub(crate) async fn attend(&self, state: &RoleState) -> Result<(), Stop> {
        let mut state = state.clone();
        let mut known = None;
        loop {
            self.keep().await?;
            let round = Attempt::open(self, &state, true).await?.go(known).await?;
            match round.noted {
                Noted::Done => return Ok(()),
                Noted::Lost => return Err(Stop::Lost),
                Noted::AccountRaised => return Err(Stop::Stale),
                Noted::Raised => known = round.known,
            }
            let account = self.reconciler.table.account(&self.account.id).await?;
            // Rows are never taken away; without one there would be nothing to attend to.
            let Some(now) = account.roles.get(&state.role) else { return Ok(()) };
            state = now.clone();
        }
    }

    /// Takes statements of ours off a role that has no row.
    pub(crate) async fn attend_orphan(&self, role: &RoleArn) -> Result<(), Stop> {
        let state = RoleState {
            role: role.clone(),
            wanted: 0,
            tried: 0,
            applied: 0,
            tried_account: 0,
            applied_account: 0,
            since: None,
            outcome: None,
            why: None,
            failures: 0,
            next: None,
            written: None,
        };
        let attempt = Attempt::open(self, &state, false).await?;
        // Something was granted since the account was read: it has a row now, which is due.
        if !attempt.entries.is_empty() {
            return Ok(());
        }
        if attempt.go(None).await?.noted == Noted::Lost { Err(Stop::Lost) } else { Ok(()) }
    }
}

impl<'a, I: Iam, W: Watch> Attempt<'a, I, W> {
    async fn open(run: &'a Run<'a, I, W>, state: &'a RoleState, has_row: bool) -> Result<Self, Stop> {
        let now = run.now();
        let entries = run.reconciler.table.role_entries(&state.role).await?;
        let codes = codes_at(&entries, run.gates.keys(), now);
        let desired = Desired::new(&state.role, run.width, &run.gates, &codes);
        Ok(Self { run, state, has_row, now, entries, desired, calls: 0 })
    }

    async fn go(mut self, known: Option<Known>) -> Result<Round, Stop> {
        let known = match known {
            Some(known) => known,
            None => match self.read().await {
                Ok(known) => known,
                Err(ending) => return self.end(*ending).await,
            },
        };
        self.calls = known.calls;
        let judgement = self.judge(&known);
        let drifted = judgement.drifted || (!self.has_row && judgement.plan.write.is_some());
        if !judgement.writes || (self.run.is_dry() && judgement.plan.write.is_none()) {
            let ending = self.found(&known, judgement);
            return self.end(ending).await;
        }
        if self.run.is_dry() {
            return self.end(would_write(&known, judgement, drifted)).await;
        }
        if drifted && (self.state.failures == 0 || self.was(Outcome::TooLong)) {
            // What was opened is closed whether or not anybody can be told of it.
            let _ = self.tell_drift(&known).await;
        }
        match self.mark().await? {
            Noted::Done => {}
            Noted::Raised => return Ok(Round { noted: Noted::Raised, known: Some(known) }),
            noted @ (Noted::Lost | Noted::AccountRaised) => return Ok(Round { noted, known: None }),
        }
        let ending = match self.write(&known, judgement).await {
            Ok(landed) => self.landed(&known, landed, drifted).await?,
            Err(error) => self.failed(&error, Some(&known)),
        };
        self.end(Ending { drifted, ..ending }).await
    }

    /// Reads the role, within the bounds.
    async fn read(&mut self) -> Result<Known, Box<Ending>> {
        let (run, role) = (self.run, &self.state.role);
        let bounds = &run.reconciler.settings.bounds;
        if !bounds.may_admit(role) {
            return Err(Box::new(self.out_of_bounds()));
        }
        self.calls += 1;
        let facts = run.iam().role(&run.account, role.name()).await;
        let facts = facts.map_err(|error| Box::new(self.failed(&error, None)))?;
        if facts.arn != role.as_str() {
            let why = format!("the role of this name is `{}`", facts.arn);
            return Err(Box::new(self.missing(why)));
        }
        if !bounds.admit(role, &facts.tags.unwrap_or_default()) {
            return Err(Box::new(self.out_of_bounds()));
        }
        match Document::parse(&facts.trust_policy) {
            Ok(document) => Ok(Known { document, just_written: false, calls: self.calls }),
            Err(error) => Err(Box::new(Ending::of(Outcome::Unreadable, error.to_string()))),
        }
    }

    fn out_of_bounds(&self) -> Ending {
        // Nothing is granted, and nothing of ours was ever written: there is nothing to do.
        if self.has_row
            && self.desired.is_empty()
            && self.state.written.as_ref().is_none_or(|written| written.codes.is_empty())
        {
            return Ending { outcome: Some(Outcome::Unchanged), ..Ending::default() };
        }
        let why = "the role is outside the paths and tags by which Signet may write it, or is one of its own";
        Ending::of(Outcome::OutOfBounds, why.to_owned())
    }

    fn missing(&self, why: String) -> Ending {
        if self.desired.is_empty() {
            return Ending { outcome: Some(Outcome::Absent), ..Ending::default() };
        }
        Ending::of(Outcome::Gone, why)
    }

    fn judge(&self, known: &Known) -> Judgement {
        let (run, state) = (self.run, self.state);
        let codes = state.written.as_ref().map(|written| &written.codes);
        // Of another `wanted` the gates may have been others.
        let attended = if self.was(Outcome::TooLong) { state.tried_account } else { state.applied_account };
        let has_same_gates = attended == run.state.wanted();
        let as_written =
            codes.filter(|_| has_same_gates).map(|codes| Desired::new(&state.role, run.width, &run.gates, codes));
        // Every other attempt tries the whole again: whatever IAM refused may be mended.
        let was_refused = self.was(Outcome::Refused) && state.failures % 2 == 1;
        let settings = &run.reconciler.settings;
        Case {
            settings,
            now: self.now,
            state,
            desired: &self.desired,
            as_written: as_written.as_ref(),
            quota: (!was_refused).then_some(settings.quota),
        }
        .judge(known)
    }

    /// Whether the last attempt came to this.
    fn was(&self, outcome: Outcome) -> bool {
        self.state.outcome.as_deref() == Some(outcome.as_str())
    }

    /// The document is as it should be, or as near as it can be.
    fn found(&self, known: &Known, judgement: Judgement) -> Ending {
        let plan = judgement.plan;
        let before = self.state.written.as_ref();
        let found = written(&known.document, &plan.codes, None);
        let at = before.filter(|before| before.digest == found.digest).and_then(|before| before.at);
        let at = if known.just_written { Some(self.run.now()) } else { at };
        let ending = match plan.fit {
            // Nothing is to be withdrawn, and IAM would refuse the rest as it did.
            Fit::TooLong { withheld, .. } if self.was(Outcome::Refused) => {
                let why = self.state.why.clone().unwrap_or_default();
                Ending { withheld: Some(withheld), ..Ending::of(Outcome::Refused, why) }
            }
            fit => Ending::fitting(fit, Outcome::Unchanged),
        };
        Ending {
            written: Some(Written { at, ..found }),
            before: Some(known.document.clone()),
            after: Some(plan.document),
            is_certain: known.just_written,
            ..ending
        }
    }

    /// Notes that a write is under way, which is also the last look at the lease and at what is wanted.
    async fn mark(&self) -> Result<Noted, Stop> {
        self.run.keep().await?;
        let Some(live) = &self.run.live else { return Ok(Noted::Lost) };
        let (table, state) = (&self.run.reconciler.table, self.state);
        if !self.has_row {
            let is_ours = live.held.renew(table, self.run.reconciler.edge).await?;
            return Ok(if is_ours { Noted::Done } else { Noted::Lost });
        }
        let outcome = RoleOutcome {
            wanted: state.wanted,
            account_wanted: self.run.state.wanted(),
            is_applied: false,
            // What was told of the role stays, so that it is not told again.
            outcome: state.outcome.clone().unwrap_or_else(|| BEGUN.to_owned()),
            why: state.why.clone(),
            failures: state.failures,
            // Due at once, if this is the last that is heard of the attempt.
            next: Some(self.now),
            written: Some(Written {
                digest: UNDER_WAY,
                at: Some(self.run.now()),
                ..state.written.clone().unwrap_or_default()
            }),
        };
        Ok(table.mark_role(&live.held.lease, &state.role, &outcome).await?)
    }

    /// Writes the plan's document, or what can be written of it.
    async fn write(&mut self, known: &Known, judgement: Judgement) -> Result<Landed, IamError> {
        let plan = judgement.plan;
        let whole = Landed { document: plan.document, codes: plan.codes, fit: plan.fit, why: None, is_mended: false };
        let Err(error) = self.put(&whole.document).await else { return Ok(whole) };
        let lesser = match &error {
            IamError::LimitExceeded { cause, .. } => self.shorter(known, &whole, cause),
            IamError::Malformed { cause, .. } if cause.to_ascii_lowercase().contains("principal") => living(whole),
            _ => None,
        };
        let Some(lesser) = lesser else { return Err(error) };
        self.put(&lesser.document).await.map(|()| lesser)
    }

    async fn put(&mut self, document: &Document) -> Result<(), IamError> {
        self.calls += 1;
        let (run, name, document) = (self.run, self.state.role.name(), document.render());
        // Behind the mark there is so much left of the lease, and more.
        let patience = run.reconciler.settings.lease / 3;
        let write = run.iam().set_trust_policy(&run.account, name, &document);
        timeout(patience, write).await.unwrap_or_else(|_| {
            let (account, cause) = (run.account.id.to_string(), format!("no answer within {} s", patience.as_secs()));
            Err(IamError::Unavailable { operation: "UpdateAssumeRolePolicy", account, cause })
        })
    }

    /// What takes away all that is withdrawn and adds nothing.
    fn shorter(&self, known: &Known, refused: &Landed, cause: &str) -> Option<Landed> {
        let codes = self.state.written.as_ref().map(|written| written.codes.clone()).unwrap_or_default();
        let plan = Plan::withdraw_only(&known.document, &self.desired, &codes);
        let is_shorter = plan.document.length() < refused.document.length();
        is_shorter.then(|| Landed {
            document: plan.document,
            codes: plan.codes,
            fit: plan.fit,
            why: Some(format!("the account's quota is shorter than the setting says: {cause}")),
            is_mended: false,
        })
    }

    async fn landed(&self, known: &Known, landed: Landed, drifted: bool) -> Result<Ending, Stop> {
        let was_under_way = self.state.written.as_ref().is_some_and(|written| written.digest == UNDER_WAY);
        let ending = Ending::fitting(landed.fit, Outcome::Written);
        let why = ending.why.or(landed.why).or(drifted.then(|| self.drift().to_owned()));
        if let Some(why) = why.as_ref().filter(|_| landed.is_mended) {
            let _ = self.run.tell(&alerts::dangling(&self.state.role, why, self.state.wanted)).await;
        }
        Ok(Ending {
            written: Some(written(&landed.document, &landed.codes, Some(self.run.now()))),
            before: Some(known.document.clone()),
            after: Some(landed.document),
            // The write that was under way may arrive behind this one.
            unsettled: was_under_way && !known.just_written,
            is_certain: true,
            why,
            ..ending
        })
    }

    fn failed(&self, error: &IamError, known: Option<&Known>) -> Ending {
        let outcome = match error {
            IamError::NotFound { .. } => return self.missing(error.to_string()),
            IamError::Denied { .. } => Outcome::Denied,
            IamError::Throttled { .. } | IamError::Conflict { .. } | IamError::Unavailable { .. } => {
                Outcome::Unavailable
            }
            IamError::LimitExceeded { .. } => Outcome::TooLong,
            // No document was refused yet.
            IamError::Malformed { .. } | IamError::Refused { .. } if known.is_none() => Outcome::Unavailable,
            IamError::Malformed { .. } | IamError::Refused { .. } => Outcome::Refused,
        };
        // What was surely refused is not under way: what was written or found before is there still.
        let before = known
            .filter(|_| !error.passes())
            .map(|known| self.state.written.clone().unwrap_or_else(|| written(&known.document, &Codes::new(), None)));
        Ending {
            before: known.map(|known| known.document.clone()),
            written: before,
            ..Ending::of(outcome, error.to_string())
        }
    }

    fn drift(&self) -> &'static str {
        if self.has_row { CHANGED } else { ORPHAN }
    }

    async fn tell_drift(&self, known: &Known) -> bool {
        self.run.tell(&alerts::drift(&self.state.role, self.drift(), &known.document.digest())).await
    }

    /// Tells, notes and reports how the attempt ended.
    async fn end(self, ending: Ending) -> Result<Round, Stop> {
        let state = self.state;
        let outcome = ending.outcome.unwrap_or(Outcome::Unavailable);
        let is_good = outcome.is_applied() || outcome == Outcome::WouldWrite;
        let failures = if is_good { 0 } else { state.failures.saturating_add(1) };
        let left_out = self.desired.left_out().iter().map(left_out).reduce(|all, one| format!("{all}; {one}"));
        let why = ending.why.clone().or(left_out);
        let next = self.next(is_good, failures, ending.unsettled);
        let is_told = is_good || self.was(outcome) || {
            let why = why.as_deref().unwrap_or_default();
            self.run.tell(&alerts::role(&state.role, outcome, why, state.wanted, ending.withheld.as_ref())).await
        };
        // What nobody was told of is not noted, so that it is due, and told, again.
        let noted = if is_told { self.note(outcome, why.clone(), failures, next, &ending).await? } else { Noted::Done };
        if noted == Noted::Lost {
            return Ok(Round { noted, known: None });
        }
        let codes = ending.written.map_or_else(|| self.codes_before(), |written| written.codes);
        self.run.report_role(RoleReport {
            role: state.role.clone(),
            outcome,
            why,
            before: ending.before.as_ref().map(Document::render),
            after: ending.after.as_ref().map(Document::render),
            codes,
            drifted: ending.drifted,
            calls: self.calls,
            waited: self.waited(),
            next,
        });
        let certain = ending.after.filter(|_| ending.is_certain);
        let known = certain.map(|document| Known { document, just_written: true, calls: 0 });
        Ok(Round { noted, known })
    }

    async fn note(
        &self,
        outcome: Outcome,
        why: Option<String>,
        failures: u32,
        next: Option<Timestamp>,
        ending: &Ending,
    ) -> Result<Noted, Stop> {
        let Some(live) = self.run.live.as_ref().filter(|_| self.has_row) else { return Ok(Noted::Done) };
        let outcome = RoleOutcome {
            wanted: self.state.wanted,
            account_wanted: self.run.state.wanted(),
            is_applied: outcome.is_applied(),
            outcome: outcome.as_str().to_owned(),
            why,
            failures,
            next,
            written: ending.written.clone(),
        };
        Ok(self.run.reconciler.table.note_role(&live.held.lease, &self.state.role, &outcome).await?)
    }

    /// When the role is due by itself: when a grant ends, or the next attempt, whichever is first.
    fn next(&self, is_good: bool, failures: u32, unsettled: bool) -> Option<Timestamp> {
        let settings = &self.run.reconciler.settings;
        let retry = (!is_good).then(|| settings.retry_at(self.run.now(), failures));
        let settled = unsettled.then(|| later(self.run.now(), settings.settle + Duration::from_secs(1)));
        [next_expiry(&self.entries, self.now), retry, settled].into_iter().flatten().min()
    }

    fn codes_before(&self) -> Codes {
        self.state.written.as_ref().map(|written| written.codes.clone()).unwrap_or_default()
    }

    fn waited(&self) -> Option<Duration> {
        let account = &self.run.state;
        let of_account = account.row.as_ref().and_then(|row| row.since);
        let of_account = of_account.filter(|_| account.wanted() > self.state.applied_account);
        let since = [self.state.since, of_account].into_iter().flatten().min()?;
        let waited = self.run.now().seconds().saturating_sub(since.seconds());
        Some(Duration::from_secs(u64::try_from(waited).unwrap_or_default()))
    }
}

impl Ending {
    fn of(outcome: Outcome, why: String) -> Self {
        Self { outcome: Some(outcome), why: Some(why), ..Self::default() }
    }

    /// A document that is there, or is written, with all that is granted, or with what fits.
    fn fitting(fit: Fit, whole: Outcome) -> Self {
        match fit {
            Fit::Whole => Self { outcome: Some(whole), ..Self::default() },
            Fit::TooLong { length, withheld, lost } => {
                let count = |codes: &Codes| codes.values().map(BTreeSet::len).sum::<usize>();
                let why = format!(
                    "with all that is granted it would have {length} characters, which is more than the quota: what \
                     is withdrawn is out, and {} codes that are granted are not in, {} of which were before",
                    count(&withheld),
                    count(&lost)
                );
                Self { withheld: Some(withheld), ..Self::of(Outcome::TooLong, why) }
            }
        }
    }
}

fn would_write(known: &Known, judgement: Judgement, drifted: bool) -> Ending {
    let plan = judgement.plan;
    Ending {
        before: Some(known.document.clone()),
        written: Some(written(&plan.document, &plan.codes, None)),
        after: Some(plan.document),
        drifted,
        ..Ending::fitting(plan.fit, Outcome::WouldWrite)
    }
}

/// The document without principals that are deleted.
fn living(refused: Landed) -> Option<Landed> {
    let (document, gone) = refused.document.without_dangling()?;
    let why =
        format!("IAM refuses the deleted principals {}, which were taken out of statements of others", gone.join(", "));
    Some(Landed { document, why: Some(why), is_mended: true, ..refused })
}

fn left_out(left: &LeftOut) -> String {
    match left {
        LeftOut::OtherWidth(code) => format!("code `{code}` has not the table's width"),
        LeftOut::SharedGate(app, other) => {
            format!("app `{app}` is not let in, since app `{other}` has the same gate and could not be told apart")
        }
        LeftOut::NoGate(app) => format!("app `{app}` is not let in, since it has no gate"),
        LeftOut::Unnamed(app) => format!("app `{app}` is not let in, since its identity pool cannot be named here"),
    }
}
