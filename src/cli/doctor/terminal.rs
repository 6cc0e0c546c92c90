//! The terminal that kscope would draw on, as far as the environment and tmux tell.

use std::process::{Command, Stdio};

use super::Screen;
use crate::core::checkup::{Finding, Look};

/// Smaller is drawn, and shows little.
const SMALLEST: (u16, u16) = (80, 24);
/// So many milliseconds tmux may hold an escape back before that is felt.
const ESCAPE_TIME: u32 = 50;

type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

/// `variable` gives what is set and not empty; `shown`: stdout is a terminal.
pub(super) fn report(variable: Variable<'_>, screen: Screen, shown: bool) -> Vec<Finding> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| (size.ws_col, size.ws_row)).filter(|_| shown);
    let mut all = vec![kind(variable, screen), letters(variable)];
    all.push(match size {
        None => Finding::skipped(Look::Terminal, "size", "standard output is no terminal"),
        Some((columns, rows)) if columns < SMALLEST.0 || rows < SMALLEST.1 => Finding::warn(
            Look::Terminal,
            "size",
            format!("{columns} columns, {rows} rows"),
            format!("{} columns and {} rows show what there is to see", SMALLEST.0, SMALLEST.1),
        ),
        Some((columns, rows)) => Finding::good(Look::Terminal, "size", format!("{columns} columns, {rows} rows")),
    });
    if variable("TMUX").is_some() {
        all.extend(tmux(&option));
    } else if variable("STY").is_some() {
        let words = "screen: what is copied reaches its own buffer alone";
        all.push(Finding::warn(
            Look::Terminal,
            "screen",
            words,
            "tmux with set-clipboard on passes it on; or a tool of the desktop (wl-copy, xclip) beside kscope",
        ));
    }
    all.push(clipboard(variable));
    all
}

fn kind(variable: Variable<'_>, screen: Screen) -> Finding {
    let Some(term) = variable("TERM") else {
        return Finding::warn(Look::Terminal, "TERM", "not set", "export TERM=xterm-256color, or as your terminal is called");
    };
    let told = ["COLORTERM", "TERM_PROGRAM", "NO_COLOR"].into_iter().filter_map(|name| Some(format!("{name}={}", variable(name)?)));
    let all: Vec<String> = std::iter::once(term.clone()).chain(told).collect();
    let words = format!("{}: {}", all.join(", "), screen.colors);
    if term == "dumb" {
        return Finding::warn(Look::Terminal, "TERM", words, "this terminal moves no cursor: the UI needs another one; commands work");
    }
    Finding::good(Look::Terminal, "TERM", words)
}

/// The first of these that is set says which letters there are (POSIX, 8.2).
fn letters(variable: Variable<'_>) -> Finding {
    let fix = "export LANG=C.UTF-8";
    let Some((name, value)) = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| Some((name, variable(name)?))) else {
        return Finding::warn(Look::Terminal, "locale", "none is set: lines and signs may come out wrong", fix);
    };
    let lower = value.to_lowercase();
    if lower.contains("utf-8") || lower.contains("utf8") {
        Finding::good(Look::Terminal, "locale", format!("{name}={value}"))
    } else {
        Finding::warn(Look::Terminal, "locale", format!("{name}={value} is not UTF-8: lines and signs may come out wrong"), fix)
    }
}

/// An option of tmux; `None`: this release has none of that name, or tmux does not answer.
fn option(scope: &str, name: &str) -> Option<String> {
    let done = Command::new("tmux").args(["show-options", scope, name]).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&done.stdout).trim().to_owned();
    (done.status.success() && !text.is_empty()).then_some(text)
}

/// What matters of tmux: `option` gives a value by its scope and name.
fn tmux(option: &dyn Fn(&str, &str) -> Option<String>) -> Vec<Finding> {
    let mut all = Vec::new();
    if let Some(value) = option("-sv", "escape-time") {
        let slow = value.parse::<u32>().is_ok_and(|ms| ms > ESCAPE_TIME);
        all.push(if slow {
            let words = format!("escape-time {value}: esc is felt {value} ms late");
            Finding::warn(Look::Terminal, "tmux", words, "set -sg escape-time 10 in ~/.tmux.conf")
        } else {
            Finding::good(Look::Terminal, "tmux", format!("escape-time {value}"))
        });
    }
    if let Some(value) = option("-sv", "set-clipboard") {
        all.push(if value == "off" {
            let fix = "set -s set-clipboard on in ~/.tmux.conf";
            Finding::warn(Look::Terminal, "tmux", "set-clipboard off: what is copied does not reach the terminal", fix)
        } else {
            Finding::good(Look::Terminal, "tmux", format!("set-clipboard {value}"))
        });
    }
    if let Some(value) = option("-gwv", "allow-passthrough") {
        all.push(Finding::good(Look::Terminal, "tmux", format!("allow-passthrough {value} (kscope does not need it)")));
    }
    if all.is_empty() {
        all.push(Finding::skipped(Look::Terminal, "tmux", "it does not tell its options"));
    }
    all
}

fn clipboard(variable: Variable<'_>) -> Finding {
    let far = variable("SSH_CONNECTION").is_some() || variable("SSH_TTY").is_some();
    let desktop = variable("WAYLAND_DISPLAY").is_some() || variable("DISPLAY").is_some();
    let words = match (far, desktop) {
        (true, _) => {
            "over SSH: what is copied goes through the terminal (OSC 52), which has to allow it; frames of data come ten times a second at most"
        }
        (false, true) => {
            "what is copied goes to the desktop's clipboard where wl-copy, xclip or xsel is installed, and through the terminal (OSC 52)"
        }
        (false, false) => "what is copied goes through the terminal (OSC 52), which has to allow it",
    };
    Finding::good(Look::Terminal, "clipboard", words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(findings: &[Finding]) -> Vec<String> {
        findings.iter().map(|finding| format!("{} {}: {}", finding.verdict.sign(), finding.subject.raw(), finding.words.raw())).collect()
    }

    #[test]
    fn what_the_environment_says_of_a_terminal_is_judged() {
        let screen = Screen { colors: "256 colours" };
        let with = |set: &[(&str, &str)]| {
            let set: Vec<(String, String)> = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            told(&report(&|name| set.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone()), screen, false))
        };
        let good = with(&[("TERM", "xterm-256color"), ("LANG", "de_DE.utf8"), ("SSH_TTY", "/dev/pts/1")]);
        assert_eq!(
            good[..3],
            ["✓ TERM: xterm-256color: 256 colours", "✓ locale: LANG=de_DE.utf8", "– size: standard output is no terminal"]
        );
        assert!(good[3].starts_with("✓ clipboard: over SSH"), "{good:?}");
        let bare = with(&[("LC_ALL", "POSIX"), ("LANG", "de_DE.utf8"), ("STY", "1.x")]);
        assert_eq!(bare[0], "▲ TERM: not set");
        assert!(bare[1].starts_with("▲ locale: LC_ALL=POSIX is not UTF-8") && bare[3].starts_with("▲ screen: "), "{bare:?}");
    }

    #[test]
    fn what_tmux_holds_back_is_told() {
        let of = |escape: &str, clipboard: &str| {
            let (escape, clipboard) = (escape.to_owned(), clipboard.to_owned());
            told(&tmux(&move |_, name| match name {
                "escape-time" => Some(escape.clone()),
                "set-clipboard" => Some(clipboard.clone()),
                _ => None,
            }))
        };
        assert_eq!(of("10", "on"), ["✓ tmux: escape-time 10", "✓ tmux: set-clipboard on"]);
        let slow = of("500", "off");
        assert!(slow[0].starts_with("▲ tmux: escape-time 500") && slow[1].starts_with("▲ tmux: set-clipboard off"), "{slow:?}");
        assert_eq!(told(&tmux(&|_, _| None)), ["– tmux: it does not tell its options"]);
    }
}
