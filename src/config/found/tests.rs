//! The fixtures of each tool in `tests/it/found`, and odd ones.

use std::fmt::Write as _;
use std::path::Path;

use super::*;
use crate::config::properties::is_secret;
use crate::io::kafka::SecretFrom;

fn variable(name: &str) -> Option<String> {
    (name == "TRUST_PASSWORD").then(|| "canary-variable".to_owned())
}

/// Reads this text as the file of that tool.
fn read(tool: Tool, text: &str) -> Finding {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, text).unwrap();
    Machine { home: Some(folder.path().to_owned()), configs: None, here: None, variable: &variable }.look_at(tool, &path)
}

/// Everything that is known of them, secrets hidden.
fn told(finding: &Finding) -> String {
    let mut out = String::new();
    for context in &finding.contexts {
        let found = context.found.as_ref().unwrap();
        let mark = if found.current { " (current)" } else { "" };
        let _written = writeln!(out, "{}{mark} {:?} {:?} {:?}", context.name, context.bootstrap, context.hue, context.readonly);
        for property in &context.properties {
            let SecretFrom::Text(text) = &property.value else { panic!("a secret from elsewhere") };
            let text = if is_secret(&property.key) { "***" } else { text.expose() };
            let _written = writeln!(out, "  {} = {text}  # {}", property.key, property.by);
        }
        for left in &found.left_out {
            let _written = writeln!(out, "  - {left}");
        }
        let state = match context.connection(&[], &|_| None) {
            Ok(connection) => connection.security.words(),
            Err(mistakes) => mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        };
        let _written = writeln!(out, "  => {state}");
    }
    out
}

#[test]
fn what_each_tool_knows_is_read_with_its_place() {
    for (tool, text) in [
        (Tool::Kaf, include_str!("../../../tests/it/found/kaf.yaml")),
        (Tool::Rpk, include_str!("../../../tests/it/found/rpk.yaml")),
        (Tool::Kafkactl, include_str!("../../../tests/it/found/kafkactl.yml")),
        (Tool::Ktea, include_str!("../../../tests/it/found/ktea.yaml")),
        (Tool::Yozefu, include_str!("../../../tests/it/found/yozefu.json")),
        (Tool::Kcat, include_str!("../../../tests/it/found/kcat.conf")),
        (Tool::Akhq, include_str!("../../../tests/it/found/akhq.yml")),
        (Tool::KafkaUi, include_str!("../../../tests/it/found/kafka-ui.yml")),
    ] {
        let finding = read(tool, text);
        let told = told(&finding);
        assert!(!told.contains("canary") && !format!("{finding:?}").contains("canary"), "{told}");
        insta::assert_snapshot!(tool.word(), told);
    }
}

#[test]
fn secrets_come_through_as_they_stand() {
    let secret = |finding: &Finding, name: &str, key: &str| {
        let context = finding.contexts.iter().find(|context| context.name == name).unwrap();
        let property = context.properties.iter().find(|property| property.key == key).unwrap();
        property.text().unwrap().to_owned()
    };
    let kaf = read(Tool::Kaf, include_str!("../../../tests/it/found/kaf.yaml"));
    // A dollar sign of theirs is never a variable of ours.
    assert_eq!(secret(&kaf, "kaf:hub", "sasl.username"), "$ConnectionString");
    assert_eq!(secret(&kaf, "kaf:hub", "sasl.password"), "Endpoint=sb://orders-ns/;SharedAccessKey=${env:canary}$1=");
    assert_eq!(secret(&kaf, "kaf:same", "sasl.password"), "canary-kaf");
    assert_eq!(
        secret(&read(Tool::Kcat, include_str!("../../../tests/it/found/kcat.conf")), "kcat:default", "sasl.password"),
        "canary\\kcat"
    );
    let akhq = read(Tool::Akhq, include_str!("../../../tests/it/found/akhq.yml"));
    assert!(secret(&akhq, "akhq:secured", "sasl.jaas.config").contains("password=\"canary-akhq\""));
    assert_eq!(secret(&akhq, "akhq:secured", "ssl.truststore.password"), "canary-variable");
}

#[test]
fn a_broken_file_is_one_row_that_says_why() {
    let deep = format!("clusters: {}", "[".repeat(100));
    let large = "#".repeat((1 << 20) + 1);
    for (tool, text, part) in [
        (Tool::Kaf, "clusters:\n\t- name: canary\n", "line 2: "),
        (Tool::Kaf, "clusters: [\n", "it is no YAML"),
        (Tool::Kaf, "- canary\n", "a table is wanted"),
        (Tool::Kaf, &deep, "nested too deep"),
        (Tool::Kaf, &large, "larger than 1 MiB"),
        (Tool::Yozefu, "{\"clusters\": canary}", "line 1: it is no JSON"),
        (Tool::Akhq, "spring: {}\n", "holds nothing of akhq"),
        (Tool::Rpk, "profiles:\n- name: x\n  kafka_api: {brokers: ['http://canary']}\n", "without a scheme"),
        (Tool::Kcat, "sasl.username=x\n", "names no broker"),
    ] {
        let finding = read(tool, text);
        let [context] = finding.contexts.as_slice() else { panic!("{}", told(&finding)) };
        let why = context.found.as_ref().unwrap().unusable.as_deref().unwrap_or_default();
        assert!(why.contains(part), "{part}: {why}");
        assert!(context.connection(&[], &|_| None).is_err());
    }
    for empty in ["", "\u{feff}", "---\n", "clusters:\n", "clusters: {}\n", "clusters: nonsense\n", "version: 99\nclusters: []\n"] {
        assert!(read(Tool::Kaf, empty).contexts.is_empty(), "{empty:?}");
    }
    // One odd cluster leaves the others alone.
    let odd = read(Tool::Kaf, "clusters:\n- 5\n- {name: b, brokers: [h:1], SASL: 3, TLS: [x]}\n");
    assert_eq!(odd.contexts.iter().map(|context| context.connection(&[], &|_| None).is_ok()).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn files_are_looked_for_where_the_tools_do() {
    let home = tempfile::tempdir().unwrap();
    let put = |file: &str, text: &str| {
        let path = home.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    };
    put(".kaf/config", "clusters: [{name: a, brokers: [h:1]}]\n");
    put(".config/rpk/rpk.yaml", "profiles: [{name: b, kafka_api: {brokers: [h:1]}}]\n");
    put(".config/kafkactl/config.yml", "contexts: {home: {brokers: [h:1]}}\n");
    put("repo/.git/HEAD", "");
    put("repo/.kafkactl.yml", "contexts: {project: {brokers: [h:1]}}\n");
    put("repo/below/application.yml", "kafka: {clusters: [{name: c, bootstrapServers: 'h:1'}]}\n");
    put("own.yml", "contexts: {own: {brokers: [h:1]}}\n");
    let own = home.path().join("own.yml").display().to_string();
    let names = |here: &Path, variable: &dyn Fn(&str) -> Option<String>| -> Vec<String> {
        let machine = Machine {
            home: Some(home.path().to_owned()),
            configs: Some(home.path().join(".config")),
            here: Some(here.to_owned()),
            variable,
        };
        machine.look().iter().flat_map(|finding| &finding.contexts).map(|context| context.name.clone()).collect()
    };
    let here = home.path().join("repo/below");
    assert_eq!(names(&here, &|_| None), ["rpk:b", "kaf:a", "kafkactl:project", "kafka-ui:c"]);
    assert_eq!(names(home.path(), &|_| None), ["rpk:b", "kaf:a", "kafkactl:home"]);
    let named = |name: &str| (name == "KAFKA_CTL_CONFIG").then(|| own.clone());
    assert_eq!(names(&here, &named), ["rpk:b", "kaf:a", "kafkactl:own", "kafka-ui:c"]);
    let wrong = |name: &str| (name == "KAFKA_CTL_CONFIG").then(|| "/nowhere".to_owned());
    assert_eq!(names(home.path(), &wrong), ["rpk:b", "kaf:a", "kafkactl"]);
}

#[test]
fn a_host_with_a_port_is_no_context() {
    assert_eq!(
        [Tool::of_name("kaf:9092"), Tool::of_name("kaf:x"), Tool::of_name("host:x"), Tool::of_name("kaf")],
        [None, Some(Tool::Kaf), None, None]
    );
}

proptest::proptest! {
    /// Whatever lies there, it is read or said to be unusable: nothing panics, and every context has a name that can be typed.
    #[test]
    fn any_text_is_contexts_or_says_why_not(
        head in proptest::sample::select(vec!["", "clusters:\n", "contexts:\n", "profiles:\n", "akhq:\n", "kafka:\n clusters:\n"]),
        text in "[-a-z:\\[\\]{},&*!|>'\"\n\t\r #ü%@$]{0,120}",
    ) {
        let whole = format!("{head}{text}");
        for tool in Tool::ALL {
            for context in read(tool, &whole).contexts {
                proptest::prop_assert!(!context.name.contains(|c: char| c.is_whitespace() || c.is_control()), "{:?}", context.name);
                let _said = context.connection(&[], &|_| None);
            }
        }
    }
}
