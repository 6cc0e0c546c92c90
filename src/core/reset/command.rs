//! A plan as commands of Apache's own tools: what to type where kscope is not at hand, and what goes into a report.

use std::fmt::Write as _;

use super::{Deed, Plan, Row, Target, To, csv};
use crate::model::GroupKind;

/// The commands that do what the plan does, one a line; `bootstrap` as the tool takes it. A plan that no scenario of the tool
/// describes is given as a file. Foreign text is quoted for a shell; pass the whole through [`crate::text::Shown`] to show it.
pub fn of(plan: &Plan, bootstrap: &str) -> String {
    let share = plan.group.kind == GroupKind::Share;
    let tool = if share { "kafka-share-groups.sh" } else { "kafka-consumer-groups.sh" };
    let base = format!("{tool} --bootstrap-server {} --group {}", quoted(bootstrap), quoted(plan.wish.group.raw()));
    if plan.wish.deed == Deed::Delete {
        return format!("{base} --delete\n");
    }
    let changing: Vec<&Row> = plan.changing().collect();
    let mut out = String::new();
    if changing.iter().any(|row| row.target().is_some()) {
        match scenario(plan) {
            Some(scenario) => {
                let topics = if share { topics_alone(&changing) } else { topics(&changing, true) };
                line(&mut out, &format!("{base} --reset-offsets{topics} {scenario} --execute"));
            }
            // It knows three scenarios, and no file.
            None if share => line(&mut out, "# kafka-share-groups.sh has no scenario for this"),
            None => {
                let offsets = csv::write(changing.iter().filter_map(|row| Some((&row.topic, row.partition, row.target()?))));
                line(&mut out, "cat > offsets.csv <<'EOF'");
                out.push_str(&offsets);
                line(&mut out, "EOF");
                line(&mut out, &format!("{base} --reset-offsets --from-file offsets.csv --execute"));
            }
        }
    }
    if changing.iter().any(|row| row.to == To::Forget) {
        let topics = if share { topics_alone(&changing) } else { topics(&changing, false) };
        line(&mut out, &format!("{base} --delete-offsets{topics}"));
    }
    out
}

fn line(out: &mut String, text: &str) {
    // Writing to a string does not fail.
    let _written = writeln!(out, "{text}");
}

/// The tool's own words for the target, when they mean the same for every row.
fn scenario(plan: &Plan) -> Option<String> {
    let Deed::Reset(target) = &plan.wish.deed else { return None };
    if !plan.wish.edits.is_empty() {
        return None;
    }
    let mut targets = plan.changing().filter_map(Row::target);
    let first = targets.next()?;
    Some(match target {
        Target::Earliest => "--to-earliest".to_owned(),
        Target::Latest => "--to-latest".to_owned(),
        Target::Current | Target::Shift(_) | Target::Offset(_) | Target::Skip { .. } if plan.group.kind == GroupKind::Share => return None,
        Target::Current => "--to-current".to_owned(),
        Target::Shift(by) => format!("--shift-by {by}"),
        Target::Offset(_) | Target::Skip { .. } if targets.all(|target| target == first) => format!("--to-offset {}", first.0),
        Target::Time(_) | Target::Ago(_) => {
            let at = jiff::Timestamp::from_millisecond(plan.time_ms?).ok()?;
            format!("--to-datetime {}", at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"))
        }
        _ => return None,
    })
}

/// ` --topic a:0,1 --topic b:3`, of the rows that get a commit, or of those that are forgotten.
fn topics(rows: &[&Row], commits: bool) -> String {
    let mut out = String::new();
    for of_topic in rows.chunk_by(|a, b| a.topic == b.topic) {
        let wanted = of_topic.iter().filter(|row| row.target().is_some() == commits);
        let partitions: Vec<String> = wanted.map(|row| row.partition.0.to_string()).collect();
        if let (Some(first), false) = (of_topic.first(), partitions.is_empty()) {
            // Writing to a string does not fail.
            let _written = write!(out, " --topic {}", quoted(&format!("{}:{}", first.topic.raw(), partitions.join(","))));
        }
    }
    out
}

/// The tool for share groups takes whole topics.
fn topics_alone(rows: &[&Row]) -> String {
    let mut out = String::new();
    for row in rows.chunk_by(|a, b| a.topic == b.topic).filter_map(|of_topic| of_topic.first()) {
        // Writing to a string does not fail.
        let _written = write!(out, " --topic {}", quoted(row.topic.raw()));
    }
    out
}

/// For a shell, where it needs quotes.
fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-:,@/+=".contains(c));
    if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
