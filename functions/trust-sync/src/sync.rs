//! The handler.

use std::sync::{Mutex, PoisonError};

use ::metrics::Unit;
use serde::Serialize;
use signet_core::grant::Timestamp;
use signet_iam::Iam;
use signet_iam::aws::{Aws, OwnRoleError, own_role};
use signet_iam::pace::Paced;
use signet_reconcile::{Reconciler, account};
use signet_store::Table;
use signet_sync::alerts::AlertTopic;
use signet_sync::batch::Response;
use signet_sync::clients::{self, SdkConfig};
use signet_sync::serve::{Call, Edge, Handler, system_time_ms};
use tokio::sync::OnceCell;

use crate::config::Config;
use crate::payload::Payload;
use crate::queue::AccountQueue;
use crate::schedule::Summary;
use crate::worker::Patience;
use crate::{metrics, random};

/// The function. Of the table it needs `dynamodb:BatchGetItem`, `Query` (on its index as well),
/// `UpdateItem` and `ConditionCheckItem`, of the queue `sqs:SendMessage`, of the alert topic
/// `sns:Publish`, and `sts:AssumeRole` on the member role of each account.
#[derive(Debug)]
pub struct TrustSync<I> {
    pub(crate) table: Table,
    pub(crate) queue: AccountQueue,
    pub(crate) alerts: AlertTopic,
    pub(crate) edge: Edge,
    pub(crate) dry_run: bool,
    pub(crate) patience: Patience,
    sts: aws_sdk_sts::Client,
    /// What is to become [`TrustSync::ready`] once the own role is known.
    waiting: Mutex<Option<Reconciler<I>>>,
    ready: OnceCell<Reconciler<I>>,
}

/// What a function is put together from.
#[derive(Debug)]
pub struct Parts<I> {
    /// What works on accounts; its guard rails lack the function's own role.
    pub reconciler: Reconciler<I>,
    /// The queue of accounts.
    pub queue: AccountQueue,
    /// Where alerts go.
    pub alerts: AlertTopic,
    /// By which the function learns its own role.
    pub sts: aws_sdk_sts::Client,
    /// Whether nothing is written.
    pub dry_run: bool,
    /// How long a batch waits for one of its accounts.
    pub patience: Patience,
    /// The world outside.
    pub edge: Edge,
}

impl TrustSync<Paced<Aws>> {
    /// The function that a configuration describes.
    #[must_use]
    pub fn of_config(config: Config, settings: &SdkConfig, edge: Edge) -> Self {
        let Config { table, queue, alerts, entry, rates, settings: rules, dry_run } = config;
        Self::new(Parts {
            reconciler: Reconciler {
                table: clients::table(settings, &table),
                iam: Paced::new(Aws::new(settings, entry), rates, random::fraction),
                settings: rules,
                edge: account::Edge { now: || moment(system_time_ms()), token: random::token },
            },
            queue: AccountQueue::new(aws_sdk_sqs::Client::new(settings), queue),
            alerts: AlertTopic::new(clients::sns(settings), alerts),
            sts: aws_sdk_sts::Client::new(settings),
            dry_run,
            patience: Patience::default(),
            edge,
        })
    }
}

impl<I: Iam> TrustSync<I> {
    /// The function of these parts.
    #[must_use]
    pub fn new(parts: Parts<I>) -> Self {
        let Parts { reconciler, queue, alerts, sts, dry_run, patience, edge } = parts;
        Self {
            table: reconciler.table.clone(),
            queue,
            alerts,
            edge,
            dry_run,
            patience,
            sts,
            waiting: Mutex::new(Some(reconciler)),
            ready: OnceCell::new(),
        }
    }

    /// What works on accounts, once the own role is known: it is asked for at the first batch, and again at
    /// the next one if that failed.
    pub(crate) async fn reconciler(&self) -> Result<&Reconciler<I>, OwnRoleError> {
        let ready = self.ready.get_or_try_init(async || {
            let role = own_role(&self.sts).await?;
            let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
            // INVARIANT: it is taken where nothing can fail any more.
            let mut reconciler = waiting.ok_or_else(|| OwnRoleError::Call("it was asked for twice".to_owned()))?;
            if let Some(name) = role {
                reconciler.settings.bounds.never.insert(name);
            }
            Ok(reconciler)
        });
        ready.await
    }

    pub(crate) fn now(&self) -> Timestamp {
        moment((self.edge.now_ms)())
    }
}

/// A moment in milliseconds since 1970, in whole seconds.
fn moment(ms: i64) -> Timestamp {
    Timestamp::from_seconds(ms.div_euclid(1_000))
}

/// What the function answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To a batch: what comes again.
    Batch(Response),
    /// To the schedule.
    Task(Summary),
    /// Why a task of the schedule failed: the invocation does, too.
    Failed(String),
}

impl<I: Iam> Handler for TrustSync<I> {
    type Payload = Payload;
    type Answer = Answer;
    const NUMBERS: &'static [(&'static str, Unit)] = metrics::NUMBERS;

    async fn handle(&self, call: &Call, payload: Payload) -> Answer {
        // Boxed, since the compiler follows a future of futures only so deep.
        match payload {
            Payload::Stream(records) => Answer::Batch(Box::pin(self.take_stream(call, records)).await),
            Payload::Queue(messages) => Answer::Batch(Box::pin(self.take_queue(call, messages)).await),
            Payload::Schedule(task) => {
                Box::pin(self.take_task(call, task)).await.map_or_else(Answer::Failed, Answer::Task)
            }
        }
    }

    fn failure(answer: &Answer) -> Option<String> {
        match answer {
            Answer::Failed(why) => Some(why.clone()),
            Answer::Batch(_) | Answer::Task(_) => None,
        }
    }
}
