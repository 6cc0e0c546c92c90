//! Names and numbers that identify things in Kafka. One newtype each, so that no offset is ever taken for a partition
//! and no name reaches the screen except through [`crate::text::Shown`].

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// A number with a meaning: `Debug` prints it bare, arithmetic goes through `.0`.
macro_rules! number {
    ($(#[$doc:meta])* $name:ident($of:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $of);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

/// Text that came from a cluster. It has no `Display`, `Deref` or `AsRef<str>`: [`crate::text::Shown::of`] is the way to
/// a screen or a log, and `raw` is for comparing and for sending the name back to Kafka.
macro_rules! foreign {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The exact text, for Kafka and for comparisons: never for a terminal.
            pub fn raw(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&&*self.0).finish()
            }
        }
    };
}

number!(
    /// A broker's node id; −1 on the wire means "none" and becomes `Option::None` at the boundary.
    BrokerId(i32)
);
number!(
    /// A partition's index within its topic, from 0.
    PartitionId(i32)
);
number!(
    /// A position in a partition's log. Offsets have gaps: a difference of offsets is no count of records.
    Offset(i64)
);
number!(
    /// A producer's id as the transaction coordinator gave it (KIP-98).
    ProducerId(i64)
);
number!(
    /// A leader's epoch (KIP-320); −1 is unknown.
    LeaderEpoch(i32)
);

foreign!(
    /// A topic's name: ASCII by Kafka's rule, yet treated as foreign text like all others.
    TopicName
);
foreign!(
    /// A group's id: any text, unlike a topic's name.
    GroupId
);
foreign!(
    /// The cluster's own id, as Metadata v2 and later tell it.
    ClusterId
);
foreign!(
    /// Any other text that a broker sent: a host, a rack, an error's message.
    Foreign
);

/// A topic's identity (KIP-516): a topic deleted and made again under its old name has another one. All zero is "not
/// told", which is what brokers before 2.8 say.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TopicId(pub [u8; 16]);

impl TopicId {
    /// Whether the broker told an id at all.
    pub fn is_known(self) -> bool {
        self.0 != [0; 16]
    }
}

/// As Kafka's tools print it: base64 for URLs, without padding (`org.apache.kafka.common.Uuid`).
impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use base64::Engine as _;
        f.write_str(&base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TopicId({self})")
    }
}

impl Offset {
    /// The offset `n` further on, at the ends of the range rather than past them.
    pub fn plus(self, n: i64) -> Self {
        Self(self.0.saturating_add(n))
    }
}
