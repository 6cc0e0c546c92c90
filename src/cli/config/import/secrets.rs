//! Secrets of Strimzi as Kubernetes prints them in JSON: one, a list, or several documents one behind the other.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::usage;
use crate::config::edit::{Import, NewContext, NewSecret};
use crate::io::kafka::Secret;
use crate::model::Failure;

/// Of the user's secret, what is needed; of the authority's, its certificate alone.
const OF_USER: [&str; 4] = ["user.crt", "user.key", "password", "sasl.jaas.config"];
const OF_AUTHORITY: &str = "ca.crt";

pub(super) fn of_json(text: &Secret, name: Option<&str>, bootstrap: Vec<String>) -> Result<Import, Failure> {
    let mut all = Vec::new();
    for document in serde_json::Deserializer::from_slice(text.expose().as_bytes()).into_iter::<Value>() {
        // The parser's words may quote what stands there.
        let document = document.map_err(|error| {
            usage(format!("line {} of standard input is no JSON", error.line())).hint("kubectl get secret NAME -o json")
        })?;
        match document {
            Value::Object(mut object) if object.get("items").is_some_and(Value::is_array) => {
                all.extend(
                    object
                        .remove("items")
                        .and_then(|items| if let Value::Array(items) = items { Some(items) } else { None })
                        .unwrap_or_default(),
                );
            }
            other => all.push(other),
        }
    }
    let has = |secret: &Value, key: &str| secret.pointer("/data").and_then(|data| data.get(key)).is_some();
    let user = all.iter().find(|secret| OF_USER.iter().any(|key| has(secret, key)));
    let authority = all.iter().find(|secret| has(secret, OF_AUTHORITY) && !OF_USER.iter().any(|key| has(secret, key)));
    if user.is_none() && authority.is_none() {
        return Err(usage("there is no secret of Strimzi in it".to_owned())
            .hint("what is looked for: ca.crt of a cluster; user.crt and user.key, or password, of a user"));
    }
    let of_name = |secret: Option<&Value>| secret?.pointer("/metadata/name").and_then(Value::as_str).map(str::to_owned);
    let name = name.map(str::to_owned).or_else(|| of_name(user)).or_else(|| of_name(authority)).unwrap_or_else(|| "strimzi".to_owned());
    let safe: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '-' }).collect();
    let folder = format!("secrets/{safe}");
    let (mut secrets, mut left_out) = (Vec::new(), Vec::new());
    let parts = authority
        .map(|secret| (secret, OF_AUTHORITY))
        .into_iter()
        .chain(user.into_iter().flat_map(|secret| OF_USER.map(|key| (secret, key))));
    for (secret, key) in parts {
        let Some(text) = secret.pointer("/data").and_then(|data| data.get(key)).and_then(Value::as_str) else { continue };
        let decoded = STANDARD.decode(text.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let value = decoded.ok_or_else(|| usage(format!("{key} in {name} is no text in base64")))?;
        secrets.push(NewSecret { folder: folder.clone(), name: key.to_owned(), value: Secret::new(value) });
    }
    if authority.is_none() {
        left_out.push("ca.crt of the cluster: name its secret CLUSTER-cluster-ca-cert too, unless the listener is without TLS".to_owned());
    }
    let context = NewContext { name, bootstrap, strimzi_dir: vec![folder], ..NewContext::default() };
    Ok(Import { context, secrets, left_out })
}
