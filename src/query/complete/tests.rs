//! What is offered where.

use super::*;
use crate::model::{Headers, LeaderEpoch, Offset, PartitionId, RecordRef, TimestampType};

fn take(fields: &mut Fields, value: &[u8], key: Option<&[u8]>) {
    // One header, x-id: 7.
    let headers = Headers::from_wire(b"\x08x-id\x027", 1);
    fields.take(&RecordRef {
        partition: PartitionId(0),
        offset: Offset(0),
        timestamp_ms: 0,
        timestamp_type: TimestampType::Create,
        key,
        value: Some(value),
        headers,
        leader_epoch: LeaderEpoch(0),
        transaction: None,
    });
}

fn fields() -> Fields {
    let mut fields = Fields::default();
    take(&mut fields, br#"{"user":{"id":17,"name":"Ada"},"action":"view","items":[{"sku":"A-1"},{"sku":"B-2"}]}"#, Some(b"u1"));
    take(&mut fields, br#"{"user":{"id":18},"action":"click","odd name":true,"usage":0.5}"#, Some(br#"{"tenant":"acme"}"#));
    take(&mut fields, b"no json", None);
    fields.topic("orders");
    fields
}

/// Completes at the bar in the text, and gives the text with the first candidates put in.
#[track_caller]
fn offers(text: &str, want: &[&str]) {
    let caret = text.find('¦').expect("a caret");
    let plain = text.replacen('¦', "", 1);
    let found = complete(&plain, caret, &fields());
    let written: Vec<String> = found
        .candidates
        .iter()
        .take(want.len().max(1))
        .map(|candidate| {
            let mut written = plain.clone();
            written.replace_range(found.range.clone(), &candidate.text);
            written
        })
        .collect();
    assert_eq!(written, want, "{text}");
}

#[test]
fn fields_are_counted_with_values() {
    let fields = fields();
    let shown: Vec<String> =
        fields.all().iter().map(|(text, field)| format!("{text} {} {}", field.records, field.values.join(","))).collect();
    assert_eq!(
        shown,
        [
            "header.x-id 3 7",
            ".action 2 \"view\",\"click\"",
            ".user 2 ",
            ".user.id 2 17,18",
            "key 2 \"u1\",\"{\\\"tenant\\\":\\\"acme\\\"}\"",
            ".\"odd name\" 1 true",
            ".items 1 ",
            ".items[].sku 1 \"A-1\",\"B-2\"",
            ".usage 1 0.5",
            ".user.name 1 \"Ada\"",
            "key.tenant 1 \"acme\"",
        ]
    );
    for (text, _) in fields.all() {
        assert!(crate::query::parse(&format!("{text} == 1")).is_ok(), "{text}");
    }
    let mut twice = fields.clone();
    twice.merge(&fields);
    assert_eq!((twice.records(), twice.get(".action").map(|f| (f.records, f.values.len()))), (6, Some((4, 2))));
}

#[test]
fn fields_are_bounded() {
    let mut fields = Fields::default();
    let wide: String = (0..5_000).map(|n| format!("\"f{n}\":{n},")).collect::<Vec<_>>().concat();
    take(&mut fields, format!("{{{wide}\"z\":1}}").as_bytes(), None);
    assert!(fields.is_full() && fields.all().len() == MAX_PATHS);
    let mut fields = Fields::default();
    take(&mut fields, format!("{}1{}", "{\"a\":".repeat(60), "}".repeat(60)).as_bytes(), None);
    take(&mut fields, format!("{}1,{{\"b\":[2]}}{}", "[".repeat(60), "]".repeat(60)).as_bytes(), None);
    let deepest = fields.all().iter().map(|(text, _)| text.matches(['.', '[']).count()).max();
    assert!(deepest <= Some(MAX_DEPTH + 2), "{deepest:?}");
    take(&mut fields, b"{\"a\":[1,{\"b\":2", None);
    take(&mut fields, &vec![b'['; 100_000], None);
    for n in 0..100 {
        take(&mut fields, format!("{{\"v\":\"{n}\"}}").as_bytes(), None);
    }
    assert_eq!(fields.get(".v").map(|field| (field.records, field.values.len())), Some((100, 8)));
}

#[test]
fn what_may_stand_at_the_caret_is_offered() {
    offers(".us¦", &[".user", ".user.id", ".usage", ".user.name"]);
    offers(".user.¦", &[".user.id", ".user.name"]);
    offers("not .sk¦ and x", &["not .items[].sku and x"]);
    offers("x .ac¦tion == 1", &["x .action == 1"]);
    offers("he¦", &["header.x-id"]);
    offers("(key.¦)", &["(key.tenant)"]);
    offers("pa¦", &["partition"]);
    offers("tom¦", &["tombstone"]);
    offers("exists .us¦", &["exists .user"]);
    offers(".action ¦", &[".action ==", ".action !="]);
    offers(".action c¦", &[".action contains"]);
    offers(".action == ¦", &[".action == \"view\"", ".action == \"click\""]);
    offers(".action == \"c¦", &[".action == \"click\""]);
    offers(".action==c¦", &[".action==\"click\""]);
    offers(".items[*].sku in (\"A-1\", ¦)", &[".items[*].sku in (\"A-1\", \"A-1\")"]);
    offers(".user.id in (¦", &[".user.id in (17"]);
    offers("txn == ¦", &["txn == committed"]);
    offers("topic == o¦", &["topic == orders"]);
    offers(".action == view ¦", &[".action == view .action"]);
    offers("a | ¦", &["a | count"]);
    offers("a | p9¦", &["a | p90", "a | p95", "a | p99"]);
    offers("| count by ¦", &["| count by .action"]);
    offers("| count by .action, .us¦", &["| count by .action, .user"]);
    offers("| count, ¦", &["| count, count", "| count, rate"]);
    offers("| sum ¦", &["| sum .action"]);
    offers("| count ¦", &["| count by", "| count every"]);
    offers("| count by key ¦", &["| count by key every"]);
    offers("| count every ¦", &["| count every 1s"]);
    offers(
        "| count, sum .user.id by .action | sort ¦",
        &["| count, sum .user.id by .action | sort .action", "| count, sum .user.id by .action | sort count"],
    );
    offers("| count by .action | sort cou¦", &["| count by .action | sort count"]);
    offers("| count | sort count ¦", &["| count | sort count desc"]);
    offers("| count | top ¦", &[]);
    offers("| select .action, ¦", &["| select .action, .action"]);
    offers(".\"odd¦", &[".\"odd name\""]);
    offers("/us¦", &[]);
    offers(".action == \"view\"¦", &[]);
}

#[test]
fn any_text_and_caret_are_answered() {
    let texts = ["", "¨ä .ü == \"é", "| | sort", "| sort x |", ".a in (", "((", "\"", "/", ".\"a\\\"b", "a||b", "!", "header.", "é"];
    for text in texts {
        for caret in 0..text.len() + 2 {
            let found = complete(text, caret, &fields());
            assert!(text.get(found.range.clone()).is_some(), "{text} at {caret}: {found:?}");
        }
    }
}
