//! What can be taken out of a view: raw bytes, to be written to a clipboard or a file by who asked.

use super::{Body, View, hex};
use crate::json;
use crate::tree::{Kind, Row};

/// In which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// The value of the row: JSON printed over several lines, a line of text, all of a hex view.
    Value,
    /// The same on one line, where that exists.
    OneLine,
    /// The name of the row's member, without quotes and escapes.
    Name,
    /// The path of the row as filters write it.
    Path,
    /// The path as jq writes it.
    JqPath,
    /// All bytes of the value as they came.
    Whole,
}

impl View {
    /// What stands on a row, in a form; `None` where the form makes no sense. The bytes are foreign and unescaped.
    pub fn copy(&self, row: Row, form: Form) -> Option<Vec<u8>> {
        if form == Form::Whole {
            return Some(self.source.to_vec());
        }
        match (&self.body, form) {
            (Body::Tree(tree), Form::Path) => Some(tree.path(row)?.to_string().into_bytes()),
            (Body::Tree(tree), Form::JqPath) => Some(tree.path(row)?.jq().into_bytes()),
            (Body::Tree(tree), Form::Name) => {
                let name = tree.name(tree.opening(row))?;
                Some(json::decode(name.get(1..name.len().saturating_sub(1))?).into_owned())
            }
            (Body::Tree(tree), _) => {
                let value = self.source.get(tree.value(row))?;
                if tree.kind(row)? == Kind::Raw {
                    return Some(value.to_vec());
                }
                let mut out = Vec::new();
                if form == Form::OneLine {
                    json::compact(value, &mut out)
                } else {
                    json::pretty(value, &mut out)
                };
                Some(out)
            }
            (Body::Text(text), Form::Value | Form::OneLine) => {
                let line = self.source.get(text.range(row))?;
                Some(line.strip_suffix(b"\n").unwrap_or(line).to_vec())
            }
            (Body::Hex(bytes), Form::Value) => Some(hex::dump(bytes).into_bytes()),
            (Body::Facts(facts), Form::Value | Form::OneLine) => {
                let (_, figure) = facts.get(row.0 as usize)?;
                Some(figure.split("  ").next()?.as_bytes().to_vec())
            }
            _ => None,
        }
    }
}
