use std::collections::BTreeMap;
use std::future::Future;

use kafka_protocol::messages::{ApiKey, ApiVersionsResponse, MetadataResponse};
use tokio::time::timeout;

use super::dial::{Target, connect, resolve};
use super::*;
use crate::io::kafka::pool::no_topics;
use crate::io::kafka::script::{Answer, Asked, Cluster, Script, api_versions, hasty, settings};
use crate::io::kafka::settings::Settings;

async fn open_with(script: &Script, settings: &Settings) -> Result<Connection, Fault> {
    let target = Target { address: script.address.clone(), broker: None };
    let addresses = resolve(&target, settings).await?;
    connect(&target, &addresses, settings, &Common::default()).await
}

async fn open(script: &Script) -> Result<Connection, Fault> {
    open_with(script, &settings(&[script])).await
}

/// A broker that follows `handler`, after ApiVersions.
async fn broker(mut handler: impl FnMut(&Asked) -> Answer + Send + 'static) -> Script {
    Script::start(move |asked| match asked.is(ApiKey::ApiVersions, ()) {
        Some(()) => asked.answer(&api_versions(&BTreeMap::new())),
        None => handler(asked),
    })
    .await
}

fn metadata(connection: &Connection) -> impl Future<Output = Result<MetadataResponse, Fault>> {
    let version = connection.version::<Metadata>().unwrap();
    let pending = connection.send::<Metadata>(version, &no_topics(), connection.plain_terms());
    let connection = connection.clone();
    async move { connection.decode::<Metadata>(version, pending?.frame().await?) }
}

/// An answer that names the request it is for.
fn numbered(asked: &Asked, controller: i32) -> Bytes {
    let mut body = BytesMut::new();
    MetadataResponse::default().with_controller_id(kp::BrokerId(controller)).encode(&mut body, asked.version).unwrap();
    asked.frame(&body)
}

#[tokio::test]
async fn what_is_not_kafka_is_named() {
    for (says, named) in [
        (&b"HTTP/1.1 400 Bad Request\r\n"[..], "HTTP"),
        (b"<!DOCTYPE HTML>", "HTTP"),
        (b"\x15\x03\x03\x00\x02\x02\x50", "TLS"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "SSH"),
        (b"220 mail.example ESMTP", "text protocol"),
    ] {
        let answering = Script::start(move |_| Answer::Raw(Bytes::from_static(says))).await;
        for script in [answering, Script::greeting(says).await] {
            let fault = open(&script).await.unwrap_err();
            assert!(matches!(fault.cause, Cause::WrongProtocol(what) if what.contains(named)), "{named}: {fault:?}");
            assert!(fault.hint.is_some() && fault.attempts[0].step == Step::ApiVersions, "{fault:?}");
        }
    }
}

#[tokio::test]
async fn the_first_request_ends_a_line_for_servers_that_wait_for_one() {
    let script = broker(|_| Answer::Silence).await;
    open(&script).await.unwrap();
    assert_eq!(script.asked()[0].id.to_be_bytes(), *b"\r\n\r\n");
}

#[tokio::test]
async fn a_listener_that_hangs_up_at_once_may_want_tls() {
    let script = Script::start(|_| Answer::Close).await;
    let fault = open(&script).await.unwrap_err();
    assert_eq!(fault.cause, Cause::Disconnected);
    assert!(fault.hint.unwrap().contains("TLS"));
}

#[tokio::test]
async fn a_listener_that_hangs_up_after_the_first_answer_may_want_sasl() {
    let script = broker(|_| Answer::Close).await;
    let connection = open(&script).await.unwrap();
    let fault = metadata(&connection).await.unwrap_err();
    assert!(fault.hint.unwrap().contains("SASL"));
    assert!(!connection.is_open());
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let script = Script::start(|_| Answer::Silence).await;
    let fault = open_with(&script, &hasty(&[&script])).await.unwrap_err();
    assert_eq!((fault.cause, fault.attempts[0].step), (Cause::TimedOut(150), Step::ApiVersions));
    assert_eq!(fault.attempts[0].result.raw(), "no answer within 0.1 s");
}

#[tokio::test]
async fn a_dropped_question_still_has_its_deadline() {
    let script = broker(|_| Answer::Silence).await;
    let connection = open_with(&script, &hasty(&[&script])).await.unwrap();
    assert!(timeout(Duration::from_millis(30), metadata(&connection)).await.is_err());
    let behind = metadata(&connection).await.unwrap_err();
    assert_eq!(behind.cause, Cause::TimedOut(150));
    assert!(!connection.is_open());
    assert_eq!(metadata(&connection).await.unwrap_err().cause, Cause::TimedOut(150));
}

#[tokio::test]
async fn a_dropped_question_does_not_cost_the_connection() {
    let mut held: Option<Bytes> = None;
    let script = broker(move |asked| match held.take() {
        None => {
            held = Some(numbered(asked, 1));
            Answer::Silence
        }
        Some(first) => Answer::Raw([first, numbered(asked, 2)].concat().into()),
    })
    .await;
    let connection = open(&script).await.unwrap();
    // Dropped before it was written: the broker never sees it.
    drop(metadata(&connection));
    let dropped = metadata(&connection);
    assert!(timeout(Duration::from_millis(30), dropped).await.is_err());
    assert_eq!(metadata(&connection).await.unwrap().controller_id.0, 2);
    assert_eq!((script.connections(), connection.is_open()), (1, true));
}

#[tokio::test]
async fn questions_are_sent_at_once_and_answered_in_order() {
    let mut held: Vec<u8> = Vec::new();
    let mut count = 0;
    let script = broker(move |asked| {
        count += 1;
        held.extend(numbered(asked, count));
        if count == 3 { Answer::Raw(held.clone().into()) } else { Answer::Silence }
    })
    .await;
    let connection = open(&script).await.unwrap();
    let all = [metadata(&connection), metadata(&connection), metadata(&connection)];
    let mut controllers = Vec::new();
    for one in all {
        controllers.push(one.await.unwrap().controller_id.0);
    }
    assert_eq!(controllers, [1, 2, 3]);
}

#[tokio::test]
async fn an_answer_to_another_question_closes_the_connection() {
    let script = broker(|asked| {
        let mut body = BytesMut::new();
        MetadataResponse::default().encode(&mut body, asked.version).unwrap();
        Answer::Raw(asked.frame_with_id(asked.id + 1, &body))
    })
    .await;
    let connection = open(&script).await.unwrap();
    assert!(matches!(metadata(&connection).await.unwrap_err().cause, Cause::Garbled(what) if what.contains("another question")));
    assert!(!connection.is_open());
}

#[tokio::test]
async fn bytes_left_over_close_the_connection() {
    let script = broker(|asked| {
        let mut body = BytesMut::new();
        MetadataResponse::default().encode(&mut body, asked.version).unwrap();
        body.put_u8(0);
        Answer::Body(body.freeze())
    })
    .await;
    let connection = open(&script).await.unwrap();
    assert!(matches!(metadata(&connection).await.unwrap_err().cause, Cause::Garbled(what) if what.contains("longer")));
    assert!(!connection.is_open());
}

#[tokio::test]
async fn a_frame_over_its_cap_is_refused_by_its_size_alone() {
    let script = broker(|_| Answer::Raw(Bytes::from_static(&[0x40, 0, 0, 0]))).await;
    let connection = open(&script).await.unwrap();
    assert_eq!(metadata(&connection).await.unwrap_err().cause, Cause::TooLarge(1 << 30));
    let negative = broker(|_| Answer::Raw(Bytes::from_static(&[0xff, 0xff, 0xff, 0xff]))).await;
    let connection = open(&negative).await.unwrap();
    assert!(matches!(metadata(&connection).await.unwrap_err().cause, Cause::Garbled(_)));
}

#[tokio::test]
async fn the_head_of_a_large_answer_is_kept_and_the_rest_read_past() {
    let mut count = 0;
    let script = broker(move |asked| {
        count += 1;
        let mut body: Vec<u8> = (0..=255).cycle().take(300_000).collect();
        // No throttle time.
        body[..4].fill(0);
        if count == 1 { Answer::Body(body.into()) } else { Answer::Raw(numbered(asked, 7)) }
    })
    .await;
    let connection = open(&script).await.unwrap();
    let terms = Terms { cap: 100_000, head: Some(1000), ..connection.plain_terms() };
    let frame = connection.send::<Metadata>(9, &no_topics(), terms).unwrap().frame().await.unwrap();
    assert_eq!((frame.bytes.len(), frame.size, frame.is_cut()), (1000, 300_009, true));
    assert_eq!(frame.bytes[..7], [0, 0, 0, 0, 0, 4, 5]);
    assert_eq!(metadata(&connection).await.unwrap().controller_id.0, 7);
}

#[tokio::test]
async fn a_throttled_answer_is_delivered_and_the_next_request_held() {
    let script = broker(|asked| asked.answer(&MetadataResponse::default().with_throttle_time_ms(30_000))).await;
    let connection = open(&script).await.unwrap();
    let common = connection.inner.shared.common.throttled.subscribe();
    assert_eq!(metadata(&connection).await.unwrap().throttle_time_ms, 30_000);
    let told = common.borrow().clone();
    assert_eq!((told.count, told.time), (1, Duration::from_secs(30)));
    assert!(connection.vitals().held_until.is_some());
    assert!(common.borrow().words().is_some_and(|words| words.contains("throttles us")), "{:?}", common.borrow());
    assert!(timeout(Duration::from_millis(50), metadata(&connection)).await.is_err());
    assert_eq!(script.asked().iter().filter(|asked| asked.key == 3).count(), 1);
}

#[tokio::test]
async fn versions_are_asked_for_lower_when_the_broker_says_so() {
    for offers in [BTreeMap::from([(18, (0, 2)), (3, (0, 6))]), BTreeMap::new()] {
        let script = Script::start(move |asked| {
            let table = if offers.is_empty() { ApiVersionsResponse::default() } else { api_versions(&offers) };
            if asked.version < 3 {
                return asked.answer(&api_versions(&BTreeMap::from([(18, (0, 2)), (3, (0, 6))])));
            }
            let mut body = BytesMut::new();
            table.with_error_code(35).encode(&mut body, 0).unwrap();
            Answer::Body(body.freeze())
        })
        .await;
        let connection = open(&script).await.unwrap();
        assert_eq!(connection.version::<Metadata>().unwrap(), 6);
        assert_eq!(script.asked().len(), 2);
    }
}

#[tokio::test]
async fn a_broker_that_refuses_every_version_is_asked_twice_and_no_more() {
    let script = Script::start(|asked| {
        let mut body = BytesMut::new();
        ApiVersionsResponse::default().with_error_code(35).encode(&mut body, 0).unwrap();
        Answer::Raw(asked.frame(&body))
    })
    .await;
    assert!(matches!(open(&script).await.unwrap_err().cause, Cause::Kafka { code: 35, .. }));
    assert_eq!(script.asked().len(), 2);
}

#[tokio::test]
async fn an_idle_connection_closes_and_says_so() {
    let script = broker(|_| Answer::Silence).await;
    let connection = open_with(&script, &Settings { idle_close: Duration::from_millis(20), ..settings(&[&script]) }).await.unwrap();
    connection.inner.orders.as_ref().unwrap().closed().await;
    assert_eq!(metadata(&connection).await.unwrap_err().attempts[0].result.raw(), "closed after it was idle");
}

#[tokio::test]
async fn the_last_handle_closes_the_socket() {
    let script = broker(|_| Answer::Silence).await;
    let connection = open(&script).await.unwrap();
    let orders = connection.inner.orders.as_ref().unwrap().downgrade();
    let open = Arc::clone(&connection.inner.shared.common.open);
    assert_eq!(open.load(Ordering::Relaxed), 1);
    drop(connection);
    while open.load(Ordering::Relaxed) > 0 {
        tokio::task::yield_now().await;
    }
    assert!(orders.upgrade().is_none());
}

#[tokio::test]
async fn a_broker_without_a_version_of_a_request_is_not_asked() {
    let cluster = Cluster { versions: BTreeMap::from([(3, (0, 3))]), ..Cluster::of(&[]) };
    let script = Script::start(move |asked| cluster.answer(asked).unwrap()).await;
    let connection = open(&script).await.unwrap();
    assert_eq!(connection.call::<Metadata>(|_| no_topics()).await.unwrap_err().cause, Cause::NotOffered("Metadata"));
}
