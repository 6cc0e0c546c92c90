//! A small program on `kscope::term` that fails on command: what no user should be able to ask of kscope itself.
//!
//! This test binary runs itself for it, in a pseudo terminal. Each key that does something is an arm of [`press`].

use std::hint::black_box;
use std::process::Command;
use std::sync::mpsc;

use kscope::core::key::{Input, Key};
use kscope::term::{ColorChoice, Lanes, Notice, Options, Terminal};

/// The arguments that make this binary run [`program`] alone.
pub(super) const ARGUMENTS: &str = "term::program::program --exact --ignored --nocapture --test-threads=1";

#[test]
#[ignore = "run by the other tests, each in a terminal of its own"]
fn program() {
    let code = match Terminal::enter(&Options { colors: ColorChoice::Auto, background: None, synchronized: true }) {
        Ok((terminal, lanes)) => Program { terminal, lanes, inputs: 0, last: "nothing".into() }.run(),
        Err(error) => {
            eprintln!("{error}");
            error.exit_code()
        }
    };
    std::process::exit(code.into());
}

/// What happened, until one of the two lanes says more.
enum Happened {
    Input(Option<Input>),
    Notice(Option<Notice>),
}

struct Program {
    terminal: Terminal,
    lanes: Lanes,
    inputs: u64,
    last: String,
}

impl Program {
    fn run(mut self) -> u8 {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        loop {
            self.draw();
            let lanes = &mut self.lanes;
            let happened = runtime.block_on(async {
                tokio::select! {
                    input = lanes.input.recv() => Happened::Input(input),
                    notice = lanes.notices.recv() => Happened::Notice(notice),
                }
            });
            let mut end = match happened {
                Happened::Input(input) => self.input(input.expect("the lane ends with HangUp")),
                Happened::Notice(notice) => self.notice(notice.expect("the lane never ends")),
            };
            // A flood of keys is one frame, as in the loop of kscope.
            while let (None, Ok(input)) = (end, self.lanes.input.try_recv()) {
                end = self.input(input);
            }
            if let Some(code) = end {
                return code;
            }
        }
    }

    fn draw(&mut self) {
        let (columns, rows) = self.terminal.size();
        let text = format!(
            "pid {} size {columns}x{rows}\ninputs {} last {}\n{:?}.",
            std::process::id(),
            self.inputs,
            self.last,
            self.terminal.colors()
        );
        // An error says that the terminal is gone; its hang-up follows.
        let _ = self.terminal.draw(|frame| frame.render_widget(ratatui::widgets::Paragraph::new(text), frame.area()));
    }

    fn notice(&mut self, notice: Notice) -> Option<u8> {
        match notice {
            Notice::End(signal) => return Some(signal.exit_code()),
            Notice::Suspend => drop(self.terminal.suspend()),
            Notice::Continued => {
                drop(self.terminal.resume());
                self.last = "continued".into();
            }
        }
        None
    }

    fn input(&mut self, input: Input) -> Option<u8> {
        self.inputs += 1;
        match input {
            Input::Key(key) => {
                self.last = format!("key {key}");
                return self.press(key);
            }
            Input::Paste(text) => self.last = format!("paste of {} bytes", text.len()),
            Input::HangUp => return Some(129),
            // The size is on the screen.
            Input::Resize(..) => self.inputs -= 1,
            other => self.last = format!("{other:?}"),
        }
        None
    }

    fn press(&mut self, key: Key) -> Option<u8> {
        match key.to_string().as_str() {
            "q" => return Some(0),
            "ctrl-z" => self.terminal.suspend().expect("it stops"),
            "P" => panic!("the loop panics"),
            "T" => {
                let task = std::thread::spawn(|| panic!("a task panics"));
                self.last = if task.join().is_err() { "a task died".into() } else { "?".into() };
            }
            "A" => std::process::abort(),
            "O" => self.last = overflow(0).to_string(),
            // A loop that never comes back.
            "H" => {
                let (_keep, never) = mpsc::channel::<()>();
                let _ = never.recv();
            }
            "e" => {
                let child = ["-c", "printf 'child> '; read line; stty -a | grep -o '.icanon'; echo got:$line; read end"];
                let status = self.terminal.run_child(Command::new("sh").args(child)).expect("there is a shell");
                self.last = format!("child {:?}", status.code());
            }
            _ => {}
        }
        None
    }
}

/// Uses up the stack.
#[expect(unconditional_recursion, reason = "that is the point")]
fn overflow(depth: u64) -> u64 {
    let frame = black_box([depth; 512]);
    overflow(depth + 1) + frame[usize::from(depth > 1)]
}
