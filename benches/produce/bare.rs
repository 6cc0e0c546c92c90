//! A bare idempotent producer over one socket: a request, its answer, the next. What no client can be faster than.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    ApiKey, InitProducerIdRequest, InitProducerIdResponse, ProduceRequest, ProduceResponse, RequestHeader, ResponseHeader,
};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use kscope::model::{Codec, ProducerId, TopicId};
use kscope::records::build::{Builder, NewRecord, Sequence, stamp};

use super::Failed;

/// Produce with topic ids, and InitProducerId, as kscope asks a broker of 4.0 or later.
const PRODUCE: i16 = 13;
const INIT: i16 = 4;

pub(super) struct Bare {
    stream: TcpStream,
    asked: i32,
    topic: TopicId,
    partition: i32,
    producer: (ProducerId, i16),
    next: i32,
}

impl Bare {
    /// `address`: of the partition's leader.
    pub(super) fn connect(address: &str, topic: TopicId, partition: i32) -> Result<Self, Failed> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let mut bare = Self { stream, asked: 0, topic, partition, producer: (ProducerId(-1), -1), next: 0 };
        let request = InitProducerIdRequest::default().with_transactional_id(None).with_transaction_timeout_ms(i32::MAX);
        let answer: InitProducerIdResponse = bare.call(ApiKey::InitProducerId, INIT, &request)?;
        if answer.error_code != 0 {
            return Err(format!("no producer: error {}", answer.error_code).into());
        }
        bare.producer = (ProducerId(answer.producer_id.0), answer.producer_epoch);
        Ok(bare)
    }

    /// One record, acknowledged by all; gives its offset.
    pub(super) fn send(&mut self, timestamp_ms: i64, value: &[u8]) -> Result<i64, Failed> {
        let mut builder = Builder::default();
        builder.take(&NewRecord { timestamp_ms, key: None, value: Some(value), headers: &[] }, usize::MAX);
        let mut batch = builder.seal(Codec::None)?;
        stamp(&mut batch, Some(Sequence { producer: self.producer.0, epoch: self.producer.1, first: self.next }));
        self.next += 1;
        let data = PartitionProduceData::default().with_index(self.partition).with_records(Some(Bytes::from(batch)));
        let id = self.topic.0.to_vec().try_into().map_err(|_wrong_length| "no topic id")?;
        let topic = TopicProduceData::default().with_topic_id(id).with_partition_data(vec![data]);
        let request =
            ProduceRequest::default().with_transactional_id(None).with_acks(-1).with_timeout_ms(15_000).with_topic_data(vec![topic]);
        let answer: ProduceResponse = self.call(ApiKey::Produce, PRODUCE, &request)?;
        let told = answer.responses.first().and_then(|topic| topic.partition_responses.first()).ok_or("no answer")?;
        if told.error_code != 0 {
            return Err(format!("not appended: error {}", told.error_code).into());
        }
        Ok(told.base_offset)
    }

    fn call<A: Decodable>(&mut self, key: ApiKey, version: i16, request: &impl Encodable) -> Result<A, Failed> {
        self.asked += 1;
        let mut frame = BytesMut::from(&[0; 4][..]);
        let header = RequestHeader::default().with_request_api_key(key as i16).with_request_api_version(version);
        header.with_correlation_id(self.asked).with_client_id(Some(StrBytes::from_static_str("bench"))).encode(&mut frame, 2)?;
        request.encode(&mut frame, version)?;
        let size = u32::try_from(frame.len() - 4)?;
        frame[..4].copy_from_slice(&size.to_be_bytes());
        self.stream.write_all(&frame)?;
        let mut size = [0; 4];
        self.stream.read_exact(&mut size)?;
        let mut answer = vec![0; usize::try_from(u32::from_be_bytes(size))?];
        self.stream.read_exact(&mut answer)?;
        let mut answer = Bytes::from(answer);
        ResponseHeader::decode(&mut answer, 1)?;
        Ok(A::decode(&mut answer, version)?)
    }
}
