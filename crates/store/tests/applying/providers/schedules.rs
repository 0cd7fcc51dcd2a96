//! Random schedules of provider events against a model that has nothing but the highest revision.

use std::collections::BTreeMap;

use signet_local::connector::{Action, Call};
use signet_store::apply::{AppliedProvider, ApplyError};
use signet_store::statement::StatedProvider;

use super::{apply, check_sound, deleted, event};
use crate::common::Worker;
use crate::common::content::Content;
use crate::common::scheduler::{Paused, Random};

const SCHEDULES: u64 = 200;
const APPS: [(&str, &str); 3] = [("0oaA", "okta-a"), ("0oaB", "okta-b"), ("0oaC", "okta-c")];

/// What schedules met.
#[derive(Debug, Default)]
struct Report {
    changed: usize,
    unchanged: usize,
    repeated: usize,
    superseded: usize,
    crashed: usize,
    dropped: usize,
}

/// The revisions of each app, 1, 2, …
type Events = BTreeMap<&'static str, Vec<StatedProvider>>;

#[derive(Clone, Copy)]
struct Delivery {
    app: &'static str,
    revision: usize,
}

struct Ended {
    delivery: Delivery,
    result: Result<AppliedProvider, ApplyError>,
    is_faulty: bool,
}

fn events(random: &mut Random) -> Events {
    APPS.into_iter()
        .map(|(id, provider)| {
            let revisions = (0..2 + random.below(4)).map(|_| {
                let name = (*random.choose(&["Databricks", "Snowflake"])).to_owned();
                let stated = StatedProvider { name, ..event(id, provider, ["one", "two"][random.below(2)]) };
                if random.in_100(25) { deleted(&stated) } else { stated }
            });
            (id, revisions.collect())
        })
        .collect()
}

fn stated(events: &Events, delivery: Delivery) -> &StatedProvider {
    &events[delivery.app][delivery.revision - 1]
}

fn begin(random: &mut Random, inspector: &Worker, events: &Events, delivery: Delivery) -> Paused<Ended> {
    let worker = inspector.sibling();
    let is_faulty = random.in_100(40);
    if is_faulty {
        let action = random.choose(&[Action::FailBefore, Action::FailAfter]).clone();
        let place = random.below(4);
        worker
            .connector
            .set_fault(move |call: &Call<'_>| if call.index == place { action.clone() } else { Action::Pass });
    }
    let stated = stated(events, delivery).clone();
    Paused::new(async move {
        let result = apply(&worker, &stated, delivery.revision as u64).await;
        Ended { delivery, result, is_faulty }
    })
}

/// Whether an app is at a revision that says what its half, its document and its rows say.
fn check(content: &Content, events: &Events, begun: &BTreeMap<&str, usize>) -> Result<(), String> {
    check_sound(content)?;
    for (id, half) in &content.halves {
        let revision = half.at();
        let (app, revisions) = events.get_key_value(id.as_str()).ok_or_else(|| format!("nobody stated `{id}`"))?;
        if revision > begun[app] {
            return Err(format!("`{id}` is at revision {revision}, which nobody delivered"));
        }
        let should = &revisions[revision - 1];
        let document = content.metadata.get(&half.provider).map(|(.., document)| document);
        let state = if should.active { "active" } else { "deleted" };
        if (half.state.as_str(), &half.name, document) != (state, &should.name, should.saml_metadata.as_ref()) {
            return Err(format!("`{id}` is at revision {revision}, and not what it says: {half:?}"));
        }
    }
    Ok(())
}

async fn run(seed: u64, report: &mut Report) -> Result<(), String> {
    let mut random = Random(seed);
    let events = events(&mut random);
    let inspector = Worker::with_table().await;
    let mut deliveries: Vec<Delivery> = Vec::new();
    for (app, revisions) in &events {
        for revision in 1..=revisions.len() {
            // Some never arrive.
            for _ in 0..random.below(3) {
                deliveries.push(Delivery { app, revision });
            }
        }
    }
    random.shuffle(&mut deliveries);
    if random.in_100(50) {
        deliveries.sort_by_key(|delivery| delivery.revision);
    }
    let mut begun: BTreeMap<&str, usize> = BTreeMap::new();
    let mut under_way: Vec<(Delivery, Paused<Ended>)> = Vec::new();
    let mut again: Vec<Delivery> = Vec::new();
    let mut latest: BTreeMap<String, u64> = BTreeMap::new();
    deliveries.reverse();
    while !deliveries.is_empty() || !under_way.is_empty() {
        if under_way.len() < 3
            && (under_way.is_empty() || random.in_100(50))
            && let Some(delivery) = deliveries.pop()
        {
            let highest = begun.entry(delivery.app).or_default();
            *highest = delivery.revision.max(*highest);
            under_way.push((delivery, begin(&mut random, &inspector, &events, delivery)));
        }
        if under_way.is_empty() {
            continue;
        }
        let place = random.below(under_way.len());
        let (delivery, mut worker) = under_way.swap_remove(place);
        if random.in_100(5) {
            report.dropped += 1;
            again.push(delivery);
            continue;
        }
        match worker.step().await {
            None => under_way.push((delivery, worker)),
            Some(ended) => {
                if ended.result.is_err() {
                    again.push(ended.delivery);
                }
                note(report, &ended)?;
                let content = inspector.content().await;
                check(&content, &events, &begun)?;
                for (id, half) in &content.halves {
                    let before = latest.insert(id.clone(), half.at() as u64).unwrap_or_default();
                    if Some(before) > half.revision {
                        return Err(format!("`{id}` went back from revision {before}: {half:?}"));
                    }
                }
            }
        }
    }
    // The queue delivers again what was not acknowledged, and nothing else.
    random.shuffle(&mut again);
    for delivery in again {
        let result = apply(&inspector, stated(&events, delivery), delivery.revision as u64).await;
        result.map_err(|error| {
            format!("revision {} of `{}` does not settle: {error}", delivery.revision, delivery.app)
        })?;
    }
    let content = inspector.content().await;
    check(&content, &events, &begun)?;
    let reached: BTreeMap<&str, usize> = content.halves.iter().map(|(id, half)| (id.as_str(), half.at())).collect();
    if reached == begun { Ok(()) } else { Err(format!("revisions {begun:?} were delivered, and reached {reached:?}")) }
}

fn note(report: &mut Report, ended: &Ended) -> Result<(), String> {
    let Ended { delivery, result, is_faulty } = ended;
    match result {
        Ok(AppliedProvider::Changed { .. }) => report.changed += 1,
        Ok(AppliedProvider::Unchanged) => report.unchanged += 1,
        Ok(AppliedProvider::Repeated) => report.repeated += 1,
        Ok(AppliedProvider::Superseded { by }) if *by > delivery.revision as u64 => report.superseded += 1,
        Err(ApplyError::Store(_)) if *is_faulty => report.crashed += 1,
        wrong => return Err(format!("revision {} of `{}` ended as {wrong:?}", delivery.revision, delivery.app)),
    }
    Ok(())
}

#[tokio::test]
async fn every_schedule_ends_with_the_highest_revisions() {
    let mut report = Report::default();
    for seed in 0..SCHEDULES {
        if let Err(what) = run(seed, &mut report).await {
            panic!("schedule {seed}: {what}");
        }
    }
    // A schedule that never meets what it is for proves nothing.
    let Report { changed, unchanged, repeated, superseded, crashed, dropped } = report;
    for met in [changed, unchanged, repeated, superseded, crashed, dropped] {
        assert!(met > 30, "{report:?}");
    }
}
