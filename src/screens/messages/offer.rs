//! Tab in the bar: what may stand at the caret, known from the records that are held.

use std::ops::Range;

use crate::core::key::Input;
use crate::core::line::Line;
use crate::core::store::MessageStore;
use crate::query::complete::{Candidate, CandidateKind, Fields, complete};
use crate::text::{self, Shown};
use crate::ui::{Pen, Token};

/// The newest records that are looked at for their fields, and bytes of them: that is done on the loop.
const RECORDS: usize = 300;
const BYTES: usize = 256 << 10;

#[derive(Debug, Default)]
pub(super) struct Offer {
    fields: Fields,
    /// Saved queries: the name and the text of each.
    saved: Vec<(String, String)>,
    given: Option<Given>,
}

/// What was offered last, while nothing else is typed.
#[derive(Debug)]
struct Given {
    candidates: Vec<Candidate>,
    chosen: usize,
    /// Where the chosen one stands.
    at: Range<usize>,
}

impl Offer {
    /// Looks at the newest records that are held.
    pub(super) fn learn(&mut self, store: &MessageStore) {
        let mut fields = Fields::default();
        let mut left = BYTES;
        for record in store.newest().take(RECORDS) {
            let size = record.size();
            if size <= left {
                left -= size;
                fields.take(&record);
            }
        }
        (self.fields, self.given) = (fields, None);
    }

    /// The saved queries that may stand for a name behind `@`.
    pub(super) fn know(&mut self, saved: Vec<(String, String)>) {
        self.saved = saved;
    }

    pub(super) fn has_saved(&self) -> bool {
        !self.saved.is_empty()
    }

    /// Saved queries whose name begins with what stands behind `@`, and with them the place of that. `None`: no name is typed.
    fn named(&self, line: &Line) -> Option<(Vec<Candidate>, Range<usize>)> {
        let typed = line.text().trim_start().strip_prefix('@')?;
        let fitting = self.saved.iter().filter(|(name, _)| name.starts_with(typed.trim()));
        let candidate =
            |(_, text): &(String, String)| Candidate { text: text.clone(), kind: CandidateKind::Value, records: None, example: None };
        let candidates: Vec<Candidate> = fitting.map(candidate).collect();
        (!candidates.is_empty()).then(|| (candidates, 0..line.text().len()))
    }

    /// Takes tab and shift-tab; anything else ends what was offered. True: the line was changed by it, or there was nothing to
    /// offer.
    pub(super) fn input(&mut self, line: &mut Line, input: &Input) -> bool {
        let Some(back) = input.tabbed() else {
            self.given = None;
            return false;
        };
        if let Some(given) = &mut self.given {
            let all = given.candidates.len();
            given.chosen = (given.chosen + if back { all.saturating_sub(1) } else { 1 }) % all.max(1);
        } else {
            let (candidates, at) = self.named(line).unwrap_or_else(|| {
                let completion = complete(line.text(), line.at(), &self.fields);
                (completion.candidates, completion.range)
            });
            if candidates.is_empty() {
                return true;
            }
            let chosen = if back { candidates.len() - 1 } else { 0 };
            self.given = Some(Given { candidates, chosen, at });
        }
        if let Some(given) = &mut self.given
            && let Some(chosen) = given.candidates.get(given.chosen)
        {
            line.replace(given.at.clone(), &chosen.text);
            given.at.end = given.at.start + chosen.text.len();
            if given.candidates.len() == 1 {
                self.given = None;
            }
        }
        true
    }

    /// The candidates in one line, the chosen one first seen. False: nothing is offered.
    pub(super) fn draw(&self, pen: &mut Pen<'_>) -> bool {
        let Some(given) = &self.given else { return false };
        pen.own(format!("{}/{} ", given.chosen + 1, given.candidates.len()), Token::Faint);
        for (at, candidate) in given.candidates.iter().enumerate().skip(given.chosen.saturating_sub(1)) {
            if pen.room() < text::width(&candidate.text) + 3 {
                break;
            }
            let token = if at == given.chosen { Token::Accent } else { Token::Dim };
            pen.shown(&Shown::of(&candidate.text), token, usize::MAX);
            if at == given.chosen
                && let Some(records) = candidate.records
            {
                pen.own(format!(" in {records} of {} records", self.fields.records()), Token::Faint);
            }
            pen.gap(2);
        }
        true
    }
}
