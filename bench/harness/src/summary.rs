//! Median, p99, extremes.

use std::time::Duration;

/// What many durations come to. Quantiles are the nearest rank: durations that were measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Summary {
    /// The shortest.
    pub(crate) min: Duration,
    /// Half are no longer.
    pub(crate) median: Duration,
    /// 99 of 100 are no longer.
    pub(crate) p99: Duration,
    /// The longest.
    pub(crate) max: Duration,
}

impl Summary {
    /// The summary of durations; none of none.
    pub(crate) fn of(durations: &[Duration]) -> Option<Self> {
        let mut sorted = durations.to_vec();
        sorted.sort_unstable();
        let at = |percent: usize| sorted.get((sorted.len() * percent).div_ceil(100).max(1) - 1).copied();
        Some(Self { min: at(0)?, median: at(50)?, p99: at(99)?, max: at(100)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_the_nearest_rank() {
        let ms = Duration::from_millis;
        assert_eq!(Summary::of(&[]), None);
        let one = Summary::of(&[ms(7)]).unwrap();
        assert_eq!((one.min, one.median, one.p99, one.max), (ms(7), ms(7), ms(7), ms(7)));
        let many: Vec<Duration> = (1..=300).rev().map(ms).collect();
        let many = Summary::of(&many).unwrap();
        assert_eq!((many.min, many.median, many.p99, many.max), (ms(1), ms(150), ms(297), ms(300)));
    }
}
