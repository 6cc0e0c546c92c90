//! The clusters that one may go to: the contexts of the configuration, and what the command line named.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Cx, Look, Reason, Screen};
use crate::core::action::{Action, Scope};
use crate::core::context::{Guard, Hue, NONE_CONFIGURED, Target};
use crate::core::cursor::Cursor;
use crate::core::guard::ReadOnly;
use crate::core::key::{Button, Mouse, MouseKind};
use crate::text::{self, Shown};
use crate::ui::{self, Pen, Token};

/// Columns of what stands behind the addresses, and between them.
const MODE: usize = 9;
const GUARD: usize = 7;
const COLOR: usize = 6;
const BETWEEN: usize = 2;
/// From so many columns on the security stands beside the addresses, and not below alone.
const WIDE: usize = 110;
/// The widest file that a context is from, where there is room and where there is less.
const FROM: usize = 36;
const FROM_NARROW: usize = 19;
/// Columns before the name: the selection, the sign of the one in use.
const BEFORE: usize = 4;
/// The widest name that is given all the room it wants.
const NAME: usize = 32;

/// What to write where nothing is configured.
const EXAMPLE: [&str; 5] =
    ["[contexts.dev-local]", "bootstrap = [\"localhost:9092\"]", "", "[contexts.prod-eu]", "bootstrap = [\"HOST:PORT\"]"];

/// See the module.
#[derive(Debug, Default)]
pub struct Contexts {
    cursor: Cursor,
    /// How many there are: settled when the program starts.
    len: usize,
}

impl Contexts {
    pub fn open(cx: &mut Cx<'_>) -> Self {
        let targets = &cx.settings.contexts;
        let mut contexts = Self { len: targets.len(), ..Self::default() };
        let in_use = targets.iter().position(|target| cx.cluster.is(target)).unwrap_or(0);
        contexts.cursor.to(in_use, contexts.len, Self::height(cx));
        contexts
    }

    fn height(cx: &Cx<'_>) -> usize {
        // Less the title and the header.
        usize::from(cx.size.1).saturating_sub(2)
    }
}

impl Screen for Contexts {
    fn crumb(&self) -> Shown<'_> {
        Shown::of("contexts")
    }

    fn scopes(&self) -> Vec<Scope> {
        vec![Scope::Contexts, Scope::List]
    }

    fn needs_cluster(&self) -> bool {
        false
    }

    fn allows(&self, action: Action) -> Result<(), Reason> {
        match action {
            Action::SwitchContext if self.len == 0 => Err("There is no context to go to."),
            Action::NextPane | Action::PreviousPane | Action::FullScreen => Err("There is one pane here, and it is as large as it gets."),
            _ => Ok(()),
        }
    }

    fn act(&mut self, cx: &mut Cx<'_>, action: Action) {
        if !self.cursor.obey(action, self.len, Self::height(cx)) && action == Action::SwitchContext {
            cx.switch = Some(self.cursor.at);
        }
    }

    fn resized(&mut self, cx: &mut Cx<'_>) {
        self.cursor.fit(self.len, Self::height(cx));
    }

    /// A press selects a row, and goes to the one that is selected already.
    fn pointer(&mut self, cx: &mut Cx<'_>, mouse: Mouse) {
        match mouse.kind {
            MouseKind::ScrollUp => self.act(cx, Action::Up),
            MouseKind::ScrollDown => self.act(cx, Action::Down),
            MouseKind::Down(Button::Left) if mouse.row >= 2 => {
                let row = self.cursor.window(self.len, Self::height(cx)).start + usize::from(mouse.row) - 2;
                if row == self.cursor.at {
                    self.act(cx, Action::SwitchContext);
                } else if row < self.len {
                    self.cursor.to(row, self.len, Self::height(cx));
                }
            }
            _ => {}
        }
    }

    /// Of the selected one, what there is no column for.
    fn status(&self, look: &Look<'_>, pen: &mut Pen<'_>) {
        let Some(target) = look.settings.contexts.get(self.cursor.at) else { return };
        if let Some(why) = &target.context.unusable {
            pen.shown(&Shown::of(why), Token::Act, pen.room());
            return;
        }
        let why = match target.context.rules.read_only() {
            Some(ReadOnly::Flag) => "read-only: --readonly".to_owned(),
            Some(ReadOnly::Context { line, write: false }) => format!("read-only: line {line} of config.toml"),
            Some(ReadOnly::Context { line, write: true }) => format!("read-only: line {line} of config.toml; --write allows changes"),
            Some(ReadOnly::Found) => "read-only: its file says so".to_owned(),
            Some(ReadOnly::Stranger) => "read-only: another cluster than it expects".to_owned(),
            None => "may be changed".to_owned(),
        };
        let expects = target.context.expects.as_ref().map(|id| format!("expects cluster {}", Shown::of(id.raw())));
        // Why it cannot be changed is of more use than the last of many addresses.
        let room = pen.room().saturating_sub(text::width(&why) + 3);
        pen.shown(&Shown::of(&target.bootstrap), Token::Text, room).gap(3).own(&why, Token::Dim);
        let unchecked = target.context.unchecked.unwrap_or_default();
        for (words, token) in [(unchecked, Token::Act), (&*target.context.security, Token::Dim)] {
            if !words.is_empty() && pen.room() >= text::width(words) + 3 {
                pen.gap(3).own(words, token);
            }
        }
        if let Some(expects) = expects.filter(|words| pen.room() >= text::width(words) + 3) {
            pen.gap(3).own(expects, Token::Dim);
        }
    }

    fn draw(&self, look: &Look<'_>, buf: &mut Buffer, area: Rect) {
        let targets = &look.settings.contexts;
        let state = [("● in use".to_owned(), Token::Dim)];
        let facts = [(targets.len().to_string(), Token::Dim)];
        ui::title_rule(&mut Pen::new(buf, look.theme, area, 0), true, "Contexts", &facts, &state);
        let columns = Columns::fitting(usize::from(area.width), targets);
        columns.header(&mut Pen::new(buf, look.theme, area, 1));
        let rows = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
        let height = usize::from(rows.height);
        let mut cursor = self.cursor;
        cursor.fit(targets.len(), height);
        for (y, at) in (0_u16..).zip(cursor.window(targets.len(), height)) {
            let Some(target) = targets.get(at) else { continue };
            columns.row(target, look, at == cursor.at, &mut Pen::new(buf, look.theme, rows, y));
        }
        if !targets.iter().any(|target| target.context.configured) {
            let below = u16::try_from(targets.len() + 1).unwrap_or(rows.height).min(rows.height);
            how_to(look, buf, Rect { y: rows.y + below, height: rows.height - below, ..rows });
        }
    }

    #[cfg(test)]
    fn cursor(&self) -> (usize, usize) {
        (self.cursor.at, self.len)
    }
}

/// How wide the columns are that depend on what there is to show.
struct Columns {
    name: usize,
    bootstrap: usize,
    /// 0: there is no room for it.
    security: usize,
    /// 0: all that there is stands in config.toml.
    from: usize,
    /// 0: the file is told in its place.
    color: usize,
}

impl Columns {
    fn fitting(width: usize, targets: &[Target]) -> Self {
        let longest = targets.iter().map(|target| Shown::of(target.name()).width()).max().unwrap_or(0);
        let name = longest.clamp(8, NAME.min(width / 3).max(8));
        let widest = targets.iter().map(|target| text::width(&addresses(&target.bootstrap, usize::MAX))).max().unwrap_or(0);
        let security = targets.iter().map(|target| text::width(&target.context.security)).max().unwrap_or(0).max(8);
        let security = if width >= WIDE { security } else { 0 };
        let elsewhere = targets.iter().any(|target| target.context.name.is_some() && !target.context.configured);
        let longest = targets.iter().map(|target| Shown::of(from(target)).width()).max().unwrap_or(0);
        let from = if elsewhere { longest.clamp(4, if width >= WIDE { FROM } else { FROM_NARROW }) } else { 0 };
        // A colour is seen at the name, too.
        let color = if elsewhere && width < WIDE { 0 } else { COLOR };
        let fixed = BEFORE + name + security + MODE + GUARD + color + from + 5 * BETWEEN;
        Self { name, bootstrap: widest.clamp(9, width.saturating_sub(fixed).max(9)), security, from, color }
    }

    fn header(&self, pen: &mut Pen<'_>) {
        pen.gap(BEFORE).left("NAME", self.name, Token::Dim).gap(BETWEEN).left("BOOTSTRAP", self.bootstrap, Token::Dim);
        if self.security > 0 {
            pen.gap(BETWEEN).left("SECURITY", self.security, Token::Dim);
        }
        for (title, width) in [("MODE", MODE), ("GUARD", GUARD), ("COLOR", self.color), ("FROM", self.from)] {
            if width == 0 {
                continue;
            }
            pen.gap(BETWEEN).left(title, width, Token::Dim);
        }
    }

    fn row(&self, target: &Target, look: &Look<'_>, selected: bool, pen: &mut Pen<'_>) {
        if selected {
            pen.ground(look.theme.raised()).own("▌", Token::Accent);
        }
        if look.cluster.is(target) {
            pen.to(2).own("●", Token::Good);
        }
        pen.to(BEFORE);
        let (name, token) = (Shown::of(target.name()), target.context.hue.map_or(Token::Text, super::token));
        if selected {
            pen.shown_bold(&name, token, self.name)
        } else {
            pen.shown(&name, token, self.name)
        };
        pen.to(BEFORE + self.name).gap(BETWEEN).left(addresses(&target.bootstrap, self.bootstrap), self.bootstrap, Token::Dim);
        if self.security > 0 {
            let security = Some(&*target.context.security).filter(|words| !words.is_empty()).unwrap_or("–");
            let token = if target.context.unusable.is_some() { Token::Act } else { Token::Dim };
            pen.gap(BETWEEN).left(security, self.security, token);
        }
        let rules = target.context.rules;
        let (mode, token) = if target.context.unusable.is_some() {
            ("–", Token::Dim)
        } else if rules.read_only().is_some() {
            ("read-only", Token::Look)
        } else {
            ("write", Token::Act)
        };
        pen.gap(BETWEEN).left(mode, MODE, token);
        let (guard, token) = match rules.guard {
            Guard::None => ("–", Token::Dim),
            Guard::Ask => ("▲ ask", Token::Act),
            Guard::Typed => ("▲ typed", Token::Act),
        };
        pen.gap(BETWEEN).left(guard, GUARD, token);
        if self.color > 0 {
            pen.gap(BETWEEN).left(target.context.hue.map_or("–", Hue::word), self.color, Token::Dim);
        }
        if self.from > 0 {
            let whole = from(target);
            let short = whole.rmatch_indices('/').nth(1).and_then(|(at, _)| whole.get(at + 1..)).unwrap_or(whole);
            let path = if self.from < Shown::of(whole).width() { short } else { whole };
            pen.gap(BETWEEN).shown(&Shown::of(path), Token::Dim, self.from);
        }
    }
}

/// The file that it stands in.
fn from(target: &Target) -> &str {
    target.context.from.as_deref().unwrap_or("–")
}

/// As many whole addresses as there is room for, the first at least, and how many more there are.
fn addresses(bootstrap: &str, room: usize) -> String {
    let all: Vec<Shown<'_>> = bootstrap.split(',').map(Shown::of).collect();
    let some = |count: usize| {
        let shown = all.iter().take(count).map(Shown::as_str).collect::<Vec<_>>().join(",");
        if count < all.len() { format!("{shown} (+{})", all.len() - count) } else { shown }
    };
    let fits = |text: &String| text::width(text) <= room;
    (1..=all.len()).rev().map(some).find(fits).unwrap_or_else(|| some(1))
}

/// What to do about an empty configuration.
fn how_to(look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let mut lines = vec![(format!("{NONE_CONFIGURED}."), Token::Look), (String::new(), Token::Dim)];
    lines.extend(EXAMPLE.map(|line| (if line.is_empty() { String::new() } else { format!("  {line}") }, Token::Text)));
    lines.push((String::new(), Token::Dim));
    lines.push(("kscope config init writes a documented file; kscope config path tells where.".to_owned(), Token::Dim));
    for (y, (line, token)) in (0..area.height).zip(lines) {
        Pen::new(buf, look.theme, area, y).gap(2).own(line, token);
    }
}
