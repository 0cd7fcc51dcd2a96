//! Sets that cannot be empty.

use std::collections::BTreeSet;

/// A set with at least one item.
///
/// In a condition, an empty list is either refused by IAM or matches what nobody expects, so no
/// list of ours can be empty: what is written into a policy is of this type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NonEmpty<T: Ord>(
    // INVARIANT: not empty.
    BTreeSet<T>,
);

impl<T: Ord> NonEmpty<T> {
    /// Takes a set, unless it is empty.
    #[must_use]
    pub fn new(items: BTreeSet<T>) -> Option<Self> {
        if items.is_empty() { None } else { Some(Self(items)) }
    }

    /// A set of one item.
    #[must_use]
    pub fn of(item: T) -> Self {
        Self(BTreeSet::from([item]))
    }

    /// The items.
    #[must_use]
    pub fn as_set(&self) -> &BTreeSet<T> {
        &self.0
    }

    /// The items in their order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }

    /// The set of what the items become.
    #[must_use]
    pub fn map<U: Ord>(&self, item: impl FnMut(&T) -> U) -> NonEmpty<U> {
        NonEmpty(self.0.iter().map(item).collect())
    }

    /// Whether the two have an item in common.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        !self.0.is_disjoint(&other.0)
    }

    /// Adds another set's items.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_set_is_none() {
        assert_eq!(NonEmpty::<u8>::new(BTreeSet::new()), None);
        let mut one = NonEmpty::of(1);
        assert!(!one.meets(&NonEmpty::of(2)));
        one.extend(NonEmpty::of(2));
        assert!(one.meets(&NonEmpty::of(2)));
        assert_eq!(one.iter().count(), 2);
    }
}
