//! Figures as they are shown: one rule for thousands, sizes (powers of 1000), rates, durations and trend blocks.

use std::time::Duration;

/// The blocks of a trend line, from nothing to all.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A length as the 64-bit number that the other functions take.
pub fn wide(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// `12,002,391`.
pub fn thousands(n: impl Into<i128>) -> String {
    let n: i128 = n.into();
    let digits = n.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    if n < 0 {
        text.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 key`, `3 keys`: a count with its English word.
pub fn counted(n: u64, word: &str) -> String {
    format!("{} {word}{}", thousands(n), if n == 1 { "" } else { "s" })
}

/// `612`, `9,812`, `796k`, `3.1M`: a count where there is little room.
pub fn short(n: u64) -> String {
    if n < 100_000 { thousands(n) } else { scaled(n, "") }
}

/// `612 B`, `1.2 kB`, `34 kB`, `3.4 MB`: bytes in powers of 1000. Whole multiples have no decimal.
pub fn size(bytes: u64) -> String {
    if bytes < 1000 { format!("{bytes} B") } else { format!("{}B", scaled(bytes, " ")) }
}

/// `0.4/s`, `9,812/s`, `3.1M/s`; what is no number is `–`.
pub fn rate(per_second: f64) -> String {
    if !per_second.is_finite() || per_second < 0.0 {
        return "–".to_owned();
    }
    if per_second > 0.0 && per_second < 9.95 {
        return format!("{per_second:.1}/s");
    }
    format!("{}/s", short(rounded(per_second)))
}

/// `12.4 MB/s`.
pub fn byte_rate(per_second: f64) -> String {
    if !per_second.is_finite() || per_second < 0.0 { "–".to_owned() } else { format!("{}/s", size(rounded(per_second))) }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float that is finite and not negative; the cast saturates")]
fn rounded(n: f64) -> u64 {
    n.round() as u64
}

/// Two or three digits with k, M, G, T, P or E; whole multiples have no decimal.
fn scaled(n: u64, gap: &str) -> String {
    let mut unit = 1000_u64;
    for (at, letter) in ['k', 'M', 'G', 'T', 'P', 'E'].into_iter().enumerate() {
        let tenths = (u128::from(n) * 10 + u128::from(unit) / 2) / u128::from(unit);
        if tenths < 10_000 || at == 5 {
            let whole = tenths / 10;
            let fits = n.is_multiple_of(unit) || tenths >= 1000;
            let rounded = (u128::from(n) + u128::from(unit) / 2) / u128::from(unit);
            if fits && rounded < 1000 {
                return format!("{rounded}{gap}{letter}");
            }
            if !fits {
                return format!("{whole}.{}{gap}{letter}", tenths % 10);
            }
        }
        unit = unit.saturating_mul(1000);
    }
    format!("{n}{gap}")
}

/// `0.4ms`, `118ms`, `1.2s`, `12s`, `1m26s`, `2h05m`, `2 d`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let ms = time.as_millis();
    match seconds {
        0 if ms == 0 && !time.is_zero() => format!("0.{}ms", time.as_micros() / 100),
        0 => format!("{ms}ms"),
        1..10 => format!("{}.{}s", seconds, ms % 1000 / 100),
        10..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d", thousands(seconds / 86_400)),
    }
}

/// One block per value, scaled to the largest; a zero is the lowest block, what is unknown a space.
pub fn spark(values: &[Option<u64>]) -> String {
    let most = values.iter().flatten().copied().max().unwrap_or(0).max(1);
    let block = |value: u64| {
        let level = (u128::from(value) * 7).div_ceil(u128::from(most));
        usize::try_from(level).ok().and_then(|level| BLOCKS.get(level)).copied().unwrap_or('█')
    };
    values.iter().map(|value| value.map_or(' ', block)).collect()
}

/// As many values, each the most of those that it stands for; what is unknown in all of them stays so.
pub fn fewer(values: &[Option<u64>], columns: usize) -> Vec<Option<u64>> {
    let of = |column: usize| {
        let (from, to) = (column * values.len() / columns, (column + 1) * values.len() / columns);
        values.get(from..to).unwrap_or_default().iter().flatten().copied().max()
    };
    (0..columns).map(of).collect()
}

/// How far something is, `part` of `whole`, as a bar of so many columns in eighths; the rest is spaces.
pub fn bar(part: u64, whole: u64, columns: usize) -> String {
    const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let total = u128::from(wide(columns)) * 8;
    let filled = if whole == 0 { 0 } else { u128::from(part.min(whole)) * total / u128::from(whole) };
    let full = usize::try_from(filled / 8).unwrap_or(columns).min(columns);
    let mut text = "█".repeat(full);
    if let Some(&end) = usize::try_from(filled % 8).ok().and_then(|n| n.checked_sub(1)).and_then(|n| EIGHTHS.get(n)) {
        text.push(end);
    }
    let used = text.chars().count();
    text.extend(std::iter::repeat_n(' ', columns.saturating_sub(used)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures() {
        for (n, expected) in [(0, "0"), (999, "999"), (1000, "1,000"), (12_002_391, "12,002,391"), (-1_234_567, "-1,234,567")] {
            assert_eq!(thousands(n), expected);
        }
        assert_eq!(thousands(i64::MIN), "-9,223,372,036,854,775,808");
        for (n, expected) in [(612, "612"), (9812, "9,812"), (796_000, "796k"), (795_500, "796k"), (3_120_000, "3.1M"), (999_999, "1.0M")] {
            assert_eq!(short(n), expected, "{n}");
        }
        assert!(short(u64::MAX).ends_with('E'));
    }

    #[test]
    fn sizes_are_powers_of_a_thousand() {
        for (n, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1 kB"),
            (1234, "1.2 kB"),
            (99_940, "99.9 kB"),
            (99_999, "100 kB"),
            (640_300, "640 kB"),
            (999_400, "999 kB"),
            (999_700, "1.0 MB"),
            (12_000_000, "12 MB"),
            (3_440_000, "3.4 MB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(size(n), expected, "{n}");
        }
    }

    #[test]
    fn rates_and_durations() {
        for (n, expected) in [(0.0, "0/s"), (0.44, "0.4/s"), (9812.3, "9,812/s"), (3.1e6, "3.1M/s"), (f64::NAN, "–"), (-1.0, "–")] {
            assert_eq!(rate(n), expected, "{n}");
        }
        assert_eq!(byte_rate(12.4e6), "12.4 MB/s");
        for (ms, expected) in [
            (0, "0ms"),
            (118, "118ms"),
            (1250, "1.2s"),
            (12_900, "12s"),
            (86_000, "1m26s"),
            (358_000, "5m58s"),
            (7_500_000, "2h05m"),
            (180_000_000, "2 d"),
        ] {
            assert_eq!(duration(Duration::from_millis(ms)), expected);
        }
        assert_eq!(duration(Duration::from_micros(420)), "0.4ms");
    }

    #[test]
    fn blocks() {
        assert_eq!(spark(&[Some(0), Some(1), Some(7), None, Some(4)]), "▁▂█ ▅");
        assert_eq!(spark(&[Some(0), Some(0)]), "▁▁");
        assert_eq!(fewer(&[Some(1), Some(3), None, None, Some(0), None], 3), [Some(3), None, Some(0)]);
        assert_eq!(bar(78, 100, 10), "███████▊  ");
        assert_eq!(bar(5, 0, 3), "   ");
        assert_eq!(bar(9, 3, 3), "███");
    }
}
