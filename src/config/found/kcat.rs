//! kcat: one file of librdkafka's keys, and so one cluster.

use super::rows::{File, Rows};
use crate::config::contexts::Context;
use crate::config::properties;

pub(super) fn read(file: &File, text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Context {
    let mut rows = Rows::new(file, "default");
    rows.current = true;
    match properties::of_text_called(&file.shown, &file.path, text, variable) {
        Ok(properties) => rows.extend(properties),
        Err(mistakes) => rows.cannot(&mistakes.iter().map(|mistake| mistake.message.as_str()).collect::<Vec<_>>().join("; ")),
    }
    if rows.said("bootstrap.servers").is_none() && rows.said("metadata.broker.list").is_none() {
        rows.cannot("it names no broker: kcat takes them from -b");
    }
    rows.finish()
}
