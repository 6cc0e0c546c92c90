//! Times, durations and sizes as people write them. Parsed without a clock; resolved when a query is compiled.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::{Offset, TimeZone};

use crate::model::Time;

/// What relative times are counted from.
#[derive(Debug, Clone)]
pub struct Context {
    pub now: Time,
    /// The zone of times that name none. Whoever reads the machine's zone does so outside of here.
    pub zone: TimeZone,
}

impl Context {
    /// Times without a zone are UTC.
    pub fn utc(now: Time) -> Self {
        Self { now, zone: TimeZone::UTC }
    }
}

/// A moment as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    Now,
    /// `15m` or `now-15m`.
    Ago(Duration),
    /// `12:40` or `12:40:05Z`: that time of today, in the zone it names or else the context's.
    Clock(civil::Time, Option<Offset>),
    /// `2026-11-20` or `2026-11-20 12:40`, in the context's zone.
    Civil(civil::DateTime),
    /// `2026-11-20T12:40Z`, any RFC 3339 time.
    Instant(Timestamp),
    /// `@1763642465118`: milliseconds since the epoch.
    Millis(i64),
}

impl When {
    /// Reads a time; `Err` is what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text == "now" {
            return Ok(Self::Now);
        }
        if let Some(ago) = text.strip_prefix("now-") {
            return duration(ago).map(Self::Ago);
        }
        if let Some(ms) = text.strip_prefix('@') {
            return ms.parse().ok().map(Self::Millis).ok_or("behind @ stand milliseconds since 1970");
        }
        if looks_like_duration(text) {
            return duration(text).map(Self::Ago);
        }
        if text.get(4..5) == Some("-") {
            return dated(text);
        }
        let (clock, offset) = clock(text)?;
        Ok(Self::Clock(clock, offset))
    }

    /// Milliseconds since the epoch.
    pub fn resolve(&self, cx: &Context) -> i64 {
        let zoned = |local: civil::DateTime| {
            let zoned = local.to_zoned(cx.zone.clone());
            zoned.map_or(if local.year() < 1970 { i64::MIN } else { i64::MAX }, |z| z.timestamp().as_millisecond())
        };
        match *self {
            Self::Now => cx.now.millis(),
            Self::Ago(by) => cx.now.millis().saturating_sub(millis(by)),
            Self::Millis(ms) => ms,
            Self::Instant(at) => at.as_millisecond(),
            Self::Civil(local) => zoned(local),
            Self::Clock(time, offset) => {
                let now = Timestamp::from_millisecond(cx.now.millis()).unwrap_or_default();
                match offset {
                    Some(offset) => {
                        let local = offset.to_datetime(now).date().to_datetime(time);
                        offset.to_timestamp(local).map_or(i64::MAX, Timestamp::as_millisecond)
                    }
                    None => zoned(now.to_zoned(cx.zone.clone()).date().to_datetime(time)),
                }
            }
        }
    }
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now => f.write_str("now"),
            Self::Ago(by) => write!(f, "now-{}", ShownDuration(*by)),
            Self::Clock(time, None) => write!(f, "{time}"),
            Self::Clock(time, Some(offset)) => {
                let minutes = offset.seconds() / 60;
                match minutes {
                    0 => write!(f, "{time}Z"),
                    m => write!(f, "{time}{}{:02}:{:02}", if m < 0 { '-' } else { '+' }, m.abs() / 60, m.abs() % 60),
                }
            }
            Self::Civil(local) => write!(f, "{local}"),
            Self::Instant(at) => write!(f, "{at}"),
            Self::Millis(ms) => write!(f, "@{ms}"),
        }
    }
}

/// Shows a duration as it is written in queries: `1d2h30m`.
#[derive(Debug, Clone, Copy)]
pub struct ShownDuration(pub Duration);

/// Units of durations in milliseconds.
const UNITS: [(&str, u64); 6] = [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

impl fmt::Display for ShownDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if left == 0 {
            return f.write_str("0s");
        }
        for (unit, ms) in UNITS.iter().skip(1) {
            if left >= *ms {
                write!(f, "{}{unit}", left / ms)?;
                left %= ms;
            }
        }
        Ok(())
    }
}

fn looks_like_duration(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_digit() || c.is_ascii_lowercase())
}

/// `15m`, `2h30m`, `1d`, `500ms`; units w d h m s ms, each at most once, in this order.
pub fn duration(text: &str) -> Result<Duration, &'static str> {
    const WHY: &str = "a duration is written like 15m, 2h30m or 1d (units w d h m s ms)";
    let (mut rest, mut total, mut units) = (text, 0_u64, UNITS.iter());
    if rest.is_empty() {
        return Err(WHY);
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, tail) = rest.split_at_checked(digits).ok_or(WHY)?;
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at_checked(letters).ok_or(WHY)?;
        let number: u64 = number.parse().ok().ok_or(WHY)?;
        let (_, ms) = units.find(|(name, _)| *name == unit).ok_or(WHY)?;
        total = number.checked_mul(*ms).and_then(|ms| total.checked_add(ms)).ok_or("the duration is too long")?;
        rest = tail;
    }
    Ok(Duration::from_millis(total))
}

/// `500`, `1kb`, `1.5mb` (powers of 1,000), `1MiB` (powers of 1,024), in any case: bytes.
pub fn size(text: &str) -> Result<u64, &'static str> {
    const WHY: &str = "a size is written like 500, 1kb, 1.5mb or 1MiB";
    let letters = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(letters).ok_or(WHY)?;
    let unit: u128 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" | "k" => 1000,
        "mb" | "m" => 1_000_000,
        "gb" | "g" => 1_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        _ => return Err(WHY),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 18 || fraction.len() > 9 || !digits(whole) || !digits(fraction) || number.ends_with('.') {
        return Err(WHY);
    }
    let scale = 10_u128.pow(u32::try_from(fraction.len()).unwrap_or(0));
    let number: u128 = [whole, fraction].concat().parse().ok().ok_or(WHY)?;
    u64::try_from(number * unit / scale).ok().ok_or("the size is too large")
}

const TIME: &str = "a time is written like 2026-11-20T12:40Z, 12:40, now-15m, 15m or @1763642465118";
const RANGE: &str = "there is no such day or time";

/// The number that `width` digits at the start are, and what follows.
fn digits(text: &str, width: usize) -> Option<(i16, &str)> {
    let (number, rest) = text.split_at_checked(width)?;
    number.bytes().all(|b| b.is_ascii_digit()).then(|| number.parse().ok())?.map(|n| (n, rest))
}

fn small(text: &str) -> Option<(i8, &str)> {
    let (n, rest) = digits(text, 2)?;
    Some((i8::try_from(n).ok()?, rest))
}

/// A date, perhaps with a time and an offset.
fn dated(text: &str) -> Result<When, &'static str> {
    let date = |text| {
        let (year, rest) = digits(text, 4)?;
        let (month, rest) = small(rest.strip_prefix('-')?)?;
        let (day, rest) = small(rest.strip_prefix('-')?)?;
        Some((year, month, day, rest))
    };
    let (year, month, day, rest) = date(text).ok_or(TIME)?;
    let date = civil::Date::new(year, month, day).ok().filter(|d| d.year() > 0).ok_or(RANGE)?;
    if rest.is_empty() {
        return Ok(When::Civil(date.to_datetime(civil::Time::midnight())));
    }
    let (time, offset) = clock(rest.strip_prefix(['T', 't', ' ']).ok_or(TIME)?)?;
    let local = date.to_datetime(time);
    let Some(offset) = offset else { return Ok(When::Civil(local)) };
    let at = offset.to_timestamp(local).ok().ok_or(RANGE)?;
    if Offset::UTC.to_datetime(at).year() < 1 {
        return Err(RANGE);
    }
    Ok(When::Instant(at))
}

/// `12:40[:05[.118]]`, perhaps with `Z`, `+01:00`, `+0100` or `+01` behind it, perhaps behind a space.
fn clock(text: &str) -> Result<(civil::Time, Option<Offset>), &'static str> {
    let (hour, rest) = small(text).ok_or(TIME)?;
    let (minute, mut rest) = rest.strip_prefix(':').and_then(small).ok_or(TIME)?;
    let (mut second, mut nanos) = (0, 0_i32);
    if let Some(seconds) = rest.strip_prefix(':') {
        (second, rest) = small(seconds).ok_or(TIME)?;
        if let Some(fraction) = rest.strip_prefix(['.', ',']) {
            let length = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
            let (fraction, after) = fraction.split_at_checked(length).ok_or(TIME)?;
            if fraction.is_empty() || fraction.len() > 9 {
                return Err(TIME);
            }
            nanos = format!("{fraction:0<9}").parse().ok().ok_or(TIME)?;
            rest = after;
        }
    }
    let time = civil::Time::new(hour, minute, second, nanos).ok().ok_or(RANGE)?;
    let rest = rest.strip_prefix(' ').filter(|rest| !rest.is_empty()).unwrap_or(rest);
    if rest.is_empty() {
        return Ok((time, None));
    }
    if let "Z" | "z" = rest {
        return Ok((time, Some(Offset::UTC)));
    }
    let (sign, rest) = match rest.split_at_checked(1).ok_or(TIME)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return Err(TIME),
    };
    let (hours, rest) = small(rest).ok_or(TIME)?;
    let minutes = rest.strip_prefix(':').unwrap_or(rest);
    let (minutes, rest) = if minutes.is_empty() { (0, minutes) } else { small(minutes).ok_or(TIME)? };
    if !rest.is_empty() || hours > 18 || minutes > 59 {
        return Err(TIME);
    }
    let seconds = sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60);
    Ok((time, Some(Offset::from_seconds(seconds).ok().ok_or(RANGE)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-20T12:00:00Z.
    const NOW: i64 = 1_795_176_000_000;

    #[test]
    fn times_resolve_and_print_back() {
        let cx = Context::utc(Time::from_millis(NOW));
        let east = Context { zone: TimeZone::fixed(Offset::constant(1)), ..cx.clone() };
        let (minute, hour) = (60_000, 3_600_000);
        for (text, utc, eastern, printed) in [
            ("now", NOW, NOW, "now"),
            ("15m", NOW - 15 * minute, NOW - 15 * minute, "now-15m"),
            ("now-1d2h", NOW - 26 * hour, NOW - 26 * hour, "now-1d2h"),
            ("12:40", NOW + 40 * minute, NOW - 20 * minute, "12:40:00"),
            ("12:40:05Z", NOW + 40 * minute + 5000, NOW + 40 * minute + 5000, "12:40:05Z"),
            ("12:40+01:30", NOW - 50 * minute, NOW - 50 * minute, "12:40:00+01:30"),
            ("2026-11-20T12:40Z", NOW + 40 * minute, NOW + 40 * minute, "2026-11-20T12:40:00Z"),
            ("2026-11-20 12:40:05.118 +01:00", NOW - 20 * minute + 5118, NOW - 20 * minute + 5118, "2026-11-20T11:40:05.118Z"),
            ("2026-11-20", NOW - 12 * hour, NOW - 13 * hour, "2026-11-20T00:00:00"),
            ("2026-11-20T12:40", NOW + 40 * minute, NOW - 20 * minute, "2026-11-20T12:40:00"),
            ("@1763642465118", 1_763_642_465_118, 1_763_642_465_118, "@1763642465118"),
            ("@-5", -5, -5, "@-5"),
        ] {
            let when = When::parse(text).unwrap();
            assert_eq!((when.resolve(&cx), when.resolve(&east)), (utc, eastern), "{text}");
            assert_eq!(when.to_string(), printed);
            assert_eq!(When::parse(printed).unwrap(), when);
        }
        for text in [
            "",
            "yesterday",
            "25:00",
            "2026-13-01",
            "2026-02-30",
            "12",
            "15x",
            "5m2h",
            "now-",
            "12:40 ",
            "0000-01-01",
            "99999999999999999w",
            "@x",
        ] {
            assert!(When::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_have_both_kinds_of_units() {
        for (text, bytes) in
            [("500", 500), ("1kb", 1000), ("1MB", 1_000_000), ("1.5mb", 1_500_000), ("1MiB", 1 << 20), ("0.5KiB", 512), ("7b", 7)]
        {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "mb", "1x", "-1", "1.", ".5kb", "9999999999999999999gb", "999999999999999999gib"] {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
