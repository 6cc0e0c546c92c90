//! What else one asks of a topic while looking for a fault, as values: the question, and how far its answer has got.
//!
//! Each question is a variant of [`super::ask::Ask`], answered in parts that hold all that is known so far; `io::inquire` answers
//! them. To add one: a file here, its variants there, a file in `io/inquire/`.

mod bisect;
mod follow;
mod neighbour;
mod shape;

use std::sync::Arc;

use crate::model::{Chunk, ChunkBuilder, RecordRef, TopicName};

pub use bisect::{BisectAsk, Bisected, Halved, Looked, Turn};
pub use follow::{Candidate, FollowAsk, FollowFrom, Read, STEPS, Step, Trail, Within, query, within};
pub use neighbour::{Neighbour, Reach, Sought};
pub use shape::{Collector, FieldView, Format, Kind, KindView, Place, Seen, Shape, ShapeAsk, ShapeView};

/// A record kept by itself.
#[derive(Debug, Clone)]
pub struct Spot {
    pub topic: TopicName,
    chunk: Arc<Chunk>,
}

impl Spot {
    /// A copy of one record; `None` when there is no such row.
    pub fn of(topic: &TopicName, chunk: &Chunk, row: usize) -> Option<Self> {
        let mut builder = ChunkBuilder::default();
        builder.push(&chunk.get(row)?, chunk.batch(row)?).then(|| Self { topic: topic.clone(), chunk: Arc::new(builder.finish()) })
    }

    /// The record; its row is 0.
    pub fn chunk(&self) -> &Arc<Chunk> {
        &self.chunk
    }

    /// The record; a spot always has one.
    pub fn record(&self) -> Option<RecordRef<'_>> {
        self.chunk.get(0)
    }

    /// Whether both are the same place.
    pub fn is(&self, other: &Self) -> bool {
        let place = |spot: &Self| spot.record().map(|record| (record.partition, record.offset));
        self.topic == other.topic && place(self) == place(other)
    }
}
