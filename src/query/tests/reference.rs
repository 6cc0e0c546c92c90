//! The language once more, slow and obvious: a tree of the whole value, every test by its definition, nothing skipped.
//! It shares the syntax tree with the fast way and nothing else.

use std::cmp::Ordering;

use regex::bytes::RegexBuilder;

use crate::json::Step;
use crate::query::ast::{Bound, Expr, Flag, Op, Operand, Right, Test, Text};
use crate::query::needle::{Pattern, Written};

use super::*;

/// A value of JSON; `closed` is false where the text breaks off within.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    Null,
    Bool(bool),
    Number(String),
    Text(Vec<u8>),
    Array(Vec<Self>, bool),
    Object(Vec<(Vec<u8>, Self)>, bool),
}

/// What a test looks at.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(String),
    Text(Vec<u8>),
    /// Bytes of a key, value or header.
    Loose(Vec<u8>),
    Time(i64),
    Container,
}

struct Read<'t> {
    text: &'t [u8],
    at: usize,
}

impl Read<'_> {
    fn space(&mut self) {
        while self.text.get(self.at).is_some_and(|b| b" \t\r\n".contains(b)) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let is = self.peek() == Some(byte);
        self.at += usize::from(is);
        is
    }

    /// A value, and whether reading may go on behind it. `None`: there is none, or it is cut.
    fn value(&mut self, depth: usize) -> (Option<Tree>, bool) {
        self.space();
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            _ => {
                let tree = self.scalar();
                // Within something open, what touches the end may go on there.
                let whole = depth == 0 || self.at < self.text.len();
                (tree.clone().filter(|_| whole), tree.is_some() && whole)
            }
        }
    }

    fn scalar(&mut self) -> Option<Tree> {
        for (word, tree) in [("null", Tree::Null), ("true", Tree::Bool(true)), ("false", Tree::Bool(false))] {
            if self.text[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return self.delimited().then_some(tree);
            }
        }
        if self.peek() == Some(b'"') {
            return self.string().map(Tree::Text);
        }
        let start = self.at;
        self.eat(b'-');
        if !self.eat(b'0') && self.digits() == 0 {
            return None;
        }
        if self.eat(b'.') && self.digits() == 0 {
            return None;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _sign = self.eat(b'+') || self.eat(b'-');
            if self.digits() == 0 {
                return None;
            }
        }
        let text = String::from_utf8(self.text[start..self.at].to_vec()).unwrap();
        self.delimited().then_some(Tree::Number(text))
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    /// Whether a word or number ends here.
    fn delimited(&self) -> bool {
        self.peek().is_none_or(|b| b" \t\r\n,:]}[{\"".contains(&b))
    }

    fn string(&mut self) -> Option<Vec<u8>> {
        self.at += 1;
        let mut out = Vec::new();
        let mut high: Option<u32> = None;
        loop {
            let byte = self.peek()?;
            self.at += 1;
            let mut unit = None;
            match byte {
                b'"' => {
                    half(high, &mut out);
                    return Some(out);
                }
                0..0x20 => return None,
                b'\\' => {
                    let escaped = self.peek()?;
                    self.at += 1;
                    if escaped == b'u' {
                        let hex = self.text.get(self.at..self.at + 4)?;
                        if !hex.iter().all(u8::is_ascii_hexdigit) {
                            return None;
                        }
                        unit = u32::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok();
                        self.at += 4;
                    } else {
                        let at = b"\"\\/bfnrt".iter().position(|b| *b == escaped)?;
                        half(high.take(), &mut out);
                        out.push(b"\"\\/\x08\x0c\n\r\t"[at]);
                        continue;
                    }
                }
                _ => {}
            }
            match (high.take(), unit) {
                (Some(first), Some(low @ 0xdc00..0xe000)) => {
                    let c = char::from_u32(0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00)).unwrap();
                    out.extend(c.to_string().as_bytes());
                }
                (before, Some(unit @ 0xd800..0xdc00)) => {
                    half(before, &mut out);
                    high = Some(unit);
                }
                (before, Some(unit)) => {
                    half(before, &mut out);
                    half(Some(unit), &mut out);
                }
                (before, None) => {
                    half(before, &mut out);
                    out.push(byte);
                }
            }
        }
    }

    fn array(&mut self, depth: usize) -> (Option<Tree>, bool) {
        self.at += 1;
        let mut all = Vec::new();
        self.space();
        if self.eat(b']') {
            return (Some(Tree::Array(all, true)), true);
        }
        loop {
            let (value, on) = self.value(depth + 1);
            all.extend(value);
            self.space();
            if !on || !(self.peek() == Some(b',') || self.peek() == Some(b']')) {
                return (Some(Tree::Array(all, false)), false);
            }
            if self.eat(b']') {
                return (Some(Tree::Array(all, true)), true);
            }
            self.at += 1;
        }
    }

    fn object(&mut self, depth: usize) -> (Option<Tree>, bool) {
        self.at += 1;
        let mut all = Vec::new();
        self.space();
        if self.eat(b'}') {
            return (Some(Tree::Object(all, true)), true);
        }
        loop {
            self.space();
            let name = if self.peek() == Some(b'"') { self.string() } else { None };
            self.space();
            let (Some(name), true) = (name, self.eat(b':')) else { return (Some(Tree::Object(all, false)), false) };
            let (value, on) = self.value(depth + 1);
            all.extend(value.map(|value| (name, value)));
            self.space();
            if !on || !(self.peek() == Some(b',') || self.peek() == Some(b'}')) {
                return (Some(Tree::Object(all, false)), false);
            }
            if self.eat(b'}') {
                return (Some(Tree::Object(all, true)), true);
            }
            self.at += 1;
        }
    }
}

/// Writes a code unit, which may be half of a pair.
fn half(unit: Option<u32>, out: &mut Vec<u8>) {
    let Some(unit) = unit else { return };
    match char::from_u32(unit) {
        Some(c) => out.extend(c.to_string().as_bytes()),
        None => out.extend([0xed, 0x80 | u8::try_from((unit >> 6) & 63).unwrap(), 0x80 | u8::try_from(unit & 63).unwrap()]),
    }
}

fn tree(text: &[u8]) -> Option<Tree> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut read = Read { text, at: 0 };
    let (tree, _) = read.value(0);
    read.space();
    // A scalar is all of the text, or the text is none.
    tree.filter(|tree| matches!(tree, Tree::Array(..) | Tree::Object(..)) || read.at == text.len())
}

/// The values at a path, as far as they are whole.
fn at<'t>(tree: &'t Tree, steps: &[Step]) -> Vec<&'t Tree> {
    let Some((step, rest)) = steps.split_first() else {
        return if matches!(tree, Tree::Array(_, false) | Tree::Object(_, false)) { Vec::new() } else { vec![tree] };
    };
    match (step, tree) {
        (Step::Name(name), Tree::Object(members, _)) => {
            let own = |member: &&(Vec<u8>, Tree)| member.0 == name.as_bytes();
            // The last one that could be read: one that is open can be gone into, and is no value itself.
            let open = |tree: &Tree| matches!(tree, Tree::Array(_, false) | Tree::Object(_, false));
            let last = members.iter().filter(own).rfind(|(_, tree)| !rest.is_empty() || !open(tree));
            last.map_or_else(Vec::new, |(_, tree)| at(tree, rest))
        }
        (Step::Index(index), Tree::Array(all, closed)) => {
            let length = i64::try_from(all.len()).unwrap();
            let index = match *index {
                n if n >= 0 => n,
                n if *closed => length + n,
                _ => -1,
            };
            usize::try_from(index).ok().and_then(|n| all.get(n)).map_or_else(Vec::new, |tree| at(tree, rest))
        }
        (Step::Any, Tree::Array(all, _)) => all.iter().flat_map(|tree| at(tree, rest)).collect(),
        _ => Vec::new(),
    }
}

fn headers(sample: &Sample, name: &str) -> Vec<Option<Vec<u8>>> {
    let record = sample.record();
    record.headers.iter().filter(|h| h.key == name.as_bytes()).map(|h| h.value.map(<[u8]>::to_vec)).collect()
}

/// Every value that an operand has in a record.
pub(super) fn values(operand: &Operand, sample: &Sample) -> Vec<Value> {
    let inside = |texts: Vec<Option<Vec<u8>>>, steps: &[Step]| -> Vec<Value> {
        let trees: Vec<Tree> = texts.into_iter().flatten().filter_map(|text| tree(&text)).collect();
        let found = trees.iter().flat_map(|tree| at(tree, steps));
        found
            .map(|tree| match tree {
                Tree::Null => Value::Null,
                Tree::Bool(word) => Value::Bool(*word),
                Tree::Number(text) => Value::Number(text.clone()),
                Tree::Text(text) => Value::Text(text.clone()),
                Tree::Array(..) | Tree::Object(..) => Value::Container,
            })
            .collect()
    };
    let loose = |text: Option<Vec<u8>>| text.map_or(Value::Null, Value::Loose);
    let number = |n: i64| vec![Value::Number(n.to_string())];
    let time = (sample.timestamp_ms != -1).then_some(sample.timestamp_ms);
    match operand {
        Operand::Path(path) => inside(vec![sample.value.clone()], path.steps()),
        Operand::KeyPath(path) => inside(vec![sample.key.clone()], path.steps()),
        Operand::HeaderPath(name, path) => inside(headers(sample, name), path.steps()),
        Operand::Key => vec![loose(sample.key.clone())],
        Operand::Value => vec![loose(sample.value.clone())],
        Operand::Header(name) => headers(sample, name).into_iter().map(loose).collect(),
        Operand::Topic => vec![Value::Text(b"orders-eu".to_vec())],
        Operand::Txn => sample.txn.iter().map(|outcome| Value::Text(outcome.word().into())).collect(),
        Operand::Partition => number(sample.partition.into()),
        Operand::Offset => number(sample.offset),
        Operand::Size => number(i64::try_from(sample.record().size()).unwrap()),
        Operand::Time => time.into_iter().map(Value::Time).collect(),
        Operand::Age => time.map(|ms| Value::Number((NOW - ms).to_string())).into_iter().collect(),
    }
}

/// A decimal as a sign and digits before and behind a point that is a thousand places in. Exponents of up to 500.
pub(super) fn wide(text: &str) -> (bool, String) {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i64 = exponent.parse().unwrap();
    let (negative, mantissa) = mantissa.strip_prefix('-').map_or((false, mantissa), |rest| (true, rest));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits = format!("{whole}{fraction}");
    let behind = usize::try_from(1000 + exponent - i64::try_from(fraction.len()).unwrap()).unwrap();
    digits.extend(std::iter::repeat_n('0', behind));
    let digits = format!("{digits:0>2100}");
    let zero = digits.bytes().all(|b| b == b'0');
    (negative && !zero, digits)
}

pub(super) fn by_value(a: &str, b: &str) -> Ordering {
    match (wide(a), wide(b)) {
        ((false, a), (false, b)) => a.cmp(&b),
        ((true, a), (true, b)) => b.cmp(&a),
        ((a, _), (b, _)) => b.cmp(&a),
    }
}

fn is_number(text: &[u8]) -> bool {
    let mut read = Read { text, at: 0 };
    !text.is_empty() && matches!(read.scalar(), Some(Tree::Number(_))) && read.at == text.len()
}

fn holds(op: Op, order: Ordering) -> bool {
    match op {
        Op::Eq => order.is_eq(),
        Op::Ne => order.is_ne(),
        Op::Lt => order.is_lt(),
        Op::Le => order.is_le(),
        Op::Gt => order.is_gt(),
        Op::Ge => order.is_ge(),
        _ => panic!("no order"),
    }
}

/// Whether two values compare so; of different types they never do.
fn compares(a: &Value, op: Op, b: &Value) -> bool {
    let equality = matches!(op, Op::Eq | Op::Ne);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match (a, b) {
        (Value::Null, Value::Null) => op == Op::Eq,
        (Value::Bool(a), Value::Bool(b)) => equality && holds(op, a.cmp(b)),
        (Value::Number(a), Value::Number(b)) => holds(op, by_value(a, b)),
        (Value::Loose(a), Value::Number(b)) if equality => holds(op, a.as_slice().cmp(b.as_bytes())),
        (Value::Number(a), Value::Loose(b)) if equality => holds(op, a.as_bytes().cmp(b)),
        (Value::Loose(a), Value::Number(b)) => is_number(a) && holds(op, by_value(&text(a), b)),
        (Value::Number(a), Value::Loose(b)) => is_number(b) && holds(op, by_value(a, &text(b))),
        (Value::Text(a) | Value::Loose(a), Value::Text(b) | Value::Loose(b)) => holds(op, a.cmp(b)),
        _ => false,
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

/// Finds a text by the case rules.
fn finds(bytes: &[u8], text: &Text, op: Op) -> bool {
    let any_case = !text.quoted && !text.text.chars().any(char::is_uppercase);
    let escaped = regex::escape(&text.text);
    let source = match op {
        Op::StartsWith => format!("\\A{escaped}"),
        Op::EndsWith => format!("{escaped}\\z"),
        _ => escaped,
    };
    RegexBuilder::new(&source).case_insensitive(any_case).build().unwrap().is_match(bytes)
}

fn matches(bytes: &[u8], pattern: &Pattern) -> bool {
    let any_case = match pattern.written() {
        Written::Slashes => !pattern.source().chars().any(char::is_uppercase),
        Written::AnyCase => true,
        Written::Quoted => false,
    };
    RegexBuilder::new(pattern.source()).case_insensitive(any_case).build().unwrap().is_match(bytes)
}

fn bytes(value: &Value) -> Option<&[u8]> {
    match value {
        Value::Text(text) | Value::Loose(text) => Some(text),
        _ => None,
    }
}

/// One value against what was written.
fn passes(value: &Value, op: Op, right: &Right) -> bool {
    if let Value::Time(ms) = value {
        let Right::Time(when) = right else { panic!("{right:?}") };
        return holds(op, ms.cmp(&when.resolve(&context())));
    }
    match right {
        Right::Text(text) => match op {
            Op::Contains | Op::StartsWith | Op::EndsWith => bytes(value).is_some_and(|bytes| finds(bytes, text, op)),
            _ => bytes(value).is_some() && compares(value, op, &Value::Text(text.text.clone().into_bytes())),
        },
        Right::Number(number) => !matches!(value, Value::Text(_)) && compares(value, op, &Value::Number(number.clone())),
        Right::Size(n) => compares(value, op, &Value::Number(n.to_string())),
        Right::Duration(d) => compares(value, op, &Value::Number(d.as_millis().to_string())),
        Right::Bool(word) => match value {
            Value::Loose(text) => (text == word.to_string().as_bytes()) == (op == Op::Eq),
            value => compares(value, op, &Value::Bool(*word)),
        },
        Right::Null => (*value == Value::Null) == (op == Op::Eq),
        Right::Pattern(pattern) => bytes(value).is_some_and(|bytes| matches(bytes, pattern) == (op == Op::Matches)),
        Right::Txn(outcome) => (*value == Value::Text(outcome.word().into())) == (op == Op::Eq),
        Right::Operand(_) | Right::Time(_) => panic!("{right:?}"),
    }
}

fn related(left: &Value, op: Op, right: &Value) -> bool {
    match op {
        Op::Contains => bytes(left).zip(bytes(right)).is_some_and(|(a, b)| contains(a, b)),
        Op::StartsWith => bytes(left).zip(bytes(right)).is_some_and(|(a, b)| a.starts_with(b)),
        Op::EndsWith => bytes(left).zip(bytes(right)).is_some_and(|(a, b)| a.ends_with(b)),
        op => compares(left, op, right),
    }
}

fn compared(left: &Operand, op: Op, right: &Right, sample: &Sample) -> bool {
    // Times against other fields are numbers.
    let plain = |value: Value| if let Value::Time(ms) = value { Value::Number(ms.to_string()) } else { value };
    let left = values(left, sample);
    match right {
        Right::Operand(right) => {
            let right: Vec<Value> = values(right, sample).into_iter().map(plain).collect();
            left.into_iter().map(plain).any(|a| right.iter().any(|b| related(&a, op, b)))
        }
        right => left.iter().any(|value| passes(value, op, right)),
    }
}

/// Whether a record matches an expression.
pub(super) fn reference(expr: &Expr, sample: &Sample) -> bool {
    let test = match expr {
        Expr::Or(parts) => return parts.iter().any(|part| reference(part, sample)),
        Expr::And(parts) => return parts.iter().all(|part| reference(part, sample)),
        Expr::Not(inner) => return !reference(inner, sample),
        Expr::Test(test) => test,
    };
    let record = sample.record();
    let anywhere = |found: &dyn Fn(&[u8]) -> bool| {
        let headers = record.headers.iter().flat_map(|h| [Some(h.key), h.value]);
        [record.key, record.value].into_iter().chain(headers).flatten().any(found)
    };
    match test {
        Test::Text(text) => anywhere(&|bytes| finds(bytes, text, Op::Contains)),
        Test::Matches(pattern) => anywhere(&|bytes| matches(bytes, pattern)),
        Test::Compare { left, op, right } => compared(left, *op, right, sample),
        Test::In { left, list } => list.iter().any(|right| compared(left, Op::Eq, right, sample)),
        Test::Between { left, low, high, open } => {
            let end = if *open { Op::Lt } else { Op::Le };
            values(left, sample).iter().any(|value| passes(value, Op::Ge, low) && passes(value, end, high))
        }
        Test::Exists(Operand::Key) => record.key.is_some(),
        Test::Exists(Operand::Value) => record.value.is_some(),
        Test::Exists(operand) => !values(operand, sample).is_empty(),
        Test::Holds(operand) => values(operand, sample).iter().any(|value| !matches!(value, Value::Null | Value::Bool(false))),
        Test::Flag(Flag::Tombstone) => record.value.is_none(),
        Test::Flag(Flag::Keyless) => record.key.is_none(),
        Test::Bound(Bound::Since(when)) => sample.timestamp_ms != -1 && sample.timestamp_ms >= when.resolve(&context()),
        Test::Bound(Bound::Until(when)) => sample.timestamp_ms != -1 && sample.timestamp_ms < when.resolve(&context()),
        Test::Bound(Bound::Partitions(all)) => all.contains(&sample.partition),
        Test::Bound(Bound::Last(_)) => true,
    }
}
