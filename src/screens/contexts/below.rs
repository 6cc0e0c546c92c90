//! What is known of the selected context, and how a test of the way to it went.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Test, list};
use crate::core::checkup::{Finding, Verdict};
use crate::core::context::{Guard, NONE_CONFIGURED, Target};
use crate::core::guard::ReadOnly;
use crate::screens::Look;
use crate::text::{self, Shown, units};
use crate::ui::{self, Pen, Token};

/// Columns of a label, and of the step of a finding.
const LABEL: usize = 12;
const SUBJECT: usize = 26;

const HOW_TO_TEST: &str = "t tests the way there step by step and says what to do. Nothing is written there, and a login is tried once.";

/// What to write where nothing is configured.
const EXAMPLE: [&str; 3] = ["  [contexts.dev-local]", "  bootstrap = [\"localhost:9092\"]", ""];

/// Pieces of one line.
type Line = Vec<(String, Token)>;

/// Draws the pane: what there is of the selected context.
pub(super) fn draw(
    (target, test): (Option<&Target>, Option<&Test>),
    (focused, scroll): (bool, usize),
    look: &Look<'_>,
    buf: &mut Buffer,
    area: Rect,
) {
    if area.height == 0 {
        return;
    }
    let title = target.map_or_else(|| Shown::of("Contexts"), |target| Shown::of(target.name()));
    let state = test.map(|test| state(test, look)).unwrap_or_default();
    ui::title_rule(&mut Pen::new(buf, look.theme, area, 0), focused, title.cut(40).as_str(), &[], &state);
    let lines = match target {
        Some(target) => lines(target, test, usize::from(area.width)),
        None => how_to(),
    };
    for (y, line) in (1..area.height).zip(lines.iter().skip(scroll)) {
        let mut pen = Pen::new(buf, look.theme, area, y);
        pen.gap(2);
        for (text, token) in line {
            pen.own(text, *token);
        }
    }
}

/// Lines of the pane, without its title.
pub(super) fn len(target: &Target, test: Option<&Test>, width: usize) -> usize {
    lines(target, test, width).len()
}

fn state(test: &Test, look: &Look<'_>) -> Vec<(String, Token)> {
    if test.task.is_some() {
        return vec![(format!("testing for {}", units::duration(look.now.since(test.at))), Token::Look)];
    }
    let token = match test.found.worst() {
        Some(Verdict::Bad(_)) => Token::Act,
        Some(Verdict::Warn) => Token::Look,
        _ => Token::Good,
    };
    vec![(test.found.sum(), token), (format!("tested {}", look.clock(test.at)), Token::Dim)]
}

fn lines(target: &Target, test: Option<&Test>, width: usize) -> Vec<Line> {
    let context = &target.context;
    let room = width.saturating_sub(2 + LABEL + 1).max(20);
    let mut all: Vec<Line> = Vec::new();
    let mut put = |label: &str, text: &str, token: Token| {
        for (n, part) in text::wrapped(text, room, "").into_iter().enumerate() {
            all.push(vec![(format!("{:LABEL$}", if n == 0 { label } else { "" }), Token::Dim), (part, token)]);
        }
    };
    put("bootstrap", &Shown::of(&target.bootstrap).as_str().replace(',', ", "), Token::Text);
    if let Some(why) = &context.unusable {
        put("", Shown::of(&format!("✗ {why}")).as_str(), Token::Act);
    }
    let security = [&*context.security, context.unchecked.unwrap_or_default()];
    let token = if context.unchecked.is_some() { Token::Act } else { Token::Text };
    put("security", security.iter().filter(|words| !words.is_empty()).copied().collect::<Vec<_>>().join(" · ").as_str(), token);
    let guard = match context.rules.guard {
        Guard::None => "",
        Guard::Ask => ", each change is asked for once more",
        Guard::Typed => ", the name of what is changed is typed",
    };
    put("changes", &format!("{}{guard}", mode(target)), Token::Text);
    if let Some(id) = &context.expects {
        put("expects", &format!("cluster {}", Shown::of(id.raw()).as_str()), Token::Text);
    }
    if let Some(from) = &context.from {
        put("from", Shown::of(from).as_str(), Token::Dim);
    }
    all.push(Vec::new());
    match test {
        None => all.extend(text::wrapped(HOW_TO_TEST, width.saturating_sub(3), "").into_iter().map(|part| vec![(part, Token::Dim)])),
        Some(test) => {
            if !test.found.findings.is_empty() {
                all.push(marks(test));
                all.push(Vec::new());
            }
            // What needs somebody stands first.
            let needs = |finding: &&Finding| finding.fix.is_some();
            let (first, rest): (Vec<&Finding>, Vec<&Finding>) = test.found.findings.iter().partition(needs);
            for finding in first.into_iter().chain(rest) {
                all.extend(told(finding, width));
            }
        }
    }
    all
}

/// The way in one line.
fn marks(test: &Test) -> Line {
    let mut line = Vec::new();
    for mark in test.found.marks() {
        line.push((format!("{} ", mark.label), Token::Dim));
        line.push((mark.verdict.sign().to_string(), token(&mark.verdict)));
        let words = Shown::of(mark.words.raw()).cut(32).into_string();
        line.push((if words.is_empty() { "   ".to_owned() } else { format!(" {words}   ") }, Token::Text));
    }
    line
}

/// A finding, and what to do about it.
fn told(finding: &Finding, width: usize) -> Vec<Line> {
    let subject = Shown::of(short(finding.subject.raw()));
    let subject = subject.cut(SUBJECT - 1);
    let before = 2 + LABEL + SUBJECT.min(width / 4);
    let took = finding.took.map(|took| format!("  {}", units::duration(took))).unwrap_or_default();
    let words = format!("{}{took}", Shown::of(finding.words.raw()).as_str());
    let mut lines = Vec::new();
    for (n, part) in text::wrapped(&words, width.saturating_sub(before + 3).max(20), "").into_iter().enumerate() {
        let mut line: Line = Vec::new();
        if n == 0 {
            line.push((format!("{} ", finding.verdict.sign()), token(&finding.verdict)));
            line.push((format!("{:LABEL$}", finding.look.word()), Token::Dim));
            line.push((pad(subject.as_str(), before - 2 - LABEL), Token::Text));
        } else {
            line.push((" ".repeat(before), Token::Dim));
        }
        line.push((part, if finding.verdict == Verdict::Skipped { Token::Dim } else { Token::Text }));
        lines.push(line);
    }
    if let Some(fix) = &finding.fix {
        let fix = format!("fix: {}", Shown::of(fix.raw()).as_str());
        for part in text::wrapped(&fix, width.saturating_sub(LABEL + 7).max(20), "     ") {
            lines.push(vec![(" ".repeat(2 + LABEL), Token::Dim), (part, Token::Look)]);
        }
    }
    lines
}

/// Without the folder of a file that has no room: "config.toml:16 contexts.a.tls.ca".
fn short(subject: &str) -> &str {
    let name = subject.split(' ').next().and_then(|path| path.rfind('/')).and_then(|at| subject.get(at + 1..));
    name.filter(|_| subject.len() >= SUBJECT).unwrap_or(subject)
}

/// At least so wide, and a blank behind it.
fn pad(text: &str, columns: usize) -> String {
    let cut = Shown::of(text);
    let cut = cut.cut(columns.saturating_sub(1));
    format!("{}{}", cut.as_str(), " ".repeat(columns.saturating_sub(cut.width())))
}

fn token(verdict: &Verdict) -> Token {
    match verdict {
        Verdict::Good => Token::Good,
        Verdict::Warn => Token::Look,
        Verdict::Bad(_) => Token::Act,
        Verdict::Skipped => Token::Dim,
    }
}

fn mode(target: &Target) -> String {
    match target.context.rules.read_only() {
        Some(ReadOnly::Flag) => "read-only: --readonly".to_owned(),
        Some(ReadOnly::Context { line, write: false }) => format!("read-only: line {line} of config.toml"),
        Some(ReadOnly::Context { line, write: true }) => format!("read-only: line {line} of config.toml; --write allows changes"),
        Some(ReadOnly::Found) => "read-only: its file says so".to_owned(),
        Some(ReadOnly::Stranger) => "read-only: another cluster than it expects".to_owned(),
        None => "may be changed".to_owned(),
    }
}

/// The last line: what matters most of the selected one, where there is no pane below.
pub(super) fn status(target: &Target, pen: &mut Pen<'_>) {
    if let Some(why) = &target.context.unusable {
        pen.shown(&Shown::of(why), Token::Act, pen.room());
        return;
    }
    let mode = mode(target);
    let room = pen.room().saturating_sub(text::width(&mode) + 3);
    pen.shown(&Shown::of(&target.bootstrap), Token::Text, room).gap(3).own(&mode, Token::Dim);
    let (unchecked, from) = (target.context.unchecked.unwrap_or_default(), list::from(target));
    if !unchecked.is_empty() && pen.room() >= text::width(unchecked) + 3 {
        pen.gap(3).own(unchecked, Token::Act);
    }
    if pen.room() >= text::width(from) + 3 {
        pen.gap(3).shown(&Shown::of(from), Token::Dim, text::width(from));
    }
}

/// What to do about an empty configuration.
fn how_to() -> Vec<Line> {
    let line = |text: &str, token| vec![(text.to_owned(), token)];
    let mut lines = vec![line(&format!("{NONE_CONFIGURED}."), Token::Look), Vec::new()];
    lines.extend(EXAMPLE.map(|text| line(text, Token::Text)));
    lines.push(line("a writes one with a form; e opens the file in your editor.", Token::Dim));
    lines
}
