//! What was seen to change, as one line: about what, and what happened to it.

use super::What;
use crate::core::groups::StateChange;
use crate::core::verdict::words::{self, Tone};
use crate::model::{BrokerId, GroupState};
use crate::text::{Shown, units};

/// A change in words; safe to draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub tone: Tone,
    /// What changed: a group, a topic, a broker.
    pub about: String,
    pub text: String,
}

impl What {
    pub fn said(&self) -> Said {
        let said = |tone, about: &str, text: String| Said { tone, about: Shown::of(about).into_string(), text };
        match self {
            Self::Group(change) => group(change),
            Self::Leader { topic, partition, from, to } => {
                let tone = if to.is_none() { Tone::Act } else { Tone::Look };
                let broker = |id: &Option<BrokerId>| id.map_or_else(|| "none".to_owned(), |id| id.0.to_string());
                said(tone, topic.raw(), format!("partition {}: leader {} → {}", partition.0, broker(from), broker(to)))
            }
            Self::Leaders(count) => {
                said(Tone::Look, "topics", format!("{} have another leader", units::counted(units::wide(*count), "partition")))
            }
            Self::TopicNew { topic, partitions } => {
                said(Tone::Dim, topic.raw(), format!("created, {}", units::counted(units::wide(*partitions), "partition")))
            }
            Self::TopicGone(topic) => said(Tone::Look, topic.raw(), "deleted".to_owned()),
            Self::TopicAnew(topic) => {
                said(Tone::Look, topic.raw(), "deleted and made again: commits on it belong to the old one".to_owned())
            }
            Self::Partitions { topic, from, to } => said(Tone::Dim, topic.raw(), format!("{from} → {to} partitions")),
            Self::BrokerNew(id) => said(Tone::Good, &format!("broker {}", id.0), "is there".to_owned()),
            Self::BrokerGone(id) => said(Tone::Act, &format!("broker {}", id.0), "is gone".to_owned()),
            Self::Done(text) => said(Tone::Good, "kscope", Shown::of(text).into_string()),
        }
    }
}

fn group(change: &StateChange) -> Said {
    let name = |state: &GroupState| words::state_in_full(state).into_string();
    let (tone, text) = match (&change.from, &change.to) {
        (None, Some(to)) => (Tone::Dim, format!("appeared, {}", name(to))),
        (Some(from), Some(to)) => {
            let tone = match to {
                GroupState::Stable => Tone::Good,
                _ => Tone::Look,
            };
            (tone, format!("{} → {}", name(from), name(to)))
        }
        (Some(from), None) => (Tone::Look, format!("is gone; was {}", name(from))),
        (None, None) => (Tone::Dim, "changed".to_owned()),
    };
    Said { tone, about: Shown::of(change.group.raw()).into_string(), text }
}
