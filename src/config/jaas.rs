//! `sasl.jaas.config`: a login module, a flag, and options in quotes or without (`JaasConfig` of Kafka). Quotes may be
//! escaped; a value in quotes may hold anything.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

/// A login module and its options.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Jaas {
    /// Without its package: "ScramLoginModule".
    pub(super) module: String,
    options: BTreeMap<String, Zeroizing<String>>,
}

impl Jaas {
    /// # Errors
    /// What is wrong with it; the text itself is not repeated.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut words = Words(text.chars().peekable());
        let module = match words.next()? {
            Some(Word::Plain(module)) => module.rsplit('.').next().unwrap_or_default().to_owned(),
            _ => return Err("it begins with the class of a login module".to_owned()),
        };
        match words.next()? {
            Some(Word::Plain(flag)) if ["required", "requisite", "sufficient", "optional"].contains(&flag.to_lowercase().as_str()) => {}
            _ => return Err(format!("behind {module} stands a flag: required")),
        }
        let mut options = BTreeMap::new();
        loop {
            let name = match words.next()? {
                Some(Word::Plain(name)) => name,
                Some(Word::Quoted(_)) => return Err("an option is NAME=\"VALUE\"".to_owned()),
                Some(Word::Sign('=')) => return Err("an option has no name".to_owned()),
                // The semicolon at the end is often forgotten.
                Some(Word::Sign(_)) | None => return Ok(Self { module, options }),
            };
            match (words.next()?, words.next()?) {
                (Some(Word::Sign('=')), Some(Word::Plain(value) | Word::Quoted(value))) => options.insert(name, Zeroizing::new(value)),
                _ => return Err(format!("option {name} has no value: {name}=\"…\"")),
            };
        }
    }

    pub(super) fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(|value| value.as_str())
    }

    /// Options whose name begins so, with the rest of the name.
    pub(super) fn options_of<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.options.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }
}

enum Word {
    Plain(String),
    Quoted(String),
    /// `=` or `;`
    Sign(char),
}

struct Words<'a>(std::iter::Peekable<std::str::Chars<'a>>);

impl Words<'_> {
    fn next(&mut self) -> Result<Option<Word>, String> {
        while self.0.next_if(|c| c.is_whitespace()).is_some() {}
        let Some(first) = self.0.next() else { return Ok(None) };
        match first {
            '=' | ';' => Ok(Some(Word::Sign(first))),
            '"' | '\'' => self.quoted(first).map(|text| Some(Word::Quoted(text))),
            _ => {
                let mut text = String::from(first);
                while let Some(c) = self.0.next_if(|&c| !c.is_whitespace() && c != '=' && c != ';') {
                    text.push(c);
                }
                Ok(Some(Word::Plain(text)))
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, String> {
        let mut text = String::new();
        while let Some(c) = self.0.next() {
            match c {
                _ if c == quote => return Ok(text),
                '\\' => text.extend(self.0.next().map(|c| match c {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    other => other,
                })),
                _ => text.push(c),
            }
        }
        Err("a quotation mark is not closed".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_hold_anything_in_quotes() {
        let jaas = Jaas::parse("org.apache.kafka.common.security.scram.ScramLoginModule required\n  username=\"a\"\n password=\"x;y=\\\"z\\\\\" tokenauth=true;").unwrap();
        assert_eq!(
            (jaas.module.as_str(), jaas.option("username"), jaas.option("password"), jaas.option("tokenauth")),
            ("ScramLoginModule", Some("a"), Some("x;y=\"z\\"), Some("true"))
        );
        assert!(Jaas::parse("x.PlainLoginModule required username=\"a\" password='b c'").unwrap().option("password") == Some("b c"));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_secret() {
        for (text, part) in [
            ("", "begins with the class"),
            ("PlainLoginModule username=\"canary\";", "flag: required"),
            ("M required password=\"canary", "not closed"),
            ("M required password \"canary\";", "option password has no value"),
            ("M required \"canary\";", "an option is NAME"),
        ] {
            let wrong = Jaas::parse(text).err().unwrap();
            assert!(wrong.contains(part) && !wrong.contains("canary"), "{wrong}");
        }
    }
}
