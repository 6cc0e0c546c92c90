//! Findings on stdout: lines for people as they come, rows for programs.

use crate::cli::rows::{self, Field, Row, maybe};
use crate::cli::{Color, Output};
use crate::core::checkup::{Checkup, Finding, Verdict};
use crate::text::{Shown, units, width};

/// Columns of what was looked at, and of what it is about where that is short.
const LOOK: usize = 11;
const SUBJECT: usize = 24;

/// See the module.
#[derive(Debug)]
pub(super) struct Printer {
    output: Output,
    terminal: bool,
    color: bool,
}

impl Printer {
    pub(super) fn new(output: Output, terminal: bool, color: Color) -> Self {
        let color = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        };
        Self { output, terminal, color }
    }

    /// One finding, at once where the form has a line for each.
    ///
    /// # Errors
    /// Stdout cannot be written; a closed pipe is none.
    pub(super) fn found(&mut self, finding: &Finding) -> std::io::Result<()> {
        match self.output {
            Output::Table => rows::write(lines(finding, self.color).as_bytes()),
            Output::Ndjson => rows::print(&[row(finding)], Output::Ndjson, self.terminal),
            Output::Json | Output::Csv => Ok(()),
        }
    }

    /// What stands behind all of them, or all of them.
    ///
    /// # Errors
    /// As [`Self::found`].
    pub(super) fn end(&mut self, context: Option<&str>, checkup: &Checkup) -> std::io::Result<()> {
        let all = || checkup.findings.iter().map(row);
        match self.output {
            Output::Table => rows::write(format!("\n{}\n", checkup.sum()).as_bytes()),
            Output::Ndjson => Ok(()),
            Output::Csv => rows::print(&all().collect::<Vec<_>>(), Output::Csv, self.terminal),
            Output::Json => rows::print_object(
                &vec![
                    ("context", context.map_or(Field::Null, |name| Field::Text(name.to_owned()))),
                    ("exitCode", checkup.exit().into()),
                    ("findings", Field::List(all().map(Field::Object).collect())),
                ],
                self.terminal,
            ),
        }
    }
}

/// For programs.
pub(super) fn row(finding: &Finding) -> Row {
    let text = |text: &str| Field::Text(text.to_owned());
    let took = finding.took.and_then(|time| i64::try_from(time.as_millis()).ok());
    vec![
        ("step", text(finding.look.name())),
        ("subject", text(finding.subject.raw())),
        ("verdict", text(finding.verdict.name())),
        ("words", text(finding.words.raw())),
        ("fix", finding.fix.as_ref().map_or(Field::Null, |fix| text(fix.raw()))),
        ("tookMs", maybe(took)),
        ("code", finding.failure().map_or(Field::Null, |failure| text(failure.code()))),
    ]
}

/// For people: the sign, what was looked at, what it is about, what was found; below, what to do.
pub(super) fn lines(finding: &Finding, color: bool) -> String {
    let paint = |code: &str, text: &str| if color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() };
    let code = match finding.verdict {
        Verdict::Good => "32",
        Verdict::Warn => "33",
        Verdict::Bad(_) => "31",
        Verdict::Skipped => "2",
    };
    let sign = paint(code, finding.verdict.sign().encode_utf8(&mut [0; 4]));
    let subject = Shown::of(finding.subject.raw()).into_string();
    let pad = " ".repeat(SUBJECT.saturating_sub(width(&subject)));
    let words = Shown::of(finding.words.raw());
    let took = finding.took.map(|time| paint("2", &format!("  {}", units::duration(time)))).unwrap_or_default();
    let look = format!("{:LOOK$}", finding.look.word());
    let words = if finding.verdict == Verdict::Skipped { paint("2", words.as_str()) } else { words.into_string() };
    let indent = " ".repeat(LOOK + 4);
    let fix = finding.fix.as_ref().map(|fix| format!("{indent}{} {}\n", paint("1", "fix:"), Shown::of(fix.raw())));
    format!("{sign} {look}  {subject}{pad}  {words}{took}\n{}", fix.unwrap_or_default())
}
