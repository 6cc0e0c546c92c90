//! kafkactl: a table `contexts`, in one file of several places; its current context may stand in a file beside it.

use std::path::{Path, PathBuf};

use super::rows::{File, Rows, mechanism};
use crate::config::contexts::Context;
use crate::config::yaml::{self, At};

/// `kafkactl.yml` here, or further up to the folder that holds `.git`.
pub(super) fn of_project(here: Option<&Path>) -> Option<PathBuf> {
    for folder in here?.ancestors() {
        let found = ["kafkactl.yml", ".kafkactl.yml"].map(|name| folder.join(name)).into_iter().find(|path| path.is_file());
        if found.is_some() || folder.join(".git").exists() {
            return found;
        }
    }
    None
}

pub(super) fn read(file: &File, root: &At<'_>, variable: &dyn Fn(&str) -> Option<String>) -> Vec<Context> {
    let beside = || {
        let text = crate::config::read(&file.path.with_file_name("current-context.yml")).ok().flatten()?;
        let node = yaml::parse(&text).ok()?;
        At::root(&node).get("current-context")?.text().map(str::to_owned)
    };
    let own = || root.get("current-context").and_then(|at| at.text().map(str::to_owned));
    let current = variable("CURRENT_CONTEXT").filter(|name| !name.is_empty()).or_else(beside).or_else(own);
    let current = current.as_deref().unwrap_or("default");
    let contexts = root.get("contexts").map(|at| at.entries()).unwrap_or_default();
    contexts.iter().map(|(name, at)| one(Rows::new(file, name), at, current == *name)).collect()
}

fn one(mut rows: Rows<'_>, at: &At<'_>, current: bool) -> Context {
    rows.current = current;
    let on = |part: &str| at.get(part).filter(|at| at.get("enabled").is_some_and(|at| at.is_true()));
    if on("kubernetes").is_some() {
        rows.cannot("kafkactl runs in a pod of Kubernetes for it: from here its brokers cannot be reached");
    }
    match at.get("brokers") {
        // As kafkactl does.
        None => rows.say("bootstrap.servers", at, "localhost:9092"),
        brokers => rows.brokers(brokers),
    }
    let (tls, sasl) = (on("tls"), on("sasl"));
    rows.protocol(tls.as_ref(), sasl.as_ref());
    if let Some(tls) = &tls {
        rows.tls(tls, ["ca", "cert", "certKey", "insecure"]);
        rows.carry("ssl.key.password", tls.get("certKeyPassphrase"));
    }
    if let Some(sasl) = &sasl {
        who(&mut rows, sasl);
    }
    rows.carry("client.id", at.get("clientID"));
    rows.leave(at.get("schemaRegistry").or_else(|| at.get("avro")), "schema registries are not in this release");
    rows.leave(at.get("protobuf"), "protobuf is not decoded in this release");
    rows.leave(at.get("requestTimeout"), "--timeout is kscope's");
    rows.leave(at.get("consumer").and_then(|at| at.get("isolationLevel")), "[messages] isolation is kscope's");
    rows.finish()
}

fn who(rows: &mut Rows<'_>, sasl: &At<'_>) {
    let said = sasl.get("mechanism").filter(|at| at.text().is_some_and(|text| !text.is_empty()));
    let word = said.as_ref().and_then(At::text).unwrap_or("plaintext");
    let at = said.as_ref().unwrap_or(sasl);
    let mechanism = mechanism(word).unwrap_or(word);
    if mechanism == "OAUTHBEARER" {
        let plugin = sasl.get("tokenprovider").and_then(|at| at.get("plugin")).and_then(|at| at.text());
        if plugin == Some("aws") {
            return rows.say("sasl.mechanism", at, "AWS_MSK_IAM");
        }
        rows.cannot("its tokens come from a plugin of kafkactl; token_command in [contexts.NAME.sasl] can ask another program");
    }
    rows.say("sasl.mechanism", at, mechanism);
    rows.carry("sasl.username", sasl.get("username"));
    match sasl.get("password").filter(|at| at.text().is_some_and(|text| !text.is_empty())) {
        Some(password) => rows.carry("sasl.password", Some(password)),
        None => rows.cannot("its password is not in the file (kafkactl may keep it in the system's keyring)"),
    }
}
