//! A table that fails in every way: the table of faults that all sign-in functions share.

use signet_tests::faults;
use signet_tests::subject::Kind;

const KIND: Kind = Kind::Token;

#[tokio::test]
async fn answers_that_say_no_are_denials() {
    faults::answers_that_say_no_are_denials(KIND).await;
}

#[tokio::test]
async fn answers_that_do_not_come_are_denials_within_the_deadline() {
    faults::answers_that_do_not_come_are_denials_within_the_deadline(KIND).await;
}

#[tokio::test]
async fn the_usual_deadline_leaves_time_to_say_why() {
    faults::the_usual_deadline_leaves_time_to_say_why(KIND).await;
}

#[tokio::test]
async fn faults_that_pass_are_not_seen() {
    faults::faults_that_pass_are_not_seen(KIND).await;
}

#[tokio::test]
async fn a_table_of_another_name_is_missing() {
    faults::a_table_of_another_name_is_missing(KIND).await;
}

#[tokio::test]
async fn a_table_that_fails_at_start_is_no_failure_to_start() {
    faults::a_table_that_fails_at_start_is_no_failure_to_start(KIND).await;
}
