//! `kscope sandbox` as a person starts it.

use std::net::TcpListener;

use rustix::process::Signal;

use crate::pty::Terminal;
use crate::run::{Running, kscope};
use crate::ui::Ui;

#[test]
fn headless_says_where_it_is_serves_and_ends_by_signals() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let server = Running::start(&["sandbox", "--headless", "--rate", "0"]);
        let first = server.until("the address", |lines| lines.first().map(|line| (*line).to_owned()));
        let address = first.strip_prefix("bootstrap=").expect("the address").to_owned();
        let read = kscope(&["tail", "-b", &address, "--from", "-1", "--until", "now", "audit.log"]).ok();
        assert_eq!(read.lines().len(), 1);
        server.signal(signal);
        assert_eq!(server.finish().code, Some(code));
    }
}

#[test]
fn a_port_in_use_is_said_in_words() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("bound").to_string();
    let done = kscope(&["sandbox", "--headless", "--listen", &address]);
    assert_eq!(done.code, Some(1));
    let words = format!("cannot listen at {address}");
    assert!(done.stderr.contains(&words) && done.stderr.contains("leave --listen out"), "{}", done.stderr);
    assert_eq!(done.stdout, b"");
}

#[test]
fn wrong_arguments_are_usage() {
    for arguments in [
        &["sandbox", "-b", "a:1"][..],
        &["sandbox", "--listen", "0.0.0.0:9092"],
        &["sandbox", "--listen", "9092"],
        &["sandbox", "--brokers", "0"],
        &["sandbox", "--topics", "100001"],
        &["sandbox", "--groups", "100001"],
    ] {
        let done = kscope(&[arguments, &["--headless"]].concat());
        assert_eq!(done.code, Some(2), "{arguments:?}: {}", done.stderr);
    }
    // Without a terminal there is no UI.
    assert_eq!(kscope(&["sandbox"]).code, Some(2));
}

#[test]
fn the_screen_shows_topics_and_messages_that_move() {
    let mut ui = Ui { terminal: Terminal::kscope(&["sandbox", "--rate", "50"], 140, 60) };
    ui.until_text("sandbox");
    ui.until("its topics", |seen| seen.has("clickstream") && seen.has("orders.dlq"));
    ui.topic("clickstream");
    let first = ui.until("a record", |seen| seen.offset().is_some());
    ui.until("it moves", |seen| seen.offset().is_some() && seen.pane("Record") != first.pane("Record"));
    ui.quit();
}

#[test]
fn the_list_that_is_saved_is_what_the_command_prints() {
    let sandbox = super::still();
    let address = super::bootstrap(&sandbox);
    let mut ui = Ui { terminal: Terminal::kscope(&[&address], 140, 60) };
    // A figure that is still on its way is three dots.
    ui.until("all figures", |seen| seen.pane("Topics").iter().any(|line| line.contains("orders.dlq")) && !seen.has("…"));
    ui.press("\x13");
    ui.until_text("topics.ndjson: ");
    let printed = kscope(&["topics", "-b", &address, "-o", "ndjson"]);
    assert_eq!(ui.terminal.file("topics.ndjson"), printed.text());
    ui.press(" \x13");
    ui.until_text("topics.2.ndjson: 1 topic");
    assert_eq!(printed.text().lines().next(), ui.terminal.file("topics.2.ndjson").lines().next());
    ui.quit();
}
