//! Random schedules of workers on one account: requests that arrive late, answers that are lost, leases
//! that run out. At no time two hold the account, and whatever is raised is attended to without the
//! schedule's help.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use signet_local::connector::{Action, Call};
use signet_store::StoreError;
use signet_store::trust::lease::{Leased, Released};
use signet_store::trust::outcome::Noted;

use crate::common::Worker;
use crate::common::scheduler::{Paused, Random};
use crate::{ODD, account, at, attended, held};

/// How many schedules are tried.
const SCHEDULES: u64 = 500;
/// How long a lease is.
const LEASE: i64 = 50;

/// Who holds the account, as the workers see it.
#[derive(Default)]
struct Watch {
    /// By the order of their leases: asked for at, until, and whether it may be held now.
    holders: BTreeMap<usize, (i64, i64, bool)>,
    /// How often what happened.
    busy: usize,
    again: usize,
    lost: usize,
    done: usize,
}

impl Watch {
    /// A later holder asked when every earlier one's lease was over.
    fn check(&self) {
        let held: Vec<_> = self.holders.values().filter(|(.., holds)| *holds).collect();
        for (place, (_, until, _)) in held.iter().enumerate() {
            for (asked, ..) in held.iter().skip(place + 1) {
                assert!(asked >= until, "two hold the account: until {until} and from {asked}");
            }
        }
    }

    fn set(&mut self, holder: usize, asked: i64, until: i64, holds: bool) {
        self.holders.insert(holder, (asked, until, holds));
        self.check();
    }
}

/// The world of one schedule.
#[derive(Clone)]
struct World {
    clock: Rc<Cell<i64>>,
    watch: Rc<RefCell<Watch>>,
    /// How many leases were given.
    given: Rc<Cell<usize>>,
}

/// One message's work: as a reconciler does it, with an account's `applied` for all its roles.
async fn work(worker: Worker, token: String, world: World) -> Result<(), StoreError> {
    let (id, table) = (account(ODD), &worker.table);
    let asked = world.clock.get();
    let until = asked + LEASE;
    let lease = match table.lease(&id, &token, at(asked), at(until)).await? {
        Leased::Held(lease) => lease,
        Leased::Busy { .. } => {
            world.watch.borrow_mut().busy += 1;
            return Ok(());
        }
    };
    let me = world.given.get();
    world.given.set(me + 1);
    let mut until = until;
    world.watch.borrow_mut().set(me, asked, until, true);
    loop {
        let wanted = table.account(&id).await?.wanted();
        let longer = world.clock.get() + LEASE;
        let is_ours = table.renew(&lease, at(longer)).await?;
        if is_ours {
            until = until.max(longer);
            world.watch.borrow_mut().set(me, asked, until, true);
        }
        // What `Raised` says is not heeded: the lease alone must not lose anything.
        if !is_ours || table.note_account(&lease, &attended(wanted)).await? == Noted::Lost {
            let mut watch = world.watch.borrow_mut();
            watch.lost += 1;
            watch.set(me, asked, until, false);
            return Ok(());
        }
        world.watch.borrow_mut().set(me, asked, until, false);
        let ended = table.let_go(&lease).await?;
        let mut watch = world.watch.borrow_mut();
        match ended {
            Released::Again => {
                watch.again += 1;
                watch.set(me, asked, until, true);
            }
            Released::Lost => {
                watch.lost += 1;
                return Ok(());
            }
            Released::Done => {
                watch.done += 1;
                return Ok(());
            }
        }
    }
}

/// Runs one schedule; with `deaths`, workers may be gone for ever.
async fn run(seed: u64, deaths: bool) -> Watch {
    let mut random = Random(seed);
    let direct = Worker::with_table().await;
    let clock = Rc::new(Cell::new(1_000));
    let world = World { clock: Rc::clone(&clock), watch: Rc::default(), given: Rc::default() };
    let mut workers: Vec<Paused<Result<(), StoreError>>> = Vec::new();
    let mut tokens = 0;
    let mut spawn = |seed: u64| {
        let worker = Worker::patient(direct.connector.database());
        worker.connector.set_fault(move |call: &Call<'_>| {
            match Random(seed.wrapping_add(call.index as u64)).below(12) {
                0 => Action::FailAfter,
                1 => Action::FailBefore,
                _ => Action::Pass,
            }
        });
        tokens += 1;
        Paused::new(work(worker, format!("token {tokens}"), world.clone()))
    };
    let mut raises = 2 + random.below(5);
    while raises > 0 || !workers.is_empty() {
        if raises > 0 && (workers.is_empty() || random.in_100(8)) {
            raises -= 1;
            direct.table.raise_account(&account(ODD), at(clock.get())).await.unwrap();
            // A raise's message may come twice.
            for _ in 0..=usize::from(random.in_100(30)) {
                workers.push(spawn(random.next()));
            }
        }
        if random.in_100(15) {
            clock.set(clock.get() + if random.in_100(15) { LEASE + 1 } else { 5 });
        }
        let place = random.below(workers.len());
        if deaths && random.in_100(2) {
            drop(workers.swap_remove(place));
        } else if let Some(ended) = workers[place].step().await {
            ended.unwrap();
            drop(workers.swap_remove(place));
        }
    }
    let is = direct.table.account(&account(ODD)).await.unwrap();
    let row = is.row.as_ref().unwrap();
    if deaths {
        // Whatever the dead left undone is found by the schedule, once their leases are over.
        let now = clock.get() + 2 * LEASE;
        if row.wanted > row.applied {
            assert!(is.is_due(at(now)), "{seed}: {is:?}");
        }
        // What a dead holder was asked for is found also where it noted before it died.
        assert!(row.leased_until.is_none() || is.is_due(at(now)), "{seed}: {is:?}");
        let lease = held(&direct, ODD, "the schedule's", now, now + LEASE).await;
        assert_eq!(direct.table.note_account(&lease, &attended(row.wanted)).await.unwrap(), Noted::Done);
        while direct.table.let_go(&lease).await.unwrap() == Released::Again {}
        assert!(!direct.table.account(&account(ODD)).await.unwrap().is_due(at(now)));
    } else {
        assert_eq!(row.applied, row.wanted, "{seed}: a raise was lost: {row:?}");
        assert_eq!((row.leased_until, row.since), (None, None), "{seed}");
    }
    std::mem::take(&mut world.watch.borrow_mut())
}

#[tokio::test]
async fn no_raise_is_lost_and_no_two_hold_an_account() {
    let mut sum = Watch::default();
    for seed in 0..SCHEDULES {
        let watch = run(seed, false).await;
        sum.busy += watch.busy;
        sum.again += watch.again;
        sum.lost += watch.lost;
        sum.done += watch.done;
    }
    let seen = (sum.busy, sum.again, sum.lost, sum.done);
    assert!(sum.busy.min(sum.again).min(sum.lost).min(sum.done) > 40, "too little happened: {seen:?}");
}

#[tokio::test]
async fn what_the_dead_left_is_due() {
    for seed in 0..SCHEDULES / 3 {
        run(seed, true).await;
    }
}
