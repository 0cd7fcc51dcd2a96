//! Plans, collisions, explanations, history, producers, trust policies, maps of principal tags, sessions, checks and findings,
//! for people and for programs.

pub mod audit;
pub mod collision;
pub mod doctor;
pub mod explain;
pub mod history;
pub mod identity_pool;
pub mod plan;
pub mod producer;
pub mod trace;
pub mod trust;
