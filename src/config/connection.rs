//! From properties to a connection: keys of Java's clients and of librdkafka, and kscope's own tables in their words, are one
//! thing here. A key that is said twice counts as it was said last.
//!
//! To add a key: ask for it in `tls`, `sasl` or `understood`; what nobody asks for is told as ignored.

mod sasl;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::properties::{Mistake, Property};
use crate::io::kafka::{Address, Identity, Material, Place, Said, SecretFrom, Security, Tls, Verify};

/// kscope's own, beside those of others: there is a table `tls`, a table `sasl`, clear text is meant.
pub(super) const TLS: &str = "kscope.tls";
pub(super) const SASL: &str = "kscope.sasl";
pub(super) const VERIFY: &str = "kscope.tls.verify";
pub(super) const CLEAR_TEXT: &str = "kscope.sasl.clear_text";
pub(super) const TOKEN: &str = "kscope.sasl.token";
pub(super) const PROFILE: &str = "kscope.sasl.profile";
pub(super) const REGION: &str = "kscope.sasl.region";

/// How to come to a cluster.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    pub bootstrap: Option<Vec<Address>>,
    pub security: Security,
    pub client_id: Option<String>,
    /// Keys that mean nothing to kscope, with who said them.
    pub ignored: Vec<Arc<str>>,
}

/// All properties, the last of each key.
struct Bag {
    all: BTreeMap<String, Property>,
    used: RefCell<BTreeSet<String>>,
}

impl Bag {
    fn of(properties: Vec<Property>) -> Self {
        Self { all: properties.into_iter().map(|property| (property.key.clone(), property)).collect(), used: RefCell::default() }
    }

    /// The first of these keys that is said and not empty.
    fn get(&self, keys: &[&str]) -> Option<&Property> {
        self.used.borrow_mut().extend(keys.iter().map(|key| (*key).to_owned()));
        keys.iter().filter_map(|key| self.all.get(*key)).find(|property| property.text() != Some(""))
    }

    fn text(&self, keys: &[&str]) -> Option<(&str, &Arc<str>)> {
        self.get(keys).and_then(|property| property.text().map(|text| (text, &property.by)))
    }

    fn secret(&self, keys: &[&str]) -> Option<Said<SecretFrom>> {
        self.get(keys).map(|property| Said::new(property.value.clone(), Arc::clone(&property.by)))
    }

    fn is_true(&self, key: &str) -> bool {
        self.text(&[key]).is_some_and(|(text, _)| text.eq_ignore_ascii_case("true"))
    }

    /// PEM that stands in the setting.
    fn pem(&self, keys: &[&str]) -> Option<Said<Material>> {
        let property = self.get(keys)?;
        let SecretFrom::Text(text) = &property.value else { return None };
        Some(Said::new(Material { from: Place::Text(text.clone()), password: None }, Arc::clone(&property.by)))
    }

    fn file(&self, keys: &[&str], password: Option<Said<SecretFrom>>) -> Option<Said<Material>> {
        let property = self.get(keys)?;
        Some(Said::new(Material { from: Place::Path(property.path()?), password }, Arc::clone(&property.by)))
    }
}

/// Understands all of it.
///
/// # Errors
/// Whatever is wrong, with who said it.
pub fn understood(properties: Vec<Property>) -> Result<Connection, Vec<Mistake>> {
    let bag = Bag::of(properties);
    let mut mistakes = Vec::new();
    let mut kept = |mistake: Mistake| mistakes.push(mistake);
    let bootstrap = bag
        .text(&["bootstrap.servers", "metadata.broker.list"])
        .and_then(|(text, by)| bootstrap(text).map_err(|bad| kept(Mistake::new(by, bad))).ok());
    let client_id = bag.text(&["client.id"]).map(|(text, _)| text.to_owned());
    let (with_tls, with_sasl, clear_text) = protocol(&bag).unwrap_or_else(|mistake| {
        kept(mistake);
        (false, false, false)
    });
    let sasl = if with_sasl { sasl::of(&bag, clear_text).map_err(&mut kept).ok() } else { None };
    let tls = if with_tls { tls(&bag).map_err(&mut kept).ok() } else { None };
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let used = bag.used.borrow();
    // They stand in every file of Java, and their content tells what they are.
    let known = |key: &str| {
        used.contains(key)
            || key.starts_with("kscope.")
            || ["ssl.truststore.type", "ssl.keystore.type", "config.providers", "sasl.client.callback.handler.class"].contains(&key)
    };
    let ignored = bag.all.values().filter(|property| !known(&property.key)).map(|property| Arc::clone(&property.by)).collect();
    Ok(Connection { bootstrap, security: Security::new(tls, sasl), client_id, ignored })
}

/// Whether this key says where the cluster is.
pub fn names_a_cluster(key: &str) -> bool {
    matches!(key, "bootstrap.servers" | "metadata.broker.list")
}

/// Java takes `PROTOCOL://host:port`, too.
pub(super) fn bootstrap(text: &str) -> Result<Vec<Address>, String> {
    let bare: Vec<&str> = text
        .split(',')
        .map(str::trim)
        .map(|one| match one.split_once("://") {
            Some(("PLAINTEXT" | "SSL" | "SASL_PLAINTEXT" | "SASL_SSL", rest)) => rest,
            _ => one,
        })
        .collect();
    Address::parse_list(&bare.join(",")).map_err(|bad| bad.to_string())
}

/// Whether there is TLS, whether there is SASL, and whether clear text is meant.
fn protocol(bag: &Bag) -> Result<(bool, bool, bool), Mistake> {
    let (table_tls, table_sasl) = (bag.get(&[TLS]).is_some(), bag.get(&[SASL]).is_some());
    let meant = bag.is_true(CLEAR_TEXT);
    let (tls, sasl, meant) = match bag.text(&["security.protocol"]) {
        None => (false, false, meant),
        Some((text, by)) => match text.to_uppercase().as_str() {
            "PLAINTEXT" => (false, false, meant),
            "SSL" => (true, false, meant),
            "SASL_PLAINTEXT" => (false, true, true),
            "SASL_SSL" => (true, true, meant),
            _ => return Err(Mistake::new(by, format!("{text:?} is not one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"))),
        },
    };
    // On Amazon's cloud this mechanism exists with TLS alone.
    let iam = table_sasl && bag.text(&["sasl.mechanism"]).is_some_and(|(text, _)| text == "AWS_MSK_IAM");
    Ok((tls || table_tls || iam, sasl || table_sasl, meant))
}

fn tls(bag: &Bag) -> Result<Tls, Mistake> {
    let trust_password = bag.secret(&["ssl.truststore.password"]);
    let trust = bag
        .pem(&["ssl.truststore.certificates", "ssl.ca.pem"])
        .or_else(|| bag.file(&["ssl.truststore.location"], trust_password))
        // "probe" is librdkafka's word for what the system has.
        .or_else(|| {
            bag.file(&["ssl.ca.location"], None).filter(|_| bag.text(&["ssl.ca.location"]).is_none_or(|(text, _)| text != "probe"))
        });
    Ok(Tls { trust, identity: identity(bag)?, verify: verify(bag)? })
}

fn identity(bag: &Bag) -> Result<Option<Identity>, Mistake> {
    let key_password = bag.secret(&["ssl.key.password"]);
    let store_password = bag.secret(&["ssl.keystore.password"]);
    let store = bag.file(&["ssl.keystore.location"], store_password);
    let chain =
        bag.pem(&["ssl.keystore.certificate.chain", "ssl.certificate.pem"]).or_else(|| bag.file(&["ssl.certificate.location"], None));
    let key = bag.pem(&["ssl.keystore.key", "ssl.key.pem"]).or_else(|| bag.file(&["ssl.key.location"], None));
    match (store, chain, key) {
        (_, Some(chain), key) => Ok(Some(Identity { chain, key, key_password })),
        (Some(store), None, _) => Ok(Some(Identity { chain: store, key: None, key_password })),
        (None, None, Some(key)) => Err(Mistake::new(&key.by, "there is a key and no certificate")
            .hint("cert in [contexts.NAME.tls], ssl.certificate.location, or a key store that holds both")),
        (None, None, None) => Ok(None),
    }
}

fn verify(bag: &Bag) -> Result<Verify, Mistake> {
    let off = bag.text(&["enable.ssl.certificate.verification"]).is_some_and(|(text, _)| text.eq_ignore_ascii_case("false"));
    let own = bag.text(&[VERIFY]);
    // An empty one is Java's way to say so: it must not be passed over.
    let named = bag.get(&["ssl.endpoint.identification.algorithm"]);
    let empty = bag.all.get("ssl.endpoint.identification.algorithm").is_some_and(|property| property.text() == Some(""));
    match (own, named) {
        (Some(("full", _)), _) => Ok(Verify::Full),
        (Some(("chain", _)), _) => Ok(Verify::Chain),
        (Some(("nothing", _)), _) => Ok(Verify::Nothing),
        (Some((_, by)), _) => Err(Mistake::new(by, "full, chain (not the name) or nothing is wanted here")),
        (None, _) if off => Ok(Verify::Nothing),
        (None, _) if empty => Ok(Verify::Chain),
        (None, None) => Ok(Verify::Full),
        (None, Some(property)) => match property.text().unwrap_or_default().to_lowercase().as_str() {
            "https" => Ok(Verify::Full),
            "none" => Ok(Verify::Chain),
            _ => Err(Mistake::new(&property.by, "https, none or nothing at all is wanted here")),
        },
    }
}

#[cfg(test)]
mod tests;
