//! What other tools have of the cluster opens it, as it is and written into config.toml.

use crate::kafka::secured;
use crate::run::{Finished, Home};

#[track_caller]
fn lists_the_topic(run: &Finished, what: &str) {
    assert_eq!(run.code, Some(0), "{what}: {}", run.stderr);
    assert!(run.text().contains("\"name\":\"orders\""), "{what}: {}", run.text());
}

#[test]
fn contexts_of_other_tools_open_the_cluster_and_so_do_they_when_they_are_imported() {
    let Some(kafka) = secured() else { return };
    let (at, ca) = (kafka.at("SASLTLS"), kafka.tls("ca.pem").display().to_string());
    let kaf = format!(
        "clusters:\n- name: local\n  brokers: [{at:?}]\n  SASL: {{mechanism: SCRAM-SHA-512, username: app, password: app-secret}}\n  TLS: {{cafile: {ca:?}}}\n"
    );
    let rpk = format!(
        "profiles:\n- name: default\n  kafka_api:\n    brokers: [{at:?}]\n    tls: {{ca_file: {ca:?}}}\n    sasl: {{user: app, password: app-secret}}\n"
    );
    let kafkactl = format!(
        "contexts:\n  default:\n    brokers: [{at:?}]\n    tls: {{enabled: true, ca: {ca:?}}}\n    sasl: {{enabled: true, username: app, password: app-secret}}\n"
    );
    let ktea = format!(
        "clusters:\n- name: x\n  servers: [{at:?}]\n  tls: {{enable: true, caCertPath: {ca:?}}}\n  sasl: {{authMethod: SASL_SCRAM_SHA512, username: app, password: app-secret}}\n"
    );
    let librdkafka = format!(
        "bootstrap.servers={at}\nsecurity.protocol=sasl_ssl\nssl.ca.location={ca}\nsasl.mechanisms=PLAIN\nsasl.username=app\nsasl.password=app-secret\n"
    );
    let java = format!(
        "bootstrap.servers={at}\nsecurity.protocol=SASL_SSL\nssl.truststore.location={}\nssl.truststore.password=store-secret\nsasl.mechanism=SCRAM-SHA-512\nsasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=\"app\" password=\"app-secret\";\n",
        kafka.tls("trust.p12").display()
    );
    let home = Home::new()
        .with(".kaf/config", &kaf)
        .with(".config/rpk/rpk.yaml", &rpk)
        .with(".config/kafkactl/config.yml", &kafkactl)
        .with(".config/ktea/config.yaml", &ktea)
        .with(".config/kcat.conf", &librdkafka)
        .with("client.properties", &java);
    for name in ["kaf:local", "rpk:default", "kafkactl:default", "ktea:x", "kcat:default"] {
        lists_the_topic(&home.kscope(&["topics", "-o", "ndjson", "-c", name], &[]), name);
        let new = name.replace(':', "-");
        let imported = home.kscope(&["config", "import", name, "--name", &new], &[]).ok();
        assert!(!imported.text().contains("app-secret"), "{}", imported.text());
        lists_the_topic(&home.kscope(&["topics", "-o", "ndjson", "-c", &new], &[]), &new);
    }
    let file = home.path().join("client.properties").display().to_string();
    home.kscope(&["config", "import", "java", &file, "--name", "java"], &[]).ok();
    lists_the_topic(&home.kscope(&["topics", "-o", "ndjson", "-c", "java"], &[]), "java");
    home.kscope(&["config", "import", "java", &file, "--name", "kept", "--keep-secrets"], &[]).ok();
    lists_the_topic(&home.kscope(&["topics", "-o", "ndjson", "-c", "kept"], &[]), "kept");
    let all = home.kscope(&["config", "show", "java", "--effective"], &[]).ok().text();
    assert!(all.contains("security = SASL_SSL SCRAM-SHA-512") && !all.contains("-secret"), "{all}");
}

#[test]
fn folders_of_strimzi_open_the_cluster() {
    let Some(kafka) = secured() else { return };
    let read = |name: &str| std::fs::read_to_string(kafka.tls(name)).unwrap();
    let config = |listener: &str| format!("[contexts.s]\nbootstrap = {:?}\nstrimzi_dir = [\"ca\", \"user\"]\n", kafka.at(listener));
    let home = |listener: &str| {
        Home::new().with(".config/kscope/config.toml", &config(listener)).with(".config/kscope/ca/ca.crt", &read("ca.pem"))
    };
    let jaas = "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"app\" password=\"app-secret\";";
    let scram = home("SASLTLS").with(".config/kscope/user/password", "app-secret").with(".config/kscope/user/sasl.jaas.config", jaas);
    lists_the_topic(&scram.kscope(&["topics", "-o", "ndjson", "-c", "s"], &[]), "a password");
    let mutual =
        home("MTLS").with(".config/kscope/user/user.crt", &read("client.pem")).with(".config/kscope/user/user.key", &read("client.key"));
    lists_the_topic(&mutual.kscope(&["topics", "-o", "ndjson", "-c", "s"], &[]), "a certificate");
}
