//! `catalog.updates`: products whose price or stock changed. In one partition lies a record that is no JSON, because somebody cut
//! it off: the consumer `search-indexer` has never come past it.

use super::{Garden, HOUR_MS, Made, append, iso, moments, partition_of};
use crate::model::Codec;
use crate::sandbox::dice::Dice;
use crate::sandbox::log::Log;

/// Name, and how many partitions.
pub(in crate::sandbox) const CATALOG: (&str, usize) = ("catalog.updates", 4);
/// The partition with the broken record.
const STUCK: usize = 2;
const HISTORY: u32 = 800;
const SPAN_MS: i64 = 3 * HOUR_MS;
const PER_BATCH: usize = 10;
const PRODUCTS: u32 = 240;
const NAMES: [&str; 6] = ["Desk lamp", "Espresso cup", "Notebook, ruled", "Backpack 20 l", "Kettle", "Größenlehre"];

/// Updates without end.
#[derive(Debug)]
pub(in crate::sandbox) struct Catalog {
    dice: Dice,
}

impl Catalog {
    pub(in crate::sandbox) fn new(seed: u64, purpose: &str) -> Self {
        Self { dice: Dice::new(seed, purpose) }
    }

    /// The next update, at this moment.
    pub(in crate::sandbox) fn next(&mut self, time_ms: i64) -> Made {
        let dice = &mut self.dice;
        let sku = format!("B-{}", 1_000 + dice.below(PRODUCTS));
        let (name, stock, cents) = (dice.of(&NAMES), dice.below(400), dice.between(190, 18_900));
        let (euros, rest, time) = (cents / 100, cents % 100, iso(time_ms));
        let value = format!(
            r#"{{"sku":"{sku}","name":"{name}","price":{{"amount":{euros}.{rest:02},"currency":"EUR"}},"stock":{stock},"updated":"{time}"}}"#
        );
        Made::new(time_ms, &sku, value).header("source", dice.of(&["erp", "erp", "shop", "import"]))
    }
}

/// Partition and offset of the broken record.
pub(super) fn plant(garden: &mut Garden) -> (i32, i64) {
    let (name, count) = CATALOG;
    let mut catalog = Catalog::new(garden.seed, name);
    let mut by_partition = vec![Vec::new(); count];
    for time in moments(garden.now_ms, SPAN_MS, HISTORY) {
        let update = catalog.next(time);
        let partition = partition_of(update.key.as_deref().unwrap_or_default(), count);
        if let Some(records) = by_partition.get_mut(partition) {
            records.push(update);
        }
    }
    let mut broken = (0, 0);
    if let Some(records) = by_partition.get_mut(STUCK) {
        // Half of them lie behind it.
        let at = records.len() / 2;
        if let Some(record) = records.get_mut(at) {
            let value = String::from_utf8(record.value.take().unwrap_or_default()).unwrap_or_default();
            // In the middle of a name, whose characters are all of one byte.
            record.value = Some(value.split_inclusive("\"stoc").take(1).collect::<String>().into_bytes());
            broken = (i32::try_from(STUCK).unwrap_or(0), i64::try_from(at).unwrap_or(0));
        }
    }
    let logs = by_partition.iter().map(|records| {
        let mut log = Log::default();
        append(&mut log, Codec::Lz4, PER_BATCH, records);
        log
    });
    garden.plant(name, &[("retention.ms", "604800000"), ("retention.bytes", "2097152"), ("segment.bytes", "262144")], logs.collect());
    broken
}
