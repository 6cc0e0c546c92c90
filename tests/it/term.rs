//! The terminal is given back on every way out, and what comes from it arrives whole: `kscope::term` in a pseudo terminal.
//!
//! Under [`under_shell`] a shell prints the terminal's modes before and after, as a person would find them. To add a way out: a
//! key of `program`, and a test that presses it.

mod program;

use rustix::process::{Pid, Signal};

use crate::eventually;
use crate::pty::Terminal;

/// The program, alone in its terminal: the leader of its session.
fn alone() -> Terminal {
    let exe = exe();
    let arguments: Vec<&str> = program::ARGUMENTS.split(' ').collect();
    let terminal = Terminal::start(&exe, &arguments, 200, 40);
    terminal.until_text("last nothing");
    terminal
}

/// The program under a shell, which says the modes of the terminal before and after, and the exit code.
fn under_shell() -> Terminal {
    let terminal = script("echo before=$(stty -g); PROGRAM; echo code=$?; echo after=$(stty -g); echo end");
    terminal.until_text("last nothing");
    terminal
}

/// A script in which PROGRAM stands for the program.
fn script(script: &str) -> Terminal {
    let script = script.replace("PROGRAM", &format!("'{}' {}", exe(), program::ARGUMENTS));
    Terminal::start("sh", &["-c", &format!("ulimit -c 0; {script}")], 200, 40)
}

fn exe() -> String {
    std::env::current_exe().expect("this program").to_str().expect("a path of UTF-8").to_owned()
}

/// The program's process, which is not the shell's.
fn pid(terminal: &Terminal) -> Pid {
    let text = terminal.text();
    let (_, rest) = text.split_once("pid ").expect("it says so");
    let number = rest.split_whitespace().next().and_then(|word| word.parse().ok());
    Pid::from_raw(number.expect("a number")).expect("a process")
}

fn kill(terminal: &Terminal, signal: Signal) {
    rustix::process::kill_process(pid(terminal), signal).expect("it runs");
}

/// The program has ended with this code under the shell, and the terminal is as it was. The whole screen.
#[track_caller]
fn given_back(terminal: &mut Terminal, code: i32) -> String {
    let text = terminal.until_text("end");
    assert_eq!(value(&text, "code="), code.to_string(), "{text}");
    assert_eq!(value(&text, "before="), value(&text, "after="), "{text}");
    assert_eq!(terminal.restored(), Ok(()));
    assert!(contains(&terminal.raw(), b"\x1b[<1u"), "kitty's flags are still on");
    terminal.ended();
    text
}

/// What the shell said after this name.
#[track_caller]
fn value<'a>(text: &'a str, name: &str) -> &'a str {
    let rest = text.lines().find_map(|line| line.split_once(name)).map(|(_, rest)| rest.trim());
    rest.unwrap_or_else(|| panic!("no {name} in\n{text}"))
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    count(bytes, part) > 0
}

fn count(bytes: &[u8], part: &[u8]) -> usize {
    bytes.windows(part.len()).filter(|window| *window == part).count()
}

#[test]
fn quitting_gives_the_terminal_back() {
    let mut terminal = under_shell();
    assert!(terminal.restored().is_err());
    terminal.keys("q");
    given_back(&mut terminal, 0);
}

#[test]
fn a_panic_of_the_loop_gives_the_terminal_back_and_then_reports() {
    let mut terminal = under_shell();
    terminal.keys("P");
    let text = given_back(&mut terminal, 101);
    assert!(text.contains("the loop panics"), "{text}");
}

#[test]
fn a_panic_elsewhere_leaves_the_screen_alone() {
    let mut terminal = under_shell();
    terminal.keys("T");
    terminal.until_text("a task died");
    assert!(!contains(&terminal.raw(), b"a task panics"));
    terminal.keys("q");
    given_back(&mut terminal, 0);
}

#[test]
fn signals_end_the_program_in_order() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
        let mut terminal = under_shell();
        kill(&terminal, signal);
        given_back(&mut terminal, code);
    }
}

#[test]
fn signals_end_even_a_loop_that_hangs() {
    let mut terminal = under_shell();
    terminal.keys("H");
    kill(&terminal, Signal::TERM);
    given_back(&mut terminal, 143);
}

#[test]
fn an_abort_gives_the_terminal_back() {
    let mut terminal = under_shell();
    terminal.keys("A");
    given_back(&mut terminal, 134);
}

#[test]
fn a_stack_overflow_gives_the_terminal_back_and_is_told() {
    let mut terminal = under_shell();
    terminal.keys("O");
    let text = given_back(&mut terminal, 134);
    assert!(text.contains("overflowed its stack"), "{text}");
}

#[test]
fn a_fault_sent_from_outside_ends_the_program_too() {
    let mut terminal = under_shell();
    kill(&terminal, Signal::SEGV);
    given_back(&mut terminal, 139);
}

#[test]
fn a_closed_terminal_ends_the_program() {
    let mut terminal = alone();
    terminal.hang_up();
    assert_eq!(terminal.ended().exit_code(), 129);
}

#[test]
fn a_closed_terminal_ends_even_a_loop_that_hangs() {
    let mut terminal = alone();
    terminal.keys("H");
    terminal.hang_up();
    assert_eq!(terminal.ended().exit_code(), 129);
}

/// In a session of its own the system sends no SIGHUP: only the reading thread can notice. Even within half a paste.
#[cfg(target_os = "linux")]
#[test]
fn a_closed_terminal_is_noticed_without_a_signal() {
    for unfinished in ["", "\x1b[", "\x1b[200~half"] {
        let mut terminal = script("trap '' HUP; setsid PROGRAM");
        terminal.until_text("last nothing");
        let stat = format!("/proc/{}/stat", pid(&terminal).as_raw_nonzero());
        terminal.keys(&format!("x{unfinished}"));
        terminal.until_text("key x");
        terminal.hang_up();
        // Gone, or only waiting for its parent to look.
        eventually("it ends", || match std::fs::read_to_string(&stat) {
            Ok(text) => text.contains(") Z ").then_some(()),
            Err(_) => Some(()),
        });
    }
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_again() {
    let mut terminal = script("set -m; echo before=$(stty -g); PROGRAM; echo stopped=$(stty -g); echo now; read line; fg; echo over");
    terminal.until_text("last nothing");
    terminal.keys("\x1a");
    let text = terminal.until_text("now");
    assert_eq!(terminal.restored(), Ok(()), "{text}");
    assert_eq!(value(&text, "before="), value(&text, "stopped="));
    terminal.keys("\n");
    terminal.until_text("last key ctrl-z");
    terminal.keys("x");
    terminal.until_text("last key x");
    terminal.keys("q");
    terminal.until_text("over");
    assert_eq!(terminal.restored(), Ok(()));
}

#[test]
fn a_stop_from_outside_gives_the_terminal_to_the_shell_too() {
    let mut terminal = script("set -m; PROGRAM; echo stopped; read line; fg; echo over");
    terminal.until_text("last nothing");
    kill(&terminal, Signal::TSTP);
    terminal.until_text("stopped");
    assert_eq!(terminal.restored(), Ok(()));
    terminal.keys("\n");
    terminal.until_text("last nothing");
    terminal.keys("q");
    terminal.until_text("over");
}

#[test]
fn where_no_shell_could_continue_it_ctrl_z_only_redraws() {
    let mut terminal = alone();
    terminal.keys("\x1ax");
    terminal.until_text("inputs 2 last key x");
}

#[test]
fn after_a_stop_that_could_not_be_seen_the_screen_is_drawn_whole() {
    let terminal = alone();
    terminal.signal(Signal::STOP);
    terminal.signal(Signal::CONT);
    terminal.until_text("last continued");
    assert!(count(&terminal.raw(), b"\x1b[?1049h") == 2);
}

#[test]
fn a_storm_of_sizes_down_to_one_cell_settles() {
    let mut terminal = alone();
    for columns in (1..=80).rev().chain([500, 1]) {
        terminal.resize(columns, columns.div_ceil(4));
    }
    terminal.resize(1, 1);
    terminal.resize(60, 10);
    terminal.until_text("size 60x10");
    terminal.keys("x");
    terminal.until_text("inputs 1 last key x");
}

#[test]
fn a_large_paste_is_one_input() {
    let mut terminal = alone();
    let text = "select * from orders\r".repeat(20_000);
    terminal.keys(&format!("\x1b[200~{text}\x1b[201~"));
    terminal.until_text("inputs 1 last paste of 420000 bytes");
}

#[test]
fn a_flood_of_keys_is_read_whole() {
    let mut terminal = alone();
    terminal.keys(&"j".repeat(20_000));
    terminal.until_text("inputs 20000 last key j");
}

#[test]
fn a_key_that_arrives_in_two_pieces_is_one_key() {
    let mut terminal = alone();
    terminal.keys("x\x1b[");
    terminal.until_text("last key x");
    terminal.keys("1;5A");
    terminal.until_text("inputs 2 last key ctrl-up");
}

#[test]
fn answers_that_come_late_are_not_keys() {
    let mut terminal = alone();
    terminal.keys("\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;4cx");
    terminal.until_text("inputs 1 last key x");
}

#[test]
fn a_child_has_every_key_and_cooked_modes() {
    let mut terminal = alone();
    terminal.keys("e");
    terminal.until_text("child> ");
    assert_eq!(terminal.restored(), Ok(()));
    terminal.keys("qqq\n");
    let text = terminal.until_text("got:qqq");
    assert!(text.contains(" icanon"), "{text}");
    terminal.keys("\n");
    terminal.until_text("inputs 1 last child Some(0)");
}

#[test]
fn what_is_no_terminal_is_refused_in_words() {
    for (command, words) in
        [("PROGRAM </dev/null", "standard input"), ("PROGRAM 3>&1 1>/dev/null", "standard output"), ("TERM=dumb PROGRAM", "dumb")]
    {
        let terminal = script(&format!("{command}; echo code=$?"));
        let text = terminal.until_text("code=");
        assert!(text.contains("code=2") && text.contains(words) && text.contains("kscope tail"), "{text}");
        assert!(!contains(&terminal.raw(), b"\x1b["), "{text}");
    }
}

#[test]
fn a_frame_is_shown_whole_and_an_unchanged_one_is_not_sent() {
    let mut terminal = alone();
    let before = terminal.raw();
    assert_eq!(count(&before, b"\x1b[?2026h"), count(&before, b"\x1b[?2026l"));
    let frames = count(&before, b"\x1b[?2026h");
    // Focus reports change nothing on this screen but the count.
    terminal.keys("j");
    terminal.until_text("inputs 1 last key j");
    assert_eq!(count(&terminal.raw(), b"\x1b[?2026h"), frames + 1);
}
