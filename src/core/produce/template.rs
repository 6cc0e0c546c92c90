//! Records from a template: text with places in double braces, filled anew for each record.
//!
//! `{{uuid}}` `{{now}}` (RFC 3339) `{{nowMs}}` `{{seq}}` (from 1) `{{int 1 9999}}` `{{dec 10 900 2}}` `{{pick NEW PAID FAILED}}` `{{env USER}}`.
//! Pure: the moment and the dice are handed in. To add a kind of place: a variant of `Place`, its arms in `place` and `fill`.

use std::fmt::Write as _;

use bytes::Bytes;

use super::NewRecord;
use crate::model::{PartitionId, Time};

/// A record with places in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    pub key: Option<Text>,
    pub value: Option<Text>,
    pub headers: Vec<(Text, Option<Text>)>,
    pub timestamp_ms: Option<i64>,
    pub partition: Option<PartitionId>,
}

/// Text with places.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Text(Vec<Piece>);

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    /// Bytes that stay as they are.
    Plain(Bytes),
    Place(Place),
}

#[derive(Debug, Clone, PartialEq)]
enum Place {
    Uuid,
    Now,
    NowMs,
    Seq,
    Int(i64, i64),
    /// From, to, digits behind the point.
    Decimal(f64, f64, usize),
    Pick(Vec<String>),
}

/// A place that cannot be understood: where it begins, in bytes, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadPlace {
    pub at: usize,
    pub why: String,
}

/// What a template is filled with.
#[derive(Debug, Clone)]
pub struct Filling {
    /// What `{{now}}` is.
    pub now: Time,
    /// What `{{seq}}` is.
    pub seq: u64,
    dice: u64,
}

impl Filling {
    /// `seed`: the same one gives the same records.
    pub fn new(now: Time, seed: u64) -> Self {
        Self { now, seq: 1, dice: seed }
    }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    fn roll(&mut self) -> u64 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.dice;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// One of so many, from 0.
    fn below(&mut self, sides: u64) -> u64 {
        // The upper half of a product of 64 bits each: every side is as likely as the others to 2^-64.
        let product = u128::from(self.roll()) * u128::from(sides);
        u64::try_from(product >> 64).unwrap_or(0)
    }

    /// From 0 up to 1.
    fn fraction(&mut self) -> f64 {
        let bits = u32::try_from(self.roll() >> 32).unwrap_or(0);
        f64::from(bits) / f64::from(u32::MAX)
    }
}

impl Template {
    /// The next record.
    pub fn fill(&self, filling: &mut Filling) -> NewRecord {
        let record = NewRecord {
            key: self.key.as_ref().map(|text| text.fill(filling)),
            value: self.value.as_ref().map(|text| text.fill(filling)),
            headers: self.headers.iter().map(|(key, value)| (key.fill(filling), value.as_ref().map(|text| text.fill(filling)))).collect(),
            timestamp_ms: self.timestamp_ms,
            partition: self.partition,
        };
        filling.seq = filling.seq.saturating_add(1);
        record
    }
}

impl Text {
    /// Text that stays as it is, braces and all.
    pub fn plain(bytes: impl Into<Bytes>) -> Self {
        Self(vec![Piece::Plain(bytes.into())])
    }

    /// Whether every record has the same.
    pub fn is_plain(&self) -> bool {
        self.0.iter().all(|piece| matches!(piece, Piece::Plain(_)))
    }

    /// Understands the places of a text. `variable` looks an environment variable up, once.
    ///
    /// # Errors
    /// A place is none that there is, lacks something, or is not closed.
    pub fn parse(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, BadPlace> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("{{") {
            let at = text.len() - behind.len() - 2;
            let Some((inside, after)) = behind.split_once("}}") else {
                return Err(BadPlace { at, why: "this place is not closed: }} is missing".to_owned() });
            };
            push(&mut pieces, before);
            match inside.trim().split_once(char::is_whitespace).unwrap_or((inside.trim(), "")) {
                ("env", name) => {
                    let value =
                        variable(name.trim()).ok_or_else(|| BadPlace { at, why: format!("there is no variable {}", name.trim()) })?;
                    push(&mut pieces, &value);
                }
                (word, given) => pieces.push(Piece::Place(place(word, given).map_err(|why| BadPlace { at, why })?)),
            }
            rest = after;
        }
        push(&mut pieces, rest);
        Ok(Self(pieces))
    }

    fn fill(&self, filling: &mut Filling) -> Bytes {
        match self.0.as_slice() {
            [] => Bytes::new(),
            [Piece::Plain(bytes)] => bytes.clone(),
            pieces => {
                let mut out = Vec::new();
                for piece in pieces {
                    match piece {
                        Piece::Plain(bytes) => out.extend_from_slice(bytes),
                        Piece::Place(place) => out.extend_from_slice(place.fill(filling).as_bytes()),
                    }
                }
                out.into()
            }
        }
    }
}

fn push(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Plain(Bytes::copy_from_slice(text.as_bytes())));
    }
}

fn place(word: &str, given: &str) -> Result<Place, String> {
    let words: Vec<&str> = given.split_whitespace().collect();
    let alone = |place: Place| if words.is_empty() { Ok(place) } else { Err(format!("{word} takes nothing: {{{{{word}}}}}")) };
    match word {
        "uuid" => alone(Place::Uuid),
        "now" => alone(Place::Now),
        "nowMs" => alone(Place::NowMs),
        "seq" => alone(Place::Seq),
        "int" => match words.as_slice() {
            [from, to] => match (from.parse(), to.parse()) {
                (Ok(from), Ok(to)) if from <= to => Ok(Place::Int(from, to)),
                _ => Err("int takes two whole numbers, the smaller first: {{int 1 9999}}".to_owned()),
            },
            _ => Err("int takes two whole numbers: {{int 1 9999}}".to_owned()),
        },
        "dec" => match words.as_slice() {
            [from, to, digits] => match (from.parse::<f64>(), to.parse::<f64>(), digits.parse()) {
                (Ok(from), Ok(to), Ok(digits @ 0..=15)) if from.is_finite() && to.is_finite() && from <= to => {
                    Ok(Place::Decimal(from, to, digits))
                }
                _ => Err("dec takes two numbers, the smaller first, and how many digits: {{dec 10 900 2}}".to_owned()),
            },
            _ => Err("dec takes two numbers and how many digits: {{dec 10 900 2}}".to_owned()),
        },
        "pick" if words.is_empty() => Err("pick takes words: {{pick NEW PAID FAILED}}".to_owned()),
        "pick" => Ok(Place::Pick(words.into_iter().map(str::to_owned).collect())),
        "" => Err("this place is empty".to_owned()),
        _ => Err(format!("there is no {{{{{word}}}}}: uuid, now, nowMs, seq, int, dec, pick and env are")),
    }
}

impl Place {
    fn fill(&self, filling: &mut Filling) -> String {
        match self {
            Self::Uuid => uuid(filling.roll(), filling.roll()),
            Self::Now => jiff::Timestamp::from_microsecond(filling.now.0)
                .map_or_else(|_too_far| filling.now.millis().to_string(), |now| now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()),
            Self::NowMs => filling.now.millis().to_string(),
            Self::Seq => filling.seq.to_string(),
            Self::Int(from, to) => {
                let step = match to.abs_diff(*from).checked_add(1) {
                    Some(sides) => filling.below(sides),
                    None => filling.roll(),
                };
                from.wrapping_add_unsigned(step).to_string()
            }
            Self::Decimal(from, to, digits) => format!("{:.*}", *digits, from + (to - from) * filling.fraction()),
            Self::Pick(words) => {
                let at = usize::try_from(filling.below(words.len() as u64)).unwrap_or(0);
                words.get(at).cloned().unwrap_or_default()
            }
        }
    }
}

/// A random one (RFC 9562, version 4).
fn uuid(high: u64, low: u64) -> String {
    let high = high & !0xf000 | 0x4000;
    let low = low & !(0b11 << 62) | 0b10 << 62;
    let mut text = String::with_capacity(36);
    // Writing to a String does not fail.
    let _written = write!(
        text,
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, times: usize) -> Vec<String> {
        let value = Text::parse(text, &|name| (name == "USER").then(|| "ann".to_owned())).unwrap();
        let template = Template { key: None, value: Some(value), headers: Vec::new(), timestamp_ms: None, partition: None };
        let mut filling = Filling::new(Time::from_millis(1_795_178_465_118), 7);
        let text = |record: NewRecord| String::from_utf8(record.value.unwrap().to_vec()).unwrap();
        (0..times).map(|_| text(template.fill(&mut filling))).collect()
    }

    #[test]
    fn places_are_filled_and_braces_of_json_stay() {
        assert_eq!(filled(r#"{"a":{"seq":{{seq}}}}"#, 2), [r#"{"a":{"seq":1}}"#, r#"{"a":{"seq":2}}"#]);
        assert_eq!(filled("{{now}} {{ nowMs }} {{env USER}}", 1), ["2026-11-20T12:41:05.118Z 1795178465118 ann"]);
        let ids = filled("{{uuid}}", 2);
        assert!(
            ids[0] != ids[1] && ids.iter().all(|id| id.len() == 36 && id.as_bytes()[14] == b'4' && b"89ab".contains(&id.as_bytes()[19]))
        );
        let picked = filled("{{pick A B}}", 50);
        assert!(picked.iter().any(|word| word == "A") && picked.iter().any(|word| word == "B"));
        let dice: Vec<i64> = filled("{{int -1 1}}", 100).iter().map(|text| text.parse().unwrap()).collect();
        assert!(dice.iter().all(|n| (-1..=1).contains(n)) && [-1, 0, 1].iter().all(|n| dice.contains(n)));
        filled(&format!("{{{{int {} {}}}}}", i64::MIN, i64::MAX), 9);
        assert!(filled("{{dec 10 11 2}}", 20).iter().all(|text| text.len() == 5 && text.starts_with('1')));
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        let none = |_: &str| None;
        for (text, at, word) in [
            ("ab {{uuuid}}", 3, "no {{uuuid}}"),
            ("{{int 5 1}}", 0, "smaller first"),
            ("é{{seq", 2, "not closed"),
            ("{{env NOPE}}", 0, "no variable NOPE"),
            ("{{}}", 0, "empty"),
            ("{{seq 1}}", 0, "takes nothing"),
            ("{{dec 1 2 99}}", 0, "digits"),
        ] {
            let bad = Text::parse(text, &none).unwrap_err();
            assert!(bad.at == at && bad.why.contains(word), "{text}: {bad:?}");
        }
    }
}
