//! Where share groups start and what they have left: DescribeShareGroupOffsets (KIP-932), with lag from version 1 on (KIP-1226),
//! which the protocol crate does not know yet (`DescribeShareGroupOffsetsResponse.json` of Apache Kafka 4.2).

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};

use super::super::error::{ErrorCode, PartitionError};
use super::super::pool::Pool;
use super::super::wire::Raw;
use super::flexible::{self, Reader};
use super::unanswered;
use crate::model::{BrokerId, GroupId, Offset, Operation, PartitionId, ShareStart, TopicName};

/// The first version that tells lag.
const TELLS_LAG: i16 = 1;
/// Bytes of a topic's id.
const ID: usize = 16;

type Starts = Result<Vec<ShareStart>, PartitionError>;

impl Pool {
    /// Where a share group starts, as its coordinator says: in order of topic and partition.
    pub(in crate::io::kafka) async fn share_starts(self: &Arc<Self>, what: &'static str, broker: BrokerId, group: &GroupId) -> Starts {
        let failed = |fault| unanswered(fault, what);
        let connection = self.control(broker).await.map_err(failed)?;
        let version = connection.raw_version(Raw::SHARE_STARTS).map_err(failed)?;
        let answer = connection.call_raw(Raw::SHARE_STARTS, version, &request(group)).await.map_err(failed)?;
        let garbled = || failed(connection.garbled("an answer about a share group does not follow its format"));
        parse(answer, version).ok_or_else(garbled)?
    }
}

/// All topics of one group.
fn request(group: &GroupId) -> BytesMut {
    let mut body = BytesMut::new();
    flexible::count(&mut body, 1);
    flexible::text(&mut body, group.raw());
    // No array of topics: all.
    body.put_u8(0);
    flexible::end(&mut body);
    flexible::end(&mut body);
    body
}

fn parse(bytes: Bytes, version: i16) -> Option<Starts> {
    let mut reader = Reader(bytes);
    let _throttle = reader.i32()?;
    let groups = reader.array(|reader| {
        let _id = reader.text()?;
        let topics = reader.array(|reader| topic(reader, version))?;
        let error = ErrorCode::of(reader.i16()?);
        let _message = reader.nullable()?;
        reader.tags()?;
        Some(error.map_or(Ok(topics), |code| Err(PartitionError::of(code, Operation::Describe))))
    })?;
    reader.tags()?;
    if !reader.is_empty() {
        return None;
    }
    let found: Result<Vec<_>, _> = groups.into_iter().collect();
    Some(found.map(|topics| {
        let mut starts: Vec<ShareStart> = topics.into_iter().flatten().flatten().collect();
        starts.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
        starts
    }))
}

fn topic(reader: &mut Reader, version: i16) -> Option<Vec<ShareStart>> {
    let topic = TopicName::new(reader.text()?);
    reader.skip(ID)?;
    let partitions = reader.array(|reader| {
        let partition = PartitionId(reader.i32()?);
        let start = reader.i64()?;
        let _epoch = reader.i32()?;
        let lag = if version >= TELLS_LAG { Some(reader.i64()?) } else { None };
        let error = ErrorCode::of(reader.i16()?);
        let _message = reader.nullable()?;
        reader.tags()?;
        let start = match error {
            Some(code) => Err(PartitionError::of(code, Operation::Describe).why()),
            None => Ok((start >= 0).then_some(Offset(start))),
        };
        Some(ShareStart { topic: topic.clone(), partition, start, lag: lag.filter(|&lag| lag >= 0) })
    })?;
    reader.tags()?;
    Some(partitions)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer about one partition.
    fn answer(version: i16) -> Bytes {
        let mut out = BytesMut::new();
        out.put_i32(0);
        flexible::count(&mut out, 1);
        flexible::text(&mut out, "g");
        flexible::count(&mut out, 1);
        flexible::text(&mut out, "orders");
        out.put_bytes(7, ID);
        flexible::count(&mut out, 1);
        out.put_i32(2);
        out.put_i64(40);
        out.put_i32(3);
        if version >= TELLS_LAG {
            out.put_i64(9);
        }
        out.put_i16(0);
        out.put_u8(0);
        flexible::end(&mut out);
        flexible::end(&mut out);
        out.put_i16(0);
        out.put_u8(0);
        flexible::end(&mut out);
        flexible::end(&mut out);
        out.freeze()
    }

    #[test]
    fn lag_is_told_from_version_1_on_and_unknown_before() {
        for (version, lag) in [(0, None), (1, Some(9))] {
            let start = ShareStart { topic: TopicName::new("orders"), partition: PartitionId(2), start: Ok(Some(Offset(40))), lag };
            assert_eq!(parse(answer(version), version).unwrap().unwrap(), [start]);
        }
        for cut in 0..answer(1).len() {
            assert!(parse(answer(1).slice(..cut), 1).is_none(), "{cut}");
        }
    }
}
