#!/usr/bin/env python3
"""Real Apache Kafka on 127.0.0.1, for the tests. Python 3.9+ (standard library), Java 17+; Maven once per release.

    cluster.py ready VERSION...      silent and 0 when everything is here to start these releases; else a sentence and 3
    cluster.py fetch VERSION...      downloads what is missing of their jars
    cluster.py run VERSION [--nodes N] [--set key=value]... [--advertise HOST] [--secure]
    cluster.py tool VERSION CLASS ARGS...      becomes one of Apache's tools, by its class

VERSION can be tools-VERSION: from 3.x on most tools are not among the brokers' jars.

`run` stays in the foreground and owns the brokers: it prints one line of JSON when the cluster is ready, then obeys one
command per line of its standard input and answers each with `ok` or `error: why`:

    stop N | kill N | pause N | resume N | start N        SIGTERM and wait, SIGKILL, SIGSTOP, SIGCONT; nodes count from 1

When its input ends, it ends the cluster and deletes its data. So a cluster never outlives the test that started it,
however that test ends; and if this process itself is killed, the kernel ends the brokers (Linux).

Jars lie in $KSCOPE_TEST_KAFKA_JARS/VERSION when that exists, else in kscope-test-kafka/VERSION of the cache folder.
"""
import argparse
import ctypes
import json
import os
import random
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

sys.dont_write_bytecode = True  # no folder of Python's beside the sources
import security  # noqa: E402

HOST = "127.0.0.1"
QUICK_JVM = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:-UsePerfData"]


TOOLS = "tools-"  # before a version: with the jars of Apache's tools


class Problem(Exception):
    """Something a person can act on; printed without a traceback."""


# ------------------------------------------------------------------------------------------------ Java and jars

def cache():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(base) / "kscope-test-kafka"


def jars(version):
    """The folder with the jars of a release, or None."""
    given = os.environ.get("KSCOPE_TEST_KAFKA_JARS")
    for folder in ([Path(given) / version] if given else []) + [cache() / version]:
        if folder.is_dir():
            return folder
    return None


def java_problem():
    """Why Java cannot be used, or None."""
    try:
        text = subprocess.run(["java", "-version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout
    except OSError:
        return "Java is not installed: the tests on a real Kafka need Java 17 or newer (java) on the PATH"
    found = re.search(r'version "(\d+)', text)
    if not found or int(found[1]) < 17:
        return f"Java 17 or newer is needed, `java -version` says: {text.splitlines()[0] if text else 'nothing'}"
    return None


def fetch(version):
    """Downloads a release and what it needs from Maven Central; a no-op when it is there."""
    if jars(version):
        return
    if not shutil.which("mvn"):
        raise Problem(f"the jars of Apache Kafka {version} are not cached and Maven (mvn) is not on the PATH to fetch them")
    release = version.removeprefix(TOOLS)
    wanted = [("org.apache.kafka", "kafka_2.13", release), ("org.slf4j", "slf4j-simple", "1.7.36")]
    if release != version:
        wanted.insert(1, ("org.apache.kafka", "kafka-tools", release))
    dependencies = "".join(f"<dependency><groupId>{g}</groupId><artifactId>{a}</artifactId><version>{v}</version></dependency>"
                           for g, a, v in wanted)
    cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache(), prefix=".fetch-") as folder:
        pom = Path(folder, "pom.xml")
        pom.write_text("<project><modelVersion>4.0.0</modelVersion><groupId>kscope</groupId><artifactId>test-kafka</artifactId>"
                       f"<version>1</version><dependencies>{dependencies}</dependencies></project>")
        done = subprocess.run(["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", "-DincludeScope=runtime",
                               f"-DoutputDirectory={folder}/jars"], stdout=sys.stderr, check=False)
        if done.returncode:
            raise Problem(f"Maven could not fetch Apache Kafka {version}")
        for jar in Path(folder, "jars").glob("*.jar"):  # one logging backend: slf4j-simple, which needs no file
            if re.match(r"slf4j-(log4j12|reload4j|nop)|log4j-slf4j", jar.name):
                jar.unlink()
        try:
            Path(folder, "jars").rename(cache() / version)
        except OSError:
            if not jars(version):  # else another run was faster
                raise


def java(version, main, *arguments, level="warn", heap="256m"):
    home = jars(version)
    if not home:
        raise Problem(f"the jars of Apache Kafka {version} are not cached: cluster.py fetch {version}")
    return ["java", f"-Xmx{heap}", *QUICK_JVM, f"-Dorg.slf4j.simpleLogger.defaultLogLevel={level}",
            "-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
            "-Dlog4j2.statusLoggerLevel=OFF", "-cp", f"{home}/*", main, *map(str, arguments)]


# ------------------------------------------------------------------------------------------------ one cluster

def end_with_parent():
    """Runs in the child: the kernel kills it when this process is gone, SIGKILL included (Linux; elsewhere a no-op)."""
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    except (AttributeError, OSError):
        pass


def free_ports(count):
    """Free ports below the ephemeral range, so that they are still free when a node starts again."""
    held = []
    try:
        while len(held) < count:
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind((HOST, random.randrange(20000, 30000)))
                held.append(s)
            except OSError:
                s.close()
        return [s.getsockname()[1] for s in held]
    finally:
        for s in held:
            s.close()


def wait_a_little():
    """Between two looks at a condition; ends the program at once when whoever started it is gone."""
    if select.select([sys.stdin], [], [], 0.05)[0]:
        sys.exit(0)


def stopped(stat):
    """Whether a thread stands, by proc_pid_stat(5); one that has ended does."""
    try:
        return stat.read_text(errors="replace").rpartition(") ")[2][:1] in "Tt"
    except OSError:
        return True


def cluster_seen_by(port):
    """(broker ids, controller id) as one broker tells them: Metadata v1 for no topics, spoken by hand."""
    request = struct.pack(">hhihi", 3, 1, 1, -1, 0)
    with socket.create_connection((HOST, port), 2) as s:
        s.settimeout(2)
        s.sendall(struct.pack(">i", len(request)) + request)
        reply = s.makefile("rb")

        def number(form):
            return struct.unpack(form, reply.read(struct.calcsize(form)))[0]

        number(">i"), number(">i")  # size, correlation id
        brokers = set()
        for _ in range(number(">i")):
            brokers.add(number(">i"))
            reply.read(number(">h"))  # host
            number(">i")  # port
            reply.read(max(0, number(">h")))  # rack
        return brokers, number(">i")


class Cluster:
    """The processes of one cluster; the folder holds configuration, data and logs, one sub-folder per process."""

    def __init__(self, version, nodes, settings, advertise, secure):
        self.version, self.nodes, self.settings, self.advertise = version, range(1, nodes + 1), settings, advertise
        self.folder = Path(tempfile.mkdtemp(prefix="kscope-kafka-"))
        self.running = {}
        names = list(security.PROTOCOLS) if secure else []
        ports = free_ports(3 * nodes + 1 + len(names))
        self.secured = dict(zip(names, ports[3 * nodes + 1:]))  # one node alone has them
        self.client, self.internal, self.control = ports[:nodes], ports[nodes:2 * nodes], ports[2 * nodes:3 * nodes]
        self.zookeeper = ports[3 * nodes] if int(version.split(".", maxsplit=1)[0]) < 3 else None

    def server_properties(self, node):
        """CLIENT is what tests talk to, INTERNAL what brokers do. Small, quick and without a retention limit."""
        at, copies = node - 1, min(3, len(self.nodes))
        p = {
            "listeners": f"CLIENT://{HOST}:{self.client[at]},INTERNAL://{HOST}:{self.internal[at]}",
            "advertised.listeners": f"CLIENT://{self.advertise}:{self.client[at]},INTERNAL://{HOST}:{self.internal[at]}",
            "listener.security.protocol.map": "CLIENT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "INTERNAL",
            "log.dirs": self.folder / str(node) / "data",
            "num.partitions": 3, "default.replication.factor": copies, "min.insync.replicas": max(1, copies - 1),
            "offsets.topic.num.partitions": 5, "offsets.topic.replication.factor": copies,
            "transaction.state.log.num.partitions": 3, "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": max(1, copies - 1), "transaction.max.timeout.ms": 86_400_000,
            "share.coordinator.state.topic.num.partitions": 1, "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": max(1, copies - 1),
            "group.initial.rebalance.delay.ms": 0, "log.retention.ms": -1,
            "log.cleaner.backoff.ms": 200, "log.cleaner.dedupe.buffer.size": 4 << 20,
            "num.network.threads": 2, "num.io.threads": 4,
        }
        for name, port in self.secured.items():
            p["listeners"] += f",{name}://{HOST}:{port}"
            p["advertised.listeners"] += f",{name}://{self.advertise}:{port}"
            p["listener.security.protocol.map"] += f",{name}:{security.PROTOCOLS[name]}"
        if self.secured:
            p.update(security.properties(self.folder / "tls"))
        if self.zookeeper:
            p.update({"broker.id": node, "zookeeper.connect": f"{HOST}:{self.zookeeper}", "zookeeper.session.timeout.ms": 4000})
        else:
            p["listeners"] += f",CONTROLLER://{HOST}:{self.control[at]}"
            p.update({"process.roles": "broker,controller", "node.id": node, "controller.listener.names": "CONTROLLER",
                      "controller.quorum.voters": ",".join(f"{n}@{HOST}:{self.control[n - 1]}" for n in self.nodes),
                      # A killed or frozen broker is fenced after 3 s, not 9: fault tests wait for it.
                      "broker.heartbeat.interval.ms": 500, "broker.session.timeout.ms": 3000})
        p.update(self.settings)
        return p

    def spawn(self, part, main, configuration):
        folder = self.folder / str(part)
        with open(folder / "log", "ab") as log:  # a session of its own: a ctrl-c is for the test, which then ends us
            self.running[part] = subprocess.Popen(java(self.version, main, configuration, level="info", heap="512m"), cwd=folder,
                                                  stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                                                  preexec_fn=end_with_parent)

    def write(self, part, name, properties):
        folder = self.folder / str(part)
        folder.mkdir(exist_ok=True)
        (folder / name).write_text("".join(f"{k}={v}\n" for k, v in properties.items()))
        return folder / name

    def boot(self):
        if self.secured:
            try:
                security.make(self.folder / "tls")
            except OSError as e:
                raise Problem(f"certificates for the tests cannot be made: {e}") from None
        files = [self.write(node, "server.properties", self.server_properties(node)) for node in self.nodes]
        if self.zookeeper:
            folder = self.folder / "zookeeper"
            self.spawn("zookeeper", "org.apache.zookeeper.server.quorum.QuorumPeerMain", self.write(
                "zookeeper", "zoo.cfg", {"dataDir": folder / "data", "clientPort": self.zookeeper, "clientPortAddress": HOST,
                                         "tickTime": 1000, "maxClientCnxns": 0, "admin.enableServer": "false"}))
            self.wait_for(lambda: socket.create_connection((HOST, self.zookeeper), 1).close() is None, "zookeeper")
        else:
            name = uuid.uuid4().hex[:22]
            formats = [subprocess.Popen(java(self.version, "kafka.tools.StorageTool", "format", "-t", name, "-c", file,
                                              *(security.add_scram() if self.secured else [])),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                       for file in files]
            for process in formats:
                output = process.communicate()[0]
                if process.returncode:
                    raise Problem(f"formatting the storage failed:\n{output}")
        for node in self.nodes:
            self.start(node, wait=False)
        for node in self.nodes:
            self.wait_ready(node, set(self.nodes))

    def wait_for(self, condition, part, seconds=120):
        """Until the condition holds without an error. Restarts what ended early: ZooKeeper and the controller turn a
        killed broker's successor away for some seconds, and a port may still be taken."""
        end, last = time.monotonic() + seconds, "not ready"
        while time.monotonic() < end:
            try:
                if condition():
                    return
            except (OSError, struct.error) as e:
                last = str(e)
            wait_a_little()
            if part in self.nodes and self.running[part].poll() is not None:
                self.start(part, wait=False)
        log = (self.folder / str(part) / "log").read_text(errors="replace").splitlines()
        raise Problem(f"{part} of Kafka {self.version} is not ready after {seconds} s: {last}\n" + "\n".join(log[-25:]))

    def wait_ready(self, node, expected):
        def ready():
            brokers, controller = cluster_seen_by(self.internal[node - 1])
            return expected <= brokers and controller >= 0
        self.wait_for(ready, node)

    # ---- commands

    def start(self, node, wait=True):
        process = self.running.get(node)
        if process and process.poll() is None:
            raise Problem(f"node {node} is running")
        self.spawn(node, "kafka.Kafka", self.folder / str(node) / "server.properties")
        if wait:
            self.wait_ready(node, {node})

    def stop(self, node):
        process = self.live(node)
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:  # a controlled shutdown can wait for a controller that is gone
            process.kill()
            process.wait()

    def kill(self, node):
        process = self.live(node)
        process.kill()
        process.wait()

    def pause(self, node):
        """Returns when each of its threads stands: the signal is one thread's to take, and on a busy machine the others go
        on answering until that one gets its turn."""
        process = self.live(node)
        process.send_signal(signal.SIGSTOP)
        end = time.monotonic() + 30
        while not all(stopped(task) for task in Path(f"/proc/{process.pid}/task").glob("*/stat")):
            if time.monotonic() > end:
                raise Problem(f"node {node} does not stop")
            time.sleep(0.002)

    def resume(self, node):
        self.live(node).send_signal(signal.SIGCONT)

    def live(self, node):
        process = self.running.get(node)
        if not process or process.poll() is not None:
            raise Problem(f"node {node} is not running")
        return process

    def obey(self, line):
        verb, _, node = line.partition(" ")
        if verb not in ("start", "stop", "kill", "pause", "resume") or not node.isdigit() or int(node) not in self.nodes:
            raise Problem(f"no such command: {line}")
        getattr(self, verb)(int(node))

    def down(self):
        for process in self.running.values():
            process.kill()
        for process in self.running.values():
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def run(a):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    cluster = Cluster(a.version, a.nodes, dict(s.split("=", 1) for s in a.set), a.advertise, a.secure)
    try:
        cluster.boot()
        print(json.dumps({"version": a.version, "bootstrap": [f"{HOST}:{p}" for p in cluster.client],
                          "internal": [f"{HOST}:{p}" for p in cluster.internal], "folder": str(cluster.folder),
                          "secured": {name: f"{HOST}:{port}" for name, port in cluster.secured.items()}}), flush=True)
        for line in iter(sys.stdin.readline, ""):
            try:
                cluster.obey(line.strip())
                print("ok", flush=True)
            except Problem as e:
                print("error: " + " | ".join(str(e).splitlines()), flush=True)
    finally:
        cluster.down()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("ready", "fetch"):
        commands.add_parser(name).add_argument("version", nargs="+")
    p = commands.add_parser("run")
    p.add_argument("version")
    p.add_argument("--nodes", type=int, default=1)
    p.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a broker setting")
    p.add_argument("--advertise", default=HOST, metavar="HOST", help="the host that brokers tell clients to dial")
    p.add_argument("--secure", action="store_true", help="listeners with TLS and SASL besides: see security.py")
    p = commands.add_parser("tool")
    p.add_argument("version")
    p.add_argument("tool", metavar="class")
    p.add_argument("arguments", nargs=argparse.REMAINDER)
    a = parser.parse_args()
    try:
        if problem := java_problem():
            raise Problem(problem)
        if a.command == "run":
            run(a)
        elif a.command == "tool":
            command = java(a.version, a.tool, *a.arguments)
            os.execvp(command[0], command)
        elif a.command == "fetch":
            for version in a.version:
                fetch(version)
        elif missing := [v for v in a.version if not jars(v)]:
            raise Problem(f"the jars of Apache Kafka {', '.join(missing)} are not cached")
    except Problem as e:
        print(f"cluster.py: {e}", file=sys.stderr)
        sys.exit(3)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
