//! Which columns the list has, and how wide they are: made for what is in the window.

use std::ops::Range;

use crate::core::store::Seq;
use crate::model::{Outcome, RecordRef};
use crate::query::ast::Operand;
use crate::screens::Look;
use crate::text::{self, Shown, TimeFormat, units};
use crate::ui::{Pen, Token};

use super::Messages;
use super::fields::Fields;
use super::rows::Row;

/// The value keeps so many columns, else others go.
const VALUE: usize = 12;

/// The widths of the list's columns; 0 is a column that is not there.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) time: usize,
    /// Where the list is of several topics.
    pub(super) topic: usize,
    pub(super) partition: usize,
    pub(super) offset: usize,
    pub(super) key: usize,
    pub(super) size: usize,
    pub(super) headers: usize,
    /// What else is said of a record, before selected fields: there it has a column of its own, so that they stand one below
    /// the other.
    pub(super) badge: usize,
    /// In place of the value.
    pub(super) fields: Option<Fields>,
}

impl Columns {
    pub(super) fn of(screen: &Messages, look: &Look<'_>, window: Range<usize>, width: usize) -> Self {
        let records: Vec<(Seq, RecordRef<'_>)> = window
            .filter_map(|at| match screen.rows.get(at) {
                Some(Row::Record(seq)) => Some((seq, screen.store.get(seq)?)),
                _ => None,
            })
            .collect();
        let most = |f: &dyn Fn(&RecordRef<'_>) -> usize, least: usize| records.iter().map(|(_, r)| f(r)).max().unwrap_or(0).max(least);
        let key = most(&|r| r.key.map_or(6, |key| Shown::of_bytes(key.get(..48).unwrap_or(key)).width()), 4);
        let select = screen.bar.select();
        let mut columns = Self {
            time: screen.time.map_or(0, |format| match format {
                TimeFormat::Clock => 12,
                TimeFormat::Full => 24,
                TimeFormat::Age => 10,
                TimeFormat::Epoch => 14,
            }),
            topic: if screen.reader.is_several() {
                let topic = |r: &RecordRef<'_>| Shown::of(screen.reader.place(r.partition).0.name.raw()).width();
                most(&topic, 5).min(if width >= 160 { 40 } else { (width / 6).max(12) })
            } else {
                0
            },
            partition: most(&|r| screen.reader.place(r.partition).1.0.to_string().len(), 2),
            offset: most(&|r| units::thousands(r.offset.0).len(), 6),
            key: key.min(if width >= 160 { 32 } else { (width / 7).max(10) }).max(4),
            size: if width >= 70 { 9 } else { 0 },
            headers: if screen.headers { (width / 5).max(10) } else { 0 },
            badge: 0,
            fields: None,
        };
        if let Some(select) = select {
            for (operand, _) in select.columns() {
                columns.gives_way(operand);
            }
            let badges = records.iter().map(|(seq, record)| badges(screen, *seq, record).iter().map(|(text, ..)| text::width(text)).sum());
            columns.badge = badges.max().unwrap_or(0);
            columns.fields = Some(Fields::of(screen, look, select, &records));
        }
        columns.fit(width)
    }

    /// A field that is selected needs no second column.
    fn gives_way(&mut self, operand: &Operand) {
        match operand {
            Operand::Key => self.key = 0,
            Operand::Size => self.size = 0,
            Operand::Time => self.time = 0,
            Operand::Topic => self.topic = 0,
            Operand::Partition => self.partition = 0,
            Operand::Offset => self.offset = 0,
            _ => {}
        }
    }

    /// Drops what there is no room for: size, then time; where fields were selected, the headers and the key before it.
    fn fit(mut self, width: usize) -> Self {
        if let Some(fields) = self.fields.take() {
            let wanted = fields.comfortable();
            if self.total() + wanted > width {
                self.size = 0;
            }
            if self.total() + wanted > width {
                self.headers = 0;
                self.key = self.key.min(10);
            }
            if self.total() + wanted > width {
                self.key = 0;
                self.time = self.time.min(12);
            }
            if self.total() + fields.least() > width {
                self.time = 0;
            }
            let room = width.saturating_sub(self.total());
            self.fields = Some(fields.fit(room));
            return self;
        }
        if self.total() + VALUE > width {
            self.size = 0;
        }
        if self.total() + VALUE > width {
            self.time = self.time.min(12);
            self.headers = 0;
        }
        if self.total() + 8 > width {
            self.time = 0;
        }
        self
    }

    /// Columns before the value.
    fn total(&self) -> usize {
        let one = |width: usize, gap: usize| if width > 0 { width + gap } else { 0 };
        2 + one(self.time, 1)
            + one(self.topic, 1)
            + one(self.partition, 1)
            + one(self.offset, 2)
            + self.key
            + self.size
            + self.gap()
            + self.headers
            + self.badge
    }

    /// Before the headers and the value, behind a key or a size.
    pub(super) fn gap(&self) -> usize {
        if self.key + self.size > 0 { 2 } else { 0 }
    }

    /// The line above the records.
    pub(super) fn head(&self, screen: &Messages, pen: &mut Pen<'_>) {
        pen.gap(2);
        if self.time > 0 {
            pen.left(if screen.time == Some(TimeFormat::Age) { "AGE" } else { "TIME" }, self.time, Token::Dim).gap(1);
        }
        if self.topic > 0 {
            pen.left("TOPIC", self.topic, Token::Dim).gap(1);
        }
        if self.partition > 0 {
            pen.right("P", self.partition, Token::Dim).gap(1);
        }
        if self.offset > 0 {
            pen.right("OFFSET", self.offset, Token::Dim).gap(2);
        }
        pen.left("KEY", self.key, Token::Dim);
        if self.size > 0 {
            pen.right("SIZE", self.size, Token::Dim);
        }
        pen.gap(self.gap());
        if self.headers > 0 {
            pen.left("HEADERS", self.headers - 1, Token::Dim).gap(1);
        }
        match &self.fields {
            Some(fields) => {
                pen.gap(self.badge);
                fields.head(pen);
            }
            None => drop(pen.own("VALUE", Token::Dim)),
        }
    }
}

/// What else is to be said of a record, and whether in bold: a group that stands there, how its transaction ended, that it
/// deletes its key.
pub(super) fn badges(screen: &Messages, seq: Seq, record: &RecordRef<'_>) -> Vec<(String, Token, bool)> {
    let mut all = Vec::new();
    if let Some(committed) = screen.committed.as_ref().filter(|committed| committed.is(seq)) {
        all.push((format!("{} ", committed.word()), if committed.stuck { Token::Act } else { Token::Accent }, true));
    }
    if let Some(producer) = record.transaction {
        match screen.txns().outcome(record.partition, producer, record.offset) {
            Outcome::Committed => {}
            Outcome::Aborted => all.push(("✗ aborted ".to_owned(), Token::Act, false)),
            Outcome::Open => all.push(("○ open ".to_owned(), Token::Look, false)),
        }
    }
    if screen.bar.select().is_some() && record.value.is_none() {
        all.push(("tombstone ".to_owned(), Token::Look, false));
    }
    all
}
