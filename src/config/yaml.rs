//! YAML of other tools, as a tree that knows its lines. Aliases and merge keys are filled in, within bounds: a small file must
//! not become a large tree. The only file that knows the YAML parser.
//!
//! Values may be secrets: no message quotes one, and nothing here can be formatted.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};
use zeroize::Zeroizing;

/// Nobody nests a configuration so deep.
const DEEPEST: usize = 64;
/// As many values, aliases filled in.
const MOST: usize = 50_000;

/// A value and its line, from 1; 0 where that is not known.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) line: usize,
}

#[derive(Clone)]
pub(super) enum Value {
    /// `null`, `~` or nothing at all, without quotes.
    Null,
    /// Any other scalar, as it was written: numbers and switches too.
    Text(Zeroizing<String>),
    List(Vec<Node>),
    /// In the order of the file; a key may stand twice.
    Map(Vec<(String, Node)>),
}

/// Why it is no YAML that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    /// From 1; 0: the file as a whole.
    pub(super) line: usize,
    pub(super) why: String,
}

/// The first document of a text; of an empty one it is null.
pub(super) fn parse(text: &str) -> Result<Node, Wrong> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut building = Building { events: Parser::new_from_str(text), anchors: HashMap::new(), nodes: 0 };
    loop {
        match building.next()? {
            (Event::StreamStart | Event::DocumentStart(_), _) => {}
            (Event::StreamEnd | Event::DocumentEnd, span) => return Ok(Node { value: Value::Null, line: span.start.line() }),
            (event, span) => return building.node(event, span, 0),
        }
    }
}

/// JSON, which knows no lines.
pub(super) fn parse_json(text: &str) -> Result<Node, Wrong> {
    let value: serde_json::Value = serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text))
        .map_err(|error| Wrong { line: error.line(), why: "it is no JSON".to_owned() })?;
    Ok(of_json(value))
}

fn of_json(value: serde_json::Value) -> Node {
    let value = match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::String(text) => Value::Text(Zeroizing::new(text)),
        serde_json::Value::Array(list) => Value::List(list.into_iter().map(of_json).collect()),
        serde_json::Value::Object(map) => Value::Map(map.into_iter().map(|(key, value)| (key, of_json(value))).collect()),
        other => Value::Text(Zeroizing::new(other.to_string())),
    };
    Node { value, line: 0 }
}

struct Building<'t> {
    events: Parser<'t, StrInput<'t>>,
    /// What has a name, and how many values are in it.
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
}

impl<'t> Building<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), Wrong> {
        self.events
            .next()
            .unwrap_or_else(|| Ok((Event::StreamEnd, Span::default())))
            .map_err(|error: ScanError| Wrong { line: error.marker().line(), why: format!("it is no YAML: {}", error.info()) })
    }

    fn count(&mut self, more: usize, span: Span) -> Result<(), Wrong> {
        self.nodes += more;
        if self.nodes > MOST { Err(Wrong { line: span.start.line(), why: format!("it holds more than {MOST} values") }) } else { Ok(()) }
    }

    /// The value that begins with this event.
    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, Wrong> {
        let line = span.start.line();
        let wrong = |why: &str| Wrong { line, why: why.to_owned() };
        if depth > DEEPEST {
            return Err(wrong("it is nested too deep"));
        }
        self.count(1, span)?;
        let before = self.nodes;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => {
                let null = matches!(style, ScalarStyle::Plain) && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                (if null { Value::Null } else { Value::Text(Zeroizing::new(text.into_owned())) }, anchor)
            }
            Event::SequenceStart(anchor, _) => (Value::List(self.list(depth)?), anchor),
            Event::MappingStart(anchor, _) => (Value::Map(self.map(depth)?), anchor),
            Event::Alias(anchor) => {
                let (node, size) = self.anchors.get(&anchor).cloned().ok_or_else(|| wrong("an alias leads nowhere"))?;
                self.count(size, span)?;
                return Ok(node);
            }
            _ => return Err(wrong("it ends too early")),
        };
        let node = Node { value, line };
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), self.nodes - before));
        }
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Wrong> {
        let mut list = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(list),
                (event, span) => list.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Vec<(String, Node)>, Wrong> {
        let (mut map, mut merged) = (Vec::new(), Vec::new());
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => break,
                (event, span) => self.node(event, span, depth + 1)?,
            };
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            match key.value {
                Value::Text(text) if *text == "<<" => merged.push(value),
                Value::Text(text) => map.push((text.to_string(), value)),
                // A list as a key means nothing to anybody here.
                _ => {}
            }
        }
        for node in merged {
            let each = match node.value {
                Value::List(list) => list,
                _ => vec![node],
            };
            for (key, value) in
                each.into_iter().filter_map(|node| if let Value::Map(map) = node.value { Some(map) } else { None }).flatten()
            {
                if !map.iter().any(|(own, _)| *own == key) {
                    map.push((key, value));
                }
            }
        }
        Ok(map)
    }
}

/// A value and how it is reached: `clusters[minikube].SASL`.
#[derive(Clone)]
pub(super) struct At<'n> {
    node: &'n Node,
    pub(super) path: String,
}

impl<'n> At<'n> {
    pub(super) fn root(node: &'n Node) -> Self {
        Self { node, path: String::new() }
    }

    pub(super) fn line(&self) -> usize {
        self.node.line
    }

    /// What is called so, whatever the case of its letters, with dashes or without: tools are that lenient, or changed their mind.
    /// Of a key that stands twice the last; a null counts as there.
    pub(super) fn any(&self, name: &str) -> Option<Self> {
        let plain = |text: &str| text.chars().filter(|c| !"-_".contains(*c)).flat_map(char::to_lowercase).collect::<String>();
        let Value::Map(map) = &self.node.value else { return None };
        let wanted = plain(name);
        map.iter().rev().find(|(key, _)| plain(key) == wanted).map(|(key, node)| At { node, path: self.below(key) })
    }

    /// As [`Self::any`]; a null counts as not there.
    pub(super) fn get(&self, name: &str) -> Option<Self> {
        self.any(name).filter(|at| !at.is_null())
    }

    fn below(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.node.value, Value::Null)
    }

    /// Null, or a list or a table with nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        match &self.node.value {
            Value::Null => true,
            Value::Text(_) => false,
            Value::List(list) => list.is_empty(),
            Value::Map(map) => map.is_empty(),
        }
    }

    pub(super) fn is_map(&self) -> bool {
        matches!(self.node.value, Value::Map(_))
    }

    /// Text, a number or a switch.
    pub(super) fn text(&self) -> Option<&'n str> {
        if let Value::Text(text) = &self.node.value { Some(text) } else { None }
    }

    pub(super) fn is_true(&self) -> bool {
        self.text().is_some_and(|text| ["true", "yes", "on"].iter().any(|word| text.eq_ignore_ascii_case(word)))
    }

    /// Of a list: its values that are text; of a text: what commas and blanks part.
    pub(super) fn words(&self) -> Vec<&'n str> {
        match &self.node.value {
            Value::Text(text) => text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty()).collect(),
            Value::List(list) => {
                list.iter().filter_map(|node| if let Value::Text(text) = &node.value { Some(text.trim()) } else { None }).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Of a list of tables: each with its name, by which it is called.
    pub(super) fn named(&self) -> Vec<(&'n str, Self)> {
        let Value::List(list) = &self.node.value else { return Vec::new() };
        let one = |node: &'n Node| {
            let at = At { node, path: String::new() };
            let name = at.get("name").and_then(|name| name.text()).unwrap_or("");
            (name, At { path: format!("{}[{name}]", self.path), ..at })
        };
        list.iter().map(one).collect()
    }

    /// Of a table: its entries.
    pub(super) fn entries(&self) -> Vec<(&'n str, Self)> {
        let Value::Map(map) = &self.node.value else { return Vec::new() };
        map.iter().map(|(key, node)| (key.as_str(), At { node, path: self.below(key) })).collect()
    }

    /// Everything below as properties: tables in tables are joined by points, lists by commas.
    pub(super) fn flat(&self) -> Vec<(String, String, Self)> {
        let mut all = Vec::new();
        for (key, at) in self.entries() {
            match &at.node.value {
                Value::Null => all.push((key.to_owned(), String::new(), at)),
                Value::Text(text) => all.push((key.to_owned(), text.to_string(), at)),
                Value::List(_) => all.push((key.to_owned(), at.words().join(","), at)),
                Value::Map(_) => all.extend(at.flat().into_iter().map(|(below, value, at)| (format!("{key}.{below}"), value, at))),
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> Wrong {
        parse(text).err().unwrap()
    }

    #[test]
    fn null_nothing_and_an_empty_table_are_told_apart() {
        let node = parse("a: null\nb: {}\nc:\nd: ''\ne: 0123\n").unwrap();
        let root = At::root(&node);
        assert!(root.get("a").is_none() && root.any("a").is_some() && root.any("z").is_none());
        assert!(root.get("b").unwrap().is_map() && root.get("c").is_none());
        assert_eq!(
            (root.get("d").unwrap().text(), root.get("e").unwrap().text(), root.get("e").unwrap().line()),
            (Some(""), Some("0123"), 5)
        );
        for empty in ["", "\u{feff}", "# nothing\r\n", "---\n"] {
            assert!(At::root(&parse(empty).unwrap()).is_null(), "{empty:?}");
        }
    }

    #[test]
    fn names_are_found_in_every_spelling_and_the_last_one_counts() {
        let node = parse("\u{feff}kafka-connect-clusters: 1\r\nSkipVerify: yes\r\nskip_verify: no\r\n").unwrap();
        let root = At::root(&node);
        assert_eq!(root.get("kafkaConnectClusters").unwrap().path, "kafka-connect-clusters");
        assert!(!root.get("skipVerify").unwrap().is_true());
    }

    #[test]
    fn aliases_are_filled_in_and_merged() {
        let node = parse("base: &b {x: 1, y: 2}\nlist: [*b, {<<: *b, y: 3}]\n").unwrap();
        let root = At::root(&node);
        let list = root.get("list").unwrap().named();
        let pair = |at: &At<'_>| (at.get("x").unwrap().text().unwrap().to_owned(), at.get("y").unwrap().text().unwrap().to_owned());
        assert_eq!((pair(&list[0].1), pair(&list[1].1)), (("1".into(), "2".into()), ("1".into(), "3".into())));
    }

    #[test]
    fn a_small_file_does_not_become_a_large_tree() {
        let level = |n: usize| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "));
        let bomb: String = std::iter::once("a0: &a0 [x, x, x]\n".to_owned()).chain((1..12).map(level)).collect();
        assert!(wrong(&bomb).why.contains("more than 50000 values"));
        assert!(wrong(&"[".repeat(100)).why.contains("deep"));
        assert!(wrong(&"[".repeat(100_000)).why.contains("recursion limit"));
        assert!(wrong("a: &a [*a]\n").why.contains("alias") || wrong("a: &a [*a]\n").why.contains("anchor"));
    }

    #[test]
    fn what_is_wrong_has_a_line_and_no_text_of_the_file() {
        for text in ["a: 1\nb:\n\t- canary\n", "a: 1\n  b: canary: x\n", "a: 1\nb: \"canary\n", "a: 1\nb: *canary\n", "a: 1\nb: [canary}\n"]
        {
            let wrong = wrong(text);
            assert!(wrong.line >= 2 && !wrong.why.contains("canary"), "{text:?}: {wrong:?}");
        }
        assert_eq!(parse_json("{\n\"a\": canary}").err().unwrap(), Wrong { line: 2, why: "it is no JSON".to_owned() });
    }

    #[test]
    fn tables_in_tables_become_properties() {
        let node = parse("security.protocol: SSL\nsasl:\n  mechanism: PLAIN\n  x: [a, b]\nempty:\n").unwrap();
        let flat: Vec<(String, String)> = At::root(&node).flat().into_iter().map(|(key, value, _)| (key, value)).collect();
        let want = [("security.protocol", "SSL"), ("sasl.mechanism", "PLAIN"), ("sasl.x", "a,b"), ("empty", "")];
        assert_eq!(flat, want.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }
}
