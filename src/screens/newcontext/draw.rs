//! The form, and beside it (below, where it is narrow) what will be written.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::form::{Field, Form};
use super::{NewContext, Stage};
use crate::screens::Look;
use crate::text::{self, Shown};
use crate::ui::{self, Pen, Token};

/// From so many columns on the two stand side by side.
const WIDE: u16 = 100;
const LABEL: usize = 15;

pub(super) fn draw(screen: &NewContext, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let rows = u16::try_from(screen.form.fields().len()).unwrap_or(u16::MAX).saturating_add(3);
    let (left, right) = if area.width >= WIDE {
        ui::split_right(area, area.width / 2)
    } else {
        let height = rows.min(area.height.saturating_sub(4));
        (Rect { height, ..area }, Rect { y: area.y + height, height: area.height - height, ..area })
    };
    let title = screen.found.as_ref().map_or("New context", |_| "Import");
    let from = screen.found.iter().map(|found| (Shown::of(found).cut(40).into_string(), Token::Text)).collect::<Vec<_>>();
    ui::title_rule(&mut Pen::new(buf, look.theme, left, 0), true, title, &from, &[]);
    fields(&screen.form, look, buf, Rect { y: left.y + 1, height: left.height.saturating_sub(1), ..left });
    preview(screen, look, buf, right);
}

fn fields(form: &Form, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let fields = form.fields();
    let at = fields.iter().position(|field| *field == form.field).unwrap_or(0);
    // The field that has the focus is seen, however low the screen is.
    let from = (at + 1).saturating_sub(usize::from(area.height));
    for (y, &field) in (0..area.height).zip(fields.iter().skip(from)) {
        let focused = field == form.field;
        let mut pen = Pen::new(buf, look.theme, area, y);
        if focused {
            pen.ground(look.theme.raised()).own("▌", Token::Accent);
        }
        pen.to(2).left(field.label(), LABEL, if focused { Token::Accent } else { Token::Dim });
        if let Some(choice) = form.choice(field) {
            pen.own(if focused { format!("‹ {choice} ›") } else { choice.to_owned() }, Token::Text);
        } else if let Some(line) = form.line(field) {
            // How long a password is is seen while it is typed, and nothing else of it.
            let hidden = |text: &str| if field == Field::Password { "•".repeat(text.chars().count()) } else { text.to_owned() };
            let (before, after) = line.text().split_at_checked(line.at()).unwrap_or((line.text(), ""));
            if focused {
                pen.caret(&hidden(before), &hidden(after));
            } else {
                let room = pen.room();
                pen.shown(&Shown::of(&hidden(line.text())), Token::Text, room);
            }
        }
    }
}

fn preview(screen: &NewContext, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    if area.height == 0 {
        return;
    }
    let state = match screen.stage {
        Stage::Writing => vec![("writing …".to_owned(), Token::Look)],
        _ => Vec::new(),
    };
    ui::title_rule(&mut Pen::new(buf, look.theme, area, 0), false, "What is written", &[], &state);
    let width = usize::from(area.width).saturating_sub(2);
    let mut lines: Vec<(String, Token)> = Vec::new();
    let mut wrapped = |text: &str, token: Token| {
        lines.extend(text::wrapped(Shown::of(text).as_str(), width, "  ").into_iter().map(|line| (line, token)));
    };
    if let Some(failure) = &screen.failure {
        for line in failure.cause.words().lines() {
            wrapped(&format!("✗ {line}"), Token::Act);
        }
        if let Some(hint) = &failure.hint {
            wrapped(hint.raw(), Token::Look);
        }
        wrapped("", Token::Dim);
    }
    match &screen.preview {
        None if screen.failure.is_none() => wrapped("A name, and an address or a client's file, are enough to begin with.", Token::Dim),
        None => {}
        Some(preview) => {
            wrapped(&format!("at the end of {}:", preview.path), Token::Dim);
            for line in preview.toml.lines() {
                wrapped(line, Token::Text);
            }
            for secret in &preview.secrets {
                wrapped(&format!("and {secret}, which only you can read"), Token::Dim);
            }
            for left in &preview.left_out {
                wrapped(&format!("▲ {left}"), Token::Look);
            }
        }
    }
    for (y, (line, token)) in (1..area.height).zip(lines) {
        Pen::new(buf, look.theme, area, y).gap(1).own(line, token);
    }
}

pub(super) fn status(screen: &NewContext, pen: &mut Pen<'_>) {
    let words = if screen.found.is_some() { "the name that it gets in config.toml; ctrl-s writes it" } else { screen.focused().hint() };
    pen.own(words, Token::Dim);
}
