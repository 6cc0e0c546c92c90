//! From one cluster to another while kscope runs: the contexts of a configuration, two sandboxes behind them.

use std::net::TcpListener;

use kscope::sandbox::{ApiKey, Options, Sandbox};

use super::Ui;
use crate::eventually;
use crate::pty::{ON_TOPICS, Terminal};
use crate::run::Home;

/// The synthetic topics, which only one of the two has, end so.
const OF_THE_FIRST: &str = ".v1 ";

fn sandbox(options: &Options) -> Sandbox {
    Sandbox::start(&Options { rate: 0, ..options.clone() }).expect("free ports")
}

fn context(name: &str, address: impl std::fmt::Display) -> String {
    format!("[contexts.{name}]\nbootstrap = [\"{address}\"]\n")
}

fn asked(sandbox: &Sandbox) -> u64 {
    [ApiKey::Metadata, ApiKey::ListOffsets, ApiKey::Fetch].into_iter().map(|api| sandbox.requests(api)).sum()
}

#[test]
fn another_context_is_gone_to_and_the_first_cluster_is_asked_no_more() {
    let one = sandbox(&Options { topics: 12, ..Options::default() });
    let two = sandbox(&Options { brokers: 5, ..Options::default() });
    // Nobody listens there any more.
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let file = [context("one", one.addresses()[0]), context("two", two.addresses()[0]), context("gone", closed)].concat();
    let home = Home::new().with("config/config.toml", &file);
    let folder = home.path().join("config").display().to_string();
    let mut ui = Ui { terminal: Terminal::kscope_in(home, &["one"], &[("KSCOPE_CONFIG_DIR", &folder), ON_TOPICS], 140, 60) };
    ui.until("the topics of the first", |seen| seen.has(OF_THE_FIRST) && seen.has("3 brokers"));
    // A reader waits at the first cluster, as long as a broker lets it.
    ui.topic("clickstream");
    ui.until("a record", |seen| seen.offset().is_some());

    ui.press(":ctx tw\r");
    ui.until("the topics of the second alone", |seen| {
        seen.has("5 brokers") && seen.has("clickstream") && seen.title("Messages").is_none() && !seen.has(OF_THE_FIRST)
    });
    let refresh = |ui: &mut Ui| {
        let before = two.requests(ApiKey::Metadata);
        ui.press("\x12");
        eventually("the second is asked", || (two.requests(ApiKey::Metadata) > before).then_some(()));
    };
    refresh(&mut ui);
    let at_first = asked(&one);
    (0..4).for_each(|_| refresh(&mut ui));
    assert_eq!(asked(&one), at_first, "the first is left alone");
    // What is shown is read from the second.
    ui.topic("orders");
    ui.until("a record of the second", |seen| seen.offset().is_some() && seen.has("5 brokers"));

    ui.press(":ctx gone\r");
    ui.until("it says that nobody is there", |seen| seen.title("Not connected").is_some() && seen.has("connection refused"));
    ui.press(":ctx\r");
    ui.until("the list of contexts", |seen| seen.title("Contexts").is_some() && seen.title("Not connected").is_none());
    // In order of name: gone, one, two.
    ui.press("j\r");
    ui.until("the first again", |seen| seen.has(OF_THE_FIRST) && seen.has("3 brokers"));
    ui.press(":t /^ord @two\r");
    ui.until("a list of the second, filtered", |seen| seen.has("5 brokers") && seen.has("orders") && !seen.has("clickstream"));
    ui.quit();
    assert_eq!((one.mutations(), two.mutations()), (vec![], vec![]));
}
