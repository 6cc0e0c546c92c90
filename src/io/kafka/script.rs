//! A broker that does what a test tells it: a listener that reads requests and answers by a closure. Tests only.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::metadata_response::{MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic};
use kafka_protocol::messages::{ApiKey, ApiVersionsResponse, BrokerId, MetadataRequest, MetadataResponse, RequestHeader, TopicName};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use super::settings::{Address, Settings};

/// One request as the script sees it.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Counts connections from 0.
    pub(super) connection: usize,
    pub(super) key: i16,
    pub(super) version: i16,
    pub(super) id: i32,
    pub(super) body: Bytes,
}

/// What the script does with it.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// A proper answer with this body.
    Body(Bytes),
    /// These bytes, as they are.
    Raw(Bytes),
    Silence,
    Close,
}

impl Asked {
    pub(super) fn is<T>(&self, key: ApiKey, then: T) -> Option<T> {
        (self.key == key as i16).then_some(then)
    }

    pub(super) fn answer(&self, response: &impl Encodable) -> Answer {
        let mut bytes = BytesMut::new();
        response.encode(&mut bytes, self.version).unwrap();
        Answer::Body(bytes.freeze())
    }

    /// A whole frame with this body: size, correlation id, header.
    pub(super) fn frame(&self, body: &[u8]) -> Bytes {
        self.frame_with_id(self.id, body)
    }

    pub(super) fn frame_with_id(&self, id: i32, body: &[u8]) -> Bytes {
        let tags = usize::from(ApiKey::try_from(self.key).unwrap().response_header_version(self.version) >= 1);
        let mut bytes = BytesMut::new();
        bytes.put_i32(i32::try_from(4 + tags + body.len()).unwrap());
        bytes.put_i32(id);
        bytes.put_bytes(0, tags);
        bytes.put_slice(body);
        bytes.freeze()
    }
}

/// A listener that follows a script until it is dropped.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) address: Address,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: AbortHandle,
}

impl Drop for Script {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Script {
    pub(super) async fn start(handler: impl FnMut(&Asked) -> Answer + Send + 'static) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), None, handler)
    }

    /// Also says something before it is asked.
    pub(super) async fn greeting(greeting: &'static [u8]) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), Some(greeting), |_| Answer::Silence)
    }

    pub(super) fn on(
        listener: TcpListener,
        greeting: Option<&'static [u8]>,
        handler: impl FnMut(&Asked) -> Answer + Send + 'static,
    ) -> Self {
        let address = Address::parse(&listener.local_addr().unwrap().to_string()).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (handler, log) = (Arc::new(Mutex::new(handler)), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            let mut open = JoinSet::new();
            for connection in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (handler, log) = (Arc::clone(&handler), Arc::clone(&log));
                open.spawn(async move {
                    if let Some(greeting) = greeting {
                        stream.write_all(greeting).await.unwrap();
                    }
                    while let Some(one) = read(&mut stream, connection).await {
                        log.lock().unwrap().push(one.clone());
                        let answer = (handler.lock().unwrap())(&one);
                        let bytes = match answer {
                            Answer::Body(body) => one.frame(&body),
                            Answer::Raw(bytes) => bytes,
                            Answer::Silence => continue,
                            Answer::Close => return,
                        };
                        if stream.write_all(&bytes).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { address, asked, task: task.abort_handle() }
    }

    pub(super) fn port(&self) -> i32 {
        i32::from(self.address.port())
    }

    /// All requests so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How many connections sent a request.
    pub(super) fn connections(&self) -> usize {
        let mut all: Vec<_> = self.asked().iter().map(|one| one.connection).collect();
        all.dedup();
        all.sort_unstable();
        all.dedup();
        all.len()
    }
}

async fn read(stream: &mut TcpStream, connection: usize) -> Option<Asked> {
    let size = stream.read_i32().await.ok()?;
    let mut bytes = vec![0; usize::try_from(size).unwrap()];
    stream.read_exact(&mut bytes).await.ok()?;
    let mut bytes = Bytes::from(bytes);
    let (key, version) = (bytes.clone().get_i16(), bytes.slice(2..).get_i16());
    let header = ApiKey::try_from(key).unwrap().request_header_version(version);
    let header = RequestHeader::decode(&mut bytes, header).unwrap();
    Some(Asked { connection, key, version, id: header.correlation_id, body: bytes })
}

pub(super) fn settings(scripts: &[&Script]) -> Settings {
    Settings::new(scripts.iter().map(|script| script.address.clone()).collect())
}

/// Deadlines short enough for a test that waits for one to pass.
pub(super) fn hasty(scripts: &[&Script]) -> Settings {
    let (request, retry) = (Duration::from_millis(150), Duration::from_millis(600));
    Settings { request, retry, ..settings(scripts) }
}

/// A port where nobody listens.
pub(super) async fn closed_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// What a whole broker knows: answers ApiVersions and Metadata by itself.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    pub(super) id: &'static str,
    /// Id, host, port.
    pub(super) brokers: Vec<(i32, String, i32)>,
    /// Topic → partition → leader, epoch.
    pub(super) topics: BTreeMap<&'static str, Vec<(i32, i32)>>,
    /// Key → lowest and highest version; Kafka 4.2 for those that are not here.
    pub(super) versions: BTreeMap<i16, (i16, i16)>,
}

impl Cluster {
    pub(super) fn of(scripts: &[&Script]) -> Self {
        let brokers = (1..).zip(scripts).map(|(id, script)| (id, "127.0.0.1".to_owned(), script.port())).collect();
        Self { id: "first", brokers, topics: BTreeMap::new(), versions: BTreeMap::new() }
    }

    /// `None`: not a question that every broker answers alike.
    pub(super) fn answer(&self, asked: &Asked) -> Option<Answer> {
        match ApiKey::try_from(asked.key).unwrap() {
            ApiKey::ApiVersions => Some(asked.answer(&api_versions(&self.versions))),
            ApiKey::Metadata => Some(asked.answer(&self.metadata(asked))),
            _ => None,
        }
    }

    fn metadata(&self, asked: &Asked) -> MetadataResponse {
        let request = MetadataRequest::decode(&mut asked.body.clone(), asked.version).unwrap();
        assert!(!request.allow_auto_topic_creation, "a metadata request that may create a topic");
        let text = |text: &str| StrBytes::from_string(text.to_owned());
        let names: Vec<String> = match &request.topics {
            None => self.topics.keys().map(|&name| name.to_owned()).collect(),
            Some(topics) => topics.iter().map(|topic| topic.name.as_ref().unwrap().to_string()).collect(),
        };
        let topic = |name: String| {
            let leaders = self.topics.get(name.as_str());
            let partitions = leaders.into_iter().flatten().zip(0..).map(|(&(leader, epoch), index)| {
                let partition = MetadataResponsePartition::default().with_partition_index(index).with_leader_id(BrokerId(leader));
                if asked.version >= 7 { partition.with_leader_epoch(epoch) } else { partition }
            });
            MetadataResponseTopic::default()
                .with_name(Some(TopicName(text(&name))))
                .with_error_code(if leaders.is_some() { 0 } else { 3 })
                .with_partitions(partitions.collect())
        };
        let broker = |(id, host, port): &(i32, String, i32)| {
            MetadataResponseBroker::default().with_node_id(BrokerId(*id)).with_host(text(host)).with_port(*port)
        };
        MetadataResponse::default()
            .with_cluster_id(Some(text(self.id)))
            .with_controller_id(BrokerId(1))
            .with_brokers(self.brokers.iter().map(broker).collect())
            .with_topics(names.into_iter().map(topic).collect())
    }
}

/// A table as Kafka 4.2 has it for what we ask, with changes.
pub(super) fn api_versions(changes: &BTreeMap<i16, (i16, i16)>) -> ApiVersionsResponse {
    let mut ranges = BTreeMap::from([(1, (4, 18)), (2, (1, 11)), (3, (0, 13)), (18, (0, 4)), (60, (0, 2))]);
    ranges.extend(changes);
    let range = |(key, (min, max))| ApiVersion::default().with_api_key(key).with_min_version(min).with_max_version(max);
    ApiVersionsResponse::default().with_api_keys(ranges.into_iter().map(range).collect())
}
