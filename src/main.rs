//! Arguments, log, terminal, loop: what happens before and after the program proper.

use std::process::ExitCode;

use kscope::app::{App, Clock};
use kscope::core::store::Limits;
use kscope::io::kafka::{Address, Client, Settings as Wire};
use kscope::io::runner::Runner;
use kscope::io::work::Work;
use kscope::screens::{Route, Settings};
use kscope::term::{Background, ColorChoice, Depth, Options, Terminal};
use kscope::ui::{self, Theme};
use kscope::update;

fn main() -> ExitCode {
    let bootstrap = std::env::args().nth(1).unwrap_or_default();
    ui_main(&bootstrap)
}

fn ui_main(bootstrap: &str) -> ExitCode {
    let addresses = Address::parse_list(bootstrap).unwrap_or_default();
    let clock = Clock::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("runtime");
    let options = Options { colors: ColorChoice::Auto, background: None, synchronized: true };
    let (terminal, lanes) = match Terminal::enter(&options) {
        Ok(taken) => taken,
        Err(error) => {
            let code = error.exit_code();
            eprintln!("kscope: {error}");
            return ExitCode::from(code);
        }
    };
    let _entered = runtime.enter();
    let work = Work::start(1).expect("work");
    let (runner, tasks) = Runner::new(Client::new(Wire::new(addresses)), work);
    let colors = terminal.colors();
    let depth = match colors.depth {
        Depth::True => ui::Depth::True,
        Depth::Many => ui::Depth::Many,
        Depth::Sixteen => ui::Depth::Sixteen,
        Depth::None => ui::Depth::None,
    };
    let ground = if colors.background == Background::Light { ui::Ground::Light } else { ui::Ground::Dark };
    let settings =
        Settings { limits: Limits { records: 5000, bytes: 64 << 20 }, zone: jiff::tz::TimeZone::UTC, newest: 500, newest_bytes: 8 << 20 };
    let (state, first) =
        update::start(clock.now(), terminal.size(), bootstrap.to_owned(), Theme::new(depth, ground), settings, Route::Topics);
    let app = App { terminal, lanes, runner, tasks, state, clock };
    ExitCode::from(runtime.block_on(app.run(first)))
}
