//! The partitions of a share group: where it starts on each, and what its coordinator counts as not done yet (KIP-932, KIP-1226).
//! Records behind the start may be done already: it is no commit.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Group, Pane};
use crate::model::ShareStart;
use crate::screens::Look;
use crate::text::{self, Shown, units};
use crate::ui::{Pen, Token};

/// Columns of the partition, the start, and what is left.
const PARTITION: usize = 5;
const START: usize = 15;
const LEFT: usize = 12;

pub(super) fn draw(group: &Group, shares: &[ShareStart], look: &Look<'_>, buf: &mut Buffer, area: Rect) {
    let used = 2 + PARTITION + START + LEFT;
    let longest = shares.iter().map(|share| Shown::of(share.topic.raw()).width()).max().unwrap_or(0);
    let name = longest.max(5).min(usize::from(area.width).saturating_sub(used));
    let mut pen = Pen::new(buf, look.theme, area, 0);
    pen.gap(2).left("TOPIC", name, Token::Dim);
    pen.right("P", PARTITION, Token::Dim).right("STARTS AT", START, Token::Dim).right("NOT DONE", LEFT, Token::Dim);
    let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let height = usize::from(rows.height);
    let mut cursor = group.cursor;
    cursor.fit(shares.len(), height);
    for (y, at) in (0_u16..).zip(cursor.window(shares.len(), height)) {
        let Some(share) = shares.get(at) else { continue };
        let mut pen = Pen::new(buf, look.theme, rows, y);
        if at == cursor.at {
            pen.ground(look.theme.raised()).own("▌", if group.focus == Pane::Partitions { Token::Accent } else { Token::Faint });
        }
        pen.to(2).shown(&Shown::of(share.topic.raw()), Token::Text, name).to(2 + name);
        pen.right(share.partition.0.to_string(), PARTITION, Token::Text);
        match &share.start {
            Ok(Some(start)) => pen.right(units::thousands(start.0), START, Token::Text),
            Ok(None) => pen.right("not begun", START, Token::Dim),
            Err(_) => pen.right("?", START, Token::Look),
        };
        match share.lag.and_then(|left| u64::try_from(left).ok()) {
            Some(left) => pen.right(units::thousands(left), LEFT, if left == 0 { Token::Dim } else { Token::Text }),
            None => pen.right("–", LEFT, Token::Dim),
        };
    }
}

/// The selected partition in words.
pub(super) fn sentence(share: &ShareStart) -> (String, Token) {
    match (&share.start, share.lag.and_then(|left| u64::try_from(left).ok())) {
        (Err(why), _) => (format!("? {}", text::why(why)), Token::Look),
        (Ok(None), _) => ("the group has not begun here".to_owned(), Token::Dim),
        (Ok(Some(_)), Some(left)) => (format!("{} not done; enter shows the first", units::counted(left, "record")), Token::Dim),
        (Ok(Some(_)), None) => ("how much is left is told from Kafka 4.2 on; enter shows where it starts".to_owned(), Token::Dim),
    }
}
