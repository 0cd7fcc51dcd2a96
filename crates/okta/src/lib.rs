#![doc = include_str!("../README.md")]

pub mod auth;
pub mod pointer;
pub mod request;
pub mod response;
pub mod saml;

pub use signet_json as json;

mod attribute;
mod place;
