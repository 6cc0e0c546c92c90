use super::*;

fn run(args: &[&str], variables: &[(&str, &str)]) -> Result<Command, Exit> {
    let args = std::iter::once("kscope").chain(args.iter().copied()).map(OsString::from);
    // A folder that is not there: the tester's own configuration counts for nothing.
    let all = [variables, &[("KSCOPE_CONFIG_DIR", "/nonexistent/kscope")]].concat();
    parse(args, &|name| all.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()), &|| None)
}

fn ui(args: &[&str], variables: &[(&str, &str)]) -> (Vec<String>, Option<String>) {
    match run(args, variables) {
        Ok(Command::Ui(ui)) => (ui.cluster.bootstrap.iter().map(ToString::to_string).collect(), ui.cluster.from),
        other => panic!("{other:?}"),
    }
}

fn tail(args: &[&str]) -> tail::Tail {
    match run(&[&["tail", "-b", "h:1"], args].concat(), &[]) {
        Ok(Command::Tail(tail)) => *tail,
        other => panic!("{other:?}"),
    }
}

fn refused(args: &[&str]) -> (u8, String) {
    let exit = run(args, &[]).unwrap_err();
    (exit.code(), exit.text().to_owned())
}

#[test]
fn the_first_argument_that_is_no_command_is_the_address() {
    assert_eq!(ui(&["kafka-1,kafka-2:9093"], &[]), (vec!["kafka-1:9092".to_owned(), "kafka-2:9093".to_owned()], None));
    assert_eq!(ui(&["-b", "a:1", "--readonly", "--color", "never"], &[]), (vec!["a:1".to_owned()], None));
}

#[test]
fn the_environment_counts_only_when_nothing_is_named() {
    let variables = [("KAFKA_BROKERS", "c:3"), ("BOOTSTRAP_SERVERS", "b:2")];
    assert_eq!(ui(&[], &variables), (vec!["b:2".to_owned()], Some("the cluster is that of BOOTSTRAP_SERVERS".to_owned())));
    assert_eq!(ui(&["a:1"], &variables), (vec!["a:1".to_owned()], None));
    let ours = [("KAFKA_BROKERS", "c:3"), ("KSCOPE_BOOTSTRAP", "d:4")];
    assert_eq!(ui(&[], &ours), (vec!["d:4".to_owned()], Some("the cluster is that of KSCOPE_BOOTSTRAP".to_owned())));
}

#[test]
fn wrong_arguments_are_usage() {
    for args in [
        &[][..],
        &["a:1", "-b", "b:1"],
        &["http://a"],
        &["--nonsense"],
        &["a:1", "b:1"],
        &["tail", "-b", "a:1"],
        &["tail", "-b", "a:1", "t", "-X", "k"],
        &["tail", "-b", "a:1", "t", "-X", "sasl.password=x"],
        &["tail", "-b", "a:1", "t", "-X", "security.protocol=TLS"],
        &["tail", "-b", "a:1", "t", "--properties", "/no/such/file"],
        &["tail", "-b", "a:1", "t", "-c", "context"],
        &["tail", "-b", "a:1", "t", "--from", "committed:group"],
        &["tail", "-b", "a:1", "t", "--from", "soon"],
        &["tail", "-b", "a:1", "t", "-p", "x"],
        &["tail", "-b", "a:1", "t", "-n", "many"],
        &["tail", "-b", "a:1", "t", "--where", ".a =="],
        &["tail", "-b", "a:1", "t", "--timeout", "soon"],
        &["tail", "-b", "a:1", "t", "--format", "%q"],
        &["tail", "-b", "a:1", "t", "--format", "%s", "-o", "json"],
        &["tail", "-b", "a:1", "t", "--isolation", "dirty"],
        &["groups", "-b", "a:1", "-f", "("],
        &["lag", "-b", "a:1", "--fail-over", "-1"],
        &["lag", "-b", "a:1", "--isolation", "dirty"],
        &["lag", "-b", "a:1", "--watch", "--prometheus"],
        &["peek", "-b", "a:1", "g", "t"],
        &["peek", "-b", "a:1", "g", "t:0", "-B", "-1"],
        &["group", "-b", "a:1", "describe"],
    ] {
        assert_eq!(refused(args).0, 2, "{args:?}");
    }
    assert!(refused(&[]).1.contains("HOST:PORT"));
}

#[test]
fn a_bad_filter_is_pointed_at() {
    let text = refused(&["tail", "-b", "a:1", "t", "--where", "a and )"]).1;
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|line| line.trim_start().starts_with('^')).unwrap_or_else(|| panic!("{text}"));
    assert_eq!(lines[at].find('^'), lines[at - 1].find(')'), "{text}");
}

#[test]
fn errors_are_json_when_json_is_asked_for() {
    for args in [&["--nonsense", "-o", "ndjson"][..], &["tail", "-b", "a:1", "t", "--from", "soon", "--output=json"]] {
        let (code, text) = refused(args);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((code, json["error"]["code"].as_str()), (2, Some("usage")));
        assert!(json["error"]["message"].is_string(), "{text}");
    }
}

#[test]
fn values_that_begin_with_a_minus_are_taken() {
    use crate::query::position::Position;
    let tail = tail(&["a", "b", "--from", "-500", "--until", "now", "-p", "0,3", "-n", "7"]);
    assert_eq!(tail.topics().map(|topic| topic.raw().to_owned()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((tail.from(), tail.until()), (&Position::Last(500), Some(&Position::Now)));
}

#[test]
fn help_and_version_are_no_errors() {
    let help = run(&["tail", "--help"], &[]).unwrap_err();
    assert!(help.code() == 0 && help.text().contains("--until"));
    let version = run(&["--version"], &[]).unwrap_err();
    assert_eq!((version.code(), version.text().trim()), (0, concat!("kscope ", env!("CARGO_PKG_VERSION"))));
}

mod contexts {
    use super::*;
    use crate::core::guard::ReadOnly;

    const FILE: &str = "default_context = \"dev\"
[contexts.dev]
bootstrap = \"d:1\"
[contexts.prod]
bootstrap = [\"p:1\", \"p:2\"]
guard = \"ask\"
readonly = \"default\"
expect_cluster_id = \"id\"
";

    fn opened(args: &[&str], variables: &[(&str, &str)], last: Option<&str>, file: &str) -> Result<Ui, Exit> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.toml"), file).unwrap();
        let path = folder.path().display().to_string();
        let all = [variables, &[("KSCOPE_CONFIG_DIR", &path)]].concat();
        let args = std::iter::once("kscope").chain(args.iter().copied()).map(OsString::from);
        let variable = |name: &str| all.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        match parse(args, &variable, &|| last.map(str::to_owned))? {
            Command::Ui(ui) => Ok(*ui),
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn ui(args: &[&str], variables: &[(&str, &str)]) -> (Option<String>, String) {
        let ui = opened(args, variables, None, FILE).unwrap();
        (ui.context.name, ui.cluster.bootstrap.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
    }

    #[test]
    fn a_context_is_named_in_four_ways_and_the_nearest_wins() {
        let named = |name: &str, addresses: &str| (Some(name.to_owned()), addresses.to_owned());
        assert_eq!(ui(&[], &[]), named("dev", "d:1"));
        assert_eq!(ui(&[], &[("KSCOPE_CONTEXT", "prod"), ("KAFKA_BROKERS", "x:1")]), named("prod", "p:1,p:2"));
        assert_eq!(ui(&["dev"], &[("KSCOPE_CONTEXT", "prod")]), named("dev", "d:1"));
        assert_eq!(ui(&["-c", "prod"], &[("KSCOPE_BOOTSTRAP", "x:1")]), named("prod", "p:1,p:2"));
        // Another way to the same cluster: what holds for the context still holds.
        assert_eq!(ui(&["prod", "-b", "tunnel:9"], &[]), named("prod", "tunnel:9"));
        assert_eq!(ui(&["-b", "x:1"], &[]), (None, "x:1".to_owned()));
        assert_eq!(ui(&["kafka.int"], &[]), (None, "kafka.int:9092".to_owned()));
    }

    #[test]
    fn what_a_context_says_is_handed_on() {
        let ui = opened(&["prod"], &[], None, FILE).unwrap();
        assert!(ui.context.rules.is_guarded());
        assert_eq!(ui.context.rules.read_only(), Some(ReadOnly::Context { line: 4, write: true }));
        assert_eq!(ui.context.expects.map(|id| id.raw().to_owned()).as_deref(), Some("id"));
        let dev = opened(&["dev", "--readonly"], &[], None, FILE).unwrap();
        assert_eq!(dev.context.rules.read_only(), Some(ReadOnly::Flag));
    }

    #[test]
    fn what_the_command_line_says_holds_wherever_one_goes() {
        let targets = |args: &[&str]| {
            let addresses = |cluster: &Cluster| cluster.bootstrap.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
            let targets = opened(args, &[], None, FILE).unwrap().targets.into_iter();
            targets.map(|(at, context)| (context.name, addresses(&at), context.rules.refused, at.timeout)).collect::<Vec<_>>()
        };
        let (dev, prod) = (Some("dev".to_owned()), Some("prod".to_owned()));
        let line = Some(ReadOnly::Context { line: 4, write: true });
        let as_written = [(dev.clone(), "d:1".to_owned(), None, None), (prod.clone(), "p:1,p:2".to_owned(), line, None)];
        assert_eq!(targets(&[]), as_written);
        let (flag, timeout) = (Some(ReadOnly::Flag), Some(Duration::from_secs(3)));
        let all = [
            (None, "x:1".to_owned(), flag, timeout),
            (dev.clone(), "d:1".to_owned(), flag, timeout),
            (prod.clone(), "p:1,p:2".to_owned(), flag, timeout),
        ];
        assert_eq!(targets(&["x:1", "--readonly", "--timeout", "3s"]), all, "what was named without a name can be gone back to");
        let tunnel = [(dev, "d:1".to_owned(), None, None), (prod, "tunnel:9".to_owned(), line, None)];
        assert_eq!(targets(&["prod", "-b", "tunnel:9"]), tunnel);
    }

    #[test]
    fn the_context_of_last_time_is_opened_when_nothing_else_is_named() {
        let file = FILE.replace("default_context = \"dev\"", "");
        let ui = opened(&[], &[], Some("prod"), &file).unwrap();
        assert_eq!((ui.context.name.as_deref(), ui.cluster.from.as_deref()), (Some("prod"), Some("prod is the context of last time")));
        assert_eq!(opened(&[], &[], Some("gone"), &file).unwrap_err().code(), 2);
        assert_eq!(opened(&[], &[("KAFKA_BROKERS", "x:1")], Some("prod"), &file).unwrap().context.name, None);
    }
}
