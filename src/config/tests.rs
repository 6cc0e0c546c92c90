use super::settings::{SETTINGS, variable_of};
use super::*;
use crate::core::action::Action;
use crate::core::key::Key;
use crate::core::keymap::Found;

fn read_text(text: &str) -> Result<Config, Problems> {
    Config::of(Some((Path::new("/c/config.toml"), text)), &|_| None)
}

#[track_caller]
fn config(text: &str) -> Config {
    read_text(text).unwrap_or_else(|problems| panic!("{problems}"))
}

#[track_caller]
fn wrong(text: &str) -> String {
    read_text(text).unwrap_err().to_string()
}

#[test]
fn the_default_file_sets_every_setting_and_is_all_there_is() {
    let config = Config::of(None, &|_| None).unwrap();
    let told: Vec<(&str, &Origin)> = config.told.iter().map(|told| (told.name.as_str(), &told.origin)).collect();
    let settings: Vec<String> = SETTINGS.iter().map(|setting| format!("{}.{}", setting.table, setting.name)).collect();
    assert_eq!(told, settings.iter().map(|name| (name.as_str(), &Origin::Default)).collect::<Vec<_>>());
    assert_eq!((config.messages.buffer.records, config.messages.buffer.bytes), (5000, 64_000_000));
    assert_eq!((config.limits.record, config.limits.record_alone), (16 << 20, 64 << 20));
    assert_eq!((config.ui.zone, config.ui.time), (TimeZone::UTC, Some(TimeFormat::Clock)));
}

#[test]
fn the_examples_of_the_default_file_are_right() {
    let is_example = |line: &&str| line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.trim().contains(' '));
    let uncommented: Vec<&str> = DEFAULT.lines().map(|line| line.strip_prefix("# ").filter(is_example).unwrap_or(line)).collect();
    let config = config(&uncommented.join("\n"));
    assert_eq!((config.contexts.len(), config.default_context.as_deref(), config.aliases.len()), (6, Some("dev-local"), 1));
    assert_eq!(config.keymap.keys_of(Action::Follow), ["s", "F"]);
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let variable = |name: &str| match name {
        "KSCOPE_UI_TIME" => Some("age".to_owned()),
        "KSCOPE_MESSAGES_BUFFER" => Some("7".to_owned()),
        "KSCOPE_UI_MOUSE" => Some(String::new()),
        _ => None,
    };
    let text = "[ui]\ntime = \"full\"\nmouse = true\n[messages]\nbuffer = 9\n";
    let config = Config::of(Some((Path::new("c.toml"), text)), &variable).unwrap();
    assert_eq!((config.ui.time, config.messages.buffer.records, config.ui.mouse), (Some(TimeFormat::Age), 7, true));
    let origin = |name: &str| config.told.iter().find(|told| told.name == name).unwrap().origin.clone();
    assert_eq!(origin("ui.time"), Origin::Variable("KSCOPE_UI_TIME".to_owned()));
    assert_eq!((origin("ui.mouse"), origin("ui.zone")), (Origin::File(3), Origin::Default));
}

#[test]
fn a_bad_variable_is_named_with_its_value() {
    let variable = |name: &str| (name == "KSCOPE_UI_THEME").then(|| "drak".to_owned());
    let problems = Config::of(None, &variable).unwrap_err().to_string();
    assert_eq!(problems, "KSCOPE_UI_THEME=drak: \"drak\" is no theme\n  did you mean \"dark\"?");
    assert!(SETTINGS.iter().all(|setting| variable_of(setting).starts_with("KSCOPE_")));
}

#[test]
fn two_actions_may_exchange_their_keys_and_none_may_share_one() {
    let exchanged = config("[keys]\n\"messages.follow\" = \"P\"\n\"messages.pause\" = [\"s\"]\n");
    let found = exchanged.keymap.find(&[crate::core::action::Scope::Messages], &Key::sequence("s").unwrap());
    assert_eq!(found, Found::Action(Action::Pause));
    let shared = wrong("[keys]\n\"messages.follow\" = \"P\"\n");
    assert!(shared.contains("P is taken by messages.pause"), "{shared}");
    let hidden = wrong("[keys]\n\"messages.follow\" = \"y\"\n");
    assert!(hidden.contains("y is taken by") && hidden.contains(" as y"), "{hidden}");
}

#[test]
fn the_caret_stands_below_what_is_wrong_also_behind_wide_characters() {
    let text = wrong("[contexts.a]\nbootstrap = [\"日本:1\", \"b:0\"]\n");
    let lines: Vec<&str> = text.lines().collect();
    let column = |line: &str, what: &str| crate::text::width(line.split(what).next().unwrap());
    assert_eq!(column(lines[2], "^"), column(lines[1], "\"b:0\""), "{text}");
    assert!(lines[2].ends_with("^^^^^") && !lines[2].ends_with("^^^^^^"), "{text}");
}

#[test]
fn everything_that_is_wrong_is_said_in_the_order_of_the_lines() {
    let text = wrong("[messages]\nbufer = 5\n[ui]\ntheme = 3\nzone = \"Mars/Base\"\n");
    let at: Vec<usize> = ["bufer", "text in quotes", "Mars/Base"].iter().map(|word| text.find(word).unwrap()).collect();
    assert!(at.is_sorted(), "{text}");
}

#[test]
fn foreign_characters_of_a_file_do_not_reach_the_terminal() {
    let text = wrong("[ui]\ntheme = \"a\\u001b[2J\"\n\u{202e}x = 1\n");
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
}

#[test]
fn a_folder_in_the_place_of_the_file_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    assert_eq!(read(&path), Ok(None));
    std::fs::create_dir(&path).unwrap();
    assert!(read(&path).unwrap_err().to_string().contains("it is no file"));
    let text = |name: &str| (name == FOLDER_VARIABLE).then(|| folder.path().display().to_string());
    assert!(Config::load(&text).is_err());
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_configuration_or_a_list_of_problems(text in "[\\[\\]a-z\\.=\"0-9\n #{},ü\u{1b}]{0,200}") {
        if let Err(problems) = read_text(&text) {
            assert!(!problems.0.is_empty() && !problems.to_string().contains('\u{1b}'));
        }
    }
}
