//! The thread on a pipe instead of a terminal.

use super::*;
use crate::core::key::{Key, KeyCode};
use std::io::Write;

struct Rig {
    keyboard: io::PipeWriter,
    thread: InputThread,
    lane: mpsc::Receiver<Input>,
    gone: std::sync::mpsc::Receiver<()>,
}

fn rig() -> Rig {
    let (tty, keyboard) = io::pipe().unwrap();
    let (tell, gone) = std::sync::mpsc::channel();
    let (thread, lane) = InputThread::start(tty, || (7, 3), move || tell.send(()).unwrap()).unwrap();
    Rig { keyboard, thread, lane, gone }
}

fn char_key(c: char) -> Input {
    Input::Key(Key::plain(KeyCode::Char(c)))
}

#[test]
fn keys_arrive_and_a_closed_terminal_hangs_up_once() {
    let Rig { mut keyboard, thread, mut lane, gone } = rig();
    keyboard.write_all(b"jk").unwrap();
    assert_eq!(lane.blocking_recv(), Some(char_key('j')));
    assert_eq!(lane.blocking_recv(), Some(char_key('k')));
    drop(keyboard);
    assert_eq!(lane.blocking_recv(), Some(Input::HangUp));
    gone.recv().unwrap();
    // Nobody waits for a thread that is gone.
    thread.park();
    drop(thread);
    assert_eq!(lane.blocking_recv(), None);
}

#[test]
fn while_parked_nothing_is_read_and_afterwards_the_size_comes_first() {
    let Rig { mut keyboard, thread, mut lane, gone: _gone } = rig();
    keyboard.write_all(b"a").unwrap();
    assert_eq!(lane.blocking_recv(), Some(char_key('a')));
    thread.park();
    keyboard.write_all(b"b").unwrap();
    thread.park();
    assert!(lane.try_recv().is_err());
    thread.unpark();
    assert_eq!(lane.blocking_recv(), Some(Input::Resize(7, 3)));
    assert_eq!(lane.blocking_recv(), Some(char_key('b')));
}

#[test]
fn half_a_sequence_neither_blocks_parking_nor_reaches_what_follows() {
    let Rig { mut keyboard, thread, mut lane, gone: _gone } = rig();
    keyboard.write_all(b"x\x1b[1;").unwrap();
    assert_eq!(lane.blocking_recv(), Some(char_key('x')));
    thread.park();
    thread.unpark();
    keyboard.write_all(b"j").unwrap();
    assert_eq!(lane.blocking_recv(), Some(Input::Resize(7, 3)));
    assert_eq!(lane.blocking_recv(), Some(char_key('j')));
}

#[test]
fn a_full_lane_loses_nothing_and_can_be_parked() {
    let Rig { mut keyboard, thread, mut lane, gone: _gone } = rig();
    let sent = LANE * 4;
    keyboard.write_all(&vec![b'x'; sent]).unwrap();
    let first = lane.blocking_recv();
    thread.park();
    thread.unpark();
    keyboard.write_all(b"q").unwrap();
    let mut got = usize::from(first == Some(char_key('x')));
    loop {
        match lane.blocking_recv() {
            Some(input) if input == char_key('x') => got += 1,
            Some(Input::Resize(..)) => {}
            other => {
                assert_eq!(other, Some(char_key('q')));
                break;
            }
        }
    }
    assert_eq!(got, sent);
}

#[test]
fn changed_sizes_are_reported() {
    let Rig { keyboard: _keyboard, thread, mut lane, gone: _gone } = rig();
    thread.waker().resized();
    assert_eq!(lane.blocking_recv(), Some(Input::Resize(7, 3)));
}

#[test]
fn an_unfinished_paste_is_not_lost_when_the_terminal_closes() {
    let Rig { mut keyboard, thread: _thread, mut lane, gone: _gone } = rig();
    keyboard.write_all(b"\x1b[200~half").unwrap();
    drop(keyboard);
    assert_eq!(lane.blocking_recv(), Some(Input::HangUp));
}
