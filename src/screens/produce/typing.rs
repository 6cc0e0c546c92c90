//! What is typed into the form, here or in the user's own editor.

use super::Produce;
use super::form::{Field, Part, Wrong, json_error};
use crate::core::effect::Term;
use crate::core::key::{Input, KeyCode};
use crate::model::Failure;
use crate::screens::Cx;

impl Produce {
    /// What is being typed goes on in the form.
    pub(super) fn type_on(&mut self, cx: &mut Cx<'_>, input: &Input) {
        self.wrong = None;
        let field = self.form.field;
        match input {
            Input::Paste(text) => match (self.form.editor_mut(), field) {
                (Some(editor), _) => editor.paste(text),
                (None, _) => {
                    if let Some(line) = self.form.line_mut() {
                        line.paste(text);
                    }
                }
            },
            Input::Key(key) => {
                let one_line = !matches!(field, Field::Value | Field::Headers);
                match key.code {
                    KeyCode::Enter | KeyCode::Down if one_line => return self.step(cx, 1),
                    KeyCode::Up if one_line => return self.step(cx, -1),
                    KeyCode::Char(' ') | KeyCode::Right if self.form.turn(1) => return,
                    KeyCode::Left if self.form.turn(-1) => return,
                    _ => {}
                }
                if let Some(editor) = self.form.editor_mut() {
                    editor.key(*key);
                } else if let Some(line) = self.form.line_mut() {
                    line.key(*key);
                }
            }
            _ => {}
        }
    }

    /// Null, and back to a text.
    pub(super) fn null(&mut self) {
        match self.form.field {
            Field::Key => self.form.key.toggle(),
            Field::Value => self.form.value.toggle(),
            _ => {}
        }
    }

    /// Sets the value's JSON in lines, or says where it is none.
    pub(super) fn check(&mut self, cx: &mut Cx<'_>) {
        let Part::Text(editor) = &mut self.form.value else { return };
        match serde_json::from_str::<serde_json::Value>(editor.text()) {
            Ok(_) => {
                let mut pretty = Vec::new();
                crate::json::pretty(editor.text().as_bytes(), &mut pretty);
                if let Ok(pretty) = String::from_utf8(pretty) {
                    editor.set(&pretty);
                }
                cx.notices.good(cx.now, "It is JSON.");
            }
            Err(error) => {
                let at = json_error(editor.text().as_bytes()).map(|(at, _)| at);
                self.wrong = Some(Wrong { field: Field::Value, at, why: format!("no JSON: {error}") });
            }
        }
    }

    /// Opens the text that has the focus in `$EDITOR`; the value where none has.
    pub(super) fn edit(&mut self, cx: &mut Cx<'_>) {
        if self.form.editor_mut().is_none() {
            self.form.field = Field::Value;
        }
        let Some(editor) = self.form.editor_mut() else {
            let why = "these bytes are no text: ctrl-x makes place for one".to_owned();
            self.wrong = Some(Wrong { field: Field::Value, at: None, why });
            return;
        };
        let text = editor.text().to_owned();
        let json = text.trim_start().starts_with(['{', '[']);
        cx.term(Term::Edit { text, json });
    }

    /// What came back from it.
    pub(super) fn take_back(&mut self, cx: &mut Cx<'_>, text: Result<String, Failure>) {
        match (text, self.form.editor_mut()) {
            (Ok(text), Some(editor)) => editor.set(&text),
            (Ok(_), None) => {}
            (Err(failure), _) => cx.notices.failure(&failure),
        }
    }
}
