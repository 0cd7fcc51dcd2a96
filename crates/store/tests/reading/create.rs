//! Creating a table.

use aws_sdk_dynamodb::types::{KeyType, ProjectionType, StreamViewType};
use signet_core::code::CodeWidth;
use signet_local::proxy::Mode;
use signet_store::StoreError;
use signet_store::schema::{Created, INDEX};

use crate::Scene;
use crate::common::{TABLE, number};

#[tokio::test]
async fn a_new_table_has_its_keys_its_index_its_stream_and_its_width() {
    let scene = Scene::empty().await;
    assert_eq!(scene.table.create(CodeWidth::new(6).unwrap()).await.unwrap(), Created::New);
    assert_eq!(scene.table.warm().await.unwrap().width, CodeWidth::new(6).unwrap());
    let table = scene.client.describe_table().table_name(TABLE).send().await.unwrap().table.unwrap();
    let keys = |schema: &[aws_sdk_dynamodb::types::KeySchemaElement]| -> Vec<(String, KeyType)> {
        schema.iter().map(|key| (key.attribute_name.clone(), key.key_type.clone())).collect()
    };
    let pair = |hash: &str, range: &str| vec![(hash.to_owned(), KeyType::Hash), (range.to_owned(), KeyType::Range)];
    assert_eq!(keys(table.key_schema()), pair("pk", "sk"));
    let [index] = table.global_secondary_indexes() else { panic!("{:?}", table.global_secondary_indexes()) };
    assert_eq!((index.index_name(), keys(index.key_schema())), (Some(INDEX), pair("kind", "pk")));
    assert_eq!(index.projection().unwrap().projection_type(), Some(&ProjectionType::All));
    let stream = table.stream_specification.unwrap();
    assert!(stream.stream_enabled);
    assert_eq!(stream.stream_view_type, Some(StreamViewType::NewAndOldImages));
}

#[tokio::test]
async fn a_table_that_is_there_is_left_as_it_is() {
    let scene = Scene::with_groups(3).await;
    let before = scene.writer.content().await;
    assert_eq!(scene.table.create(CodeWidth::DEFAULT).await.unwrap(), Created::Existing);
    assert_eq!(scene.writer.content().await, before);

    let error = scene.table.create(CodeWidth::new(6).unwrap()).await.unwrap_err();
    assert!(matches!(error, StoreError::OtherWidth { found: 4, wanted: 6, .. }), "{error}");
    assert_eq!(scene.table.warm().await.unwrap().width, CodeWidth::DEFAULT);
    assert_eq!(scene.writer.content().await, before);
}

#[tokio::test]
async fn a_table_without_meta_gets_one() {
    let scene = Scene::empty().await;
    scene.table.create(CodeWidth::DEFAULT).await.unwrap();
    let delete = scene.client.delete_item().table_name(TABLE).key("pk", crate::common::text("META"));
    delete.key("sk", crate::common::text("META")).send().await.unwrap();
    assert!(matches!(scene.table.warm().await, Err(StoreError::NoMeta { .. })));
    assert_eq!(scene.table.create(CodeWidth::DEFAULT).await.unwrap(), Created::New);
    assert_eq!(scene.table.warm().await.unwrap().width, CodeWidth::DEFAULT);
}

#[tokio::test]
async fn a_meta_of_another_layout_is_not_taken() {
    let scene = Scene::with_groups(1).await;
    for (attributes, reason, says) in [
        // What else a later layout has is nothing that this version could judge.
        (vec![("layout", number(2)), ("code_width", number(4))], "meta_unfit", "layout 2"),
        (vec![("layout", number(2))], "meta_unfit", "layout 2"),
        (vec![("layout", number(1))], "table_corrupt", "code_width"),
        (vec![("layout", number(1)), ("code_width", number(3))], "table_corrupt", "code width `3`"),
        (vec![("layout", crate::common::text("1")), ("code_width", number(4))], "table_corrupt", "layout"),
    ] {
        scene.writer.put("META", "META", &attributes).await;
        for error in [
            scene.table.warm().await.unwrap_err(),
            scene.table.sign_in("app", &["group 0"]).await.unwrap_err(),
            scene.table.create(CodeWidth::DEFAULT).await.unwrap_err(),
        ] {
            assert_eq!(error.reason(), reason, "{error}");
            assert!(error.to_string().contains(says), "{error}");
        }
    }
}

#[tokio::test]
async fn refusals_are_errors() {
    let scene = Scene::empty().await;
    scene.proxy.set(Mode::error(400, "AccessDeniedException", "not allowed")).await.unwrap();
    let error = scene.table.create(CodeWidth::DEFAULT).await.unwrap_err();
    assert!(matches!(&error, StoreError::Call { cause, .. } if cause.contains("not allowed")), "{error}");
}
