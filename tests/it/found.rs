//! Contexts out of the files of other tools, as a user meets them: nothing is written, and each is called `TOOL:NAME`.
//!
//! To add a tool: a fixture in `tests/it/found`, a row in `FIXTURES`.

use crate::pty::{ON_TOPICS, Terminal};
use crate::run::{Finished, Home};
use crate::scripted::{FakeTopic, Healthy, Scripted};

/// Every fixture and its place in a home.
const FIXTURES: [(&str, &str); 6] = [
    (".kaf/config", include_str!("found/kaf.yaml")),
    (".config/rpk/rpk.yaml", include_str!("found/rpk.yaml")),
    (".config/kafkactl/config.yml", include_str!("found/kafkactl.yml")),
    (".config/ktea/config.yaml", include_str!("found/ktea.yaml")),
    (".config/io.maif.yozefu/config.json", include_str!("found/yozefu.json")),
    (".config/kcat.conf", include_str!("found/kcat.conf")),
];

/// A home of somebody who has all of these tools.
fn everything() -> Home {
    FIXTURES.into_iter().fold(Home::new(), |home, (file, text)| home.with(file, text))
}

fn orders() -> Scripted {
    let healthy = Healthy::with(vec![FakeTopic::holding("orders", &[&["one"]])]);
    Scripted::start(move |question| healthy.answer(question))
}

/// That this cluster is what kaf knows.
fn kaf(broker: &Scripted) -> String {
    format!("current-cluster: dev\nclusters:\n- {{name: dev, brokers: [{:?}]}}\n- {{name: gone, brokers: []}}\n", broker.address())
}

#[track_caller]
fn says(run: &Finished, code: i32, parts: &[&str]) {
    let missing: Vec<&&str> = parts.iter().filter(|part| !run.stderr.contains(**part)).collect();
    assert!(run.code == Some(code) && missing.is_empty(), "{:?}, without {missing:?}: {}", run.code, run.stderr);
    assert!(!run.stderr.contains("canary"), "{}", run.stderr);
}

#[test]
fn a_context_of_another_tool_is_opened_by_its_name() {
    let broker = orders();
    let home = Home::new().with(".kaf/config", &kaf(&broker));
    for (arguments, variables) in [
        (&["topics", "-o", "ndjson", "-c", "kaf:dev"][..], &[][..]),
        (&["kaf:dev", "topics", "-o", "ndjson"], &[]),
        (&["topics", "-o", "ndjson"], &[("KSCOPE_CONTEXT", "kaf:dev")]),
    ] {
        let run = home.kscope(arguments, variables).ok();
        assert!(run.text().contains("\"name\":\"orders\""), "{arguments:?}: {}", run.text());
    }
    assert_eq!(broker.mutations(), []);
}

#[test]
fn what_cannot_be_opened_says_why_and_what_there_is() {
    let home = everything();
    for (arguments, parts) in [
        (&["topics", "-c", "kafkactl:pods"][..], &["~/.config/kafkactl/config.yml", "a pod of Kubernetes"][..]),
        (&["topics", "-c", "kaf:minkube"], &["there is no context kaf:minkube", "did you mean kaf:minikube?"]),
        (&["kaf:minkube"], &["did you mean kaf:minikube?"]),
        (&["topics"], &["no cluster is named", "rpk:default"]),
        (&["topics", "-c", "rpk:login"], &["Redpanda Cloud"]),
    ] {
        says(&home.kscope(arguments, &[]), 2, parts);
    }
    // A host that is called as a tool is one.
    says(&home.kscope(&["topics", "-b", "kaf:1", "--timeout", "1s"], &[]), 3, &["kaf:1"]);
    let broken = Home::new().with(".kaf/config", "clusters:\n\t- canary\n");
    says(&broken.kscope(&["topics", "-c", "kaf:x"], &[]), 2, &["there is no context kaf:x"]);
    // Nobody asked for it: nothing is said.
    says(&broken.kscope(&["topics", "-b", "127.0.0.1:1", "--timeout", "1s"], &[]), 3, &[]);
}

#[test]
fn the_list_holds_them_behind_the_configured_ones() {
    let broker = orders();
    let config = format!("default_context = \"prod\"\n[contexts.prod]\nbootstrap = {:?}\n", broker.address());
    let home = Home::new().with(".kaf/config", &kaf(&broker)).with(".config/kscope/config.toml", &config);
    let mut terminal = Terminal::kscope_in(home, &[], &[ON_TOPICS], 100, 24);
    terminal.until_text("orders");
    terminal.keys(":ctx\r");
    let screen = terminal.until_text("FROM");
    let rows: Vec<&str> = screen.lines().filter(|line| line.contains("config.toml") || line.contains("~/.kaf/config")).collect();
    assert!(rows.len() == 3 && rows[0].contains("prod") && rows[1].contains("kaf:dev") && rows[2].contains("kaf:gone"), "{screen}");
    terminal.keys("G");
    terminal.until_text("it names no broker");
    terminal.keys(":ctx kaf:d\t\r");
    terminal.until("the first line names it", |screen| screen.contents().lines().next().is_some_and(|line| line.contains("  kaf:dev  ")));
    assert_eq!(broker.mutations(), []);
}
