//! `kscope config detect`: what other tools on this machine know of clusters.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::config::found::{Finding, Machine, Tool};
use crate::config::{self, Context};
use crate::text::Shown;

/// A line for each file and each cluster in it, or one JSON array.
pub(super) fn run(variable: &dyn Fn(&str) -> Option<String>, json: bool) -> String {
    let found = Machine::this(variable).look();
    if json {
        return Value::Array(found.iter().map(|finding| object(finding, variable)).collect()).to_string() + "\n";
    }
    let mut out = String::new();
    if found.is_empty() {
        let tools = Tool::ALL.map(Tool::word).join(", ");
        let _written = writeln!(out, "nothing was found; what is looked for: files of {tools} where they usually are");
    }
    for finding in &found {
        // Writing to a String does not fail.
        let _written = writeln!(out, "{}  {}", finding.tool.word(), Shown::of(&finding.shown));
        if finding.contexts.is_empty() {
            let _written = writeln!(out, "  no cluster is in it");
        }
        let rows: Vec<(&Context, [String; 3])> = finding.contexts.iter().map(|context| (context, row(context, variable))).collect();
        let width =
            |at: usize| rows.iter().filter_map(|(_, row)| row.get(at)).map(|text| crate::text::width(text)).max().unwrap_or(0).min(40);
        let widths = [width(0), width(1)];
        for (context, [name, bootstrap, security]) in &rows {
            let pad = |text: &str, width: usize| " ".repeat(width.saturating_sub(crate::text::width(text)));
            let current = context.found.as_ref().is_some_and(|found| found.current);
            let mark = if current { "*" } else { " " };
            let _written = writeln!(out, "{mark} {name}{}  {bootstrap}{}  {security}", pad(name, widths[0]), pad(bootstrap, widths[1]));
            for left in context.found.iter().flat_map(|found| &found.left_out) {
                let _written = writeln!(out, "    without {}", Shown::of(left));
            }
        }
    }
    if found.iter().any(|finding| finding.contexts.iter().any(is_usable)) {
        out += "kscope NAME opens one as it is, kscope config import NAME writes it into config.toml; * the tool's own choice\n";
    }
    out
}

fn is_usable(context: &Context) -> bool {
    context.found.as_ref().is_none_or(|found| found.unusable.is_none())
}

/// Protocol and mechanism, or why it cannot be used.
fn security(context: &Context, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    match context.found.as_ref().and_then(|found| found.unusable.clone()) {
        Some(why) => Err(why),
        None => {
            context.connection(&[], variable).map(|connection| connection.security.words()).map_err(|mistakes| config::words(&mistakes))
        }
    }
}

fn row(context: &Context, variable: &dyn Fn(&str) -> Option<String>) -> [String; 3] {
    let bootstrap: Vec<String> = context.bootstrap.iter().map(ToString::to_string).collect();
    let security = security(context, variable).unwrap_or_else(|why| format!("unusable: {why}"));
    [context.name.clone(), bootstrap.join(","), security].map(|text| Shown::of(&text).into_string())
}

fn object(finding: &Finding, variable: &dyn Fn(&str) -> Option<String>) -> Value {
    let one = |context: &Context| {
        let found = context.found.as_ref();
        let security = security(context, variable);
        json!({
            "name": context.name,
            "bootstrap": context.bootstrap.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "security": security.as_ref().ok(),
            "current": found.is_some_and(|found| found.current),
            "leftOut": found.map(|found| &found.left_out),
            "unusable": security.as_ref().err(),
        })
    };
    json!({
        "tool": finding.tool.word(),
        "file": finding.path.to_string_lossy(),
        "contexts": finding.contexts.iter().map(one).collect::<Vec<_>>(),
    })
}
