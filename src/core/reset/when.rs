//! Times and durations as kafka-consumer-groups.sh takes them.
//!
//! A time is `yyyy-MM-ddTHH:mm:ss.SSS`, UTC unless `Z`, `±hh`, `±hhmm` or `±hh:mm` stands behind it (`Utils.getDateTime`);
//! seconds and decimals may be left out here. A duration is ISO 8601's `PnDTnHnMnS` (`java.time.Duration.parse`), or ours, `2h30m`.

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::Offset as Zone;

use crate::query::when;

/// Text that is no time or no duration: from where, in bytes, on a character boundary, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WhenError {
    pub at: usize,
    pub message: String,
}

/// A time, and how its zone came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// Milliseconds since 1970.
    pub ms: i64,
    /// It named no zone: UTC was taken.
    pub assumed: bool,
}

/// A cursor over what is left.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn wrong(&self, message: impl Into<String>) -> WhenError {
        WhenError { at: self.at, message: message.into() }
    }

    fn take(&mut self, c: char) -> bool {
        let there = self.rest().starts_with(c);
        if there {
            self.at += c.len_utf8();
        }
        there
    }

    /// Exactly so many digits.
    fn digits(&mut self, width: usize, what: &str) -> Result<i32, WhenError> {
        let digits = self.rest().get(..width).filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        let number = digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| self.wrong(format!("{what}: {width} digits")))?;
        self.at += width;
        Ok(number)
    }

    fn part(&mut self, width: usize, what: &str, range: std::ops::RangeInclusive<i32>) -> Result<i8, WhenError> {
        let at = self.at;
        let number = self.digits(width, what)?;
        let there = if range.contains(&number) { i8::try_from(number).ok() } else { None };
        there.ok_or_else(|| WhenError { at, message: format!("{what} {} to {}", range.start(), range.end()) })
    }

    fn expect(&mut self, c: char, form: &str) -> Result<(), WhenError> {
        if self.take(c) { Ok(()) } else { Err(self.wrong(format!("'{c}' is missing: {form}"))) }
    }
}

const TIME: &str = "a time is written like 2026-11-20T12:40:00.000 or 2026-11-20T12:40:00.000+01:00";

/// Reads a time.
///
/// # Errors
/// Where it is none.
pub fn time(text: &str) -> Result<At, WhenError> {
    let mut reader = Reader { text, at: 0 };
    if reader.take('@') {
        let ms = reader.rest().parse().ok().ok_or_else(|| reader.wrong("behind @ stand milliseconds since 1970"))?;
        return Ok(At { ms, assumed: false });
    }
    let year = reader.digits(4, "the year")?;
    reader.expect('-', TIME)?;
    let month = reader.part(2, "the month", 1..=12)?;
    reader.expect('-', TIME)?;
    let day_at = reader.at;
    let day = reader.part(2, "the day", 1..=31)?;
    let date = i16::try_from(year).ok().and_then(|year| civil::Date::new(year, month, day).ok());
    let date = date.ok_or_else(|| WhenError { at: day_at, message: "there is no such day".to_owned() })?;
    if !reader.take('T') && !reader.take('t') && !reader.take(' ') {
        return Err(reader.wrong(format!("'T' and the time of day are missing: {TIME}")));
    }
    let time = clock(&mut reader)?;
    let (zone, assumed) = zone(&mut reader)?;
    let local = date.to_datetime(time);
    let at = zone.to_timestamp(local).ok().ok_or_else(|| WhenError { at: 0, message: "the calendar has no such time".to_owned() })?;
    Ok(At { ms: at.as_millisecond(), assumed })
}

fn clock(reader: &mut Reader<'_>) -> Result<civil::Time, WhenError> {
    let hour = reader.part(2, "the hour", 0..=23)?;
    reader.expect(':', TIME)?;
    let minute = reader.part(2, "the minute", 0..=59)?;
    let (mut second, mut millis) = (0, 0);
    if reader.take(':') {
        second = reader.part(2, "the second", 0..=59)?;
        if reader.take('.') {
            millis = reader.digits(3, "the decimals")?;
            if reader.rest().starts_with(|c: char| c.is_ascii_digit()) {
                return Err(reader.wrong("three decimals, no more"));
            }
        }
    }
    civil::Time::new(hour, minute, second, millis * 1_000_000).ok().ok_or_else(|| reader.wrong("there is no such time of day"))
}

/// The zone behind a time, and whether none was named.
fn zone(reader: &mut Reader<'_>) -> Result<(Zone, bool), WhenError> {
    if reader.rest().is_empty() {
        return Ok((Zone::UTC, true));
    }
    let begin = reader.at;
    let sign = if reader.take('+') {
        1
    } else if reader.take('-') {
        -1
    } else if reader.take('Z') || reader.take('z') {
        0
    } else {
        return Err(reader.wrong("behind the time stands Z, +hh, +hhmm or +hh:mm"));
    };
    let mut seconds = 0;
    if sign != 0 {
        let hours = i32::from(reader.part(2, "the zone's hours", 0..=18)?);
        let minutes = if reader.take(':') || !reader.rest().is_empty() { reader.part(2, "the zone's minutes", 0..=59)? } else { 0 };
        seconds = sign * (hours * 3600 + i32::from(minutes) * 60);
    }
    if !reader.rest().is_empty() {
        return Err(reader.wrong("nothing stands behind the zone"));
    }
    let zone = Zone::from_seconds(seconds).ok().ok_or_else(|| WhenError { at: begin, message: "there is no such zone".to_owned() })?;
    Ok((zone, false))
}

const DURATION: &str = "a duration is written like PT30M, P1DT2H or 2h30m";

/// Reads a duration, in milliseconds; before zero with a minus sign.
///
/// # Errors
/// Where it is none.
pub fn duration(text: &str) -> Result<i64, WhenError> {
    let (signed, body) = match text.strip_prefix(['+', '-']) {
        Some(body) => (text.starts_with('-'), body),
        None => (false, text),
    };
    let begin = text.len() - body.len();
    if !body.starts_with(['P', 'p']) {
        let ours = when::duration(body).map_err(|_why| WhenError { at: begin, message: DURATION.to_owned() })?;
        let ms = i64::try_from(ours.as_millis()).ok().ok_or_else(|| too_long(begin))?;
        return Ok(if signed { -ms } else { ms });
    }
    let mut reader = Reader { text, at: begin + 1 };
    let mut total = 0_i128;
    // Units in their order; which come behind the T.
    let mut days_done = false;
    let mut timed = false;
    let mut left: &[(char, i128)] = &[('H', 3_600_000), ('M', 60_000), ('S', 1000)];
    let mut any = false;
    while !reader.rest().is_empty() {
        if !timed && (reader.take('T') || reader.take('t')) {
            (timed, any) = (true, false);
            continue;
        }
        let at = reader.at;
        let (number, decimals) = number(&mut reader)?;
        let unit = reader.rest().chars().next().map(|c| c.to_ascii_uppercase());
        let ms = match unit {
            Some('D') if !timed && !days_done => {
                days_done = true;
                86_400_000
            }
            Some(unit) if timed => {
                let place = left.iter().position(|(name, _)| *name == unit);
                let place = place.ok_or_else(|| reader.wrong("behind T stand H, M and S, in this order"))?;
                let (_, ms) = left.get(place).copied().unwrap_or_default();
                left = left.get(place + 1..).unwrap_or_default();
                ms
            }
            Some('Y' | 'M' | 'W') => return Err(reader.wrong("days, hours, minutes and seconds only: minutes stand behind a T (PT30M)")),
            _ => return Err(reader.wrong(DURATION)),
        };
        if decimals.is_some() && unit != Some('S') {
            return Err(WhenError { at, message: "only seconds have decimals".to_owned() });
        }
        reader.at += 1;
        any = true;
        let nanos = decimals.unwrap_or(0);
        let sign = if number.1 { -1 } else { 1 };
        total += sign * (number.0 * ms + nanos / 1_000_000);
    }
    if !any {
        return Err(reader.wrong(DURATION));
    }
    let total = i64::try_from(total).ok().ok_or_else(|| too_long(begin))?;
    Ok(if signed { -total } else { total })
}

fn too_long(at: usize) -> WhenError {
    WhenError { at, message: "the duration is too long".to_owned() }
}

/// A whole number with its sign, and nanoseconds when it has decimals.
type Number = ((i128, bool), Option<i128>);

fn number(reader: &mut Reader<'_>) -> Result<Number, WhenError> {
    let negative = reader.take('-');
    if !negative {
        reader.take('+');
    }
    let digits = |reader: &Reader<'_>| reader.rest().bytes().take_while(u8::is_ascii_digit).count();
    let count = digits(reader);
    let whole = reader.rest().get(..count).filter(|text| !text.is_empty() && text.len() <= 18).and_then(|text| text.parse().ok());
    let whole = whole.ok_or_else(|| reader.wrong(DURATION))?;
    reader.at += count;
    let mut nanos = None;
    if reader.take('.') || reader.take(',') {
        let count = digits(reader);
        let text = reader.rest().get(..count).filter(|text| text.len() <= 9).ok_or_else(|| reader.wrong("nine decimals at most"))?;
        nanos = format!("{text:0<9}").parse().ok();
        reader.at += count;
    }
    Ok(((whole, negative), nanos))
}

/// A moment as a sentence says it: in UTC, with its zone.
pub fn shown(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| format!("@{ms}"), |at| at.strftime("%Y-%m-%d %H:%M:%S%.3fZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2026-11-20T12:40:00Z.
    const AT: i64 = 1_795_178_400_000;

    #[test]
    fn times_are_those_of_the_apache_tool() {
        for (text, ms, assumed) in [
            ("2026-11-20T12:40:00.000", AT, true),
            ("2026-11-20T12:40:00.000Z", AT, false),
            ("2026-11-20T12:40:00.118+01", AT - 3_600_000 + 118, false),
            ("2026-11-20T12:40:00.000-0130", AT + 5_400_000, false),
            ("2026-11-20T12:40:00.000+01:30", AT - 5_400_000, false),
            ("2026-11-20 12:40", AT, true),
            ("2026-11-20T12:40:00Z", AT, false),
            ("@1795178400000", AT, false),
        ] {
            assert_eq!(time(text), Ok(At { ms, assumed }), "{text}");
        }
        for (text, at) in [
            ("", 0),
            ("2026", 4),
            ("26-11-20T12:40:00.000", 0),
            ("2026-13-20T12:40:00.000", 5),
            ("2026-02-30T12:40:00.000", 8),
            ("2026-11-20", 10),
            ("2026-11-20T25:00:00.000", 11),
            ("2026-11-20T12:40:00.1", 20),
            ("2026-11-20T12:40:00.0000", 23),
            ("2026-11-20T12:40:00.000 CET", 23),
            ("2026-11-20T12:40:00.000+1", 24),
            ("2026-11-20T12:40:00.000Zz", 24),
            ("now", 0),
        ] {
            assert_eq!(time(text).map_err(|error| error.at), Err(at), "{text}");
        }
    }

    #[test]
    fn durations_are_those_of_java() {
        for (text, ms) in [
            ("PT30M", 1_800_000),
            ("P1D", 86_400_000),
            ("P1DT2H", 93_600_000),
            ("pt1.5s", 1500),
            ("PT-5M", -300_000),
            ("-PT5M", -300_000),
            ("PT0S", 0),
            ("2h30m", 9_000_000),
        ] {
            assert_eq!(duration(text), Ok(ms), "{text}");
        }
        for (text, at) in [
            ("", 0),
            ("P", 1),
            ("PT", 2),
            ("P1M", 2),
            ("P1Y", 2),
            ("PT1M1H", 5),
            ("PT1.5M", 2),
            ("P1DT", 4),
            ("soon", 0),
            ("PT99999999999999999999H", 2),
            ("P106751991168D", 0),
        ] {
            assert_eq!(duration(text).map_err(|error| error.at), Err(at), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_time_that_is_printed_is_read(ms in 0_i64..253_402_300_799_999) {
            let text = shown(ms);
            prop_assert_eq!(time(&text), Ok(At { ms, assumed: false }));
        }

        #[test]
        fn no_text_is_pointed_at_outside_of_it(text in "[-+PTDHMS0-9.,:Z @é]{0,24}") {
            for at in [time(&text).err().map(|e| e.at), duration(&text).err().map(|e| e.at)].into_iter().flatten() {
                prop_assert!(text.is_char_boundary(at), "{} {}", text, at);
            }
        }
    }
}
