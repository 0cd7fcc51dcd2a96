//! The steps of a record, from the envelope to the answer.

use std::cell::{Cell, RefCell};
use std::time::Instant;

use ::metrics::Unit;
use signet_core::app::AppId;
use signet_core::grant::SourceId;
use signet_core::producer::TopicArn;
use signet_events::alert::Origin;
use signet_events::dataset::DatasetChanged;
use signet_events::event::{Change, Event};
use signet_events::provider::ProviderChanged;
use signet_store::Table;
use signet_store::apply::{Applied, AppliedProvider, ApplyError, Collision, Done, Revision};
use signet_sync::alerts::AlertTopic;
use signet_sync::batch::{Batch, Response};
use signet_sync::clients::{self, SdkConfig};
use signet_sync::lanes;
use signet_sync::limit::limit;
use signet_sync::serve::{Call, Edge, Handler};

use crate::config::Config;
use crate::delivery::Delivery;
use crate::metrics;
use crate::refusal::{Fault, Stop};
use crate::report::{self, Conclusion, Effect, Outcome};
use crate::stated;
use crate::tell::{self, Telling};

/// How many subjects of a batch are handled side by side: enough that one slow application does not
/// hold up a batch, few enough that a batch is no burst for the table.
const AT_ONCE: usize = 4;

/// How many collisions are told before that is noted.
const MARKED_AT_ONCE: usize = 25;

/// The consumer of events. Of the table it needs `dynamodb:BatchGetItem`, `Query`, `PutItem`,
/// `UpdateItem`, `DeleteItem` and `ConditionCheckItem` (transactions need the permissions of what they
/// do), of its index `Query`, of the alert topic `sns:Publish`.
#[derive(Debug)]
pub struct EntitlementSync {
    table: Table,
    alerts: AlertTopic,
    edge: Edge,
}

impl EntitlementSync {
    /// A consumer that brings a table to what events say, and tells people by way of a topic.
    #[must_use]
    pub fn new(table: Table, alerts: AlertTopic, edge: Edge) -> Self {
        Self { table, alerts, edge }
    }

    /// The consumer that a configuration describes.
    #[must_use]
    pub fn of_config(config: Config, settings: &SdkConfig, edge: Edge) -> Self {
        let table = clients::table(settings, &config.table);
        Self::new(table, AlertTopic::new(clients::sns(settings), config.alerts), edge)
    }

    /// Handles one record to its end.
    async fn conclude(&self, call: &Call, delivery: &Delivery) -> Conclusion {
        let taken = limit(call.until, Box::pin(self.take(delivery))).await;
        let taken = taken.unwrap_or_else(|cut| Err(Stop::Failed(cut.into())));
        match taken {
            Ok(taken) => self.tell(call, delivery, taken).await,
            Err(Stop::Failed(fault)) => Conclusion::new(Outcome::Failed).failed(fault),
            Err(Stop::Refused(refusal)) => {
                let told = limit(call.until, self.publish(call, &tell::refused(&refusal, delivery))).await;
                let told = told.unwrap_or_else(|cut| Err(cut.into()));
                let refused = Conclusion { refusal: Some(refusal), ..Conclusion::new(Outcome::Refused) };
                match told {
                    Ok(()) => refused,
                    Err(fault) => refused.failed(fault),
                }
            }
        }
    }

    /// Brings the table to what a message says, if it may say so.
    async fn take(&self, delivery: &Delivery) -> Result<Taken, Stop> {
        let notification = match &delivery.notification {
            Ok(notification) => notification,
            Err(why) => return Err(Stop::Refused(why.clone().into())),
        };
        let topic = &notification.topic;
        let event = match Event::parse(notification.message.as_bytes()) {
            Ok(event) => event,
            // What a stranger says wrongly is first of all what a stranger says.
            Err(_) if self.table.producer(topic).await?.is_none() => {
                return Err(ApplyError::UnknownTopic(topic.clone()).into());
            }
            Err(why) => return Err(why.into()),
        };
        match &event.change {
            Change::Dataset(dataset) => self.take_dataset(topic, dataset, &event).await,
            Change::Provider(provider) => self.take_provider(topic, provider, &event, delivery).await,
        }
    }

    async fn take_dataset(&self, topic: &TopicArn, dataset: &DatasetChanged, event: &Event) -> Result<Taken, Stop> {
        let (revision, statement) = (Revision::Exactly(dataset.revision), stated::statement(dataset));
        let provenance = stated::provenance(event, self.now_ms());
        let Done { applied, unannounced } =
            self.table.apply_from(topic, &dataset.dataset, revision, &statement, &provenance).await?;
        let mut conclusion = match applied {
            Applied::Changed(plan) => Conclusion {
                effect: Some(Effect::of(&plan)),
                crowded: plan.crowded,
                ..Conclusion::new(Outcome::Applied)
            },
            Applied::Unchanged => unchanged(),
            Applied::Repeated => Conclusion::new(Outcome::Repeated),
            Applied::Superseded { by } => superseded(by),
        };
        self.measure(&mut conclusion, event);
        let collisions = Some((dataset.dataset.clone(), unannounced)).filter(|(_, list)| !list.is_empty());
        Ok(Taken { conclusion, collisions, metadata: None })
    }

    async fn take_provider(
        &self,
        topic: &TopicArn,
        provider: &ProviderChanged,
        event: &Event,
        delivery: &Delivery,
    ) -> Result<Taken, Stop> {
        let provenance = stated::provenance(event, self.now_ms());
        let stated = stated::provider(provider);
        let applied = self.table.apply_provider_from(topic, &stated, provider.revision, &provenance).await?;
        let (mut conclusion, changed) = match applied {
            AppliedProvider::Changed { metadata_changed } => {
                let effect = Some(Effect::default());
                (Conclusion { effect, ..Conclusion::new(Outcome::Applied) }, metadata_changed)
            }
            AppliedProvider::Unchanged => (unchanged(), None),
            AppliedProvider::Repeated => (Conclusion::new(Outcome::Repeated), None),
            AppliedProvider::Superseded { by } => (superseded(by), None),
        };
        self.measure(&mut conclusion, event);
        let metadata = changed.map(|change| Metadata {
            telling: tell::metadata(provider, &change, event, delivery),
            app: provider.app.clone(),
            revision: provider.revision,
        });
        Ok(Taken { conclusion, collisions: None, metadata })
    }

    /// Notes what an event's own time and its warnings tell.
    fn measure(&self, conclusion: &mut Conclusion, event: &Event) {
        conclusion.warnings = event.warnings.len();
        if conclusion.effect.is_some() {
            conclusion.lag_ms = Some(self.now_ms().saturating_sub(event.time.as_millisecond()));
        }
    }

    /// Tells people what an applied event brought up. What cannot be told fails the record: it is told
    /// when it comes again.
    async fn tell(&self, call: &Call, delivery: &Delivery, taken: Taken) -> Conclusion {
        let Taken { mut conclusion, collisions, metadata } = taken;
        let told = Cell::new(0);
        let work = Box::pin(async {
            if let Some((source, list)) = &collisions {
                self.tell_collisions(call, delivery, source, list, &told).await?;
            }
            if let Some(Metadata { telling, app, revision }) = &metadata {
                self.publish(call, telling).await?;
                self.table.provider_announced(app, *revision).await.map_err(Fault::Mark)?;
            }
            Ok(())
        });
        let ended = if collisions.is_none() && metadata.is_none() {
            Ok(())
        } else {
            limit(call.until, work).await.unwrap_or_else(|cut| Err(cut.into()))
        };
        conclusion.collisions = told.get();
        match ended {
            Ok(()) => conclusion,
            Err(fault) => conclusion.failed(fault),
        }
    }

    /// Publishes an alert for each collision, and marks those as told that were, whatever became of the
    /// others.
    async fn tell_collisions(
        &self,
        call: &Call,
        delivery: &Delivery,
        source: &SourceId,
        collisions: &[Collision],
        told: &Cell<usize>,
    ) -> Result<(), Fault> {
        // Some at a time, so that a record that runs out of time has got further when it comes again.
        for some in collisions.chunks(MARKED_AT_ONCE) {
            let mut ended = Ok(());
            let mut count = 0;
            for collision in some {
                ended = self.publish(call, &tell::collision(collision, source, delivery)).await;
                if ended.is_err() {
                    break;
                }
                count += 1;
                told.set(told.get() + 1);
            }
            if let Some(some) = some.get(..count).filter(|some| !some.is_empty()) {
                self.table.announced(source, some).await.map_err(Fault::Mark)?;
            }
            ended?;
        }
        Ok(())
    }

    async fn publish(&self, call: &Call, telling: &Telling) -> Result<(), Fault> {
        let Telling { alert, id, subject } = telling;
        let source = if call.function.is_empty() { "entitlement-sync" } else { &call.function };
        let origin = Origin { id, source, subject, time: tell::moment(self.now_ms()) };
        Ok(self.alerts.publish(alert, &origin).await?)
    }

    fn now_ms(&self) -> i64 {
        (self.edge.now_ms)()
    }
}

impl Handler for EntitlementSync {
    type Payload = Batch;
    type Answer = Response;
    const NUMBERS: &'static [(&'static str, Unit)] = metrics::NUMBERS;

    async fn handle(&self, call: &Call, batch: Batch) -> Response {
        let lanes = lanes::by_subject(batch.records.into_iter().map(Delivery::of), Delivery::place);
        let failed = RefCell::new(Vec::new());
        lanes::run(lanes, AT_ONCE, async |delivery: Delivery| {
            let began = Instant::now();
            let conclusion = self.conclude(call, &delivery).await;
            report::write(&self.edge.log, self.now_ms(), call, &delivery, &conclusion, began.elapsed());
            metrics::count(&conclusion);
            if conclusion.outcome == Outcome::Failed {
                failed.borrow_mut().push(delivery.message_id);
            }
        })
        .await;
        Response::failing(failed.into_inner())
    }
}

/// A record whose event the table has, and what people have to be told of it.
struct Taken {
    conclusion: Conclusion,
    collisions: Option<(SourceId, Vec<Collision>)>,
    metadata: Option<Metadata>,
}

/// SAML metadata that changed, and of which nobody was told yet.
struct Metadata {
    telling: Telling,
    app: AppId,
    revision: u64,
}

/// The revision is noted, and that is all that was written.
fn unchanged() -> Conclusion {
    Conclusion { effect: Some(Effect::default()), ..Conclusion::new(Outcome::Unchanged) }
}

fn superseded(by: u64) -> Conclusion {
    Conclusion { superseded_by: Some(by), ..Conclusion::new(Outcome::Superseded) }
}
