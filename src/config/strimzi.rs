//! Folders as Kubernetes mounts the secrets of Strimzi: of a cluster's authority (`ca.crt`, `ca.p12`, `ca.password`) and of a
//! user (`user.crt`, `user.key`, `user.p12`, `user.password`, or `password` and `sasl.jaas.config`). Both may lie in one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::connection;
use super::jaas::Jaas;
use super::properties::{Mistake, Property};
use crate::io::kafka::{Said, SecretFrom};

/// What lies in these folders, as properties of a client.
///
/// # Errors
/// There is nothing of Strimzi's in them, or a part is missing.
pub(super) fn properties(folders: &[Said<PathBuf>]) -> Result<Vec<Property>, Vec<Mistake>> {
    let Some(first) = folders.first() else { return Ok(Vec::new()) };
    let mut gathered = Gathered { properties: Vec::new(), by: Arc::clone(&first.by) };
    let has = |folder: &Said<PathBuf>, name: &str| folder.value.join(name).is_file();
    // A user's secret holds the authority of clients under the same name: where there is another one, it is that of the brokers.
    let authority = |folder: &&Said<PathBuf>| has(folder, "ca.crt") || has(folder, "ca.p12");
    let of_cluster = |folder: &&Said<PathBuf>| authority(folder) && (has(folder, "ca.p12") || !has(folder, "user.crt"));
    let trust = folders.iter().find(of_cluster).or_else(|| folders.iter().find(authority));
    if let Some(folder) = trust {
        if has(folder, "ca.crt") {
            gathered.path("ssl.ca.location", folder, "ca.crt");
        } else {
            gathered.path("ssl.truststore.location", folder, "ca.p12");
            gathered.secret("ssl.truststore.password", folder, "ca.password");
        }
    }
    let mut tls = trust.is_some();
    if let Some(folder) = folders.iter().find(|folder| has(folder, "user.crt") && has(folder, "user.key")) {
        gathered.path("ssl.certificate.location", folder, "user.crt");
        gathered.path("ssl.key.location", folder, "user.key");
        tls = true;
    } else if let Some(folder) = folders.iter().find(|folder| has(folder, "user.p12")) {
        gathered.path("ssl.keystore.location", folder, "user.p12");
        gathered.secret("ssl.keystore.password", folder, "user.password");
        tls = true;
    }
    let scram = folders.iter().find(|folder| has(folder, "password"));
    if let Some(folder) = scram {
        gathered.say("sasl.mechanism", folder, "sasl.jaas.config", SecretFrom::text("SCRAM-SHA-512"));
        gathered.secret("sasl.password", folder, "password");
        if let Some(user) = user(&folder.value.join("sasl.jaas.config")) {
            gathered.say("sasl.username", folder, "sasl.jaas.config", SecretFrom::text(user));
        }
    }
    let word = match (tls, scram.is_some()) {
        (true, true) => "SASL_SSL",
        (true, false) => "SSL",
        (false, true) => "SASL_PLAINTEXT",
        (false, false) => {
            let names = "ca.crt or ca.p12; user.crt and user.key, user.p12, or password";
            return Err(vec![Mistake::new(&first.by, "there is nothing of Strimzi's in it").hint(format!("what is looked for: {names}"))]);
        }
    };
    gathered.say("security.protocol", first, "", SecretFrom::text(word));
    Ok(gathered.properties)
}

struct Gathered {
    properties: Vec<Property>,
    by: Arc<str>,
}

impl Gathered {
    fn say(&mut self, key: &str, folder: &Said<PathBuf>, file: &str, value: SecretFrom) {
        let by = if file.is_empty() { Arc::clone(&self.by) } else { format!("{} ({file})", folder.by).into() };
        self.properties.push(Property { key: key.to_owned(), value, by, beside: folder.value.as_path().into() });
    }

    fn path(&mut self, key: &str, folder: &Said<PathBuf>, file: &str) {
        self.say(key, folder, file, SecretFrom::text(folder.value.join(file).to_string_lossy()));
    }

    fn secret(&mut self, key: &str, folder: &Said<PathBuf>, file: &str) {
        self.say(key, folder, file, SecretFrom::File(folder.value.join(file)));
    }
}

/// Whose password it is: Strimzi says so only there.
fn user(jaas: &Path) -> Option<String> {
    let text = super::read(jaas).ok().flatten()?;
    Jaas::parse(&text).ok()?.option("username").map(str::to_owned)
}

/// The names of the markers that tables leave, for who lists properties.
pub fn is_marker(key: &str) -> bool {
    key == connection::TLS || key == connection::SASL
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write the files that are read")]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> (tempfile::TempDir, Said<PathBuf>) {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let text =
                if *file == "sasl.jaas.config" { "x.ScramLoginModule required username=\"ops\" password=\"canary\";" } else { "canary" };
            std::fs::write(folder.path().join(file), text).unwrap();
        }
        let said = Said::new(folder.path().to_owned(), "config.toml:3 contexts.a.strimzi_dir");
        (folder, said)
    }

    fn keys(folders: &[Said<PathBuf>]) -> Vec<String> {
        let name = |property: &Property| {
            let value = match &property.value {
                SecretFrom::Text(text) => text.expose().rsplit('/').next().unwrap().to_owned(),
                SecretFrom::File(path) => format!("<{}", path.file_name().unwrap().display()),
                _ => panic!(),
            };
            format!("{}={value}", property.key)
        };
        properties(folders).unwrap().iter().map(name).collect()
    }

    #[test]
    fn the_authority_is_that_of_the_cluster_whatever_lies_beside_the_user() {
        let (_a, user) = folder(&["ca.crt", "user.crt", "user.key", "user.p12", "user.password"]);
        let (b, cluster) = folder(&["ca.crt", "ca.p12", "ca.password"]);
        let all = properties(&[user.clone(), cluster]).unwrap();
        assert_eq!(all[0].text().unwrap(), b.path().join("ca.crt").to_str().unwrap());
        assert_eq!(
            keys(&[user]),
            ["ssl.ca.location=ca.crt", "ssl.certificate.location=user.crt", "ssl.key.location=user.key", "security.protocol=SSL"]
        );
    }

    #[test]
    fn stores_and_passwords_are_taken_where_there_is_nothing_else() {
        let (_a, both) = folder(&["ca.p12", "ca.password", "user.p12", "user.password"]);
        let stores = ["ssl.truststore.location=ca.p12", "ssl.truststore.password=<ca.password", "ssl.keystore.location=user.p12"];
        assert_eq!(keys(&[both])[..3], stores);
        let (_b, scram) = folder(&["password", "sasl.jaas.config"]);
        let want = ["sasl.mechanism=SCRAM-SHA-512", "sasl.password=<password", "sasl.username=ops", "security.protocol=SASL_PLAINTEXT"];
        assert_eq!(keys(&[scram]), want);
        let (_c, empty) = folder(&["README"]);
        assert!(
            properties(&[empty]).unwrap_err()[0]
                .to_string()
                .contains("config.toml:3 contexts.a.strimzi_dir: there is nothing of Strimzi's")
        );
    }
}
