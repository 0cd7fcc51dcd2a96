//! Roles whose documents are not what one would write.

use signet_reconcile::report::Outcome;

use crate::support::{A, EC2, SETTLE, World, after, foreign, outcomes, policy, role, saml_app};

#[tokio::test(start_paused = true)]
async fn granted_groups_get_in_and_withdrawn_ones_do_not() {
    let (world, reader) = World::with_reader().await;
    assert!(world.lets_in(&reader, "Readers"));
    assert_eq!(foreign(&world.iam().document(reader.as_str())), [EC2]);
    let row = world.row(&reader).await;
    assert_eq!((row.outcome.as_deref(), row.applied, row.since, row.next), (Some("written"), row.wanted, None, None));

    world.grant_to(&reader, &["Stewards"]).await;
    let report = world.work(A).await;
    assert_eq!(outcomes(&report), [("reader".to_owned(), Outcome::Written)]);
    assert_eq!((report.roles[0].calls, report.roles[0].drifted), (2, false));
    assert!(!world.lets_in(&reader, "Readers") && world.lets_in(&reader, "Stewards"));
    world.check(&reader).await;
    // Nothing is due, so nothing is asked.
    world.iam().forget_calls();
    assert_eq!(world.work(A).await.roles, []);
    assert_eq!(world.iam().calls(), []);
    assert_eq!(world.heard.kinds(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn the_last_group_leaves_an_inert_statement_where_nothing_else_is() {
    let (world, reader) = World::with_reader().await;
    let ours = world.iam().document(reader.as_str()).replace(&format!("{EC2},"), "");
    world.iam().edit(reader.as_str(), &ours);
    after(SETTLE * 2).await;
    world.grant(&[]).await;
    world.work(A).await;
    let left = world.iam().document(reader.as_str());
    assert!(left.contains(r#""Sid":"SignetNone","Effect":"Deny""#) && !left.contains("Allow"), "{left}");
    world.check(&reader).await;
}

#[tokio::test(start_paused = true)]
async fn any_document_that_iam_stores_is_kept_to_the_letter() {
    let others = [
        r#"{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"sts:AssumeRole"}"#,
        r#"{"Effect":"Allow","NotPrincipal":{"AWS":["111122223333"]},"Action":["sts:AssumeRole"]}"#,
        r#"{"Sid":"x","Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Condition":{"Bool":{"a:b":false}}}"#,
        r#"{"Effect":"Deny","Principal":{"Federated":"x"},"NotAction":"sts:TagSession","Odd":1.50}"#,
    ];
    for other in others {
        for document in [policy(other), format!(r#"{{"Statement":{other},"Version":"2008-10-17","Id":"é"}}"#)] {
            let world = World::new().await;
            let reader = role(A, "reader");
            world.iam().create(reader.as_str(), &document, &[]);
            world.apps(&[saml_app("a")]).await;
            world.grant_to(&reader, &["Readers"]).await;
            world.work(A).await;
            assert!(world.lets_in(&reader, "Readers"), "{other}");
            assert_eq!(foreign(&world.iam().document(reader.as_str())), [other]);
            world.grant(&[]).await;
            world.work(A).await;
            assert_eq!(foreign(&world.iam().document(reader.as_str())), [other]);
            assert!(!world.lets_in(&reader, "Readers"), "{other}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_policy_is_told_once_and_left_alone() {
    for document in ["", " ", "not JSON", "[]", "{}", r#"{"Statement":["x"]}"#, r#"{"Statement":[],"Statement":[]}"#] {
        let world = World::new().await;
        let reader = role(A, "reader");
        world.iam().create(reader.as_str(), document, &[]);
        world.apps(&[saml_app("a")]).await;
        world.grant_to(&reader, &["Readers"]).await;
        let report = world.work(A).await;
        assert_eq!(outcomes(&report), [("reader".to_owned(), Outcome::Unreadable)], "{document}");
        assert!(report.next.is_some());
        assert_eq!(world.iam().document(reader.as_str()), document);
        assert_eq!(world.heard.kinds(), ["role_unreachable reader"]);
        after(std::time::Duration::from_secs(6)).await;
        assert_eq!(outcomes(&world.work(A).await), [("reader".to_owned(), Outcome::Unreadable)]);
        assert_eq!(world.heard.kinds(), [""; 0]);
        assert_eq!(world.row(&reader).await.failures, 2);
        // Somebody mends it.
        world.iam().edit(reader.as_str(), &policy(EC2));
        after(std::time::Duration::from_mins(1)).await;
        world.work(A).await;
        world.check(&reader).await;
        assert_eq!(world.row(&reader).await.failures, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn statements_of_ours_edited_by_hand_are_put_back_and_told() {
    let (world, reader) = World::with_reader().await;
    let ours = world.iam().document(reader.as_str());
    for (from, to) in [("*:", "*"), (r#""Effect":"Allow","Principal":{"Fed"#, r#""Effect":"Deny","Principal":{"Fed"#)] {
        after(SETTLE * 2).await;
        world.iam().edit(reader.as_str(), &ours.replacen(from, to, 1));
        let report = world.sweep(A).await;
        assert_eq!(outcomes(&report), [("reader".to_owned(), Outcome::Written)]);
        assert!(report.roles[0].drifted);
        assert_eq!(world.heard.kinds(), ["drift reader"]);
        assert_eq!(world.iam().document(reader.as_str()), ours);
    }
    // What others do to theirs is no drift.
    after(SETTLE * 2).await;
    world.iam().edit(reader.as_str(), &ours.replace("ec2.amazonaws", "glue.amazonaws"));
    assert_eq!(world.sweep(A).await.roles, []);
    world.grant_to(&reader, &["Stewards"]).await;
    let report = world.work(A).await;
    assert!(!report.roles[0].drifted);
    assert_eq!(world.heard.kinds(), [""; 0]);
    assert!(world.iam().document(reader.as_str()).contains("glue.amazonaws"));
}
