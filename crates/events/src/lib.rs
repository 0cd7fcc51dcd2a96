//! The event contract: what producers send, how it arrives, what Signet sends out.
//!
//! Pure: no AWS, no clock, no async, no input or output. A message is bytes, and a moment is a
//! parameter.
//!
//! | Module | Holds |
//! |---|---|
//! | [`sns`] | SNS's envelope as SQS delivers it: the topic, which names the producer |
//! | [`event`] | an event, CloudEvents 1.0 in JSON, with all its problems listed |
//! | [`dataset`] | `signet.dataset.changed.v1`: all grants of a dataset |
//! | [`provider`] | `signet.provider.changed.v1`: the identity provider of an app |
//! | [`metadata`] | the SAML metadata in it: entity id and signing certificates |
//! | [`alert`] | `signet.alert.v1`: what Signet tells people |
//! | [`state`] | what both kinds of change say: whether the subject is there, at which revision
//! | [`problem`] | what is wrong with an event, and where |
//! | [`schema`] | the JSON Schemas of all three |
//!
//! ```
//! use signet_events::event::{Change, Event};
//!
//! let event = Event::parse(br#"{
//!     "specversion": "1.0",
//!     "id": "c1b5ad35-6f34-4ad0-8a5c-1f2d0e4f7d11",
//!     "source": "https://data.example.com/catalog",
//!     "type": "signet.dataset.changed.v1",
//!     "subject": "clinical-trials",
//!     "time": "2026-07-01T09:30:00Z",
//!     "data": {
//!         "dataset": "clinical-trials",
//!         "revision": 7,
//!         "state": "active",
//!         "grants": [
//!             { "role": "arn:aws:iam::111122223333:role/data/clinical-reader", "groups": ["Clinical Readers"] }
//!         ]
//!     }
//! }"#)?;
//! assert_eq!(event.subject, "clinical-trials");
//! assert!(matches!(event.change, Change::Dataset(dataset) if dataset.grants.len() == 1));
//! # Ok::<(), signet_events::event::EventError>(())
//! ```

pub mod alert;
pub mod dataset;
pub mod event;
mod fields;
pub mod metadata;
pub mod problem;
pub mod provider;
pub mod schema;
pub mod sns;
pub mod state;
mod time;
mod wire;
