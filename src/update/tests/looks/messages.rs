//! The screen of messages.

use super::*;

pub(super) fn opened(size: (u16, u16)) -> Script {
    at(size).cluster(vec![topic("clicks", 6), topic("orders.created", 48)]).keys("j enter")
}

/// An order as services write them: nested, an amount with digits that a float would lose.
fn order(n: i64, status: &str) -> String {
    format!(
        "{{\"orderId\":\"51ab77e0-2c41-4f0e-9a77-5b0c9d3f1e{n:02}\",\"customer\":{{\"id\":{},\"email\":\"u{n}@example.org\"}},\
         \"status\":\"{status}\",\"amount\":150.00,\"cur\":\"EUR\",\"items\":[{{\"sku\":\"A-1\",\"n\":1}},{{\"sku\":\"B-77\",\"n\":2}}],\
         \"retry\":true,\"note\":null,\"createdAt\":\"2026-11-20T12:41:05Z\"}}",
        9_007_199_254_740_993_i64 + n
    )
}

fn sale(n: i64) -> Made {
    let partition = i32::try_from(n * 7 % 48).unwrap();
    let status = if n % 3 == 0 { "FAILED" } else { "PAID" };
    Made {
        partition,
        at: Some(n * 47),
        headers: vec![
            ("trace-id", Some("51ab77e02c414f0e9a775b0c9d3f1e20")),
            ("retry", Some("1")),
            ("retry", Some("2")),
            ("note", None),
            ("", Some("")),
        ],
        ..made(12_000_000 + n, &format!("cust-{}", 4410 + n), &order(n, status))
    }
}

fn sales(count: i64) -> Vec<Made> {
    (0..count).map(sale).collect()
}

pub(super) fn full(size: (u16, u16)) -> Script {
    opened(size).deliver(chunk(&sales(40)), vec![]).progress(live(48, 12_000_040))
}

#[test]
fn messages_before_anything_arrived() {
    looks(&opened(SMALL), "messages_starting");
    looks(&opened(USUAL).progress(Progress { live: true, ..live(48, 0) }), "messages_empty_topic");
}

#[test]
fn messages_with_a_json_record_selected() {
    for size in [SMALL, USUAL, LARGE] {
        looks(&full(size).keys("tab j j"), &named(size, "messages_full"));
    }
    looks(&full(USUAL).keys("k k x space V"), "messages_headers_column_and_marks");
}

#[test]
fn messages_without_key_or_value() {
    let records = [
        made(0, "cust-1", r#"{"a":1}"#),
        Made { value: None, ..made(1, "cust-1207", "") },
        Made { key: None, ..made(2, "", r#"{"no":"key"}"#) },
        Made { key: None, value: None, ..made(3, "", "") },
        made(4, "", ""),
        made(5, "null", "null"),
        made(6, "\u{1b}[31mred", "plain text, \u{202e}reversed\u{202c}, and a tab\tand a bell\u{7}"),
        Made { value: Some(vec![0, 0, 0, 0, 7, 0xff, 0xfe, 0x10]), key: Some(vec![0, 0, 0, 42]), ..made(7, "", "") },
    ];
    looks(&opened(USUAL).deliver(chunk(&records), vec![]).progress(live(48, 8)).keys("g j"), "messages_null_and_tombstone");
}

#[test]
fn messages_of_transactions() {
    let of = |offset, producer| Made { transaction: Some(producer), ..made(offset, "cust-1", r#"{"status":"PAID","amount":1.50}"#) };
    let records = [of(0, 9), of(1, 10), of(2, 11), made(3, "cust-2", r#"{"status":"PAID"}"#)];
    let mut txns = TxnTable::default();
    txns.marker(PartitionId(0), ProducerId(9), Offset(4), Outcome::Aborted);
    txns.marker(PartitionId(0), ProducerId(10), Offset(5), Outcome::Committed);
    let script = opened(USUAL).deliver(chunk(&records), vec![]).progress(Progress { txns, ..live(48, 6) });
    looks(&script.keys("g"), "messages_transactions");
}

#[test]
fn messages_with_what_happened_between_them() {
    let partition = PartitionId(7);
    let (from, to) = (Offset(1_200), Offset(61_204));
    let facts = || {
        vec![
            Fact::Lost { partition, from, to },
            Fact::Truncated { partition, from, to },
            Fact::Corrupt { partition, offset: from, next: to, bytes: 16_384, why: "its CRC is wrong" },
            Fact::TooLarge { partition, offset: from, next: to, bytes: 41_943_040 },
            Fact::Moved { partition, to: Some(BrokerId(3)), epoch: LeaderEpoch(15) },
            Fact::Moved { partition, to: None, epoch: LeaderEpoch(16) },
            Fact::PartitionsAdded { from: 48, to: 64 },
            Fact::Resumed { partitions: 12, after_ms: 4_321 },
            Fact::NotKept { records: 48_112 },
            Fact::NotAuthorised,
            Fact::Deleted,
        ]
    };
    let script = |size| opened(size).deliver(chunk(&[sale(1)]), vec![]).deliver(chunk(&[sale(2)]), facts()).keys("m k k");
    looks(&script(SMALL).keys("f"), "messages_notes_80x24");
    looks(&script(USUAL), "messages_notes_120x36");
}

#[test]
fn messages_with_a_filter() {
    let typed = full(USUAL).keys("/").text(".status == \"FAILED\" and .amount > 100");
    looks(&typed, "messages_filter_typed");
    looks(&typed.keys("enter"), "messages_filter_in_force");
    looks(&full(SMALL).keys("/").text(".createdAt ~ 2026 and .status == FAILED").keys("enter"), "messages_filter_far_to_the_right");
    looks(&full(SMALL).keys("/").text(".status == \"FAILED\" and  (.amount > 100").keys("enter"), "messages_filter_wrong");
    looks(&full(USUAL).keys("/").text(".status == \"LOST\"").keys("enter"), "messages_filter_without_matches");
}

#[test]
fn messages_that_do_not_come() {
    looks(&full(SMALL).keys("P"), "messages_paused");
    let mut few = at(USUAL).cluster(vec![topic("orders.created", 48)]);
    few.state.settings.limits = Limits { records: 40, bytes: 64 << 20 };
    let few = few.keys("enter 1").deliver(chunk(&sales(20)), vec![]).keys("k k").deliver(chunk(&sales(20)), vec![]);
    looks(&few.progress(live(48, 12_000_040)), "messages_buffer_full");
    let failure = Failure::new("read the topic", Cause::NotAuthorised(Foreign::new("topic orders.created needs READ")))
        .hint("ask for the ACL, or log in as another principal");
    looks(&full(USUAL).reply("read", Err(failure.clone())), "messages_stopped");
    looks(&opened(SMALL).reply("read", Err(failure)), "messages_stopped_before_the_first");
    let trouble = |p: PartitionProgress| PartitionProgress { trouble: Some("its leader, broker 2, does not answer".to_owned()), ..p };
    let progress = live(48, 12_000_090);
    let progress = Progress { partitions: progress.partitions.into_iter().map(trouble).collect(), live: false, ..progress };
    looks(&full(USUAL).progress(progress), "messages_disturbed");
    looks(&full(SMALL).later(Duration::from_secs(6)).reply("cluster", Err(unreachable())), "messages_connection_lost");
}

#[test]
fn messages_in_other_layouts() {
    looks(&full(SMALL).keys("tab f j j j"), "messages_value_full_screen");
    for size in [USUAL, LARGE] {
        looks(&full(size).keys("|"), &named(size, "messages_layout_right"));
    }
}

fn of_value(value: Vec<u8>) -> Script {
    let record = Made { value: Some(value), ..made(7, "cust-1", "") };
    opened(USUAL).deliver(chunk(&[record]), vec![]).progress(live(48, 8))
}

#[test]
fn values_that_are_no_json() {
    let bytes: Vec<u8> = (0..=255).chain(*b"plain text within\0").collect();
    looks(&of_value(bytes), "value_hex");
    let mut broken = order(1, "PAID");
    broken.truncate(130);
    looks(&of_value(broken.into_bytes()).keys("tab"), "value_broken_json");
    let mut xml = String::from("<?xml version=\"1.0\"?>\n<orders>\n");
    for n in 0..30 {
        let _infallible = writeln!(xml, "  <order id=\"{n}\"><amount currency=\"EUR\">{n}.50</amount></order>");
    }
    looks(&of_value((xml + "</orders>\n").into_bytes()), "value_xml");
    looks(&of_value(order(1, "PAID").into_bytes()).keys("tab /").text("sku").keys("enter"), "value_search");
}

#[test]
fn messages_with_selected_fields_in_place_of_the_value() {
    let text = "not heartbeat | select .orderId, .status, .amount, .customer, .items[].sku, .note, .gone, header.retry";
    for size in [SMALL, USUAL, LARGE] {
        looks(&full(size).keys("/").text(text).keys("enter"), &named(size, "messages_select"));
    }
    let odd = [
        made(1, "k", r#"{"a":null,"b":"","c":12345678901234567890.125}"#),
        made(2, "k", "no json"),
        Made { value: None, ..made(3, "gone", "") },
        Made { key: None, transaction: Some(7), ..made(4, "", "{\"a\":\"x\\u001b[2J\",\"b\":true,\"c\":1e400}") },
    ];
    let script = opened(USUAL).deliver(chunk(&odd), vec![]).progress(live(48, 5));
    looks(&script.keys("/").text("| select key, .a, .b, .c, offset, size").keys("enter"), "messages_select_odd");
}

#[test]
fn messages_of_several_topics() {
    use crate::core::stream::lanes;
    let lane = |topic, partition| lanes::lane(topic, PartitionId(partition)).unwrap();
    for size in [SMALL, USUAL, LARGE] {
        let names = ["clicks", "orders.created", "payments.settled-with-a-long-name"];
        let script = at(size).cluster(names.map(|name| topic(name, 4)).to_vec()).keys("ctrl-a M");
        let records: Vec<Made> = (0..30)
            .map(|n| Made {
                partition: lane(usize::try_from(n % 3).unwrap(), i32::try_from(n % 4).unwrap()).0,
                at: Some(n * 47),
                ..sale(n)
            })
            .collect();
        let mut progress = live(4, 12_000_040);
        let parts = progress.partitions.clone();
        progress.partitions =
            (0..3).flat_map(|at| parts.iter().map(move |part| PartitionProgress { id: lane(at, part.id.0), ..part.clone() })).collect();
        let facts = vec![Fact::Lost { partition: lane(1, 3), from: Offset(5), to: Offset(9) }];
        looks(&script.deliver(chunk(&records), facts).progress(progress), &named(size, "messages_together"));
    }
}
