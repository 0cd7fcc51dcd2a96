//! `signet explain` and the function say the same of every sample event.

use signet_tests::explained;
use signet_tests::subject::Kind;

#[tokio::test]
async fn the_command_explains_what_the_function_answers() {
    explained::every_sample(Kind::PreToken, &["deny", "no_change", "patch"]).await;
}
