//! Lag in the text format of Prometheus (exposition format 0.0.4): what is unknown has no sample.

use std::fmt::Write as _;

use super::lag::LagRow;
use super::look::Standing;
use crate::text::Shown;

/// A family: its name, what it is, and the sample of a row.
type Family = (&'static str, &'static str, fn(&LagRow) -> Option<String>);

const OF_PARTITIONS: [Family; 6] = [
    ("kscope_group_committed_offset", "Offset that a group has committed for a partition.", |row| {
        row.place.committed().map(|offset| offset.0.to_string())
    }),
    ("kscope_group_lag_offsets", "Offsets between what a group has committed, or the start of the log, and its end.", |row| {
        row.lag.map(|lag| lag.to_string())
    }),
    ("kscope_group_lost_offsets", "Offsets that were deleted before the group read them.", |row| row.lost.map(|lost| lost.to_string())),
    ("kscope_group_behind_seconds", "Age of the record that a group reads next.", LagRow::behind_seconds),
    ("kscope_group_log_start_offset", "First offset of a partition that a group reads.", |row| {
        row.place.start.as_ref().ok().map(|offset| offset.0.to_string())
    }),
    ("kscope_group_high_watermark", "End of a partition that a group reads.", |row| {
        row.place.high.as_ref().ok().map(|offset| offset.0.to_string())
    }),
];

/// All samples. `terminal`: what a terminal would obey is written as visible text.
pub(super) fn text(standings: &[Standing], rows: &[LagRow], terminal: bool) -> String {
    let mut out = String::new();
    let labels = |row: &LagRow, more: &str| {
        let (group, topic) = (label(row.group.raw(), terminal), label(row.topic.raw(), terminal));
        format!("{{group=\"{group}\",topic=\"{topic}\",partition=\"{}\"{more}}}", row.partition.0)
    };
    for (name, help, sample) in OF_PARTITIONS {
        // A family without a sample is left out, and so is a partition's end that another group told.
        let mut told: Vec<(String, String)> = Vec::new();
        for row in rows {
            if let Some(value) = sample(row) {
                told.push((labels(row, ""), value));
            }
        }
        family(&mut out, name, help, &told);
    }
    let verdicts: Vec<_> = rows.iter().map(|row| (labels(row, &format!(",verdict=\"{}\"", row.verdict)), "1".to_owned())).collect();
    family(&mut out, "kscope_group_verdict", "How a group stands on a partition, in a word.", &verdicts);
    let members = standings.iter().filter_map(|standing| {
        let (group, state) = (label(standing.listing.id.raw(), terminal), label(standing.state().word(), terminal));
        let kind = label(standing.kind().word(), terminal);
        Some((format!("{{group=\"{group}\",type=\"{kind}\",state=\"{state}\"}}"), standing.members()?.to_string()))
    });
    family(&mut out, "kscope_group_members", "Members of a group.", &members.collect::<Vec<_>>());
    out
}

fn family(out: &mut String, name: &str, help: &str, samples: &[(String, String)]) {
    if samples.is_empty() {
        return;
    }
    // Writing to a String does not fail.
    let _written = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
    for (labels, value) in samples {
        let _written = writeln!(out, "{name}{labels} {value}");
    }
}

/// A label's value: backslash, quote and line feed are escaped, all else stands as it is.
fn label(text: &str, terminal: bool) -> String {
    let shown = if terminal { Shown::of(text).into_string() } else { text.to_owned() };
    let mut out = String::with_capacity(shown.len());
    for c in shown.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_as_the_format_demands() {
        assert_eq!(label("a\\b\"c\nd\u{1b}", false), "a\\\\b\\\"c\\nd\u{1b}");
        assert_eq!(label("\u{1b}[2J", true), "␛[2J");
    }

    #[test]
    fn a_family_without_samples_is_not_named() {
        let mut out = String::new();
        family(&mut out, "a", "A.", &[]);
        family(&mut out, "b", "B.", &[("{x=\"1\"}".to_owned(), "2".to_owned())]);
        assert_eq!(out, "# HELP b B.\n# TYPE b gauge\nb{x=\"1\"} 2\n");
    }
}
