//! Changes of data access and of apps reach the entitlement table: the consumer of
//! `signet.dataset.changed.v1` and `signet.provider.changed.v1`.
//!
//! A producer publishes an event to its SNS topic; the topic delivers it, in SNS's envelope, to an SQS
//! queue; Lambda takes batches from the queue to this function. Of each record:
//!
//! 1. **Envelope.** The body must be SNS's envelope. Its `TopicArn` names the producer; whatever the
//!    message inside says of topics counts for nothing.
//! 2. **Event.** All of it is checked, and all that is wrong is found in one go.
//! 3. **Producer.** The table says who publishes through that topic, and what they may say: the type of
//!    event, the dataset, every role, every group, the app. One thing too many refuses the whole event.
//!    It is part of the table's first read for each record, so that a producer who is removed is silent
//!    at once, and so that nothing is told or changed before.
//!    A producer who may speak of a dataset may also withdraw whatever the dataset grants: roles and
//!    groups limit what it adds.
//! 4. **Table.** The dataset's grants, or the app's provider, become what the event says
//!    (`signet_store::apply`): repeatable, and the highest revision wins in any order.
//!    A provider's change that trust policies follow from then raises every account, for `trust-sync`.
//! 5. **People.** Collisions and changed SAML metadata that nobody was told of yet are published as alerts,
//!    each under an id of its own, and then marked as told.
//!
//! | A record ends | when | and then |
//! |---|---|---|
//! | applied, unchanged | the table has what the event says | it is gone from the queue |
//! | repeated, superseded | this revision or a higher one is there already | it is gone from the queue |
//! | refused | it will not get better by itself | an alert is published, then it is gone from the queue; nothing was written |
//! | failed | the table, the alert topic or the time is missing | it comes again, and at last goes to the dead-letter queue |
//!
//! Nothing is refused in silence: while the alert cannot be published, the record fails. An alert of
//! a record has the same id at each delivery, so that one that comes twice can be told from two.
//!
//! Each record of a batch ends for itself. Those about one subject are handled by rising revision, those
//! of different subjects side by side. When Lambda's deadline is near, what is under way is given up and
//! the rest not begun: it comes again, and applying completes what was begun.
//!
//! | Module | Holds |
//! |---|---|
//! | [`config`] | the environment |
//! | [`delivery`] | a record, the envelope, what the message says of itself |
//! | [`sync`] | the steps of a record, from the envelope to the answer |
//! | [`refusal`] | what will not get better by itself, and what may |
//! | [`stated`] | an event in the words of the table |
//! | [`tell`] | the alerts |
//! | [`report`] | what a record leaves behind: its log line |
//! | [`metrics`] | the numbers |

pub mod config;
pub mod delivery;
pub mod metrics;
pub mod refusal;
pub mod report;
pub mod stated;
pub mod sync;
pub mod tell;

pub use config::Config;
pub use sync::EntitlementSync;
