//! Matches of several topics in one order: by time, each topic's own order kept.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::super::print::Printed;
use super::super::reading::Shared;
use super::summary::Seen;
use crate::io::scan::{Lines, Spare};

/// What is printed at once has so many bytes, and a little more.
const ENOUGH: usize = 256 << 10;

/// What comes of one topic.
#[derive(Debug)]
pub(super) struct Lane {
    lines: mpsc::Receiver<Lines>,
    current: Lines,
    /// The next row of it.
    row: usize,
    closed: bool,
}

impl Lane {
    pub(super) fn new(lines: mpsc::Receiver<Lines>) -> Self {
        Self { lines, current: Lines::default(), row: 0, closed: false }
    }

    fn head(&self) -> Option<i64> {
        self.current.times.get(self.row).copied()
    }

    /// Whether it has to be waited for.
    fn is_empty(&self) -> bool {
        !self.closed && self.row >= self.current.ends.len()
    }

    fn fill(&mut self, lines: Option<Lines>) {
        match lines {
            Some(lines) => {
                let used = std::mem::replace(&mut self.current, lines);
                used.spare.give(used.bytes);
                self.row = 0;
            }
            None => self.closed = true,
        }
    }

    fn bytes(&self, row: usize) -> &[u8] {
        let end = |row: usize| self.current.ends.get(row).copied();
        let start = row.checked_sub(1).and_then(end).unwrap_or(0);
        end(row).and_then(|end| self.current.bytes.get(start..end)).unwrap_or_default()
    }
}

/// Prints what the lanes give until they end, or there is enough. Returns how many records were printed.
pub(super) async fn merge(mut lanes: Vec<Lane>, backwards: bool, shared: Arc<Shared>, out: mpsc::Sender<Printed>, seen: Seen) {
    let (mut buffer, spare) = (Vec::new(), Spare::default());
    let mut printed = 0_u64;
    loop {
        for lane in &mut lanes {
            while lane.is_empty() {
                match lane.lines.try_recv() {
                    Ok(lines) => lane.fill(Some(lines)),
                    Err(mpsc::error::TryRecvError::Disconnected) => lane.fill(None),
                    Err(mpsc::error::TryRecvError::Empty) => {
                        // While waiting, what is there is shown.
                        if !flush(&mut buffer, &spare, &out, &seen, printed).await {
                            return shared.enough.notify_one();
                        }
                        let lines = lane.lines.recv().await;
                        lane.fill(lines);
                    }
                }
            }
        }
        let heads = lanes.iter().enumerate().filter_map(|(at, lane)| Some((lane.head()?, at)));
        let next = if backwards { heads.max_by_key(|&(time, at)| (time, std::cmp::Reverse(at))) } else { heads.min() };
        let Some((_, at)) = next else { break };
        if shared.claim(1) == 0 {
            break;
        }
        if let Some(lane) = lanes.get_mut(at) {
            buffer.extend_from_slice(lane.bytes(lane.row));
            lane.row += 1;
            printed += 1;
        }
        if buffer.len() > ENOUGH && !flush(&mut buffer, &spare, &out, &seen, printed).await {
            return shared.enough.notify_one();
        }
        if shared.is_enough() {
            break;
        }
    }
    let _closed = flush(&mut buffer, &spare, &out, &seen, printed).await;
    if shared.is_enough() {
        shared.enough.notify_one();
    }
}

async fn flush(buffer: &mut Vec<u8>, spare: &Spare, out: &mpsc::Sender<Printed>, seen: &Seen, printed: u64) -> bool {
    seen.printed(printed);
    if buffer.is_empty() {
        return true;
    }
    seen.clear_line();
    out.send((std::mem::replace(buffer, spare.buffer()), spare.clone())).await.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(rows: &[(i64, &str)]) -> (mpsc::Sender<Lines>, Lane) {
        let (send, lines) = mpsc::channel(4);
        for (time, text) in rows {
            let one = Lines { bytes: text.as_bytes().to_vec(), ends: vec![text.len()], times: vec![*time], ..Lines::default() };
            send.try_send(one).unwrap();
        }
        (send, Lane::new(lines))
    }

    async fn merged(rows: [&[(i64, &str)]; 2], backwards: bool, count: Option<u64>) -> String {
        let (a, one) = lane(rows[0]);
        let (b, two) = lane(rows[1]);
        drop((a, b));
        let (out, mut printed) = mpsc::channel(16);
        merge(vec![one, two], backwards, Shared::new(count), out, Seen::new(2, false)).await;
        let mut text = String::new();
        while let Some((bytes, _)) = printed.recv().await {
            text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
        text
    }

    #[tokio::test]
    async fn topics_are_merged_by_time_in_both_directions() {
        let forward = [&[(1, "a"), (5, "b")][..], &[(2, "c"), (9, "d")][..]];
        assert_eq!(merged(forward, false, None).await, "acbd");
        let backward = [&[(5, "b"), (1, "a")][..], &[(9, "d"), (2, "c")][..]];
        assert_eq!(merged(backward, true, None).await, "dbca");
        assert_eq!(merged(forward, false, Some(3)).await, "acb");
    }
}
