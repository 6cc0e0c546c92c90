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
    let rows: Vec<&str> = screen.lines().skip_while(|line| !line.contains("FROM")).skip(1).take(3).collect();
    assert!(rows[0].contains("config.toml") && rows[1..].iter().all(|row| row.contains("~/.kaf/config")), "{screen}");
    assert!(rows.len() == 3 && rows[0].contains("prod") && rows[1].contains("kaf:dev") && rows[2].contains("kaf:gone"), "{screen}");
    terminal.keys("G");
    terminal.until_text("it names no broker");
    terminal.keys(":ctx kaf:d\t\r");
    terminal.until("the first line names it", |screen| screen.contents().lines().next().is_some_and(|line| line.contains("  kaf:dev  ")));
    assert_eq!(broker.mutations(), []);
}

#[test]
fn no_secret_of_another_tool_is_in_the_log_or_on_the_screen() {
    let broker = orders();
    let kaf = format!(
        "clusters:\n- name: dev\n  brokers: [{:?}]\n  security-protocol: SASL_PLAINTEXT\n  SASL: {{mechanism: PLAIN, username: ops, password: canary-kaf}}\n",
        broker.address()
    );
    let home = Home::new().with(".kaf/config", &kaf).with(".config/rpk/rpk.yaml", include_str!("found/rpk.yaml"));
    let state = home.path().join(".local/state/kscope");
    let mut terminal = Terminal::kscope_in(home, &["kaf:dev"], &[ON_TOPICS], 100, 24);
    // What answers there knows nothing of SASL.
    terminal.until("it is said that there is no way in", |screen| screen.contents().contains("SASL"));
    terminal.keys(":ctx\r");
    terminal.until_text("rpk:cloud");
    let written: Vec<String> =
        std::fs::read_dir(&state).unwrap().filter_map(|entry| std::fs::read_to_string(entry.unwrap().path()).ok()).collect();
    assert!(written.iter().any(|text| text.contains("started")), "the log is looked at");
    assert!(!written.concat().contains("canary") && !String::from_utf8_lossy(&terminal.raw()).contains("canary"));
}

#[test]
fn detect_lists_every_tool_and_says_what_cannot_be_used() {
    let text = everything().kscope(&["config", "detect"], &[]).ok().text();
    for part in [
        "rpk  ~/.config/rpk/rpk.yaml",
        "* rpk:default",
        "127.0.0.1:19092        PLAINTEXT",
        "* kafkactl:stage",
        "unusable: kafkactl runs in a pod",
        "kaf:team-a--eu-1",
        "* ktea:dév",
        "yozefu:prod",
        "* kcat:default",
        "without clusters[team a, eu/1].schema-registry-url: schema registries",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let json: serde_json::Value =
        serde_json::from_slice(&everything().kscope(&["config", "detect", "-o", "json"], &[]).ok().stdout).unwrap();
    let names: Vec<&str> = json.as_array().unwrap().iter().map(|file| file["tool"].as_str().unwrap()).collect();
    assert_eq!(names, ["rpk", "kaf", "kafkactl", "ktea", "yozefu", "kcat"]);
    assert_eq!((&json[0]["contexts"][0]["name"], &json[0]["contexts"][0]["current"]), (&"rpk:default".into(), &true.into()));
    assert!(json[2]["contexts"][2]["unusable"].as_str().unwrap().contains("Kubernetes") && json[2]["contexts"][2]["security"].is_null());
    assert!(Home::new().kscope(&["config", "detect"], &[]).ok().text().contains("nothing was found"));
}

#[test]
fn an_import_keeps_the_file_and_puts_secrets_into_files_of_their_own() {
    let config = "# mine\n[contexts.stage]   # taken\nbootstrap = \"h:1\"\n";
    let home = everything().with(".config/kscope/config.toml", config);
    let path = home.path().join(".config/kscope/config.toml");
    let read = || std::fs::read_to_string(&path).unwrap();
    says(&home.kscope(&["config", "import", "kafkactl:stage"], &[]), 2, &["there is a context stage already", "--name stage-2"]);
    says(&home.kscope(&["config", "import"], &[]), 2, &["there are rpk:default, "]);
    says(&home.kscope(&["config", "import", "kafkactl:pods"], &[]), 2, &["a pod of Kubernetes"]);
    says(&home.kscope(&["config", "import", "nonsense"], &[]), 2, &["nothing that can be imported"]);
    let dry = home.kscope(&["config", "import", "kafkactl:stage", "--name", "st", "--dry-run"], &[]).ok().text();
    assert!(dry.contains("[contexts.st.sasl]") && dry.contains("nothing was written"), "{dry}");
    assert!(read() == config && !home.path().join(".config/kscope/secrets").exists());
    let done = home.kscope(&["config", "import", "kafkactl:stage", "--name", "st"], &[]).ok().text();
    assert!(read().starts_with(config) && read().contains("password_file = \"secrets/st.sasl.password\""), "{}", read());
    let secret = home.path().join(".config/kscope/secrets/st.sasl.password");
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), "canary-kafkactl");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&secret), mode(secret.parent().unwrap())), (0o600, 0o700));
    }
    assert!(!read().contains("canary") && !done.contains("canary"), "{done}");
    let check = home.kscope(&["config", "check"], &[]).ok().text();
    assert!(check.contains("nothing is wrong; 2 contexts"), "{check}");
    // All of a tool at once; what it cannot use stays where it is.
    home.kscope(&["config", "import", "rpk", "-o", "json"], &[]).ok();
    assert!(read().contains("[contexts.cloud.tls]\n[contexts.cloud.sasl]") && !read().contains("login"), "{}", read());
    let kept = home.kscope(&["config", "import", "kaf:hub", "--name", "hub2", "--keep-secrets"], &[]).ok().text();
    assert!(!kept.contains("SharedAccessKey"), "{kept}");
}

#[test]
fn a_file_that_is_wrong_is_not_touched() {
    let home = everything().with(".config/kscope/config.toml", "[ui]\ntheme = \"drak\"\n");
    says(&home.kscope(&["config", "import", "rpk:cloud"], &[]), 2, &["config.toml:2:9", "did you mean \"dark\"?"]);
    assert!(!home.path().join(".config/kscope/secrets").exists());
}

#[test]
fn secrets_of_strimzi_come_from_standard_input() {
    let data =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect::<serde_json::Map<_, _>>();
    // "canary-ca", a login module, "canary-password"
    let jaas = "eC5TY3JhbUxvZ2luTW9kdWxlIHJlcXVpcmVkIHVzZXJuYW1lPSJvcHMiIHBhc3N3b3JkPSJjYW5hcnkiOw==";
    let authority = serde_json::json!({"metadata": {"name": "x-cluster-ca-cert"}, "data": data(&[("ca.crt", "Y2FuYXJ5LWNh")])});
    let user =
        serde_json::json!({"metadata": {"name": "ops"}, "data": data(&[("password", "Y2FuYXJ5LXBhc3N3b3Jk"), ("sasl.jaas.config", jaas)])});
    let list = serde_json::json!({"kind": "List", "items": [authority, user]}).to_string();
    let several = format!("{authority}\n{user}");
    for text in [list, several] {
        let home = Home::new();
        let arguments = ["config", "import", "strimzi", "--from-secret-json", "-b", "kafka:9093"];
        let done = crate::run::fed(&home, &arguments, text.clone().into_bytes()).ok();
        assert!(done.text().contains("strimzi_dir = [\"secrets/ops\"]") && !done.text().contains("canary"), "{}", done.text());
        let show = home.kscope(&["config", "show", "ops", "--effective"], &[]).ok().text();
        assert!(
            show.contains("security = SASL_SSL SCRAM-SHA-512") && show.contains("sasl.username = ops") && !show.contains("canary"),
            "{show}"
        );
        says(&crate::run::fed(&home, &arguments, text.clone().into_bytes()), 2, &["there is a context ops already"]);
        std::fs::remove_file(home.path().join(".config/kscope/config.toml")).unwrap();
        says(&crate::run::fed(&home, &arguments, text.into_bytes()), 2, &["secrets/ops is there already"]);
    }
    let home = Home::new();
    says(
        &crate::run::fed(&home, &["config", "import", "strimzi", "--from-secret-json", "-b", "k:1"], b"{\"canary".to_vec()),
        2,
        &["is no JSON"],
    );
    says(&home.kscope(&["config", "import", "strimzi", "--from-secret-json"], &[]), 2, &["do not tell where the cluster is"]);
}

#[test]
fn what_holds_is_shown_with_who_said_it_and_can_be_given_away() {
    let config = "[contexts.p]\nbootstrap = \"secret-host.int:9093\"\nproperties_file = \"client.properties\"\n[contexts.p.sasl]\nmechanism = \"PLAIN\"\nusername = \"somebody\"\npassword_env = \"PW\"\n";
    let client = "security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-256\nsasl.password=canary\nfetch.min.bytes=1\nssl.ca.location=/home/somebody/ca.pem\n";
    let home = Home::new().with(".config/kscope/config.toml", config).with(".config/kscope/client.properties", client);
    let show = |more: &[&str]| home.kscope(&[&["config", "show", "p", "--effective"], more].concat(), &[]).ok().text();
    let line = |text: &str, start: &str, end: &str| text.lines().any(|line| line.starts_with(start) && line.ends_with(end));
    let text = show(&["-X", "client.id=me", "--readonly"]);
    for (start, end) in [
        ("security = SASL_SSL PLAIN ", "comes to"),
        ("bootstrap = secret-host.int:9093 ", "config.toml, line 1"),
        ("sasl.mechanism = PLAIN ", "config.toml:5 contexts.p.sasl.mechanism"),
        ("sasl.mechanism = SCRAM-SHA-256 ", "client.properties:2 sasl.mechanism (overridden)"),
        ("sasl.password = ***(variable PW) ", "contexts.p.sasl.password_env"),
        ("sasl.password = *** ", "(overridden)"),
        ("fetch.min.bytes = 1 ", "fetch.min.bytes (ignored)"),
        ("client.id = me ", "# -X client.id"),
        ("readonly = true ", "# --readonly"),
        ("readonly = false ", "# default (overridden)"),
        ("ui.theme = \"auto\" ", "# default"),
    ] {
        assert!(line(&text, start, end), "{start} … {end}:\n{text}");
    }
    let redacted = show(&["--redact"]) + &show(&["--redact", "-o", "json"]);
    for word in ["canary", "somebody", "secret-host", "/home", ".config"] {
        assert!(!redacted.contains(word) && !text.contains("canary"), "{word}: {redacted}");
    }
    assert!(redacted.contains("bootstrap = s…:9093") && redacted.contains("client.properties:2 sasl.mechanism"), "{redacted}");
    let found = everything().kscope(&["config", "show", "kaf:team-a--eu-1", "--effective"], &[]).ok().text();
    assert!(found.contains("sasl.password = ***") && found.contains("~/.kaf/config:15 clusters[team a, eu/1].SASL.username"), "{found}");
}

#[cfg(unix)]
#[test]
fn a_secret_that_others_may_read_is_told_and_not_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let broker = orders();
    let client = format!("bootstrap.servers={}\nssl.key.password=canary\n", broker.address());
    let home = Home::new().with("client.properties", &client);
    let path = home.path().join("client.properties");
    let run = |mode: u32| {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        home.kscope(&["topics", "-o", "ndjson", "--properties", path.to_str().unwrap()], &[]).ok()
    };
    let open = run(0o644);
    assert!(open.stderr.contains("others on this machine may read it: chmod 600 ") && open.text().contains("orders"), "{}", open.stderr);
    assert!(!run(0o600).stderr.contains("chmod"));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let check = home.kscope(&["config", "check", "--properties", path.to_str().unwrap()], &[]).ok().text();
    assert!(check.contains("warning: ") && check.contains("chmod 600") && !check.contains("canary"), "{check}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_keyring_is_asked_by_the_tool_of_the_system() {
    use std::os::unix::fs::PermissionsExt as _;
    let config = "[contexts.p]\nbootstrap = \"127.0.0.1:1\"\n[contexts.p.sasl]\nmechanism = \"PLAIN\"\nclear_text = true\nusername = \"ops\"\npassword_keyring = \"kafka-prod/ops\"\n";
    let home = Home::new()
        .with(".config/kscope/config.toml", config)
        .with("bin/secret-tool", "#!/bin/sh\necho \"$@\" > \"$HOME/asked\"\necho canary\n");
    let bin = home.path().join("bin");
    std::fs::set_permissions(bin.join("secret-tool"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = bin.display().to_string() + ":/bin:/usr/bin";
    says(&home.kscope(&["topics", "-c", "p", "--timeout", "1s"], &[("PATH", &path)]), 3, &["127.0.0.1:1"]);
    assert_eq!(std::fs::read_to_string(home.path().join("asked")).unwrap().trim(), "lookup service kafka-prod username ops");
    says(
        &home.kscope(&["topics", "-c", "p"], &[("PATH", "/nowhere")]),
        2,
        &["there is no secret-tool on this machine", "password_keyring"],
    );
}

#[test]
fn the_file_is_edited_and_checked_afterwards() {
    let home = Home::new();
    let edit = |editor: &str| home.kscope(&["config", "edit"], &[("EDITOR", editor)]);
    assert!(edit("true").ok().text().contains("nothing is wrong"));
    let path = home.path().join(".config/kscope/config.toml");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), kscope::config::DEFAULT);
    says(&edit("printf '[ui]\\ntheme = 3\\n' >"), 2, &["config.toml:2:9", "^"]);
    says(&edit("false"), 1, &["the editor ended with"]);
    let schema: serde_json::Value = serde_json::from_slice(&Home::new().kscope(&["config", "schema"], &[]).ok().stdout).unwrap();
    assert!(schema["properties"]["ui"]["properties"]["theme"].is_object());
}
