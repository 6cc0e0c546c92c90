//! The rows of the list of contexts.

use crate::core::context::{Guard, Hue, Target};
use crate::screens::Look;
use crate::text::{self, Shown};
use crate::ui::{Pen, Token};

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

/// How wide the columns are that depend on what there is to show.
pub(super) struct Columns {
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
    pub(super) fn fitting(width: usize, targets: &[Target]) -> Self {
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

    pub(super) fn header(&self, pen: &mut Pen<'_>) {
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

    pub(super) fn row(&self, target: &Target, look: &Look<'_>, selected: bool, pen: &mut Pen<'_>) {
        if selected {
            pen.ground(look.theme.raised()).own("▌", Token::Accent);
        }
        if look.cluster.is(target) {
            pen.to(2).own("●", Token::Good);
        }
        pen.to(BEFORE);
        let (name, token) = (Shown::of(target.name()), target.context.hue.map_or(Token::Text, crate::screens::token));
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
pub(super) fn from(target: &Target) -> &str {
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
