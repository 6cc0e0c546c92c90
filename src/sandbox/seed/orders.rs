//! `orders`: nested JSON with headers; and `orders.dlq`, where a consumer put what it could not process, with headers that say why
//! (as the error handling of Kafka Connect names them).

use std::fmt::Write as _;

use super::{Garden, HOUR_MS, Made, append, hex, iso, moments, partition_of};
use crate::model::Codec;
use crate::sandbox::dice::Dice;
use crate::sandbox::log::Log;

/// Name, and how many partitions.
pub(in crate::sandbox) const ORDERS: (&str, usize) = ("orders", 3);
const HISTORY: u32 = 900;
const SPAN_MS: i64 = 12 * HOUR_MS;
const PER_BATCH: usize = 20;

const PRODUCTS: [(&str, &str, u32); 8] = [
    ("MUG-01", "Mug, white", 890),
    ("MUG-02", "Mug, blue ☕", 990),
    ("LAMP-7", "Desk lamp", 4_900),
    ("BOOK-311", "Größenlehre", 2_450),
    ("PEN-12", "Pens, 12 pieces", 1_199),
    ("CHAIR-4", "Chair \"Nord\"", 18_900),
    ("CABLE-2M", "Cable, 2 m", 799),
    ("PLANT-9", "Plant 🌿", 1_550),
];
const CITIES: [&str; 6] = ["Berlin", "København", "Lisboa", "München", "Oslo", "東京"];

/// Orders without end.
#[derive(Debug)]
pub(in crate::sandbox) struct Orders {
    dice: Dice,
    number: u32,
}

impl Orders {
    pub(in crate::sandbox) fn new(seed: u64, purpose: &str) -> Self {
        // Live orders have other numbers than those of the past.
        let number = if purpose == ORDERS.0 { 100_000 } else { 200_000 };
        Self { dice: Dice::new(seed, purpose), number }
    }

    /// The next order, at this moment.
    pub(in crate::sandbox) fn next(&mut self, time_ms: i64) -> Made {
        self.number = self.number.wrapping_add(1);
        let dice = &mut self.dice;
        let (id, customer) = (format!("ord-{}", self.number), dice.between(1, 400));
        let (mut items, mut total) = (String::new(), 0);
        for n in 0..dice.between(1, 4) {
            let (sku, name, cents) = *PRODUCTS.get(usize::try_from(dice.below(8)).unwrap_or(0)).unwrap_or(&PRODUCTS[0]);
            let quantity = dice.between(1, 3);
            total += cents * quantity;
            let comma = if n > 0 { "," } else { "" };
            let (name, price) = (name.replace('"', "\\\""), money(cents));
            // Writing to a String does not fail.
            let _written = write!(items, r#"{comma}{{"sku":"{sku}","name":"{name}","quantity":{quantity},"price":{price}}}"#);
        }
        let (city, method) = (dice.of(&CITIES), dice.of(&["card", "card", "paypal", "invoice"]));
        let status = dice.of(&["authorised", "authorised", "authorised", "pending", "declined"]);
        let note = if dice.once_in(6) { r#""leave at the door""# } else { "null" };
        let (time, total) = (iso(time_ms), money(total));
        let value = format!(
            concat!(
                r#"{{"order_id":"{id}","placed_at":"{time}","#,
                r#""customer":{{"id":{customer},"email":"customer-{customer}@example.org","address":{{"city":"{city}","zip":"{zip}"}}}},"#,
                r#""items":[{items}],"payment":{{"method":"{method}","status":"{status}"}},"total":{total},"currency":"EUR","note":{note}}}"#
            ),
            id = id,
            time = time,
            customer = customer,
            city = city,
            zip = dice.between(10_000, 99_999),
            items = items,
            method = method,
            status = status,
            total = total,
            note = note,
        );
        let trace = hex(dice, 8);
        Made::new(time_ms, &id, value)
            .header("content-type", "application/json")
            .header("source", dice.of(&["web", "app", "phone"]))
            .header("trace-id", trace)
    }
}

fn money(cents: u32) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

pub(super) fn plant(garden: &mut Garden) {
    let (name, count) = ORDERS;
    let mut orders = Orders::new(garden.seed, name);
    let mut by_partition = vec![Vec::new(); count];
    for time in moments(garden.now_ms, SPAN_MS, HISTORY) {
        let order = orders.next(time);
        let partition = partition_of(order.key.as_deref().unwrap_or_default(), count);
        if let Some(records) = by_partition.get_mut(partition) {
            records.push(order);
        }
    }
    let logs: Vec<Log> = by_partition
        .iter()
        .map(|records| {
            let mut log = Log::default();
            append(&mut log, Codec::Zstd, PER_BATCH, records);
            log
        })
        .collect();
    dead_letters(garden, &by_partition);
    garden.plant(name, &[("retention.ms", "172800000"), ("retention.bytes", "2097152"), ("segment.bytes", "1048576")], logs);
}

/// What went wrong, and how the value came to be.
const TROUBLES: [(&str, &str); 4] = [
    ("org.apache.kafka.common.errors.SerializationException", "Error deserializing JSON: unexpected end of input"),
    ("java.lang.NullPointerException", "Cannot invoke \"Address.getZip()\" because \"address\" is null"),
    ("java.net.SocketTimeoutException", "Read timed out after 3000 ms: http://warehouse.example/stock"),
    ("org.example.orders.UnknownCurrencyException", "no such currency: EURO"),
];

fn dead_letters(garden: &mut Garden, orders: &[Vec<Made>]) {
    let mut dice = garden.dice("orders.dlq");
    let mut log = Log::default();
    let mut letters = Vec::new();
    for (partition, records) in orders.iter().enumerate() {
        for (offset, order) in records.iter().enumerate().filter(|_| dice.once_in(18)).collect::<Vec<_>>() {
            let trouble = usize::try_from(dice.below(4)).unwrap_or(0);
            let (class, message) = TROUBLES.get(trouble).copied().unwrap_or_default();
            let mut letter = order.clone();
            letter.time_ms = order.time_ms.saturating_add(i64::from(dice.between(200, 4_000))).min(garden.now_ms);
            let value = String::from_utf8(order.value.clone().unwrap_or_default()).unwrap_or_default();
            letter.value = Some(match trouble {
                // Cut off in the middle, at a place that is a character's.
                0 => value.chars().take(value.chars().count() * 2 / 3).collect::<String>().into_bytes(),
                3 => value.replace(r#""EUR""#, r#""EURO""#).into_bytes(),
                _ => value.into_bytes(),
            });
            let stack = format!(
                "{class}: {message}\n\tat org.example.orders.OrderHandler.handle(OrderHandler.java:{})\n\tat org.example.stream.Consumer.poll(Consumer.java:87)",
                dice.between(30, 190)
            );
            letters.push(
                letter
                    .header("__connect.errors.topic", ORDERS.0)
                    .header("__connect.errors.partition", partition.to_string())
                    .header("__connect.errors.offset", offset.to_string())
                    .header("__connect.errors.stage", "VALUE_CONVERTER")
                    .header("__connect.errors.exception.class.name", class)
                    .header("__connect.errors.exception.message", message)
                    .header("__connect.errors.exception.stacktrace", stack)
                    .header("retries", dice.between(0, 5).to_string()),
            );
        }
    }
    letters.sort_by_key(|letter| letter.time_ms);
    append(&mut log, Codec::None, 1, &letters);
    garden.plant("orders.dlq", &[("retention.ms", "1209600000")], vec![log]);
}
