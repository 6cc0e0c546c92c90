//! Lines of NDJSON as they come: whatever was read makes one block, so that no line waits for the next.

use std::io::{self, Read};

use memchr::memchr;

use super::{BYTES, Gather, Lane, RECORDS, fail, line};
use crate::core::produce::Lines;
use crate::model::{Cause, Foreign, PartitionId};

/// So many bytes are read at once.
const PIECE: usize = 256 << 10;
/// The longest line in bytes, with its break.
const LONGEST: usize = 128 << 20;

/// Reads to the end, or up to a line that is none. `PartitionId`: where all of them go.
pub(super) fn read(mut input: impl Read, how: (Lines, Option<PartitionId>), lane: &Lane) {
    let mut text = Text::default();
    let mut taker = Taker { gather: Gather::new(lane), how, n: 0 };
    let told = loop {
        match text.fill(&mut input) {
            Ok(0) => break taker.take(text.rest(), 0),
            Ok(_) => {}
            Err(error) => break Err(taker.at_line(Cause::File, &error.to_string())),
        }
        let told = taker.take_all(&mut text);
        // What came is not kept waiting for what may come.
        if !matches!(told, Ok(true)) || !taker.gather.flush() {
            break told;
        }
    };
    // What comes before a line that is none is sent.
    let listens = taker.gather.flush();
    if let (Err(cause), true) = (told, listens) {
        fail(lane, cause);
    }
}

/// Takes lines.
struct Taker<'a> {
    gather: Gather<'a>,
    how: (Lines, Option<PartitionId>),
    /// The next line, from 0.
    n: u64,
}

impl Taker<'_> {
    /// All lines that are whole; `false`: nobody wants more.
    fn take_all(&mut self, text: &mut Text) -> Result<bool, Cause> {
        while let Some((line, behind)) = text.next() {
            if !self.take(line, behind)? {
                return Ok(false);
            }
        }
        if text.rest().len() >= LONGEST { Err(self.too_long()) } else { Ok(true) }
    }

    /// One line. `behind`: bytes that were read already and lie behind it.
    fn take(&mut self, line: &[u8], behind: usize) -> Result<bool, Cause> {
        if line.len() >= LONGEST {
            return Err(self.too_long());
        }
        let block = &mut self.gather.block;
        if block.is_empty() {
            block.reserve(line.len().saturating_add(behind.min(BYTES)).saturating_add(64));
        }
        if !line.trim_ascii_start().is_empty() {
            let added = line::add(line, self.how, self.n, block);
            added.map_err(|why| self.at_line(Cause::Usage, &why))?;
        }
        self.n += 1;
        Ok(self.gather.filled(RECORDS))
    }

    fn too_long(&self) -> Cause {
        self.at_line(Cause::Usage, &format!("it is longer than {} MB", LONGEST >> 20))
    }

    /// What is wrong with the next line.
    fn at_line(&self, cause: fn(Foreign) -> Cause, why: &str) -> Cause {
        cause(Foreign::new(format!("line {}: {why}", self.n.saturating_add(1))))
    }
}

/// What was read and not yet taken; it begins where a line does.
#[derive(Debug, Default)]
struct Text {
    bytes: Vec<u8>,
    from: usize,
    to: usize,
    /// There is no line break before.
    searched: usize,
}

impl Text {
    /// Reads on: how many bytes. 0 is the end.
    fn fill(&mut self, input: &mut impl Read) -> io::Result<usize> {
        if self.from > 0 {
            self.bytes.copy_within(self.from..self.to, 0);
            (self.searched, self.to, self.from) = (self.searched - self.from, self.to - self.from, 0);
        }
        let wanted = self.to.saturating_add(PIECE);
        if self.bytes.len() < wanted {
            // Twice: a long line is moved a few times and not for each piece of it.
            self.bytes.resize(wanted.max(self.bytes.len().saturating_mul(2)), 0);
        }
        let room = self.bytes.get_mut(self.to..wanted).unwrap_or_default();
        loop {
            match input.read(room) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => {
                    let came = read?;
                    self.to = self.to.saturating_add(came);
                    return Ok(came);
                }
            }
        }
    }

    /// The next whole line with its break, and how many bytes lie behind it.
    fn next(&mut self) -> Option<(&[u8], usize)> {
        let Some(found) = memchr(b'\n', self.bytes.get(self.searched..self.to)?) else {
            self.searched = self.to;
            return None;
        };
        let (from, end) = (self.from, self.searched + found + 1);
        (self.from, self.searched) = (end, end);
        Some((self.bytes.get(from..end)?, self.to - end))
    }

    /// The line that has no break yet.
    fn rest(&self) -> &[u8] {
        self.bytes.get(self.from..self.to).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::super::lines;
    use super::*;

    fn fed(input: impl Read + Send + 'static) -> (Vec<(u64, Vec<u8>)>, Option<String>) {
        let mut feed = lines(input, Lines::default(), None);
        let (mut all, mut failure) = (Vec::new(), None);
        while let Some(block) = feed.blocking_recv() {
            match block {
                Ok(block) => all.extend(block.iter().map(|fed| (fed.n, fed.value.unwrap_or(b"null").to_vec()))),
                Err(error) => failure = Some(error.sentence()),
            }
        }
        (all, failure)
    }

    fn numbers(text: &'static str) -> (Vec<u64>, Option<String>) {
        let (all, failure) = fed(text.as_bytes());
        (all.into_iter().map(|(n, _)| n).collect(), failure)
    }

    #[test]
    fn blank_lines_count_and_a_broken_one_ends_it_behind_those_before() {
        assert_eq!(numbers("{\"value\":\"a\"}\n\n{\"value\":null}"), (vec![0, 2], None));
        let (all, failure) = numbers("{\"value\":\"a\"}\n{\"value\":\"b\"}\n{\"value\":}\n{\"value\":\"c\"}\n");
        assert_eq!(all, [0, 1]);
        assert!(failure.unwrap().starts_with("read the records: line 3: "), "it is named by its number");
        assert_eq!(numbers(""), (vec![], None));
        assert_eq!(numbers(" \t\r\n \n"), (vec![], None));
    }

    /// Gives what it has in pieces of these sizes, and an error at the end.
    struct Pieces(VecDeque<u8>, Vec<usize>, usize, bool);

    impl Read for Pieces {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            self.2 += 1;
            if self.2.is_multiple_of(3) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            if self.0.is_empty() && self.3 {
                return Err(io::Error::other("unplugged"));
            }
            let size = self.1[self.2 % self.1.len()].min(room.len());
            let (a, _) = self.0.as_slices();
            let n = a.len().min(size);
            room[..n].copy_from_slice(&a[..n]);
            self.0.drain(..n);
            Ok(n)
        }
    }

    #[test]
    fn lines_are_whole_however_they_come() {
        // One is longer than what is read at once, some are of the careful kind.
        let value = |n: usize| if n == 7 { "x".repeat(700_000) } else { format!("value {n}") };
        let line = |n: usize| match n % 3 {
            0 => format!("{{\"value\":\"{}\"}}\n", value(n)),
            1 => format!(" {{ \"else\": [1], \"value\" : \"{}\" }}\r\n", value(n)),
            _ => format!("{{\"offset\":{n},\"value\":\"{}\",\"headers\":[]}}\n", value(n)),
        };
        let text: String = (0..3000).map(line).collect();
        let wanted: Vec<(u64, Vec<u8>)> = (0..3000).map(|n| (u64::try_from(n).unwrap(), value(n).into_bytes())).collect();
        for sizes in [vec![1, 1000, 70_000], vec![PIECE], vec![3, 17, PIECE, 1 << 20]] {
            let pieces = Pieces(text.trim_end().bytes().collect(), sizes, 0, false);
            assert!(fed(pieces) == (wanted.clone(), None));
        }
    }

    #[test]
    fn what_was_read_before_the_input_broke_is_sent_and_the_line_is_named() {
        let text = "{\"value\":\"a\"}\n{\"value\":\"b";
        let (all, failure) = fed(Pieces(text.bytes().collect(), vec![9], 0, true));
        assert_eq!(all, [(0, b"a".to_vec())]);
        assert_eq!(failure.as_deref(), Some("read the records: line 2: unplugged"));
    }
}
