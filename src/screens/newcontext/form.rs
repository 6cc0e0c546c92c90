//! The fields of a new context.

use crate::core::configure::{Draft, Hidden, Mode};
use crate::core::context::{Guard, Hue};
use crate::core::key::{Key, KeyCode};
use crate::core::line::{Edit, Line};
use crate::core::panes::around;

/// In the order in which tab goes through them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Name,
    Bootstrap,
    File,
    Tls,
    Ca,
    Cert,
    Key,
    Sasl,
    Username,
    Password,
    Changes,
    Guard,
    Color,
}

/// Mechanisms that the form knows; config.toml knows more.
const MECHANISMS: [&str; 4] = ["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];
const MODES: [Mode; 3] = [Mode::Write, Mode::Default, Mode::ReadOnly];
const GUARDS: [Guard; 3] = [Guard::None, Guard::Ask, Guard::Typed];
const COLORS: [Option<Hue>; 7] =
    [None, Some(Hue::Red), Some(Hue::Amber), Some(Hue::Green), Some(Hue::Cyan), Some(Hue::Blue), Some(Hue::Purple)];

impl Field {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Bootstrap => "bootstrap",
            Self::File => "client file",
            Self::Tls => "TLS",
            Self::Ca => "  authority",
            Self::Cert => "  certificate",
            Self::Key => "  key",
            Self::Sasl => "SASL",
            Self::Username => "  user",
            Self::Password => "  password",
            Self::Changes => "changes",
            Self::Guard => "guard",
            Self::Color => "colour",
        }
    }

    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::Name => "one word: it is what :ctx and -c take",
            Self::Bootstrap => "HOST:PORT of some brokers, parted by commas; empty where the client file names them",
            Self::File => "a client.properties of Java or a file of librdkafka, used as it is; empty: the fields below say it",
            Self::Tls => "space: whether the listener speaks TLS",
            Self::Ca => "PEM, PKCS12 or JKS of the authority that signed the broker's certificate; empty: those of this system",
            Self::Cert => "our certificate, where the broker wants one (mTLS): PEM, or a key store with the key in it",
            Self::Key => "its key; empty where the store holds it",
            Self::Sasl => "space: the mechanism, or none; OAUTHBEARER and AWS_MSK_IAM are written by hand (e)",
            Self::Username => "who we come as; at Confluent Cloud the API key, at Event Hubs $ConnectionString",
            Self::Password => "goes into a file that only you can read, beside config.toml",
            Self::Changes => "space: whether the cluster may be changed from here; by default not is lifted by --write",
            Self::Guard => "space: how much is asked before a change",
            Self::Color => "space: the colour of its name",
        }
    }
}

/// See the module.
#[derive(Clone)]
pub(super) struct Form {
    pub(super) field: Field,
    /// A name is all that is asked for.
    imports: bool,
    name: Line,
    bootstrap: Line,
    file: Line,
    tls: bool,
    ca: Line,
    cert: Line,
    key: Line,
    mechanism: &'static str,
    username: Line,
    password: Line,
    mode: Mode,
    guard: Guard,
    color: Option<Hue>,
}

/// Without what is typed: a password may be among it.
impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Form").field("field", &self.field).finish_non_exhaustive()
    }
}

impl Form {
    pub(super) fn new(name: &str, imports: bool) -> Self {
        Self {
            field: Field::Name,
            imports,
            name: Line::new(name),
            bootstrap: Line::default(),
            file: Line::default(),
            tls: false,
            ca: Line::default(),
            cert: Line::default(),
            key: Line::default(),
            mechanism: "",
            username: Line::default(),
            password: Line::default(),
            mode: Mode::default(),
            guard: Guard::None,
            color: None,
        }
    }

    pub(super) fn name(&self) -> &str {
        self.name.text().trim()
    }

    /// Nothing is there that a context could be made of.
    pub(super) fn is_empty(&self) -> bool {
        self.name().is_empty() || (self.bootstrap.text().trim().is_empty() && self.file.text().trim().is_empty())
    }

    /// Those that make sense now.
    pub(super) fn fields(&self) -> Vec<Field> {
        if self.imports {
            return vec![Field::Name];
        }
        let mut fields = vec![Field::Name, Field::Bootstrap, Field::File, Field::Tls];
        if self.tls {
            fields.extend([Field::Ca, Field::Cert, Field::Key]);
        }
        fields.push(Field::Sasl);
        if !self.mechanism.is_empty() {
            fields.extend([Field::Username, Field::Password]);
        }
        fields.extend([Field::Changes, Field::Guard, Field::Color]);
        fields
    }

    pub(super) fn step(&mut self, by: isize) {
        self.field = around(&self.fields(), self.field, by);
    }

    pub(super) fn line(&self, field: Field) -> Option<&Line> {
        Some(match field {
            Field::Name => &self.name,
            Field::Bootstrap => &self.bootstrap,
            Field::File => &self.file,
            Field::Ca => &self.ca,
            Field::Cert => &self.cert,
            Field::Key => &self.key,
            Field::Username => &self.username,
            Field::Password => &self.password,
            Field::Tls | Field::Sasl | Field::Changes | Field::Guard | Field::Color => return None,
        })
    }

    fn line_mut(&mut self) -> Option<&mut Line> {
        Some(match self.field {
            Field::Name => &mut self.name,
            Field::Bootstrap => &mut self.bootstrap,
            Field::File => &mut self.file,
            Field::Ca => &mut self.ca,
            Field::Cert => &mut self.cert,
            Field::Key => &mut self.key,
            Field::Username => &mut self.username,
            Field::Password => &mut self.password,
            Field::Tls | Field::Sasl | Field::Changes | Field::Guard | Field::Color => return None,
        })
    }

    /// What stands in a field of a few values.
    pub(super) fn choice(&self, field: Field) -> Option<&'static str> {
        Some(match field {
            Field::Tls => {
                if self.tls {
                    "yes"
                } else {
                    "no"
                }
            }
            Field::Sasl if self.mechanism.is_empty() => "none",
            Field::Sasl => self.mechanism,
            Field::Changes => match self.mode {
                Mode::Write => "may be changed",
                Mode::Default => "by default not",
                Mode::ReadOnly => "read-only",
            },
            Field::Guard => match self.guard {
                Guard::None => "none",
                Guard::Ask => "ask",
                Guard::Typed => "typed name",
            },
            Field::Color => self.color.map_or("none", Hue::word),
            _ => return None,
        })
    }

    fn turn(&mut self, by: isize) {
        match self.field {
            Field::Tls => self.tls = !self.tls,
            Field::Sasl => self.mechanism = around(&MECHANISMS, self.mechanism, by),
            Field::Changes => self.mode = around(&MODES, self.mode, by),
            Field::Guard => self.guard = around(&GUARDS, self.guard, by),
            Field::Color => self.color = around(&COLORS, self.color, by),
            _ => {}
        }
    }

    /// Whether anything is another one now.
    pub(super) fn key(&mut self, key: Key) -> bool {
        if let Some(line) = self.line_mut() {
            return line.key(key) == Edit::Changed;
        }
        match key.code {
            KeyCode::Char(' ') | KeyCode::Right => self.turn(1),
            KeyCode::Left => self.turn(-1),
            _ => return false,
        }
        true
    }

    pub(super) fn paste(&mut self, text: &str) {
        if let Some(line) = self.line_mut() {
            line.paste(text);
        }
    }

    pub(super) fn draft(&self) -> Draft {
        let text = |line: &Line| line.text().trim().to_owned();
        Draft {
            name: text(&self.name),
            bootstrap: text(&self.bootstrap),
            properties_file: text(&self.file),
            tls: self.tls,
            ca: text(&self.ca),
            cert: text(&self.cert),
            key: text(&self.key),
            mechanism: self.mechanism,
            username: text(&self.username),
            // A blank may belong to it.
            password: Hidden(self.password.text().to_owned()),
            readonly: self.mode,
            guard: self.guard,
            color: self.color,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(form: &mut Form, code: KeyCode) {
        form.key(Key::plain(code));
    }

    #[test]
    fn fields_come_with_what_they_belong_to_and_a_password_shows_nowhere() {
        let mut form = Form::new("", false);
        assert!(form.is_empty() && !form.fields().contains(&Field::Ca));
        form.paste("prod");
        form.step(1);
        form.paste("kafka:9093");
        assert!(!form.is_empty());
        form.field = Field::Tls;
        press(&mut form, KeyCode::Char(' '));
        form.field = Field::Sasl;
        press(&mut form, KeyCode::Right);
        assert!(form.fields().contains(&Field::Ca) && form.fields().contains(&Field::Password));
        form.field = Field::Password;
        form.paste("hunter2");
        let draft = form.draft();
        assert_eq!((draft.mechanism, draft.tls, &*draft.password.0), ("PLAIN", true, "hunter2"));
        assert!(!format!("{draft:?}{form:?}").contains("hunter2"));
    }
}
