//! Plans and explanations, for people and for programs.

pub mod explain;
pub mod plan;
