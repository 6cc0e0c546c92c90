//! The JSON schema of config.toml, for editors: made of the tables that the parser reads by, so that both know the same keys.

use serde_json::{Map, Value, json};

use super::contexts::{self, GUARDS, HUES};
use super::settings::SETTINGS;
use crate::core::action::COMMANDS;

/// As a document.
pub fn schema() -> Value {
    let mut properties = Map::new();
    for table in ["ui", "messages", "groups", "limits"] {
        let keys = SETTINGS.iter().filter(|setting| setting.table == table);
        let keys = keys.map(|setting| (setting.name.to_owned(), json!({"type": ["string", "integer", "boolean"]}))).collect();
        properties.insert(table.to_owned(), object(keys));
    }
    let keys = COMMANDS.iter().map(|row| (row.name.to_owned(), json!({"$ref": "#/$defs/texts", "description": row.doc}))).collect();
    properties.insert("keys".to_owned(), object(keys));
    properties.insert("aliases".to_owned(), json!({"type": "object", "additionalProperties": {"type": "string"}}));
    properties.insert("default_context".to_owned(), json!({"type": "string"}));
    properties.insert("contexts".to_owned(), json!({"type": "object", "additionalProperties": {"$ref": "#/$defs/context"}}));
    let context = contexts::KEYS.iter().map(|key| ((*key).to_owned(), of_context(key))).collect();
    let mut all = object(properties);
    if let Value::Object(all) = &mut all {
        all.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        all.insert("title".to_owned(), json!("kscope's configuration"));
        let texts = json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]});
        all.insert("$defs".to_owned(), json!({"context": object(context), "texts": texts}));
    }
    all
}

/// Of a key of `[contexts.NAME]`.
fn of_context(key: &str) -> Value {
    let words = |words: Vec<&str>| json!({"enum": words});
    match key {
        "bootstrap" | "strimzi_dir" => json!({"$ref": "#/$defs/texts"}),
        "color" => words(HUES.iter().map(|(word, _)| *word).collect()),
        "guard" => words(GUARDS.iter().map(|(word, _)| *word).collect()),
        "readonly" => json!({"enum": [true, false, "default"]}),
        "tls" | "sasl" => object(contexts::security::keys_of(key).into_iter().map(|(key, kind)| (key, json!({"type": kind}))).collect()),
        "properties" => json!({"type": "object", "additionalProperties": {"type": ["string", "integer", "boolean"]}}),
        _ => json!({"type": "string"}),
    }
}

fn object(properties: Map<String, Value>) -> Value {
    json!({"type": "object", "properties": Value::Object(properties), "additionalProperties": false})
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    fn keys<'a>(schema: &'a Value, path: &str) -> Vec<&'a str> {
        schema.pointer(path).and_then(Value::as_object).unwrap().keys().map(String::as_str).collect()
    }

    /// What the parser says about a key with a value that is never right.
    fn said(table: &str, key: &str) -> String {
        let text = if table.is_empty() { format!("{key:?} = 1979-05-27\n") } else { format!("[{table}]\n{key:?} = 1979-05-27\n") };
        Config::of(Some((Path::new("c.toml"), &text)), &|_| None).map_or_else(|problems| problems.to_string(), |_| String::new())
    }

    #[test]
    fn the_parser_and_the_schema_know_the_same_keys() {
        let schema = schema();
        let tables = [
            ("", "/properties"),
            ("ui", "/properties/ui/properties"),
            ("messages", "/properties/messages/properties"),
            ("groups", "/properties/groups/properties"),
            ("limits", "/properties/limits/properties"),
            ("keys", "/properties/keys/properties"),
            ("contexts.a", "/$defs/context/properties"),
            ("contexts.a.tls", "/$defs/context/properties/tls/properties"),
            ("contexts.a.sasl", "/$defs/context/properties/sasl/properties"),
        ];
        for (table, path) in tables {
            let keys = keys(&schema, path);
            assert!(!keys.is_empty(), "{table}");
            for key in &keys {
                let said = said(table, key);
                assert!(!said.contains("there is no ") || said.contains("there is no context"), "[{table}] {key}: {said}");
            }
            // The other way: what the parser tells of its keys, when it is asked for one that it does not know.
            let unknown = said(table, "zzz");
            let told = unknown.split("there are ").nth(1).and_then(|rest| rest.lines().next()).unwrap_or_default();
            for key in told.split(", ").filter(|key| !key.is_empty()) {
                assert!(keys.contains(&key), "the parser knows {key} in [{table}]");
            }
        }
    }

    #[test]
    fn every_key_of_the_default_file_is_in_it() {
        let schema = schema();
        for line in crate::config::DEFAULT.lines() {
            let line = line.trim_start_matches("# ");
            if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| !key.contains([' ', '"', '.'])) {
                let text = schema.to_string();
                assert!(text.contains(&format!("{key:?}")) || key == "pay", "{key}");
            }
        }
    }
}
