//! Which partition a key belongs to, as the clients of others choose it: a record has to lie where the consumer of its key looks.

use crate::model::PartitionId;

/// How a key becomes a partition. Records that none of them places go to one partition after the other, a batch each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Partitioner {
    /// The Java client's (`BuiltInPartitioner.partitionForKey`), also Kafka Streams' and kafka-python's.
    #[default]
    Murmur2,
    /// librdkafka's `consistent_random`, the default of all clients that are built on it: there an empty key is no key.
    Crc32,
    /// Sarama's `NewHashPartitioner`.
    Fnv1a,
    /// Keys do not count.
    Sticky,
}

impl Partitioner {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Murmur2, Self::Crc32, Self::Fnv1a, Self::Sticky];

    /// The stable word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Murmur2 => "murmur2",
            Self::Crc32 => "crc32",
            Self::Fnv1a => "fnv1a",
            Self::Sticky => "sticky",
        }
    }

    /// The partition of a key among so many; `None`: any will do.
    pub fn place(self, key: Option<&[u8]>, partitions: usize) -> Option<PartitionId> {
        let count = u32::try_from(partitions).ok().filter(|&count| count > 0)?;
        let at = match (self, key?) {
            // Java's `toPositive`: the sign is taken away, not turned.
            (Self::Murmur2, key) => (murmur2(key) & 0x7fff_ffff) % count,
            (Self::Crc32, key) if !key.is_empty() => crc32(key) % count,
            // Go's remainder has the sign of the hash; Sarama turns it.
            (Self::Fnv1a, key) => {
                let at = i64::from(fnv1a(key).cast_signed()) % i64::from(count);
                u32::try_from(at.abs()).unwrap_or(0)
            }
            (Self::Crc32 | Self::Sticky, _) => return None,
        };
        i32::try_from(at).ok().map(PartitionId)
    }
}

/// `org.apache.kafka.common.utils.Utils.murmur2`.
fn murmur2(data: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let (words, rest) = data.as_chunks::<4>();
    let mut hash = SEED ^ length;
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !rest.is_empty() {
        for (n, &byte) in rest.iter().enumerate() {
            hash ^= u32::from(byte) << (8 * n);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ hash >> 15
}

/// CRC-32 as in zlib (`rd_crc32`).
fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

/// FNV-1a of 32 bits.
fn fnv1a(data: &[u8]) -> u32 {
    data.iter().fold(0x811c_9dc5, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn murmur2_is_that_of_kafkas_own_test() {
        // UtilsTest.testMurmur2.
        for (key, hash) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
        }
    }

    #[test]
    fn the_other_hashes_are_the_well_known_ones() {
        assert_eq!((crc32(b"123456789"), crc32(b"")), (0xcbf4_3926, 0));
        assert_eq!((fnv1a(b"a"), fnv1a(b"foobar"), fnv1a(b"")), (0xe40c_292c, 0xbf9c_f968, 0x811c_9dc5));
    }

    #[test]
    fn a_null_key_is_placed_by_none_and_an_empty_one_as_its_client_does() {
        for partitioner in Partitioner::ALL {
            assert_eq!(partitioner.place(None, 6), None);
            assert_eq!(partitioner.place(Some(b"k"), 0), None);
        }
        let of_empty = Partitioner::ALL.map(|partitioner| partitioner.place(Some(b""), 6).is_some());
        assert_eq!(of_empty, [true, false, true, false]);
        // 0xe40c292c is negative: its remainder is turned, where Java would take the sign bit away.
        assert_eq!(Partitioner::Fnv1a.place(Some(b"a"), 100), Some(PartitionId(76)));
        assert_eq!(Partitioner::Murmur2.place(Some(b"foobar"), 100), Some(PartitionId(66)));
    }
}
