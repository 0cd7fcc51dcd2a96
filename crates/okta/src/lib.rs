#![doc = include_str!("../README.md")]

pub mod auth;
pub mod json;
pub mod pointer;
pub mod request;
pub mod response;
pub mod saml;

mod attribute;
mod place;
