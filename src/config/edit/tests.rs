use super::*;
use crate::config::found::{Machine, Tool};
use crate::config::properties;

const HERE: &str = "config.toml";
const BEFORE: &str = "# mine\ndefault_context = \"dev\"   # that one\n\n[contexts.dev]\nbootstrap = [\"h:1\"] # here\n\n[ui] # looks\ntheme = \"dark\"\n# the end\n";

fn prod() -> NewContext {
    NewContext {
        name: "prod eu".replace(' ', "-"),
        bootstrap: vec!["k-1:9093".to_owned(), "[::1]:9093".to_owned()],
        color: Some(Hue::Red),
        readonly: ReadOnly::Default,
        guard: Guard::Typed,
        expect_cluster_id: Some("q2kZ".to_owned()),
        tls: Some(vec![("ca".to_owned(), Setting::Text("C:\\certs \"x\"\\ca.pem".to_owned()))]),
        sasl: Some(vec![
            ("mechanism".to_owned(), Setting::Text("PLAIN".to_owned())),
            ("username".to_owned(), Setting::Text("$ConnectionString".to_owned())),
            ("password_env".to_owned(), Setting::Text("PW".to_owned())),
        ]),
        properties: vec![("client.id".to_owned(), "line\nline".to_owned())],
        ..NewContext::default()
    }
}

#[test]
fn a_context_is_added_and_everything_else_stays_as_it_was() {
    for before in
        [BEFORE.to_owned(), BEFORE.trim_end().to_owned(), BEFORE.replace('\n', "\r\n"), String::new(), format!("\u{feff}{BEFORE}")]
    {
        let after = add(Path::new(HERE), &before, &prod()).unwrap();
        assert!(after.starts_with(&before), "{after}");
        assert!(!before.contains('\r') || !after.replace("\r\n", "").contains('\n'), "{after:?}");
        let config = loaded(Path::new(HERE), &after).unwrap();
        let context = config.context("prod-eu").unwrap();
        assert_eq!((context.hue, context.readonly, context.guard), (Some(Hue::Red), ReadOnly::Default, Guard::Typed));
        assert_eq!(context.bootstrap.iter().map(ToString::to_string).collect::<Vec<_>>(), ["k-1:9093", "[::1]:9093"]);
        let said = |key: &str| context.properties.iter().find(|property| property.key == key).and_then(|property| property.text()).unwrap();
        assert_eq!((said("sasl.username"), said("client.id")), ("$ConnectionString", "line\nline"));
        assert!(said("ssl.ca.location").ends_with("C:\\certs \"x\"\\ca.pem"));
    }
    insta::assert_snapshot!(prod().to_toml());
}

#[test]
fn what_would_not_load_is_not_made() {
    let taken = add(Path::new(HERE), BEFORE, &NewContext { name: "dev".to_owned(), ..prod() }).unwrap_err();
    assert!(taken.message.contains("dev already") && taken.hint.unwrap().ends_with("--name dev-2"));
    for name in ["", "a b", "a,b", "x/y"] {
        assert!(add(Path::new(HERE), BEFORE, &NewContext { name: name.to_owned(), ..prod() }).is_err(), "{name:?}");
    }
    assert!(add(Path::new(HERE), "[ui]\ntheme = \"drak\"\n", &prod()).unwrap_err().message.contains("drak"));
    assert!(add(Path::new(HERE), BEFORE, &NewContext { bootstrap: vec!["http://x".to_owned()], ..prod() }).is_err());
    let nowhere = NewContext { name: "x".to_owned(), ..NewContext::default() };
    assert!(add(Path::new(HERE), BEFORE, &nowhere).unwrap_err().message.contains("no bootstrap"));
    // A table on one line cannot be added to.
    assert!(add(Path::new(HERE), "contexts = { a = { bootstrap = \"h:1\" } }\n", &prod()).is_err());
}

#[test]
fn single_keys_are_set_and_taken_away_with_their_comments_kept() {
    let text = |text: &str| Setting::Text(text.to_owned());
    let after = set(Path::new(HERE), BEFORE, "dev", "bootstrap", Some(&Setting::List(vec!["h:2".to_owned()]))).unwrap();
    assert_eq!(after, BEFORE.replace("\"h:1\"", "\"h:2\""));
    let after = set(Path::new(HERE), &after, "dev", "tls.ca", Some(&text("/ca.pem"))).unwrap();
    assert!(
        after.contains("[contexts.dev.tls]\nca = \"/ca.pem\"\n") && after.contains("# here") && after.ends_with("# the end\n"),
        "{after}"
    );
    let after = set(Path::new(HERE), &after, "dev", "tls.ca", None).unwrap();
    assert!(!after.contains("/ca.pem") && after.contains("[contexts.dev.tls]"), "{after}");
    assert_eq!(set(Path::new(HERE), BEFORE, "dev", "sasl.mechanism", None).unwrap(), BEFORE);
    assert!(set(Path::new(HERE), BEFORE, "dev", "color", Some(&text("rde"))).unwrap_err().hint.unwrap().contains("red"));
    assert!(
        set(Path::new(HERE), BEFORE, "dev", "bootstrap", None).is_err()
            && set(Path::new(HERE), BEFORE, "gone", "color", Some(&text("red"))).is_err()
    );
}

#[test]
fn a_context_is_taken_away_unless_something_needs_it() {
    assert!(remove(Path::new(HERE), BEFORE, "dev").unwrap_err().message.contains("no context dev"), "it is the default one");
    let with = add(Path::new(HERE), BEFORE, &prod()).unwrap();
    let after = remove(Path::new(HERE), &with, "prod-eu").unwrap();
    assert!(
        loaded(Path::new(HERE), &after).unwrap().context("prod-eu").is_none() && after.contains("# here") && after.contains("# the end"),
        "{after}"
    );
}

/// What a found context would become, and that it comes to the same.
fn round(context: &crate::config::Context, keep: bool) -> (Import, String) {
    let import = import(context, "new", keep, &|_| None).unwrap();
    let text = add(Path::new(HERE), "", &import.context).unwrap_or_else(|problem| panic!("{problem}\n{}", import.context.to_toml()));
    (import, text)
}

#[test]
fn what_other_tools_have_becomes_tables_and_files() {
    for (tool, text) in [
        (Tool::Kaf, include_str!("../../../tests/it/found/kaf.yaml")),
        (Tool::Rpk, include_str!("../../../tests/it/found/rpk.yaml")),
        (Tool::Kafkactl, include_str!("../../../tests/it/found/kafkactl.yml")),
        (Tool::Ktea, include_str!("../../../tests/it/found/ktea.yaml")),
        (Tool::Yozefu, include_str!("../../../tests/it/found/yozefu.json")),
        (Tool::Kcat, include_str!("../../../tests/it/found/kcat.conf")),
        (Tool::KafkaUi, include_str!("../../../tests/it/found/kafka-ui.yml")),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path, None, text).unwrap();
        let machine = Machine { home: None, configs: None, here: None, variable: &|_| None };
        for context in machine.look_at(tool, &path).contexts {
            let Ok(before) = context.connection(&[], &|_| None) else { continue };
            let (imported, text) = round(&context, false);
            assert!(!text.contains("canary") && !format!("{imported:?}").contains("canary"), "{text}");
            if context.name == "kaf:hub" {
                assert!(text.contains("{dir:secrets:") || text.contains("password_file"), "what looks like a reference is no text of ours");
                continue;
            }
            let kept = round(&context, true).1;
            // The files are not there yet, but what it is stands there.
            let after = match loaded(Path::new(HERE), &kept).unwrap().context("new").unwrap().connection(&[], &|_| None) {
                Ok(after) => after,
                Err(mistakes) => panic!("{mistakes:?}\n{kept}"),
            };
            assert_eq!(
                (after.bootstrap, after.security.words(), after.security.unchecked()),
                (before.bootstrap, before.security.words(), before.security.unchecked()),
                "{kept}"
            );
        }
    }
}

#[test]
fn secrets_get_files_of_their_own_and_never_one_that_is_there() {
    let java = "bootstrap.servers=h:9093\nsecurity.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\nssl.truststore.location=t.p12\nssl.truststore.password=canary-1\nsasl.jaas.config=x.ScramLoginModule required username=\"ops\" password=\"canary-2\";\nfetch.min.bytes=1\n";
    let all = properties::of_text(Path::new("/c/client.properties"), java, &|_| None).unwrap();
    let (mut import, _) = round(&of_properties("x", all), false);
    let names: Vec<(&str, &str)> = import.secrets.iter().map(|secret| (secret.name.as_str(), secret.value.expose())).collect();
    assert_eq!(names, [("new.ssl.truststore.password", "canary-1"), ("new.sasl.password", "canary-2")]);
    assert!(import.left_out.iter().any(|line| line.contains("client.properties:7 fetch.min.bytes")), "{:?}", import.left_out);
    import.moved("secrets", "new.sasl.password", "new.sasl.password-2");
    insta::assert_snapshot!(import.context.to_toml());
    let folder = tempfile::tempdir().unwrap();
    let secrets = folder.path().join("secrets");
    let first = write_secret(&secrets, "a", b"one").unwrap();
    let second = write_secret(&secrets, "a", b"two").unwrap();
    assert_eq!((first, second), (secrets.join("a"), secrets.join("a-2")));
    assert_eq!(crate::config::read(&secrets.join("a")).unwrap().unwrap(), "one");
}

#[cfg(unix)]
#[test]
fn the_file_is_replaced_at_once_with_its_permissions_and_through_a_link() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real/config.toml"), folder.path().join("config.toml"));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    write(&real, None, "one").unwrap();
    assert_eq!(mode(&real), 0o600);
    assert!(matches!(write(&real, None, "two"), Err(Unwritten::Changed(_))), "it is there now");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&real, &link).unwrap();
    assert!(matches!(write(&link, Some("other"), "two"), Err(Unwritten::Changed(_))));
    write(&link, Some("one"), "two").unwrap();
    assert!(link.is_symlink() && mode(&real) == 0o640);
    assert_eq!(std::fs::read_dir(folder.path().join("real")).unwrap().count(), 1, "nothing is left beside it");
    let secrets = folder.path().join("secrets");
    let secret = write_secret(&secrets, "a", b"x").unwrap();
    assert_eq!((mode(&secrets), mode(&secret)), (0o700, 0o600));
}
