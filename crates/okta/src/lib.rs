#![doc = include_str!("../README.md")]

pub mod auth;
pub mod request;
pub mod response;
pub mod saml;
pub mod token;

pub use signet_json as json;
pub use signet_json::pointer;

mod attribute;
mod profile;
mod reserved;
