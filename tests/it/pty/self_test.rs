//! The harness keeps its own promises, tried with the shell.

use super::{Terminal, escapes};

#[test]
fn keys_go_in_the_screen_comes_out_and_the_exit_code_is_known() {
    let mut shell = Terminal::start("/bin/sh", &["-c", "printf 'ready '; read x; printf \"got<$x>\"; read y; exit 7"], 40, 5);
    shell.until_text("ready");
    shell.keys("abc\n");
    shell.until_text("got<abc>");
    shell.keys("\n");
    assert_eq!(shell.ended().exit_code(), 7);
    assert!(escapes(&shell.raw()).foreign.is_empty());
}

#[test]
fn a_new_size_reaches_the_program() {
    let mut shell = Terminal::start("/bin/sh", &["-c", "trap 'stty size' WINCH; echo up; while :; do read x; done"], 40, 5);
    shell.until_text("up");
    shell.resize(61, 17);
    shell.until_text("17 61");
}

#[test]
fn a_hang_up_and_a_signal_end_a_program() {
    let mut shell = Terminal::start("/bin/sh", &["-c", "echo up; read x; read y"], 40, 5);
    shell.until_text("up");
    shell.hang_up();
    assert!(!shell.ended().success());
    let mut shell = Terminal::start("/bin/sh", &["-c", "echo up; read x"], 40, 5);
    shell.until_text("up");
    shell.signal(rustix::process::Signal::TERM);
    assert!(!shell.ended().success());
}

#[test]
fn a_terminal_left_in_a_mess_is_noticed() {
    let mut tidy =
        Terminal::start("/bin/sh", &["-c", "printf '\\033[?1049h\\033[?25l\\033[?2004h\\033[?2004l\\033[?25h\\033[?1049l'"], 40, 5);
    tidy.ended();
    assert_eq!(tidy.restored(), Ok(()));
    for (mode, complaint) in [
        ("1049h", "still on the alternate screen"),
        ("25l", "the cursor is hidden"),
        ("2004h", "bracketed paste is on"),
        ("1003h", "the mouse is captured"),
    ] {
        let mut messy = Terminal::start("/bin/sh", &["-c", &format!("printf '\\033[?{mode}'")], 40, 5);
        messy.ended();
        assert_eq!(messy.restored(), Err(complaint));
    }
}
