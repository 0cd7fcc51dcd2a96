//! Random numbers from a seed, and workers that go on one request at a time.
//!
//! A worker gives way once before each request is carried out and nowhere else, so a worker that is
//! polled no more is one whose request is on its way, and may arrive much later.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

/// A small generator (SplitMix64): the same numbers from the same seed, everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    pub fn in_100(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn choose<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    pub fn shuffle<T>(&mut self, of: &mut [T]) {
        for place in (1..of.len()).rev() {
            of.swap(place, self.below(place + 1));
        }
    }
}

/// Something under way that can be stopped anywhere.
pub struct Paused<T>(Pin<Box<dyn Future<Output = T>>>);

impl<T> Paused<T> {
    pub fn new(work: impl Future<Output = T> + 'static) -> Self {
        Self(Box::pin(work))
    }

    /// Goes on until it gives way the next time; its result if it ended.
    pub async fn step(&mut self) -> Option<T> {
        let polled = std::future::poll_fn(|context| Poll::Ready(self.0.as_mut().poll(context))).await;
        // Lets timers and other parts of the runtime go on too.
        tokio::task::yield_now().await;
        match polled {
            Poll::Ready(result) => Some(result),
            Poll::Pending => None,
        }
    }

    /// Goes on until a condition holds or it ends.
    pub async fn until(&mut self, holds: impl Fn() -> bool) -> Option<T> {
        while !holds() {
            if let Some(result) = self.step().await {
                return Some(result);
            }
        }
        None
    }

    pub async fn finish(self) -> T {
        self.0.await
    }
}
