//! The `signet` command: fill, read and explain the entitlement table.
//!
//! | Module | Holds |
//! |---|---|
//! | [`args`] | the command line: commands, options, exit codes |
//! | [`commands`] | what each command does |
//! | [`console`] | where results and messages go, and who answers questions |
//! | [`export`] | a statement as an entitlement file |
//! | [`failure`] | what can go wrong, and the exit code it gives |
//! | [`mod@file`] | an entitlement file as a statement, with every mistake located |
//! | [`doctor`] | what is not as it should be in a deployment, and what to do |
//! | [`trace`] | from role sessions back to the decisions that they come from |
//! | [`render`] | plans, collisions, explanations, history, producers, trust policies, maps of principal tags and findings, for people and for programs |
//!
//! Everything but [`commands`] is a function of its arguments. The clock and the terminal are
//! `main`'s.

pub mod args;
pub mod commands;
mod connect;
pub mod console;
pub mod doctor;
pub mod export;
pub mod failure;
pub mod file;
mod random;
pub mod render;
mod text;
mod time;
pub mod trace;
