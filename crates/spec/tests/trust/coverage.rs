//! What the cases of a run really reached. A class that a generator never reaches is a test that is not
//! there.

use std::cell::RefCell;
use std::collections::BTreeMap;

/// How many cases reached each class.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    reached: RefCell<BTreeMap<String, u64>>,
}

impl Coverage {
    pub(crate) fn add(&self, class: impl Into<String>) {
        *self.reached.borrow_mut().entry(class.into()).or_default() += 1;
    }

    /// Fails unless every class was reached some times.
    pub(crate) fn assert_reached(&self, times: u64, classes: &[&str]) {
        let reached = self.reached.borrow();
        println!("{reached:#?}");
        let missed: Vec<_> = classes.iter().filter(|class| reached.get(**class).is_none_or(|n| *n < times)).collect();
        assert!(missed.is_empty(), "fewer than {times} cases reached {missed:?}; these were reached: {reached:#?}");
    }
}
