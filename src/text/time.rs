//! Times of records: any 64-bit number of milliseconds is possible, and none (−1) too.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::units;

/// How a record's time is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TimeFormat {
    /// `2026-11-20 12:41:05.871Z`, or with the zone's offset.
    Full,
    /// `12:41:05.871`
    #[default]
    Clock,
    /// How long ago: `1m26s`.
    Age,
    /// The milliseconds as they are in the log.
    Epoch,
}

/// A time in milliseconds since the epoch. −1, Kafka's "no timestamp", is `–`; what no calendar has is the raw number.
/// `now_ms` counts for ages only.
pub fn time(ms: i64, format: TimeFormat, zone: &TimeZone, now_ms: i64) -> String {
    if ms == -1 {
        return "–".to_owned();
    }
    let Ok(timestamp) = Timestamp::from_millisecond(ms) else { return ms.to_string() };
    match format {
        TimeFormat::Epoch => ms.to_string(),
        TimeFormat::Age => age(ms, now_ms),
        TimeFormat::Clock => timestamp.to_zoned(zone.clone()).strftime("%H:%M:%S%.3f").to_string(),
        TimeFormat::Full if *zone == TimeZone::UTC => timestamp.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S%.3fZ").to_string(),
        TimeFormat::Full => timestamp.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S%.3f%:z").to_string(),
    }
}

/// A time in 12 columns or less for most: the time of day when it is today's, else the day with it, else the date. So no
/// record of last week looks like one of this morning.
pub fn clock(ms: i64, zone: &TimeZone, now_ms: i64) -> String {
    let in_zone = |ms| Timestamp::from_millisecond(ms).ok().map(|at| at.to_zoned(zone.clone()));
    match (in_zone(ms), in_zone(now_ms)) {
        (Some(at), Some(now)) if ms != -1 && at.date() != now.date() => {
            let form = if at.year() == now.year() { "%m-%d %H:%M" } else { "%Y-%m-%d" };
            at.strftime(form).to_string()
        }
        _ => time(ms, TimeFormat::Clock, zone, now_ms),
    }
}

/// How long before `now_ms` something was: `1m26s`, or `in 1m26s` when it is yet to come; `–` without a time.
pub fn age(ms: i64, now_ms: i64) -> String {
    if ms == -1 {
        return "–".to_owned();
    }
    let apart = units::duration(Duration::from_millis(now_ms.abs_diff(ms)));
    if ms > now_ms { format!("in {apart}") } else { apart }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_178_465_871;

    #[test]
    fn times_in_each_format() {
        let utc = &TimeZone::UTC;
        let oslo = &TimeZone::fixed(jiff::tz::offset(1));
        for (ms, format, zone, expected) in [
            (NOW, TimeFormat::Full, utc, "2026-11-20 12:41:05.871Z"),
            (NOW, TimeFormat::Full, oslo, "2026-11-20 13:41:05.871+01:00"),
            (NOW, TimeFormat::Clock, utc, "12:41:05.871"),
            (NOW - 86_000, TimeFormat::Age, utc, "1m26s"),
            (NOW + 86_000, TimeFormat::Age, utc, "in 1m26s"),
            (NOW, TimeFormat::Epoch, utc, "1795178465871"),
            (1, TimeFormat::Clock, utc, "00:00:00.001"),
            (-86_400_000, TimeFormat::Full, utc, "1969-12-31 00:00:00.000Z"),
        ] {
            assert_eq!(time(ms, format, zone, NOW), expected);
        }
    }

    #[test]
    fn absurd_times_are_raw_numbers_and_no_time_is_a_dash() {
        for format in [TimeFormat::Full, TimeFormat::Clock, TimeFormat::Age, TimeFormat::Epoch] {
            for zone in [TimeZone::UTC, TimeZone::fixed(jiff::tz::offset(14)), TimeZone::fixed(jiff::tz::offset(-12))] {
                assert_eq!(time(-1, format, &zone, NOW), "–");
                assert_eq!(time(i64::MAX, format, &zone, NOW), "9223372036854775807");
                assert_eq!(time(i64::MIN, format, &zone, NOW), "-9223372036854775808");
                assert!(!time(253_402_300_799_000, format, &zone, NOW).is_empty());
            }
        }
    }

    #[test]
    fn another_day_never_looks_like_today() {
        let now = 1_795_178_467_000; // 2026-11-20 12:41:07
        assert_eq!(clock(now - 1000, &TimeZone::UTC, now), "12:41:06.000");
        assert_eq!(clock(now - 86_400_000, &TimeZone::UTC, now), "11-19 12:41");
        assert_eq!(clock(1, &TimeZone::UTC, now), "1970-01-01");
        assert_eq!(clock(-1, &TimeZone::UTC, now), "–");
        assert_eq!(clock(i64::MAX, &TimeZone::UTC, now), i64::MAX.to_string());
    }
}
