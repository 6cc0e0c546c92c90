//! `clickstream`: who looked at which page, as in the usual tutorials: JSON with user_id, page, action, timestamp; the key is the
//! user's id. Six partitions, each written with another codec in the past.

use super::{Garden, HOUR_MS, Made, append, iso, moments, partition_of};
use crate::model::Codec;
use crate::sandbox::dice::Dice;
use crate::sandbox::log::Log;

/// Name, and how many partitions.
pub(in crate::sandbox) const CLICKS: (&str, usize) = ("clickstream", 6);
const HISTORY: u32 = 6_000;
const SPAN_MS: i64 = 6 * HOUR_MS;
const PER_BATCH: usize = 40;
const USERS: u32 = 400;
/// Older records than those of the history were deleted, by what the offsets say.
const FIRST_OFFSET: i64 = 12_000;

const CODECS: [Codec; 6] = [Codec::Lz4, Codec::Zstd, Codec::Snappy, Codec::None, Codec::Gzip, Codec::Lz4];

/// Clicks without end.
#[derive(Debug)]
pub(in crate::sandbox) struct Clicks {
    dice: Dice,
}

impl Clicks {
    pub(in crate::sandbox) fn new(seed: u64, purpose: &str) -> Self {
        Self { dice: Dice::new(seed, purpose) }
    }

    /// The next click, at this moment.
    pub(in crate::sandbox) fn next(&mut self, time_ms: i64) -> Made {
        let dice = &mut self.dice;
        let user = dice.between(1, USERS);
        let page = match dice.below(10) {
            0..=4 => format!("/product/{}", dice.between(1, 60)),
            5 | 6 => "/search".to_owned(),
            _ => dice.of(&["/home", "/cart", "/checkout", "/account", "/help"]).to_owned(),
        };
        let action = match page.as_str() {
            "/cart" => dice.of(&["view", "remove_from_cart", "click"]),
            "/checkout" => dice.of(&["view", "click", "purchase"]),
            page if page.starts_with("/product") => dice.of(&["view", "view", "view", "click", "add_to_cart"]),
            _ => dice.of(&["view", "view", "click", "scroll"]),
        };
        let time = iso(time_ms);
        let value = format!(r#"{{"user_id": {user}, "page": "{page}", "action": "{action}", "timestamp": "{time}"}}"#);
        Made::new(time_ms, user.to_string(), value)
    }
}

pub(super) fn plant(garden: &mut Garden) {
    let (name, count) = CLICKS;
    let mut clicks = Clicks::new(garden.seed, name);
    let mut by_partition = vec![Vec::new(); count];
    for time in moments(garden.now_ms, SPAN_MS, HISTORY) {
        let click = clicks.next(time);
        let partition = partition_of(click.key.as_deref().unwrap_or_default(), count);
        if let Some(records) = by_partition.get_mut(partition) {
            records.push(click);
        }
    }
    let logs = by_partition.iter().zip(CODECS).map(|(records, codec)| {
        let mut log = Log::starting_at(FIRST_OFFSET);
        append(&mut log, codec, PER_BATCH, records);
        log
    });
    let overrides = &[("retention.ms", "86400000"), ("retention.bytes", "2097152"), ("segment.bytes", "1048576")];
    garden.plant(name, overrides, logs.collect());
}
