//! A grant and a withdrawal, from the event to the role.

use serde_json::Value;

use super::{ACCOUNTS, DAY, NIGHT, PROVIDER, assert_lets_in, sign_in, started, state, statements};

#[tokio::test]
async fn roles_in_three_accounts_let_in_whom_the_events_say() {
    let (accounts, roles) = started().await;
    let mut foreign = Vec::new();
    for role in &roles {
        foreign.push(statements(&accounts, role, false).await);
    }
    let [reader_1, _, reader_2, writer_2, reader_3, _] = roles.iter().collect::<Vec<_>>()[..] else { panic!() };
    state(&accounts, 1, &[(reader_1, &[NIGHT]), (reader_2, &[NIGHT, DAY]), (writer_2, &[DAY]), (reader_3, &[NIGHT])])
        .await;

    for account in ACCOUNTS {
        assert!(accounts.saml_metadata(account, PROVIDER).await.is_some(), "{account} has no provider");
    }
    let night = sign_in(&accounts, &[NIGHT]).await.unwrap();
    assert_eq!(night.role_arns(), [reader_1, reader_2, reader_3]);
    assert_lets_in(&accounts, &roles, &night, &[reader_1, reader_2, reader_3]).await;
    let day = sign_in(&accounts, &[DAY]).await.unwrap();
    assert_eq!(day.role_arns(), [reader_2, writer_2]);
    assert_lets_in(&accounts, &roles, &day, &[reader_2, writer_2]).await;

    // The same assertion without what makes it Signet's opens nothing.
    for change in [
        |session: &mut signet_tests::aws::Session| drop(session.tags.remove("GroupHash")),
        |session: &mut signet_tests::aws::Session| session.transitive.clear(),
        |session: &mut signet_tests::aws::Session| session.source_identity = None,
        |session: &mut signet_tests::aws::Session| session.source_identity = Some("eve@example.org".to_owned()),
        |session: &mut signet_tests::aws::Session| session.audience = "https://example.com/acs".to_owned(),
    ] {
        let mut other = night.clone();
        change(&mut other);
        assert_lets_in(&accounts, &roles, &other, &[]).await;
    }

    // Withdrawal closes it again, also for an assertion from before it.
    state(&accounts, 2, &[(reader_2, &[DAY]), (writer_2, &[DAY])]).await;
    assert_eq!(sign_in(&accounts, &[NIGHT]).await, None);
    assert_lets_in(&accounts, &roles, &night, &[]).await;
    assert_lets_in(&accounts, &roles, &day, &[reader_2, writer_2]).await;
    for (role, foreign) in roles.iter().zip(&foreign) {
        assert_eq!(statements(&accounts, role, false).await, *foreign, "{role}");
    }
    assert_eq!(statements(&accounts, reader_1, true).await, [] as [Value; 0]);
    assert_eq!(accounts.flow.messaging.alerts().await, [] as [Value; 0]);
    assert_eq!(accounts.flow.messaging.accounts_given_up().await, 0);

    // Nothing of a policy, a session or a secret is in a log; what was done is.
    let log = accounts.flow.messaging.lines("role");
    assert!(log.iter().any(|line| line["role"] == reader_1.as_str() && line["outcome"] == "written"), "{log:?}");
    assert!(!log.iter().any(|line| line.to_string().contains("Statement")), "{log:?}");
}

#[tokio::test]
async fn a_role_out_of_bounds_and_one_that_is_gone_hold_no_other_up() {
    let (accounts, roles) = started().await;
    let outside = accounts.create_role(ACCOUNTS[0], "/platform/", "deployer").await;
    let before = accounts.trust_policy(&outside).await;
    accounts.delete_role(&roles[2]).await;
    // The dataset's producer may not grant the role; an operator's file may.
    let yaml = format!("name: mistake\ngrants:\n  - role: {outside}\n    groups: [{NIGHT}]\n");
    accounts.flow.stack.apply(&yaml);
    state(&accounts, 1, &[(&roles[0], &[NIGHT]), (&roles[2], &[NIGHT]), (&roles[4], &[NIGHT])]).await;

    let night = sign_in(&accounts, &[NIGHT]).await.unwrap();
    assert_eq!(accounts.trust_policy(&outside).await, before);
    let still_there: Vec<String> = roles.iter().filter(|role| **role != roles[2]).cloned().collect();
    assert_lets_in(&accounts, &still_there, &night, &[&roles[0], &roles[4]]).await;
    let alerts = accounts.flow.messaging.alerts().await;
    let mut told: Vec<_> =
        alerts.iter().map(|alert| (alert["data"]["kind"].clone(), alert["subject"].clone())).collect();
    told.sort_by_key(|pair| pair.1.to_string());
    assert_eq!(told.len(), 2, "{alerts:?}");
    assert!(told.iter().all(|(kind, _)| kind == "role_unreachable"), "{alerts:?}");
    assert!(told.iter().any(|(_, subject)| subject == outside.as_str()));
    assert!(told.iter().any(|(_, subject)| subject == roles[2].as_str()));
    assert_eq!(accounts.flow.messaging.accounts_given_up().await, 0);
}
