//! The order in which the records of a batch are handled.

use std::collections::BTreeMap;

use futures_util::StreamExt;

/// Puts jobs into lanes: those of one subject into one lane, by their rank, and where that is the same
/// in the order in which they came; each job without a subject into a lane of its own.
pub fn by_subject<J, S: Ord, R: Ord>(
    jobs: impl IntoIterator<Item = J>,
    place: impl Fn(&J) -> Option<(S, R)>,
) -> Vec<Vec<J>> {
    let mut lanes: BTreeMap<S, Vec<(R, J)>> = BTreeMap::new();
    let mut alone = Vec::new();
    for job in jobs {
        match place(&job) {
            Some((subject, rank)) => lanes.entry(subject).or_default().push((rank, job)),
            None => alone.push(vec![job]),
        }
    }
    let sorted = lanes.into_values().map(|mut lane| {
        lane.sort_by(|(a, _), (b, _)| a.cmp(b));
        lane.into_iter().map(|(_, job)| job).collect()
    });
    sorted.chain(alone).collect()
}

/// Works lanes off: at most `at_once` side by side, the jobs of one lane one after the other.
pub async fn run<J>(lanes: Vec<Vec<J>>, at_once: usize, work: impl AsyncFn(J)) {
    let work = &work;
    let lane = |jobs: Vec<J>| async move {
        for job in jobs {
            work(job).await;
        }
    };
    futures_util::stream::iter(lanes).for_each_concurrent(at_once, lane).await;
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    #[test]
    fn a_lane_is_sorted_and_stable() {
        let jobs = [("b", 2, 'x'), ("a", 1, 'x'), ("b", 1, 'x'), ("b", 2, 'y'), ("", 9, 'x')];
        let lanes = by_subject(jobs, |(subject, rank, _)| (!subject.is_empty()).then_some((*subject, *rank)));
        assert_eq!(lanes, [vec![("a", 1, 'x')], vec![("b", 1, 'x'), ("b", 2, 'x'), ("b", 2, 'y')], vec![("", 9, 'x')]]);
    }

    #[tokio::test]
    async fn lanes_run_side_by_side_and_their_jobs_do_not() {
        let (running, most) = (Cell::new(0), Cell::new(0));
        let done = RefCell::new(Vec::new());
        let lanes = (0..5).map(|lane| vec![(lane, 0), (lane, 1)]).collect();
        run(lanes, 3, async |job| {
            running.set(running.get() + 1);
            most.set(most.get().max(running.get()));
            tokio::task::yield_now().await;
            running.set(running.get() - 1);
            done.borrow_mut().push(job);
        })
        .await;
        assert_eq!(most.get(), 3);
        for lane in 0..5 {
            let of_lane: Vec<_> = done.borrow().iter().filter(|job| job.0 == lane).map(|job| job.1).collect();
            assert_eq!(of_lane, [0, 1]);
        }
    }
}
