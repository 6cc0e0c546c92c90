//! Sizes, signals and the ways out, with the screens at work.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::eventually;
use crate::pty::Terminal;
use crate::run::tell;
use crate::scripted::{FakeTopic, Healthy, Scripted};

use super::Ui;

fn broker() -> Scripted {
    let values: Vec<String> = (0..200).map(|n| format!(r#"{{"n": {n}, "name": "漢字 {n}"}}"#)).collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let healthy = Healthy::with(vec![FakeTopic::holding("orders", &[&values]), FakeTopic::empty("empty", 3)]);
    Scripted::start(move |q| healthy.answer(q))
}

/// The messages of a topic, live.
fn at_work(broker: &Scripted) -> Ui {
    let mut ui = Ui::open(&broker.address());
    ui.topic("orders");
    ui.until("it is live", |seen| seen.has("● LIVE") && seen.offset() == Some(199));
    ui
}

#[test]
fn signals_end_it_with_their_code_and_give_the_terminal_back() {
    let broker = broker();
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let mut ui = at_work(&broker);
        ui.terminal.signal(signal);
        assert_eq!(ui.terminal.ended().exit_code(), code);
        assert_eq!(ui.terminal.restored(), Ok(()));
        ui.nothing_foreign();
    }
    eventually("no connection is left", || (broker.connections().1 == 0).then_some(()));
    assert_eq!(broker.mutations(), []);
}

#[test]
fn a_closed_terminal_ends_it_within_a_second() {
    let broker = broker();
    let mut ui = at_work(&broker);
    let began = Instant::now();
    ui.terminal.hang_up();
    assert_eq!(ui.terminal.ended().exit_code(), 129);
    tell(&format!("ended {} ms after the terminal was closed", began.elapsed().as_millis()));
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[test]
fn a_storm_of_sizes_settles_and_one_cell_is_enough() {
    let broker = broker();
    let mut ui = at_work(&broker);
    for n in 0..100_u16 {
        ui.terminal.resize(1 + (n * 37) % 220, 1 + (n * 53) % 70);
    }
    ui.terminal.resize(1, 1);
    ui.press("jkvG");
    ui.terminal.resize(500, 200);
    ui.terminal.resize(30, 5);
    ui.until("too small is said", |seen| seen.has("kscope needs 40×10"));
    ui.terminal.resize(140, 60);
    ui.until("all is there again", |seen| seen.has("● LIVE") && seen.offset() == Some(199) && seen.messages().len() > 10);
    ui.quit();
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_again() {
    let broker = broker();
    let command =
        format!("set -m; KSCOPE_UI_START=:topics '{}' {}; echo stopped; read line; fg; echo over=$?", crate::KSCOPE, broker.address());
    let mut ui = Ui { terminal: Terminal::start("sh", &["-c", &command], 140, 60) };
    ui.topic("orders");
    ui.until("it is live", |seen| seen.has("● LIVE"));
    ui.press("\x1a");
    ui.until_text("stopped");
    assert_eq!(ui.terminal.restored(), Ok(()));
    ui.press("\n");
    ui.until("it goes on where it was", |seen| seen.has("● LIVE") && seen.offset() == Some(199));
    ui.press("\x03");
    ui.until_text("over=0");
    assert_eq!(ui.terminal.restored(), Ok(()));
    ui.nothing_foreign();
}

#[test]
fn browsing_takes_two_connections_and_leaving_a_topic_ends_its_reading() {
    let broker = broker();
    let mut ui = at_work(&broker);
    assert!(broker.connections().1 <= 2, "{:?}", broker.connections());
    ui.back();
    ui.press("\x1b");
    // An escape right before another key would be that key with alt.
    ui.until("the filter is gone", |seen| seen.title("Topics").is_some_and(|title| !title.contains("filter")));
    ui.topic("empty");
    ui.until("it is live", |seen| seen.has("● LIVE"));
    assert!(broker.connections().1 <= 2, "{:?}", broker.connections());
    ui.quit();
    assert_eq!(broker.mutations(), []);
}
