//! The scripted broker keeps its own promises, seen through a plain socket and through rskafka.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, mpsc};
use std::thread;

use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, ApiVersionsResponse, CreateTopicsRequest, CreateTopicsResponse, FetchRequest, FetchResponse,
    ListOffsetsRequest, MetadataRequest, RequestHeader,
};
use kafka_protocol::protocol::{Encodable, Request, encode_request_header_into_buffer};

use super::{Action, FakeTopic, Healthy, Scripted, Stranger};
use crate::eventually;
use crate::kafka::{Codec, Connection, encode, record};

fn orders() -> Healthy {
    Healthy::with(vec![FakeTopic {
        name: "orders",
        partitions: 2,
        log: encode(Codec::Lz4, &[record("one")], None).into(),
        start: 0,
        end: 1,
    }])
}

/// A framed ApiVersions request.
fn hello() -> Vec<u8> {
    let header = RequestHeader::default().with_request_api_key(ApiVersionsRequest::KEY).with_correlation_id(7);
    let mut frame = bytes::BytesMut::new();
    encode_request_header_into_buffer(&mut frame, &header).unwrap();
    ApiVersionsRequest::default().encode(&mut frame, 0).unwrap();
    [&u32::try_from(frame.len()).unwrap().to_be_bytes(), &frame[..]].concat()
}

/// What comes back for one ApiVersions request until the server closes.
fn all_that_comes_back(server: &Scripted) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(&hello()).unwrap();
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    answer
}

#[test]
fn a_healthy_script_serves_records_to_an_independent_client() {
    let healthy = orders();
    let server = Scripted::start(move |q| healthy.answer(q));
    let address = server.address();
    let read = async {
        let client = rskafka::client::ClientBuilder::new(vec![address]).build().await.unwrap();
        let topics = client.list_topics().await.unwrap();
        assert_eq!(topics.iter().map(|t| (t.name.as_str(), t.partitions.len())).collect::<Vec<_>>(), [("orders", 2)]);
        let unknown = rskafka::client::partition::UnknownTopicHandling::Error;
        let partition = client.partition_client("orders", 1, unknown).await.unwrap();
        partition.fetch_records(0, 1..1_000_000, 100).await.unwrap()
    };
    let (records, high_watermark) = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(read);
    assert_eq!(high_watermark, 1);
    assert_eq!(records[0].record.value.as_deref(), Some(&b"one"[..]));
    assert!(server.asked(ApiKey::Fetch) >= 1);
}

#[test]
fn every_request_is_counted_and_one_that_mutates_raises_the_alarm() {
    let healthy = orders();
    let server = Scripted::start(move |q| match q.api {
        ApiKey::CreateTopics => Action::Reply(q.answer::<CreateTopicsRequest>(&CreateTopicsResponse::default())),
        _ => healthy.answer(q),
    });
    let mut connection = Connection::open(&server.address());
    connection.call(12, &MetadataRequest::default().with_allow_auto_topic_creation(false));
    connection.call(9, &ListOffsetsRequest::default());
    assert_eq!(server.mutations(), []);
    connection.call(12, &MetadataRequest::default().with_allow_auto_topic_creation(true));
    connection.call(5, &CreateTopicsRequest::default());
    assert_eq!(server.mutations(), [ApiKey::Metadata, ApiKey::CreateTopics]);
    assert_eq!((server.asked(ApiKey::Metadata), server.asked(ApiKey::ListOffsets), server.asked(ApiKey::Fetch)), (2, 1, 0));
    assert_eq!(server.connections(), (1, 1));
    drop(connection);
    eventually("the closed connection is seen", || (server.connections() == (1, 0)).then_some(()));
}

#[test]
fn the_script_sees_each_request_with_its_place() {
    let (seen, places) = mpsc::channel();
    let seen = Mutex::new(seen);
    let server = Scripted::start(move |q| {
        seen.lock().unwrap().send((q.connection, q.earlier, q.version())).unwrap();
        orders().answer(q)
    });
    Connection::open(&server.address()).call(3, &ApiVersionsRequest::default());
    let mut second = Connection::open(&server.address());
    second.call(0, &ApiVersionsRequest::default());
    assert_eq!(places.try_iter().collect::<Vec<_>>(), [(0, 0, 3), (1, 1, 0)]);
}

#[test]
fn a_frame_can_be_cut_garbled_or_answered_with_another_id() {
    let with = |action: fn(bytes::Bytes) -> Action| {
        Scripted::start(move |q| match q.earlier {
            0 => action(q.answer::<ApiVersionsRequest>(&ApiVersionsResponse::default())),
            _ => Action::Close,
        })
    };
    let cut = all_that_comes_back(&with(|answer| Action::CloseMidFrame(answer, 5)));
    assert_eq!(cut, [0, 0, 0, 10, 0, 0, 0, 7, 0], "the size of all, and five bytes");
    let server = with(Action::WrongCorrelation);
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(&[hello(), hello()].concat()).unwrap();
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    assert_eq!(answer[..8], [0, 0, 0, 10, 0x7f, 0xff, 0xff, 0xf0]);
    let server = with(|_| Action::Garbage(vec![0xff; 4]));
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.write_all(&[hello(), hello()].concat()).unwrap();
    answer.clear();
    drop(stream.read_to_end(&mut answer));
    assert_eq!(answer, [0xff; 4]);
}

#[test]
fn a_held_answer_comes_when_it_is_released_and_silence_lasts() {
    let server = Scripted::start(|q| match q.api {
        ApiKey::ApiVersions => Action::Hold(q.answer::<ApiVersionsRequest>(&ApiVersionsResponse::default())),
        ApiKey::Fetch => Action::Reply(q.answer::<FetchRequest>(&FetchResponse::default())),
        _ => Action::Silence,
    });
    let address = server.address();
    let waiting = thread::spawn(move || Connection::open(&address).call(0, &ApiVersionsRequest::default()));
    eventually("the question is there", || (server.asked(ApiKey::ApiVersions) == 1).then_some(()));
    assert!(!waiting.is_finished());
    server.release();
    assert_eq!(waiting.join().unwrap().error_code, 0);

    let mut stream = TcpStream::connect(server.address()).unwrap();
    let mut metadata = hello();
    metadata[5] = 3; // the API key: Metadata, which this server does not answer
    stream.write_all(&metadata).unwrap();
    eventually("the question is there", || (server.asked(ApiKey::Metadata) == 1).then_some(()));
    stream.set_nonblocking(true).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_stranger_answers_in_its_own_tongue() {
    assert!(all_that_comes_back(&Scripted::stranger(Stranger::Http)).starts_with(b"HTTP/1.1 400"));
    assert_eq!(all_that_comes_back(&Scripted::stranger(Stranger::Tls)), b"\x15\x03\x03\x00\x02\x02\x46");
    assert!(all_that_comes_back(&Scripted::stranger(Stranger::Ssh)).starts_with(b"SSH-2.0-"));
    let silent = Scripted::stranger(Stranger::Silent);
    let mut stream = TcpStream::connect(silent.address()).unwrap();
    stream.write_all(&hello()).unwrap();
    eventually("it is accepted", || (silent.connections().0 == 1).then_some(()));
    drop(silent);
    assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0, "dropping the server closes what is open");
}
