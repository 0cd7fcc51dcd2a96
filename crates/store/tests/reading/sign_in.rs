//! The one read of a sign-in.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use signet_core::app::TokenRules;
use signet_core::group::GroupState;
use signet_store::StoreError;
use signet_store::sign_in::AppState;

use crate::Scene;
use crate::common::content::Item;
use crate::common::{TABLE, gone, number, source, text};

fn app(active: bool) -> Item {
    Item::from([
        ("protocol".to_owned(), text("saml")),
        ("provider".to_owned(), text("okta-databricks")),
        ("audience".to_owned(), text("https://signin.aws.amazon.com/saml")),
        ("mode".to_owned(), text("enforce")),
        ("active".to_owned(), AttributeValue::Bool(active)),
        ("groups_claim".to_owned(), text("groups")),
        ("identity_from".to_owned(), text("user.profile.login")),
        ("identity_pattern".to_owned(), text("*@example.com")),
        ("tags".to_owned(), AttributeValue::M(Item::new())),
        ("local_tags".to_owned(), AttributeValue::L(Vec::new())),
        ("when_unentitled".to_owned(), text("deny")),
        ("codes".to_owned(), text("cover")),
    ])
}

async fn put_app(scene: &Scene, app: Item) {
    scene.writer.put("APP#0oaA", "APP", &[("owner", text("file:platform")), ("app", AttributeValue::M(app))]).await;
}

#[tokio::test]
async fn groups_are_found_by_exactly_their_keys() {
    let scene = Scene::with_groups(3).await;
    let asked = ["group 1", "group 1", "Group 1", " group 1", "group 1 ", "group 2", "nobody", ""];
    let snapshot = scene.table.sign_in("0oaA", &asked).await.unwrap();
    let found: BTreeSet<&str> = snapshot.groups.keys().map(String::as_str).collect();
    assert_eq!(found, BTreeSet::from(["group 1", "group 2"]));
    let record = &snapshot.groups["group 1"];
    assert_eq!(record.registration.key.as_str(), "group 1");
    assert_eq!(record.grants[&source("trials")], [crate::common::plain("r1")]);
    assert_eq!(snapshot.app, AppState::Unknown);
    assert_eq!(scene.table.groups(&asked).await.unwrap(), snapshot.groups);
}

#[tokio::test]
async fn a_withdrawn_group_is_retired_and_grants_nothing() {
    let scene = Scene::with_groups(1).await;
    scene.writer.apply(&source("trials"), 2, &gone()).await.unwrap();
    let snapshot = scene.table.sign_in("0oaA", &["group 0"]).await.unwrap();
    assert_eq!(snapshot.groups["group 0"].registration.state, GroupState::Retired);
    assert_eq!(snapshot.groups["group 0"].all_grants().count(), 0);
}

#[tokio::test]
async fn an_app_is_unknown_inactive_or_active() {
    let scene = Scene::with_groups(0).await;
    let state = async |id: &str| scene.table.sign_in(id, &[]).await.unwrap().app;
    for id in ["0oaA", "", "0oa A", "0oaA#", &"x".repeat(129), &"x".repeat(5_000), "\0", "😀", "META"] {
        assert_eq!(state(id).await, AppState::Unknown, "`{id}`");
    }
    put_app(&scene, app(false)).await;
    assert!(matches!(state("0oaA").await, AppState::Inactive(_)));
    put_app(&scene, app(true)).await;
    let AppState::Active(active) = state("0oaA").await else { panic!("the app should be active") };
    assert_eq!((active.id.as_str(), active.provider.as_str()), ("0oaA", "okta-databricks"));
    // The item is as it was before apps had rules for tokens, or a capacity of their own.
    assert_eq!((active.tokens, active.code_capacity), (TokenRules::default(), None));
    assert_eq!(state("0oaa").await, AppState::Unknown);
    // Only a provider event speaks of it.
    let event = Item::from([("state".to_owned(), text("active"))]);
    scene.writer.put("APP#0oaA", "APP", &[("provider", AttributeValue::M(event))]).await;
    assert!(matches!(state("0oaA").await, AppState::Inactive(_)));
}

#[tokio::test]
async fn hostile_group_names_are_only_names() {
    let scene = Scene::with_groups(2).await;
    let long = "x".repeat(10_000);
    let names = [
        &*long,
        "",
        "\0",
        "META",
        "GROUP#x",
        "CODE#aaaa",
        "#pk",
        ":pk",
        "*",
        "${aws:username}",
        "\u{feff}group 1",
        "group\u{a0}1",
        "😀",
        "' OR 1=1",
        "{\"S\":\"x\"}",
        "group 1\n",
        "\u{202e}group 1",
    ];
    let snapshot = scene.table.sign_in("0oaA", &names).await.unwrap();
    assert!(snapshot.groups.is_empty(), "{:?}", snapshot.groups.keys());
    let with_one: Vec<&str> = names.into_iter().chain(["group 1"]).collect();
    assert_eq!(scene.table.sign_in("0oaA", &with_one).await.unwrap().groups.len(), 1);
}

#[tokio::test]
async fn the_cost_is_one_consistent_batch_for_a_hundred_keys() {
    let scene = Scene::with_groups(300).await;
    let names: Vec<String> = (0..2_000).map(|n| format!("group {n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for (groups, batches) in [(0, 1), (20, 1), (98, 1), (99, 2), (198, 2), (2_000, 21)] {
        scene.proxy.record();
        let snapshot = scene.table.sign_in("0oaA", &names[..groups]).await.unwrap();
        assert_eq!(snapshot.groups.len(), groups.min(300));
        let requests = scene.proxy.recorded();
        assert_eq!(requests.len(), batches, "{groups} groups");
        for request in requests {
            assert_eq!(request.operation, "BatchGetItem");
            let body = std::str::from_utf8(&request.body).unwrap();
            assert_eq!(body.matches(r#""ConsistentRead":true"#).count(), 1, "{body}");
            assert!(body.matches(r#""pk":"#).count() <= 100);
        }
    }
    // Asked for again and again, a group is read once.
    scene.proxy.record();
    scene.table.sign_in("0oaA", &["group 0"; 500]).await.unwrap();
    assert_eq!(scene.proxy.recorded().len(), 1);
    scene.proxy.record();
    scene.table.groups(&names[..100]).await.unwrap();
    scene.table.warm().await.unwrap();
    assert_eq!(scene.proxy.recorded().len(), 2);
}

#[tokio::test]
async fn a_table_that_is_missing_or_not_set_up_is_an_error() {
    let scene = Scene::empty().await;
    let error = scene.table.sign_in("0oaA", &["group 0"]).await.unwrap_err();
    assert!(matches!(error, StoreError::NoTable { .. }), "{error}");
    assert_eq!(error.reason(), "table_missing");
    let scene = Scene::with_groups(1).await;
    let delete = scene.client.delete_item().table_name(TABLE).key("pk", text("META")).key("sk", text("META"));
    delete.send().await.unwrap();
    let error = scene.table.sign_in("0oaA", &["group 0"]).await.unwrap_err();
    assert!(matches!(error, StoreError::NoMeta { .. }), "{error}");
    assert_eq!(error.reason(), "meta_missing");
}

#[tokio::test]
async fn an_item_that_is_not_of_the_layout_is_an_error_and_not_an_absence() {
    let scene = Scene::with_groups(1).await;
    let pk = scene.writer.content().await.groups["group 0"].pk.clone();
    let grant = |fields: &[(&str, AttributeValue)]| {
        let map = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        AttributeValue::L(vec![AttributeValue::M(map)])
    };
    let role = || text("arn:aws:iam::111122223333:role/reader");
    let good: Vec<(&str, AttributeValue)> = vec![
        ("key", text("group 0")),
        ("code", text("abcd")),
        ("salt", number(0)),
        ("state", text("registered")),
        ("s:dataset:trials", grant(&[("role", role())])),
    ];
    scene.writer.put(&pk, "GROUP", &good).await;
    scene.table.sign_in("0oaA", &["group 0"]).await.unwrap();
    let wrong: Vec<(&str, Option<AttributeValue>)> = vec![
        ("key", None),
        ("key", Some(number(1))),
        ("key", Some(text(""))),
        ("code", None),
        ("code", Some(text("ab*d"))),
        ("code", Some(text("ABCD"))),
        ("salt", None),
        ("salt", Some(text("0"))),
        ("salt", Some(AttributeValue::N("-1".to_owned()))),
        ("state", Some(text("Registered"))),
        ("label", Some(number(1))),
        ("s:dataset:trials", Some(text("role"))),
        ("s:dataset:trials", Some(AttributeValue::L(vec![role()]))),
        ("s:dataset:trials", Some(grant(&[]))),
        ("s:dataset:trials", Some(grant(&[("role", text("arn:aws:iam::111122223333:user/x"))]))),
        ("s:dataset:trials", Some(grant(&[("role", role()), ("apps", text("0oaA"))]))),
        ("s:dataset:trials", Some(grant(&[("role", role()), ("apps", AttributeValue::L(vec![number(1)]))]))),
        ("s:dataset:trials", Some(grant(&[("role", role()), ("expires_at", text("never"))]))),
        ("s:dataset:trials", Some(grant(&[("role", role()), ("expires_at", AttributeValue::N("1e99".to_owned()))]))),
        ("s:someone", Some(grant(&[("role", role())]))),
    ];
    for (name, value) in wrong {
        let mut attributes = good.clone();
        attributes.retain(|(other, _)| *other != name);
        attributes.extend(value.clone().map(|value| (name, value)));
        scene.writer.put(&pk, "GROUP", &attributes).await;
        match scene.table.sign_in("0oaA", &["group 0"]).await {
            Err(StoreError::Corrupt(corrupt)) => assert_eq!(corrupt.item, format!("{pk} / GROUP")),
            other => panic!("`{name}` as {value:?} gave {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_app_that_is_not_of_the_layout_is_an_error_and_not_an_unknown_app() {
    let scene = Scene::with_groups(0).await;
    let good = app(true);
    let mut wrong: Vec<Item> = good
        .keys()
        .filter(|name| *name != "tags" && *name != "local_tags")
        .map(|name| {
            let mut app = good.clone();
            app.remove(name);
            app
        })
        .collect();
    for (name, value) in [
        ("active", text("true")),
        ("mode", text("Enforce")),
        ("provider", text("a b")),
        ("protocol", text("ldap")),
        ("session_duration", number(1)),
        ("tags", text("email")),
        ("tags", AttributeValue::M(Item::from([("email".to_owned(), text("email"))]))),
        ("local_tags", AttributeValue::L(vec![text("GroupHash")])),
        ("name", number(1)),
        ("code_capacity", number(0)),
        ("code_capacity", number(52)),
        ("code_capacity", text("20")),
        ("issuer", text("example.okta.com")),
        ("issuer", text("http://example.okta.com")),
        ("issuer", text("https://example.okta.com/*")),
        ("issuer", number(1)),
        ("roles_claim", text("true")),
        ("roles_claim", number(1)),
        ("when_no_user", text("Pass")),
        ("when_no_user", AttributeValue::Bool(true)),
        ("cognito_attributes", text("all")),
        ("cognito_groups", text("keep")),
        ("cognito_identity_provider", number(1)),
    ] {
        let mut app = good.clone();
        app.insert(name.to_owned(), value);
        wrong.push(app);
    }
    for app in wrong {
        put_app(&scene, app.clone()).await;
        let result = scene.table.sign_in("0oaA", &[]).await;
        assert!(matches!(result, Err(StoreError::Corrupt(_))), "{app:?} gave {result:?}");
    }
    scene.writer.put("APP#0oaA", "APP", &[("app", text("x"))]).await;
    assert!(matches!(scene.table.sign_in("0oaA", &[]).await, Err(StoreError::Corrupt(_))));
    let provider = AttributeValue::M(Item::from([("state".to_owned(), number(1))]));
    scene.writer.put("APP#0oaA", "APP", &[("app", AttributeValue::M(good)), ("provider", provider)]).await;
    assert!(matches!(scene.table.sign_in("0oaA", &[]).await, Err(StoreError::Corrupt(_))));
}
