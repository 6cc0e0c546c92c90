//! From properties of clients to the tables of a context: what has a key of kscope's own gets it, all else stands verbatim in
//! `[contexts.NAME.properties]`, and secrets go into files beside config.toml.

use super::{NewContext, Setting};
use crate::config::connection::{self, CLEAR_TEXT, PROFILE, REGION, TOKEN, VERIFY};
use crate::config::contexts::Context;
use crate::config::jaas::Jaas;
use crate::config::properties::{Mistake, Property, is_secret};
use crate::config::strimzi;
use crate::io::kafka::{Secret, SecretFrom};

/// A context to be added, with what has to be written beside it.
#[derive(Debug)]
pub struct Import {
    pub context: NewContext,
    pub secrets: Vec<NewSecret>,
    /// What could not be carried over, in words.
    pub left_out: Vec<String>,
}

/// A file beside config.toml.
#[derive(Debug)]
pub struct NewSecret {
    /// Below the folder of config.toml: `secrets`.
    pub folder: String,
    /// `prod.sasl.password`
    pub name: String,
    pub value: Secret,
}

/// The folder of secrets, beside config.toml.
const FOLDER: &str = "secrets";

/// Keys that only say what is known anyway.
const NEEDLESS: [&str; 6] = [
    "ssl.truststore.type",
    "ssl.keystore.type",
    "config.providers",
    "sasl.client.callback.handler.class",
    "bootstrap.servers",
    "metadata.broker.list",
];

/// What would be written for a context under that name. `keep`: secrets stand in config.toml itself.
///
/// # Errors
/// It cannot be used as it is.
pub fn import(context: &Context, name: &str, keep: bool, variable: &dyn Fn(&str) -> Option<String>) -> Result<Import, Vec<Mistake>> {
    let connection = context.connection(&[], variable)?;
    let found = context.found.as_ref();
    let mut import = Import {
        context: NewContext {
            name: name.to_owned(),
            bootstrap: connection.bootstrap.unwrap_or_default().iter().map(ToString::to_string).collect(),
            color: context.hue,
            readonly: context.readonly,
            guard: context.guard,
            ..NewContext::default()
        },
        secrets: Vec::new(),
        left_out: found.map(|found| found.left_out.clone()).unwrap_or_default(),
    };
    import.left_out.extend(connection.ignored.iter().map(|by| format!("{by}: means nothing to kscope")));
    let all = context.all_properties(&[], variable)?;
    let mut making = Making { import, keep, tls: Vec::new(), sasl: Vec::new() };
    for (n, property) in all.iter().enumerate() {
        let again = all.iter().skip(n + 1).any(|later| later.key == property.key);
        if !again && !connection.ignored.contains(&property.by) {
            making.take(property);
        }
    }
    let (with_tls, with_sasl) = (connection.security.tls.is_some(), connection.security.sasl.is_some());
    let Making { mut import, tls, mut sasl, .. } = making;
    let said_so = |sasl: &[(String, Setting)]| sasl.iter().any(|(key, _)| key == "clear_text");
    if with_sasl && !with_tls && !said_so(&sasl) {
        sasl.push(("clear_text".to_owned(), Setting::Flag(true)));
    }
    import.context.tls = with_tls.then_some(tls);
    import.context.sasl = with_sasl.then_some(sasl);
    Ok(import)
}

struct Making {
    import: Import,
    keep: bool,
    tls: Vec<(String, Setting)>,
    sasl: Vec<(String, Setting)>,
}

impl Making {
    fn take(&mut self, property: &Property) {
        let key = property.key.as_str();
        if NEEDLESS.contains(&key) || key == "security.protocol" || strimzi::is_marker(key) {
            return;
        }
        // Beside the file that names it, and seen from elsewhere.
        let path = || property.path().map(|path| std::path::absolute(&path).unwrap_or(path).to_string_lossy().into_owned());
        let text = || property.text().map(str::to_owned);
        let tls = match key {
            "ssl.ca.location" if property.text() == Some("probe") => return,
            "ssl.ca.location" => Some(("ca", path())),
            "ssl.certificate.location" => Some(("cert", path())),
            "ssl.key.location" => Some(("key", path())),
            "ssl.keystore.location" => Some(("keystore", path())),
            "ssl.truststore.location" => Some(("truststore", path())),
            VERIFY => Some(("verify", text())),
            "ssl.endpoint.identification.algorithm" => Some((
                "verify",
                Some("chain".to_owned()).filter(|_| !property.text().is_some_and(|text| text.eq_ignore_ascii_case("https"))),
            )),
            "enable.ssl.certificate.verification" => Some((
                "verify",
                Some("nothing".to_owned()).filter(|_| property.text().is_some_and(|text| text.eq_ignore_ascii_case("false"))),
            )),
            _ => None,
        };
        if let Some((name, value)) = tls {
            self.tls.extend(value.filter(|value| !value.is_empty()).map(|value| (name.to_owned(), Setting::Text(value))));
            return;
        }
        let sasl = match key {
            "sasl.mechanism" | "sasl.mechanisms" => Some("mechanism"),
            "sasl.username" => Some("username"),
            PROFILE => Some("profile"),
            REGION => Some("region"),
            _ => None,
        };
        if let Some(name) = sasl {
            self.sasl.extend(text().filter(|text| !text.is_empty()).map(|text| (name.to_owned(), Setting::Text(text))));
            return;
        }
        match key {
            CLEAR_TEXT => self.sasl.push(("clear_text".to_owned(), Setting::Flag(true))),
            "sasl.jaas.config" => self.jaas(property),
            "ssl.keystore.password" => self.secret(true, "password", property),
            "ssl.truststore.password" => self.secret(true, "truststore_password", property),
            "ssl.key.password" => self.secret(true, "key_password", property),
            "sasl.password" => self.secret(false, "password", property),
            TOKEN => self.secret(false, "token", property),
            _ => self.verbatim(property),
        }
    }

    /// A name and a password out of a login module; what else it holds stays as it is.
    fn jaas(&mut self, property: &Property) {
        let Some(module) = property.text().and_then(|text| Jaas::parse(text).ok()) else { return self.verbatim(property) };
        match module.module.as_str() {
            "PlainLoginModule" | "ScramLoginModule" => {
                if let Some(user) = module.option("username") {
                    self.sasl.push(("username".to_owned(), Setting::Text(user.to_owned())));
                }
                if let Some(password) = module.option("password") {
                    let value = SecretFrom::text(password);
                    let key = "sasl.password".to_owned();
                    self.secret(false, "password", &Property { key, value, ..property.clone() });
                }
            }
            "IAMLoginModule" => {
                self.sasl.extend(module.option("awsProfileName").map(|name| ("profile".to_owned(), Setting::Text(name.to_owned()))));
            }
            _ => self.verbatim(property),
        }
    }

    /// A secret that has a key of ours.
    fn secret(&mut self, of_tls: bool, name: &str, property: &Property) {
        let value = match &property.value {
            SecretFrom::Variable(variable) => Some((format!("{name}_env"), variable.clone())),
            SecretFrom::File(path) => Some((format!("{name}_file"), path.to_string_lossy().into_owned())),
            SecretFrom::Command(line) => Some((format!("{name}_command"), line.clone())),
            SecretFrom::Keyring { service, user } => Some((format!("{name}_keyring"), format!("{service}/{user}"))),
            SecretFrom::Text(_) if self.keep => return self.verbatim(property),
            SecretFrom::Text(secret) if secret.expose().is_empty() => return,
            SecretFrom::Text(secret) => Some((format!("{name}_file"), self.beside(&property.key, secret))),
        };
        let table = if of_tls { &mut self.tls } else { &mut self.sasl };
        table.extend(value.map(|(key, value)| (key, Setting::Text(value))));
    }

    /// The path of a new file with that secret, as config.toml names it.
    fn beside(&mut self, key: &str, value: &Secret) -> String {
        let safe =
            |text: &str| text.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect::<String>();
        let name = format!("{}.{}", safe(&self.import.context.name).trim_start_matches('.'), safe(key));
        let path = format!("{FOLDER}/{name}");
        self.import.secrets.push(NewSecret { folder: FOLDER.to_owned(), name, value: value.clone() });
        path
    }

    /// In the words of clients. A secret is filled in from its file.
    fn verbatim(&mut self, property: &Property) {
        let SecretFrom::Text(secret) = &property.value else { return };
        let text = secret.expose();
        let ours = ["${env:", "${file:", "${dir:"].iter().any(|sign| text.contains(sign));
        let value = if (is_secret(&property.key) && !self.keep) || ours {
            let path = self.beside(&property.key, secret);
            let name = path.rsplit('/').next().unwrap_or_default();
            format!("${{dir:{FOLDER}:{name}}}")
        } else {
            text.to_owned()
        };
        self.import.context.properties.push((property.key.clone(), value));
    }
}

impl Import {
    /// A secret got another file than it was to have: its name was taken.
    pub fn moved(&mut self, folder: &str, from: &str, to: &str) {
        for secret in self.secrets.iter_mut().filter(|secret| secret.folder == folder && secret.name == from) {
            to.clone_into(&mut secret.name);
        }
        let (old, new) = (format!("{folder}/{from}"), format!("{folder}/{to}"));
        let tables = [self.context.tls.as_mut(), self.context.sasl.as_mut()];
        for (_, setting) in tables.into_iter().flatten().flatten() {
            if let Setting::Text(text) = setting
                && *text == old
            {
                text.clone_from(&new);
            }
        }
        for (_, value) in &mut self.context.properties {
            if *value == format!("${{dir:{folder}:{from}}}") {
                *value = format!("${{dir:{folder}:{to}}}");
            }
        }
    }
}

/// A client's file as a context that could be imported.
pub fn of_properties(name: &str, properties: Vec<Property>) -> Context {
    let bootstrap = properties.iter().rev().find(|property| connection::names_a_cluster(&property.key));
    let bootstrap = bootstrap.and_then(|property| connection::bootstrap(property.text()?).ok()).unwrap_or_default();
    Context::bare(name, bootstrap, properties)
}
