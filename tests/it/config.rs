//! The configuration as a user meets it: files that are right, files that are wrong with what is said about them, and the
//! program that reads them before it takes the terminal.
//!
//! To add a case: a file in `tests/it/configs/valid` or `invalid`; what is said about the latter is a snapshot.

use std::fs;
use std::path::{Path, PathBuf};

use kscope::config::Config;

use crate::eventually;
use crate::pty::{ON_TOPICS, Terminal};
use crate::run::{Finished, Home, kscope};
use crate::scripted::{FakeTopic, Healthy, Scripted};

fn cases(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/configs").join(kind);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 2);
    files
}

#[test]
fn right_files_are_read() {
    for path in cases("valid") {
        let text = fs::read_to_string(&path).unwrap();
        if let Err(problems) = Config::of(Some((&path, &text)), &|_| None) {
            panic!("{problems}");
        }
    }
}

#[test]
fn wrong_files_are_told_what_is_wrong() {
    for path in cases("invalid") {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let problems = Config::of(Some((Path::new("config.toml"), &text)), &|_| None).unwrap_err();
        insta::with_settings!({ snapshot_path => "configs/snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, problems.to_string());
        });
    }
}

/// Runs kscope with this as its configuration.
fn with(text: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
    Home::new().with(".config/kscope/config.toml", text).kscope(arguments, variables)
}

#[test]
fn a_wrong_file_ends_the_program_before_it_takes_the_terminal() {
    for arguments in [&["h:1"][..], &["tail", "t", "-b", "h:1"], &["config", "check"], &["config", "show"]] {
        let run = with("[ui]\ntheme = \"drak\"\n", arguments, &[]);
        assert_eq!((run.code, run.stdout.as_slice()), (Some(2), &b""[..]), "{arguments:?}");
        for part in ["config.toml:2:9", "theme = \"drak\"", "        ^^^^^^", "did you mean \"dark\"?"] {
            assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
        }
    }
    let json = with("[ui]\ntheme = \"drak\"\n", &["tail", "t", "-b", "h:1", "-o", "json"], &[]);
    let error: serde_json::Value = serde_json::from_str(&json.stderr).unwrap();
    assert_eq!((json.code, error["error"]["code"].as_str()), (Some(2), Some("usage")));
    // What needs no configuration works with a wrong one: else nobody could find the file.
    for arguments in [&["config", "path"][..], &["version"], &["completion", "bash"], &["man"], &["--help"]] {
        with("[ui]\ntheme = \"drak\"\n", arguments, &[]).ok();
    }
}

#[test]
fn the_file_is_found_written_shown_and_checked() {
    let home = Home::new();
    let path = home.kscope(&["config", "path"], &[]).ok().text();
    assert_eq!(path.trim(), home.path().join(".config/kscope/config.toml").display().to_string());
    assert!(home.kscope(&["config", "check"], &[]).ok().text().contains("no such file"));
    home.kscope(&["config", "init"], &[]).ok();
    assert_eq!(fs::read_to_string(path.trim()).unwrap(), kscope::config::DEFAULT);
    let named = kscope::config::DEFAULT.lines().next().unwrap().strip_prefix("#:schema ").unwrap();
    let schema = fs::read_to_string(Path::new(path.trim()).parent().unwrap().join(named)).unwrap();
    assert_eq!(schema, home.kscope(&["config", "schema"], &[]).ok().text());
    assert_eq!(home.kscope(&["config", "init"], &[]).code, Some(2), "a file that is there is not written over");
    assert!(home.kscope(&["config", "check"], &[]).ok().text().contains("nothing is wrong"));
    let shown = home.kscope(&["config", "show"], &[("KSCOPE_UI_TIME", "age")]).ok().text();
    assert!(shown.lines().any(|line| line.starts_with("ui.time = \"age\"") && line.ends_with("# KSCOPE_UI_TIME")), "{shown}");
    assert!(shown.lines().any(|line| line.starts_with("ui.theme = \"auto\"") && line.contains("config.toml, line")), "{shown}");
    let keys = home.kscope(&["config", "keys"], &[]).ok().text();
    let elsewhere = Home::new().with("own/config.toml", &keys);
    let own = elsewhere.path().join("own").display().to_string();
    elsewhere.kscope(&["config", "check"], &[("KSCOPE_CONFIG_DIR", &own)]).ok();
}

#[test]
fn a_context_that_is_not_there_is_told_its_neighbours() {
    let text = "[contexts.prod-eu]\nbootstrap = \"h:1\"\n[contexts.dev]\nbootstrap = \"h:2\"\n";
    for (arguments, part) in [
        (&["prod-us"][..], "did you mean prod-eu?"),
        (&["-c", "prd-eu"], "did you mean prod-eu?"),
        (&["tial"], "did you mean tail?"),
        (&["elsewhere"], "there are dev, prod-eu"),
        (&[], "kscope NAME opens one of dev, prod-eu"),
        (&["dev", "-c", "prod-eu"], "named twice"),
        (&["dev", "tail", "t", "-b", "http://x"], "without a scheme"),
    ] {
        let run = with(text, arguments, &[]);
        assert!(run.code == Some(2) && run.stderr.contains(part), "{arguments:?}: {}", run.stderr);
    }
}

#[test]
fn shells_and_the_manual_know_every_command() {
    for (shell, sign) in [("bash", "complete -F"), ("zsh", "#compdef kscope"), ("fish", "complete -c kscope")] {
        let script = kscope(&["completion", shell]).ok().text();
        assert!(script.contains(sign) && script.contains("tail") && script.contains("completion"), "{shell}");
    }
    assert_eq!(kscope(&["completion", "tcsh"]).code, Some(2));
    let page = kscope(&["man"]).ok().text();
    assert!(page.starts_with(".ie") && page.contains("kscope\\-tail") && page.contains("\\-\\-bootstrap"), "{page}");
    assert!(kscope(&["man", "tail"]).ok().text().contains("\\-\\-where"));
    assert_eq!(kscope(&["man", "nonsense"]).code, Some(2));
}

#[test]
fn the_version_tells_what_is_sent() {
    let text = kscope(&["version"]).ok().text();
    assert!(text.starts_with(concat!("kscope ", env!("CARGO_PKG_VERSION"), "\n")) && text.contains("Metadata"), "{text}");
    let json: serde_json::Value = serde_json::from_slice(&kscope(&["version", "-o", "json"]).ok().stdout).unwrap();
    let apis = json["apis"].as_array().unwrap();
    assert!(apis.iter().any(|api| api["api"] == "Fetch" && api["key"] == 1 && api["min"].as_i64() >= Some(4)), "{json}");
}

fn orders() -> Scripted {
    let healthy = Healthy::with(vec![FakeTopic::holding("orders", &[&["one"]])]);
    Scripted::start(move |question| healthy.answer(question))
}

fn open(home: Home, arguments: &[&str], variables: &[(&str, &str)]) -> Terminal {
    Terminal::kscope_in(home, arguments, &[&[ON_TOPICS], variables].concat(), 100, 24)
}

#[test]
fn the_first_line_names_the_context_and_warns_of_production() {
    let broker = orders();
    let text = format!("[contexts.prod-eu]\nbootstrap = {:?}\nguard = \"typed\"\ncolor = \"purple\"\n", broker.address());
    let mut terminal = open(Home::new().with(".config/kscope/config.toml", &text), &["prod-eu"], &[("NO_COLOR", "1")]);
    let screen = terminal.until_text("orders");
    let first = screen.lines().next().unwrap();
    assert!(first.contains("prod-eu  ▲PROD  WRITE") && !first.contains(&broker.address()), "{first}");
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
    assert_eq!(broker.mutations(), []);
    assert!(!has_colour(&terminal.raw()), "NO_COLOR was set");
}

#[test]
fn another_cluster_than_expected_is_said_on_every_screen() {
    let broker = orders();
    let text =
        format!("default_context = \"prod\"\n[contexts.prod]\nbootstrap = {:?}\nexpect_cluster_id = \"not-this\"\n", broker.address());
    let mut terminal = open(Home::new().with(".config/kscope/config.toml", &text), &[], &[]);
    terminal.until_text("▲ NOT prod: nothing can be changed here; expects not-this, is");
    terminal.keys("\r");
    let screen = terminal.until_text("LIVE");
    assert!(screen.contains("▲ NOT prod: nothing can be changed here"), "{screen}");
}

#[test]
fn a_theme_and_the_variables_take_effect() {
    let broker = orders();
    let theme = "base = \"light\"\naccent = \"#010203\"\n";
    let home = || Home::new().with(".config/kscope/config.toml", "[ui]\ntheme = \"./mine.toml\"\n").with(".config/kscope/mine.toml", theme);
    let terminal = open(home(), &[&broker.address()], &[]);
    terminal.until_text("orders");
    assert!(String::from_utf8_lossy(&terminal.raw()).contains("38;2;1;2;3"), "the accent of the user's theme");
    let terminal = open(home(), &[&broker.address()], &[("KSCOPE_UI_THEME", "mono")]);
    terminal.until_text("orders");
    assert!(!has_colour(&terminal.raw()), "the mono theme");
    let terminal = open(home(), &[&broker.address()], &[("KSCOPE_UI_COLOR", "16")]);
    terminal.until_text("orders");
    assert!(!String::from_utf8_lossy(&terminal.raw()).contains("38;2;"), "16 colours");
}

#[test]
fn the_next_run_opens_the_context_of_the_last_one() {
    let broker = orders();
    let text = format!("[contexts.prod]\nbootstrap = {:?}\n", broker.address());
    let home = Home::new().with(".config/kscope/config.toml", &text);
    let file = home.path().join(".local/state/kscope/state.json");
    let terminal = open(home, &["prod"], &[]);
    terminal.until_text("orders");
    eventually("the context is kept", || fs::read_to_string(&file).ok().filter(|text| text.contains("\"context\":\"prod\"")));
    let there =
        Home::new().with(".config/kscope/config.toml", &text).with(".local/state/kscope/state.json", &fs::read_to_string(&file).unwrap());
    drop(terminal);
    let terminal = open(there, &[], &[]);
    let screen = terminal.until_text("orders");
    assert!(screen.contains("prod is the context of last time") && screen.lines().next().unwrap().contains("  prod  "), "{screen}");
}

#[test]
fn a_state_folder_that_cannot_be_written_is_said_and_the_program_goes_on() {
    let broker = orders();
    let text = format!("[contexts.prod]\nbootstrap = {:?}\n", broker.address());
    let home = Home::new().with(".config/kscope/config.toml", &text).with("file", "");
    let below = home.path().join("file/kscope").display().to_string();
    let mut terminal = open(home, &["prod"], &[("KSCOPE_STATE_DIR", &below)]);
    terminal.until_text("keep the history");
    terminal.keys("\r");
    terminal.until("the notice is gone and the records are there", |screen| {
        let text = screen.contents();
        text.contains("LIVE") && !text.contains("keep the history")
    });
}

/// Whether a foreground or background colour was set: SGR 30 to 49 but the defaults, and 90 to 107.
fn has_colour(raw: &[u8]) -> bool {
    let text = String::from_utf8_lossy(raw);
    text.split("\x1b[").skip(1).filter_map(|rest| rest.find('m').and_then(|end| rest.get(..end))).any(|sgr| {
        let digits = sgr.chars().all(|c| c.is_ascii_digit() || c == ';');
        digits && sgr.split(';').filter_map(|n| n.parse::<u8>().ok()).any(|n| matches!(n, 30..=38 | 40..=48 | 90..=107))
    })
}
