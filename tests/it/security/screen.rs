//! From nothing but the files of another tool to the topics of a cluster: the list of contexts, its test, the import, the form.

use crate::kafka::secured;
use crate::pty::Terminal;
use crate::run::Home;

#[test]
fn the_first_run_needs_no_configuration() {
    let Some(kafka) = secured() else { return };
    let kaf = format!(
        "current-cluster: here\nclusters:\n- name: here\n  brokers: [\"{}\"]\n  SASL:\n    mechanism: PLAIN\n    username: app\n    password: app-secret\n  security-protocol: SASL_PLAINTEXT\n",
        kafka.at("SASL")
    );
    let home = Home::new().with(".kaf/config", &kaf);
    let config = home.path().join("config");
    let folder = config.display().to_string();
    let editor = "sh -c 'printf \"[contexts.typed]\\nbootstrap = \\\"localhost:1\\\"\\n\" >>\"$1\"' sh";
    let mut terminal = Terminal::kscope_in(home, &[], &[("KSCOPE_CONFIG_DIR", &folder), ("EDITOR", editor)], 140, 50);
    terminal.until_text("kaf:here");
    assert!(terminal.text().contains("no cluster"), "{}", terminal.text());
    assert!(!config.exists(), "nothing is written before one asks for it");

    terminal.keys("t");
    terminal.until_text("it works, with");
    let seen = terminal.text();
    assert!(seen.contains("SASL ▲ PLAIN") && seen.contains("brokers ✓ 1 of 1"), "{seen}");

    terminal.keys("i");
    terminal.until_text("password_file = \"secrets/kaf-here.sasl.password\"");
    terminal.keys("\x13");
    terminal.until("it is written, selected and tested", |screen| {
        let text = screen.contents();
        text.contains("kaf-here was written") && text.contains("─ kaf-here ") && text.contains("it works, with")
    });
    let file = config.join("config.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("[contexts.kaf-here]") && !text.contains("app-secret"), "{text}");
    assert_eq!(std::fs::read_to_string(config.join("secrets/kaf-here.sasl.password")).unwrap(), "app-secret");

    // By hand: a mechanism is chosen, the password is never seen.
    terminal.keys("a");
    terminal.until_text("New context");
    terminal.keys(&format!("scram\t{}\t\t\t", kafka.at("SASL")));
    terminal.keys("   \tapp\tapp-secret");
    terminal.until_text("mechanism = \"SCRAM-SHA-512\"");
    terminal.until_text("scram.sasl.password");
    assert!(!terminal.text().contains("app-secret"), "{}", terminal.text());
    terminal.keys("\x13");
    terminal.until("the second is written", |screen| screen.contents().contains("SASL ✓ SCRAM-SHA-512"));
    assert!(!String::from_utf8_lossy(&terminal.raw()).contains("app-secret"));

    // In the editor, and what it wrote is in the list at once.
    terminal.keys("e");
    terminal.until("the third", |screen| screen.contents().contains("typed") && screen.contents().contains("localhost:1"));

    terminal.keys(":ctx scram\r");
    terminal.keys(":topics\r");
    terminal.until("its topics", |screen| screen.contents().contains("orders") && screen.contents().contains("Topics"));
    terminal.keys("\x03");
    assert!(terminal.ended().success());
}
