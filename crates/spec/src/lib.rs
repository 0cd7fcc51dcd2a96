//! What Signet decides, said a second time, so plainly that it can be checked by reading.
//!
//! `signet-core` decides sign-ins. This crate decides them again, from the rules alone: strings
//! and sorted maps, no cleverness, no thought for speed, and none of core's code. The tests of
//! this crate hold core against it on more than 100,000 random sign-ins of all protocols, hostile ones
//! among them. Where the two differ, one of them is wrong; read the rule quoted beside the code here
//! to find out which. The trust policies that core writes are judged in the same way, on some
//! 29,000 roles and their documents (`tests/trust`).
//!
//! In one thing the two need not agree to the letter: how long a token gets. Its issuer writes it, so core
//! can only estimate. This crate says what must be counted at least and may be counted at most
//! ([`token::length`]), and core's estimate must lie between.
//!
//! | Module | Says |
//! |---|---|
//! | [`input`] | what a sign-in is made of |
//! | [`outcome`] | what it gets, and why |
//! | [`code`] | the code that the hash proposes for a group |
//! | [`value`] | which identities and tag values are fit |
//! | [`decision`] | which groups count, what they open, which codes are emitted, what is denied |
//! | [`rendering`] | the decision in the form of a protocol, and what each form's limits deny |
//! | [`saml`] | the decision as SAML attributes, and how long the assertion gets |
//! | [`token`] | the decision as claims of tokens, nested and flat, and how long the token gets |
//! | [`trust`] | whom a trust policy lets in, by AWS's documentation, and whom the grants do |
//!
//! # When a property test fails
//! The test prints the smallest case it found, and writes its seed to
//! `proptest-regressions/<test>.txt` in this crate, from where every later run replays it first;
//! commit that file with the fix. A seed means something only as long as the generators in
//! `tests/core` stay as they are, so a case worth keeping for good also becomes a named scenario
//! in core's own tests.

pub mod code;
pub mod decision;
pub mod input;
pub mod outcome;
pub mod rendering;
pub mod saml;
pub mod token;
pub mod trust;
pub mod value;
