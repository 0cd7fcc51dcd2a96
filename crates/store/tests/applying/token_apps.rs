//! What a file states of apps whose people get tokens, beside what provider events say of them.

use std::collections::BTreeSet;

use signet_core::app::{
    AttributeLists, AttributeSource, CodeCapacity, CognitoRules, TokenGroups, TokenRules, WhenNoUser, WhenUnentitled,
};
use signet_core::code::CodeWidth;
use signet_core::grant::Timestamp;
use signet_core::role::Protocol;
use signet_core::trust::gate::Issuer;
use signet_store::named::audiences;
use signet_store::past::History;
use signet_store::schema::{Meta, OnCollision};
use signet_store::sign_in::AppState;
use signet_store::statement::{StatedApp, StatedProvider, Statement};

use crate::apps::{app, file};
use crate::common::{TABLE, Worker, text};
use crate::providers;

const A: &str = "https://example.okta.com/oauth2/default";
const B: &str = "https://b.example.com";

fn issuer(url: &str) -> Issuer {
    Issuer::from_url(url).unwrap()
}

/// An OIDC app that says nothing of its tokens.
fn plain() -> StatedApp {
    let mut stated = app("0oaA", "okta-a");
    stated.app.protocol = Protocol::Oidc;
    "0oaA".clone_into(&mut stated.app.audience);
    stated
}

fn with(edit: impl FnOnce(&mut StatedApp)) -> StatedApp {
    let mut stated = plain();
    edit(&mut stated);
    stated
}

fn of(stated: &StatedApp) -> Statement {
    Statement { apps: vec![stated.clone()], ..Statement::default() }
}

async fn state(worker: &Worker) -> AppState {
    worker.table.sign_in("0oaA", &[]).await.unwrap().app
}

/// The names of what the table has of the file's half.
async fn written(worker: &Worker) -> BTreeSet<String> {
    let get = worker.client.get_item().table_name(TABLE).key("pk", text("APP#0oaA")).key("sk", text("APP"));
    let item = get.consistent_read(true).send().await.unwrap().item.unwrap();
    item["app"].as_m().unwrap().keys().cloned().collect()
}

#[tokio::test]
async fn rules_of_tokens_are_there_as_they_were_stated() {
    let worker = Worker::with_table().await;
    let platform = file("platform");
    worker.change(&platform, 1, &of(&plain())).await;
    let usual = written(&worker).await;
    // What every app has, as the version had it that knew of no tokens.
    let known = [
        "protocol",
        "provider",
        "audience",
        "mode",
        "active",
        "groups_claim",
        "identity_from",
        "identity_pattern",
        "tags",
        "local_tags",
        "when_unentitled",
        "codes",
        "name",
        "session_duration",
    ];
    assert_eq!(usual, known.map(str::to_owned).into());

    let everything = TokenRules {
        issuer: Some(issuer(A)),
        roles_claim: false,
        when_no_user: WhenNoUser::Pass,
        cognito: CognitoRules {
            attributes: AttributeSource::Protected,
            identity_provider: Some("Corporate Okta".to_owned()),
            lists: AttributeLists::Json,
            groups: TokenGroups::Remove,
        },
    };
    let names = [
        "code_capacity",
        "issuer",
        "roles_claim",
        "when_no_user",
        "cognito_attributes",
        "cognito_identity_provider",
        "cognito_lists",
        "cognito_groups",
    ];
    let all: Vec<(&[&str], StatedApp)> = vec![
        (&names[..1], with(|stated| stated.app.code_capacity = Some(CodeCapacity::new(1).unwrap()))),
        (&names[..1], with(|stated| stated.app.code_capacity = Some(CodeCapacity::new(51).unwrap()))),
        (&names[1..2], with(|stated| stated.app.tokens.issuer = Some(issuer(A)))),
        (&names[1..2], with(|stated| stated.app.tokens.issuer = Some(issuer("https://example.okta.com/")))),
        (&names[2..3], with(|stated| stated.app.tokens.roles_claim = false)),
        (&names[3..4], with(|stated| stated.app.tokens.when_no_user = WhenNoUser::Pass)),
        (&names[4..5], with(|stated| stated.app.tokens.cognito.attributes = AttributeSource::Protected)),
        (&names[5..6], with(|stated| stated.app.tokens.cognito.identity_provider = Some("Okta".to_owned()))),
        (&names[6..7], with(|stated| stated.app.tokens.cognito.lists = AttributeLists::Json)),
        (&names[7..8], with(|stated| stated.app.tokens.cognito.groups = TokenGroups::Remove)),
        (
            &names,
            with(|stated| {
                stated.app.code_capacity = Some(CodeCapacity::new(20).unwrap());
                stated.app.tokens = everything;
            }),
        ),
        // And all of it can be taken back.
        (&[], plain()),
    ];
    for (revision, (names, stated)) in (2..).zip(&all) {
        worker.change(&platform, revision, &of(stated)).await;
        assert_eq!(state(&worker).await, AppState::Active(Box::new(stated.app.clone())), "{names:?}");
        assert_eq!(worker.table.apps().await.unwrap(), [(platform.clone(), stated.clone())]);
        let added: BTreeSet<String> = &written(&worker).await - &usual;
        assert_eq!(added, names.iter().map(|name| (*name).to_owned()).collect(), "what is as ever is not written");
        let rows = worker.table.history(&platform).await.unwrap();
        assert_eq!(&rows.last().unwrap().apps[0].after, stated);
    }
}

/// What a step changes.
enum Step {
    File(Box<StatedApp>),
    Event(Box<StatedProvider>),
}

#[tokio::test]
async fn what_an_event_says_of_tokens_becomes_part_of_the_rules() {
    let worker = Worker::with_table().await;
    let platform = file("platform");
    let file = |issuer: Option<Issuer>| Step::File(Box::new(with(|stated| stated.app.tokens.issuer = issuer)));
    let by_event = |url: Option<&str>, audience: Option<&str>| StatedProvider {
        issuer_url: url.map(str::to_owned),
        audience: audience.map(str::to_owned),
        ..providers::oidc("0oaA", "okta-a")
    };
    let event = |url, audience| Step::Event(Box::new(by_event(url, audience)));
    let differ = "the entitlement file and the provider event name different issuers";
    let unusable = "the provider event's issuer is none that a trust policy can name";
    let steps = [
        (file(None), Ok((None, "0oaA"))),
        // An issuer of the event's alone, and the file's audience.
        (event(Some(A), None), Ok((Some(issuer(A)), "0oaA"))),
        (event(Some(A), Some("of the event")), Ok((Some(issuer(A)), "of the event"))),
        // Both say the same; then the file says another.
        (file(Some(issuer(A))), Ok((Some(issuer(A)), "of the event"))),
        (file(Some(issuer(B))), Err(differ)),
        (file(Some(issuer("https://example.okta.com/oauth2/default/"))), Err(differ)),
        (file(Some(issuer(B))), Err(differ)),
        (event(Some(B), Some("of the event")), Ok((Some(issuer(B)), "of the event"))),
        (event(Some(A), Some("of the event")), Err(differ)),
        // What the file says is no way round an issuer that cannot be named.
        (event(Some("https://b.example.com:8443"), None), Err(unusable)),
        (event(Some("http://b.example.com"), None), Err(unusable)),
        (file(None), Err(unusable)),
        // An issuer of the file's alone.
        (file(Some(issuer(B))), Err(unusable)),
        (event(None, None), Ok((Some(issuer(B)), "0oaA"))),
        (Step::Event(Box::new(providers::deleted(&by_event(Some(B), None)))), Err("the app's provider was deleted")),
    ];
    let mut then = Vec::new();
    for (revision, (step, expected)) in (1..).zip(steps) {
        match step {
            Step::File(stated) => drop(worker.change(&platform, revision, &of(&stated)).await),
            Step::Event(stated) => drop(providers::apply(&worker, &stated, revision).await.unwrap()),
        }
        let found = state(&worker).await;
        let expected = match expected {
            Ok((issuer, audience)) => AppState::Active(Box::new({
                let mut app = plain().app;
                (app.tokens.issuer, app.audience) = (issuer, audience.to_owned());
                app
            })),
            Err(why) => AppState::Inactive(why),
        };
        assert_eq!(found, expected, "revision {revision}");
        then.push(found);
    }
    // The history says the same of each moment.
    let meta = Meta { layout: 1, width: CodeWidth::DEFAULT, on_collision: OnCollision::Displace };
    let history = History::new(worker.table.whole_history().await.unwrap());
    for (moment, state) in (1_001..).zip(&then) {
        let past = history.at(Timestamp::from_seconds(moment));
        assert_eq!(&past.sign_in(meta, "0oaA", &[]).app, state, "at {moment}");
    }
}

#[tokio::test]
async fn the_clients_of_an_event_without_audience_are_the_audiences() {
    let worker = Worker::with_table().await;
    worker.change(&file("platform"), 1, &of(&plain())).await;
    for (revision, audience) in [(2, None), (3, Some("of the event".to_owned()))] {
        let event = StatedProvider { audience, ..providers::oidc("0oaA", "okta-a") };
        providers::apply(&worker, &event, revision).await.unwrap();
    }
    let history = History::new(worker.table.whole_history().await.unwrap());
    let meta = Meta { layout: 1, width: CodeWidth::DEFAULT, on_collision: OnCollision::Displace };
    let of = |protocol: Protocol, audience: &str, moment| {
        let past = history.at(Timestamp::from_seconds(moment));
        let AppState::Active(mut app) = past.sign_in(meta, "0oaA", &[]).app else { panic!("the app should be active") };
        app.protocol = protocol;
        if past.provider(&app.id).is_none_or(|event| event.audience.is_none()) {
            audience.clone_into(&mut app.audience);
        }
        audiences(&app, past.provider(&app.id)).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    for protocol in [Protocol::Oidc, Protocol::Cognito] {
        assert_eq!(of(protocol, "0oaA", 1_001), ["0oaA"]);
        assert_eq!(of(protocol, "0oaA", 1_002), ["client a", "client b"]);
        assert_eq!(of(protocol, "0oaA", 1_003), ["of the event"]);
    }
    // An assertion's recipient and an identity pool are no clients.
    let pool = "eu-central-1:0f1e2d3c-0000-0000-0000-000000000000";
    for (protocol, audience) in [(Protocol::Saml, "0oaA"), (Protocol::Cognito, pool)] {
        assert_eq!(of(protocol, audience, 1_002), [audience]);
    }
}

/// An event does not touch what only a file says.
#[tokio::test]
async fn an_event_leaves_the_files_other_rules_alone() {
    let worker = Worker::with_table().await;
    let stated = with(|stated| {
        stated.app.code_capacity = Some(CodeCapacity::new(7).unwrap());
        stated.app.when_unentitled = WhenUnentitled::Pass;
        stated.app.tokens.roles_claim = false;
        stated.app.tokens.when_no_user = WhenNoUser::Pass;
    });
    worker.change(&file("platform"), 1, &of(&stated)).await;
    let event = StatedProvider { issuer_url: Some(A.to_owned()), ..providers::oidc("0oaA", "okta-a") };
    providers::apply(&worker, &event, 2).await.unwrap();
    let AppState::Active(found) = state(&worker).await else { panic!("the app should be active") };
    let mut expected = stated.app;
    (expected.tokens.issuer, expected.audience) = (Some(issuer(A)), event.audience.unwrap());
    assert_eq!(*found, expected);
}
