//! Plans, collisions, explanations, history and producers, for people and for programs.

pub mod collision;
pub mod explain;
pub mod history;
pub mod plan;
pub mod producer;
