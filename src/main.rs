//! What happens before and after the program proper: arguments, log, terminal, and the exit code.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use kscope::app::{App, Clock, Configure, Configured, setup};
use kscope::cli::configure::{Done, Start};
use kscope::cli::doctor::Screen;
use kscope::cli::{self, Cluster, Command, Ui};
use kscope::core::configure::Told;
use kscope::core::context::{Context, Target};
use kscope::core::history::History;
use kscope::core::saved::{Keeper, Saved};
use kscope::io::kafka::Client;
use kscope::io::runner::Runner;
use kscope::io::work::Work;
use kscope::io::{queries, saved};
use kscope::screens::Route;
use kscope::term::{self, ColorChoice, Options, PanicIn, Terminal};
use kscope::{config, crash, log, update};

/// Exit code of a bug of ours.
const BUG: u8 = 70;
/// How long tasks may take to end once the terminal is given back: a name look-up cannot be called off.
const FAREWELL: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    term::catch_panics(|info, place| match place {
        PanicIn::Loop => crash::of_program(info),
        PanicIn::Task => crash::of_task(info),
    });
    let code = std::panic::catch_unwind(|| match cli::parse(std::env::args_os(), &|name| std::env::var(name).ok(), &|| saved().context) {
        Ok(Command::Search(search)) => {
            let _log = logging("search");
            search.run()
        }
        Ok(Command::Tail(tail)) => {
            let _log = logging("tail");
            tail.run()
        }
        Ok(Command::Produce(produce)) => {
            let _log = logging("produce");
            produce.run(log::folder().as_deref())
        }
        Ok(Command::Topics(topics)) => {
            let _log = logging("topics");
            topics.run()
        }
        Ok(Command::Bisect(bisect)) => {
            let _log = logging("bisect");
            bisect.run()
        }
        Ok(Command::Group(group)) => {
            let _log = logging("group");
            group.run(log::folder().as_deref())
        }
        Ok(Command::Groups(groups)) => {
            let _log = logging("groups");
            groups.run()
        }
        Ok(Command::Doctor(doctor)) => {
            let _log = logging("doctor");
            doctor.run(screen())
        }
        Ok(Command::Ui(ui)) => open(*ui),
        Ok(Command::Sandbox(sandbox)) => sandbox.run(open),
        Ok(Command::Print(exit)) | Err(exit) => exit.print(),
    });
    ExitCode::from(code.unwrap_or(BUG))
}

/// Starts the log. Without one there is still a program: its absence is not worth a word.
fn logging(command: &'static str) -> Option<log::Guard> {
    let log = log::start().ok();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), command, "started");
    log
}

/// Opens the UI; gives the exit code.
fn open(ui: Ui) -> u8 {
    let _log = logging("ui");
    let clock = Clock::start();
    // Commands may ask for something on the terminal, and what is wrong is said before it is taken.
    if let Err(failure) = ui.cluster.security.prepare() {
        return cli::refused_to_open(&failure);
    }
    let options = Options { colors: colors(&ui), background: setup::background(&ui.config.ui.theme), synchronized: true };
    let (mut terminal, lanes) = match Terminal::enter(&options) {
        Ok(taken) => taken,
        Err(error) => return refuse(&error.to_string(), error.exit_code()),
    };
    let started = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let (Ok(runtime), Ok(work)) = (started, Work::start(spare_cores())) else {
        terminal.leave();
        return refuse("the system gives no more threads", 1);
    };
    let configure = configure(Start::of(&ui));
    let code = {
        let _entered = runtime.enter();
        let (mut runner, tasks) = Runner::new(Client::new(ui.cluster.settings()), work);
        runner.keep_up_to(ui.config.limits.record);
        runner.remember(ui.config.limits.search_memory);
        runner.keep_in(log::folder());
        let theme = setup::theme(&ui.config, terminal.colors());
        let mut settings = setup::settings(&ui.config);
        settings.log = log::folder();
        settings.contexts = ui.targets.iter().map(target).collect();
        let bootstrap = addresses(&ui.cluster);
        let nowhere = bootstrap.is_empty() && ui.context.name.is_none();
        let (mut state, mut first) =
            update::start(clock.now(), terminal.size(), bootstrap, theme, settings, first_screen(&ui.config.ui.start, nowhere));
        state.keymap = ui.config.keymap;
        state.cluster.context = ui.context;
        let kept = saved();
        state.history = History::of_saved(&kept);
        state.history.shelf.path = queries_path();
        state.keeper = Keeper::new(saved_path(), kept);
        if !nowhere {
            first.extend(update::begin_with(&mut state, &ui.config.ui.start));
        }
        if let Some(from) = ui.cluster.from {
            state.notices.look(clock.now(), from);
        }
        for warning in ui.warnings {
            tracing::warn!("{warning}");
            state.notices.look(clock.now(), warning);
        }
        if ui.config.ui.mouse {
            // It fails only when the terminal is gone; the input thread reports that.
            let _gone = terminal.mouse(true);
            state.mouse = true;
        }
        let targets: Vec<_> = ui.targets.iter().map(|(cluster, _)| cluster.settings()).collect();
        runner.know(&targets);
        let configured = tokio::sync::mpsc::channel(4);
        runtime.block_on(Box::pin(App { terminal, lanes, runner, tasks, state, targets, configure, configured, clock }.run(first)))
    };
    runtime.shutdown_timeout(FAREWELL);
    code
}

/// What lies below all other screens: the contexts where no cluster was named, the topics for who wants to begin there, else the
/// overview.
fn first_screen(start: &str, nowhere: bool) -> Route {
    if nowhere {
        Route::Contexts
    } else if start.starts_with("topics") {
        Route::Topics
    } else {
        Route::Overview
    }
}

/// What the terminal has, as far as the environment tells.
fn screen() -> Screen {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let colors = match term::Depth::resolve(ColorChoice::Auto, &set) {
        term::Depth::True => "24-bit colours",
        term::Depth::Many => "256 colours",
        term::Depth::Sixteen => "16 colours",
        term::Depth::None => "no colours",
    };
    Screen { colors }
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

/// Where what is kept between runs is.
fn saved_path() -> Option<PathBuf> {
    log::folder().map(|folder| folder.join(saved::FILE_NAME))
}

/// Where queries that were kept under a name are: beside the configuration, since people edit them.
fn queries_path() -> Option<PathBuf> {
    config::folder(&|name| std::env::var(name).ok()).map(|folder| folder.join(queries::FILE_NAME))
}

fn saved() -> Saved {
    saved_path().map(|path| saved::read(&path)).unwrap_or_default()
}

fn addresses(cluster: &Cluster) -> String {
    let list: Vec<String> = cluster.bootstrap.iter().map(ToString::to_string).collect();
    list.join(",")
}

/// The way from a wish about the configuration to what came of it.
fn configure(start: Start) -> Configure {
    let split =
        |all: &[(Cluster, Context)]| (all.iter().map(|(cluster, _)| cluster.settings()).collect(), all.iter().map(target).collect());
    Arc::new(move |wish| {
        let (told, targets) = match start.obey(wish) {
            Ok(Done::There(all)) => {
                let (settings, targets) = split(&all);
                (Told::There(targets), Some(settings))
            }
            Ok(Done::Added(name, all)) => {
                let (settings, targets) = split(&all);
                (Told::Added { name, targets }, Some(settings))
            }
            Ok(Done::Preview(preview)) => (Told::Preview(preview), None),
            Ok(Done::Edit(path, line)) => (Told::Edit { path, line }, None),
            Err(failure) => (Told::Failed(failure), None),
        };
        Configured { told, targets }
    })
}

fn target((cluster, context): &(Cluster, Context)) -> Target {
    Target { context: context.clone(), bootstrap: addresses(cluster) }
}

/// The flag, else the configuration.
fn colors(ui: &Ui) -> ColorChoice {
    match ui.color {
        Some(cli::Color::Always) => ColorChoice::Always,
        Some(cli::Color::Never) => ColorChoice::Never,
        Some(cli::Color::Auto) => ColorChoice::Auto,
        None => setup::colors(ui.config.ui.color),
    }
}
