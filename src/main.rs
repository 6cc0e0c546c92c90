//! What happens before and after the program proper: arguments, log, terminal, and the exit code.

use std::process::ExitCode;
use std::time::Duration;

use kscope::app::{App, Clock};
use kscope::cli::{self, Color, Command, Ui};
use kscope::core::store::Limits;
use kscope::io::kafka::Client;
use kscope::io::runner::Runner;
use kscope::io::work::Work;
use kscope::screens::{Route, Settings};
use kscope::term::{self, Background, ColorChoice, Options, PanicIn, Terminal};
use kscope::ui::{Depth, Ground, Theme};
use kscope::{crash, log, update};

/// Exit code of a bug of ours.
const BUG: u8 = 70;
/// What the message screen holds at most.
const LIMITS: Limits = Limits { records: 5000, bytes: 64_000_000 };
/// Records that a topic opens with, over all its partitions.
const NEWEST: u64 = 500;
/// Figures on screen are asked for anew so often.
const REFRESH: Duration = Duration::from_secs(2);
/// How long tasks may take to end once the terminal is given back: a name look-up cannot be called off.
const FAREWELL: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    term::catch_panics(|info, place| match place {
        PanicIn::Loop => crash::of_program(info),
        PanicIn::Task => crash::of_task(info),
    });
    let code = std::panic::catch_unwind(|| match cli::parse(std::env::args_os(), |name| std::env::var(name).ok()) {
        Ok(Command::Tail(tail)) => tail.run(),
        Ok(Command::Topics(topics)) => topics.run(),
        Ok(Command::Ui(ui)) => open(&ui),
        Ok(Command::Sandbox(sandbox)) => sandbox.run(open),
        Err(exit) => exit.print(),
    });
    ExitCode::from(code.unwrap_or(BUG))
}

/// Opens the UI; gives the exit code.
fn open(ui: &Ui) -> u8 {
    // Without a log there is still a program: its absence is not worth a refusal.
    let _log = log::start().ok();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "started");
    let clock = Clock::start();
    let options = Options { colors: colors(ui.color), background: None, synchronized: true };
    let (terminal, lanes) = match Terminal::enter(&options) {
        Ok(taken) => taken,
        Err(error) => return refuse(&error.to_string(), error.exit_code()),
    };
    let started = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let (Ok(runtime), Ok(work)) = (started, Work::start(spare_cores())) else {
        terminal.leave();
        return refuse("the system gives no more threads", 1);
    };
    let code = {
        let _entered = runtime.enter();
        let (runner, tasks) = Runner::new(Client::new(ui.cluster.settings()), work);
        let settings = Settings { limits: LIMITS, zone: jiff::tz::TimeZone::UTC, newest: NEWEST, refresh: REFRESH };
        let (state, first) = update::start(clock.now(), terminal.size(), name(ui), theme(terminal.colors()), settings, Route::Topics);
        runtime.block_on(Box::pin(App { terminal, lanes, runner, tasks, state, clock }.run(first)))
    };
    runtime.shutdown_timeout(FAREWELL);
    code
}

fn refuse(sentence: &str, code: u8) -> u8 {
    use std::io::Write as _;
    // Without standard error there is nobody to tell.
    let _nobody = writeln!(std::io::stderr(), "kscope: {sentence}");
    code
}

/// The work pool leaves one core to the loop and the sockets.
fn spare_cores() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
}

fn name(ui: &Ui) -> String {
    if let Some(name) = &ui.name {
        return name.clone();
    }
    let list: Vec<String> = ui.cluster.bootstrap.iter().map(ToString::to_string).collect();
    list.join(",")
}

fn colors(color: Color) -> ColorChoice {
    match color {
        Color::Auto => ColorChoice::Auto,
        Color::Never => ColorChoice::Never,
        Color::Always => ColorChoice::Always,
    }
}

fn theme(colors: term::Colors) -> Theme {
    let depth = match colors.depth {
        term::Depth::True => Depth::True,
        term::Depth::Many => Depth::Many,
        term::Depth::Sixteen => Depth::Sixteen,
        term::Depth::None => Depth::None,
    };
    let ground = match colors.background {
        Background::Dark => Ground::Dark,
        Background::Light => Ground::Light,
    };
    Theme::new(depth, ground)
}
