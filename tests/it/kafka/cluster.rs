//! Real clusters, started through `tests/kafka/cluster.py`, and the gate that decides whether tests on them run.
//!
//! With `KSCOPE_TEST_KAFKA=1` (set by `.ci/run`) they must: missing Java, Python or Maven is a failure that says so. Without
//! it they run when everything is already here, and else one loud line says that they were skipped.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

/// A release of Apache Kafka that the tests run on: the newest, the last with the old protocol versions, one with ZooKeeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Release {
    V2_8,
    V3_9,
    V4_2,
}

impl Release {
    pub(crate) fn number(self) -> &'static str {
        match self {
            Self::V2_8 => "2.8.2",
            Self::V3_9 => "3.9.1",
            Self::V4_2 => "4.2.0",
        }
    }
}

/// What to start. `settings` are `key=value` of the brokers; `advertise` is the host that they tell clients to dial.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan<'a> {
    pub(crate) release: Release,
    pub(crate) nodes: usize,
    pub(crate) settings: &'a [&'a str],
    pub(crate) advertise: &'a str,
    /// With listeners for TLS and SASL besides (`tests/kafka/security.py`): one node, 4.2.
    pub(crate) secure: bool,
}

impl Plan<'_> {
    /// One broker with the usual settings.
    pub(crate) fn one(release: Release) -> Self {
        Self { release, nodes: 1, settings: &[], advertise: "127.0.0.1", secure: false }
    }

    /// Three brokers with the usual settings: topics may have three replicas.
    pub(crate) fn three(release: Release) -> Self {
        Self { nodes: 3, ..Self::one(release) }
    }
}

/// A running cluster. It ends when this is dropped, and also when the test process ends in any other way, because
/// `cluster.py` ends it when its standard input ends.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) release: Release,
    /// host:port of each node, for the program under test. Node 1 is at index 0.
    pub(crate) bootstrap: Vec<String>,
    /// The second listener of each node, always reachable: for seeding and independent checks.
    pub(crate) internal: Vec<String>,
    /// host:port of each listener with TLS or SASL, by its name.
    pub(crate) secured: BTreeMap<String, String>,
    /// Where its files are; certificates are below, in `tls`.
    pub(crate) folder: PathBuf,
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Cluster {
    /// Starts it, or `None` when tests on a real Kafka are skipped. Clusters start one at a time: two cores are no place
    /// for two JVMs that start at once.
    pub(crate) fn start(plan: Plan<'_>) -> Option<Self> {
        static STARTING: Mutex<()> = Mutex::new(());
        let _one_at_a_time = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        runs(plan.release.number()).then(|| Self::launch(plan))
    }

    fn launch(plan: Plan<'_>) -> Self {
        let mut command = script();
        command.args(["run", plan.release.number(), "--nodes", &plan.nodes.to_string(), "--advertise", plan.advertise]);
        for setting in plan.settings {
            command.args(["--set", setting]);
        }
        if plan.secure {
            command.arg("--secure");
        }
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("cluster.py starts");
        let input = process.stdin.take();
        let mut output = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut line = String::new();
        output.read_line(&mut line).expect("cluster.py's output can be read");
        let ready: serde_json::Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("Kafka {} did not start; see above", plan.release.number()));
        let list = |name: &str| -> Vec<String> {
            ready[name].as_array().expect("a list").iter().map(|a| a.as_str().expect("an address").to_owned()).collect()
        };
        let secured = ready["secured"].as_object().expect("listeners").iter();
        let secured = secured.map(|(name, at)| (name.clone(), at.as_str().expect("an address").to_owned())).collect();
        let folder = PathBuf::from(ready["folder"].as_str().expect("a folder"));
        Self { release: plan.release, bootstrap: list("bootstrap"), internal: list("internal"), secured, folder, process, input, output }
    }

    /// The value of `-b`: every node.
    pub(crate) fn brokers(&self) -> String {
        self.bootstrap.join(",")
    }

    /// SIGTERM, and waits until the node has ended. Nodes count from 1, as in Kafka.
    pub(crate) fn stop(&mut self, node: usize) {
        self.tell("stop", node);
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self, node: usize) {
        self.tell("kill", node);
    }

    /// SIGSTOP: its connections stay open and nothing answers.
    pub(crate) fn pause(&mut self, node: usize) {
        self.tell("pause", node);
    }

    /// SIGCONT.
    pub(crate) fn resume(&mut self, node: usize) {
        self.tell("resume", node);
    }

    /// Starts an ended node on the same data and waits until it answers.
    pub(crate) fn restart(&mut self, node: usize) {
        self.tell("start", node);
    }

    fn tell(&mut self, verb: &str, node: usize) {
        let input = self.input.as_mut().expect("open until dropped");
        writeln!(input, "{verb} {node}").and_then(|()| input.flush()).expect("cluster.py listens");
        let mut answer = String::new();
        self.output.read_line(&mut answer).expect("cluster.py answers");
        assert_eq!(answer.trim(), "ok", "{verb} {node}");
    }
}

impl Drop for Cluster {
    #[expect(clippy::print_stderr, reason = "a test that fails says what the brokers said")]
    fn drop(&mut self) {
        // What the brokers said, for a failure that is not seen again.
        if std::thread::panicking() {
            for node in 1..=self.bootstrap.len() {
                let log = std::fs::read(self.folder.join(node.to_string()).join("log")).unwrap_or_default();
                let tail = log.get(log.len().saturating_sub(4_000)..).unwrap_or_default();
                eprintln!("---- the end of the log of node {node}\n{}", String::from_utf8_lossy(tail));
            }
        }
        self.input = None;
        drop(self.process.wait());
    }
}

/// Apache's own tool of a release, by its class, to be run; `None` when tests on a real Kafka are skipped here.
pub(crate) fn tool(release: Release, class: &str, arguments: &[&str]) -> Option<Command> {
    let jars = match release {
        Release::V2_8 => "2.8.2",
        Release::V3_9 => "tools-3.9.1",
        Release::V4_2 => "tools-4.2.0",
    };
    runs(jars).then(|| {
        let mut command = script();
        command.args(["tool", jars, class]).args(arguments);
        command
    })
}

/// Held by tests that kill, freeze or measure: one at a time, so that one test's fault is not another's noise.
pub(crate) fn serial() -> MutexGuard<'static, ()> {
    static SERIAL: Mutex<()> = Mutex::new(());
    SERIAL.lock().unwrap_or_else(PoisonError::into_inner)
}

fn script() -> Command {
    let mut command = Command::new("python3");
    command.arg(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/cluster.py"));
    command
}

/// Whether tests on these jars run here; asked once for each. Panics when they must and cannot.
fn runs(jars: &'static str) -> bool {
    static KNOWN: Mutex<BTreeMap<&'static str, bool>> = Mutex::new(BTreeMap::new());
    *KNOWN.lock().unwrap_or_else(PoisonError::into_inner).entry(jars).or_insert_with(|| {
        let must = std::env::var("KSCOPE_TEST_KAFKA").is_ok_and(|v| v == "1");
        match ask(if must { "fetch" } else { "ready" }, jars) {
            Ok(()) => true,
            Err(why) if must => panic!("KSCOPE_TEST_KAFKA=1, but Kafka {jars} cannot be started: {why}"),
            Err(why) => {
                skip(&why);
                false
            }
        }
    })
}

/// `cluster.py ready` or `fetch`; the error is its sentence.
fn ask(verb: &str, jars: &str) -> Result<(), String> {
    let done = script().args([verb, jars]).stdin(Stdio::null()).output();
    let done = done.map_err(|e| format!("Python 3.9 or newer (python3) is needed to start Kafka: {e}"))?;
    if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).trim().to_owned()) }
}

/// Once per run, straight to standard error: what goes through `eprintln!` is hidden while tests pass.
fn skip(why: &str) {
    static TOLD: Once = Once::new();
    TOLD.call_once(|| {
        let line = format!("\n*** SKIPPED: tests on a real Kafka. {why}. KSCOPE_TEST_KAFKA=1 makes them run or fail. ***\n");
        drop(std::io::stderr().write_all(line.as_bytes()));
    });
}
