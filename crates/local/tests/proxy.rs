//! The faulty proxy in front of the embedded DynamoDB: what the SDK sees, and what goes over
//! the wire.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail by a panic")]

mod support;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::{Client, Error};
use signet_local::LocalError;
use signet_local::dynamodb::DynamoDb;
use signet_local::proxy::{FaultyProxy, Mode};
use support::{batch_get, client, create_table, get, put};

struct Setup {
    dynamodb: DynamoDb,
    proxy: FaultyProxy,
    client: Client,
}

async fn setup() -> Setup {
    let dynamodb = DynamoDb::start().await.unwrap();
    let direct = client(dynamodb.endpoint());
    create_table(&direct).await;
    put(&direct, "a", &"x".repeat(1000)).await.unwrap();
    let proxy = FaultyProxy::start(dynamodb.endpoint()).await.unwrap();
    let client = client(proxy.endpoint());
    Setup { dynamodb, proxy, client }
}

impl Setup {
    /// The bytes of the answer to a `GetItem`, read until the proxy closes the connection.
    fn raw(&self) -> Vec<u8> {
        let mut stream = self.connect().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let body = format!(r#"{{"TableName":"{}","Key":{{"pk":{{"S":"a"}}}}}}"#, support::TABLE);
        let head = "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
            x-amz-target: DynamoDB_20120810.GetItem\r\nx-amz-date: 20260101T000000Z\r\n\
            content-type: application/x-amz-json-1.0\r\n\
            authorization: AWS4-HMAC-SHA256 Credential=local/20260101/r/dynamodb/aws4_request, \
            SignedHeaders=host, Signature=0\r\n";
        write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
        let mut answer = Vec::new();
        match stream.read_to_end(&mut answer) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
        }
        answer
    }

    fn address(&self) -> &str {
        self.proxy.endpoint().strip_prefix("http://").unwrap()
    }

    fn connect(&self) -> std::io::Result<TcpStream> {
        TcpStream::connect(self.address())
    }

    /// As another process would that wants the port for itself.
    fn take(&self) -> std::io::Result<TcpListener> {
        TcpListener::bind(self.address())
    }

    async fn get(&self) -> Result<Option<String>, Error> {
        get(&self.client, "a").await
    }
}

/// Content length promised, and body.
fn parts(answer: &[u8]) -> (usize, &[u8]) {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).unwrap();
    (length.parse().unwrap(), &answer[end..])
}

#[tokio::test]
async fn pass_changes_nothing_and_counts() {
    let s = setup().await;
    assert_eq!(s.get().await.unwrap().unwrap().len(), 1000);
    s.proxy.record();
    put(&s.client, "b", "2").await.unwrap();
    assert_eq!(get(&client(s.dynamodb.endpoint()), "b").await.unwrap().unwrap(), "2");
    assert_eq!((s.proxy.calls("GetItem"), s.proxy.calls("PutItem")), (1, 1));
    assert_eq!((s.proxy.calls("Scan"), s.proxy.total_calls()), (0, 2));
    let recorded = s.proxy.recorded();
    assert_eq!(recorded.len(), 1);
    assert_eq!(recorded[0].operation, "PutItem");
    let body: serde_json::Value = serde_json::from_slice(&recorded[0].body).unwrap();
    assert_eq!(body["Item"]["pk"]["S"], "b");
    let (length, body) = (s.raw(), s.raw());
    assert_eq!(parts(&length).0, parts(&body).1.len());
}

#[tokio::test]
async fn errors_arrive_as_dynamodbs_own() {
    let s = setup().await;
    s.proxy.set(Mode::table_missing()).await.unwrap();
    assert!(matches!(s.get().await, Err(Error::ResourceNotFoundException(_))));
    s.proxy.set(Mode::capacity_exceeded()).await.unwrap();
    let error = s.get().await.unwrap_err();
    assert!(matches!(error, Error::ProvisionedThroughputExceededException(_)), "{error}");
    s.proxy.set(Mode::throttled()).await.unwrap();
    assert_eq!(s.get().await.unwrap_err().code(), Some("ThrottlingException"));
    s.proxy.set(Mode::internal_error()).await.unwrap();
    assert!(matches!(s.get().await, Err(Error::InternalServerError(_))));
    s.proxy.set(Mode::Pass).await.unwrap();
    s.get().await.unwrap();
}

#[tokio::test]
async fn a_limit_by_operation_and_number() {
    let s = setup().await;
    let mode = Mode::throttled();
    s.proxy.set_limited(mode, Some("GetItem"), Some(2)).await.unwrap();
    s.get().await.unwrap_err();
    put(&s.client, "b", "2").await.unwrap();
    s.get().await.unwrap_err();
    s.get().await.unwrap();
}

#[tokio::test]
async fn half_an_answer_is_cut_after_half_of_the_promised_bytes() {
    let s = setup().await;
    s.proxy.set(Mode::HalfAnswer).await.unwrap();
    let answer = s.raw();
    let (promised, body) = parts(&answer);
    assert!(promised > 1000);
    assert_eq!(body.len(), promised / 2);
    assert!(body.starts_with(b"{\"Item\""));
    s.get().await.unwrap_err();
}

#[tokio::test]
async fn bodies_that_are_not_what_was_asked_for() {
    let s = setup().await;
    s.proxy.set(Mode::Garbage).await.unwrap();
    s.get().await.unwrap_err();
    s.proxy.set(Mode::WrongJson(r#"{"Item":[1]}"#.to_owned())).await.unwrap();
    s.get().await.unwrap_err();
    assert_eq!(parts(&s.raw()).1, br#"{"Item":[1]}"#);
}

#[tokio::test]
async fn empty_closes_and_silent_holds_the_connection() {
    let s = setup().await;
    s.proxy.set(Mode::Empty).await.unwrap();
    assert!(s.raw().is_empty());
    s.get().await.unwrap_err();

    s.proxy.set(Mode::Silent).await.unwrap();
    let start = Instant::now();
    s.get().await.unwrap_err();
    assert!(start.elapsed() >= Duration::from_secs(2), "ended by the client's time-out");
}

#[tokio::test]
async fn slow_and_trickle_take_their_time() {
    let s = setup().await;
    s.proxy.set(Mode::Slow(Duration::from_millis(300))).await.unwrap();
    let start = Instant::now();
    s.get().await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(300));

    // About 1,000 bytes, a millisecond each at the least.
    s.proxy.set(Mode::Trickle(Duration::from_millis(1))).await.unwrap();
    let start = Instant::now();
    let (promised, body) = (s.raw(), start.elapsed());
    assert_eq!(parts(&promised).0, parts(&promised).1.len());
    assert!(body >= Duration::from_secs(1), "{body:?}");
    s.proxy.set(Mode::Trickle(Duration::from_millis(20))).await.unwrap();
    s.get().await.unwrap_err();
}

#[tokio::test]
async fn every_second_key_stays_unprocessed() {
    let s = setup().await;
    let direct = client(s.dynamodb.endpoint());
    let keys: Vec<String> = (0..7).map(|n| format!("k{n}")).collect();
    for key in &keys {
        put(&direct, key, "v").await.unwrap();
    }
    let limited = Some("BatchGetItem");
    s.proxy.set_limited(Mode::UnprocessedKeys, limited, Some(2)).await.unwrap();
    let (found, left) = batch_get(&s.client, &keys).await.unwrap();
    assert_eq!((found, left.as_slice()), (3, ["k0", "k2", "k4", "k6"].map(str::to_owned).as_slice()));
    let (found, left) = batch_get(&s.client, &left).await.unwrap();
    assert_eq!((found, left.len()), (2, 2));
    assert_eq!(batch_get(&s.client, &left).await.unwrap(), (2, vec![]));

    s.proxy.set(Mode::UnprocessedKeys).await.unwrap();
    let one = ["k0".to_owned()];
    for _ in 0..3 {
        assert_eq!(batch_get(&s.client, &one).await.unwrap(), (0, one.to_vec()));
    }
    s.get().await.unwrap();
    assert_eq!(s.proxy.calls("BatchGetItem"), 6);
}

#[tokio::test]
async fn refuse_closes_the_port_and_the_connections_until_it_ends() {
    let s = setup().await;
    s.get().await.unwrap();
    let mut open = s.connect().unwrap();
    for _ in 0..3 {
        s.proxy.set(Mode::Refuse).await.unwrap();
        assert_eq!(s.connect().unwrap_err().kind(), ErrorKind::ConnectionRefused);
        assert_eq!(s.take().unwrap_err().kind(), ErrorKind::AddrInUse);
        s.get().await.unwrap_err();
        s.proxy.set(Mode::Pass).await.unwrap();
        s.get().await.unwrap();
    }
    let end = open.read(&mut [0; 1]);
    assert!(matches!(end, Ok(0)) || end.is_err_and(|e| e.kind() == ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn a_target_that_is_gone_or_is_none() {
    let s = setup().await;
    drop(s.dynamodb);
    get(&s.client, "a").await.unwrap_err();
    for target in ["", "127.0.0.1:1", "https://127.0.0.1:1", "http:///x"] {
        let error = FaultyProxy::start(target).await.unwrap_err();
        assert!(matches!(error, LocalError::Target { .. }), "{target}: {error}");
    }
}
