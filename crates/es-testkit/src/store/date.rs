//! Dates as Elasticsearch's default format reads them: ISO 8601 or milliseconds.

use serde_json::Value;

/// Milliseconds since 1970 of a date value, or `None` when it is no date.
pub(crate) fn epoch_millis(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => parse(text),
        _ => None,
    }
}

fn parse(text: &str) -> Option<i64> {
    let (date, time) = match text.split_once(['T', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.splitn(3, '-');
    let year = digits(parts.next()?, 4)?;
    let month = parts.next().map_or(Some(1), |part| digits(part, 2))?;
    let day = parts.next().map_or(Some(1), |part| digits(part, 2))?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let in_day = time.map_or(Some(0), time_millis)?;
    Some(days_since_1970(year, month, day) * 86_400_000 + in_day)
}

/// `hh[:mm[:ss[.fraction]]]` with an optional zone, as milliseconds from midnight UTC.
fn time_millis(text: &str) -> Option<i64> {
    let zone_at = text.find(['Z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at(zone_at);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = clock.splitn(3, ':');
    let hour = digits(parts.next()?, 2)?;
    let minute = parts.next().map_or(Some(0), |part| digits(part, 2))?;
    let second = parts.next().map_or(Some(0), |part| digits(part, 2))?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let millis = fraction_millis(fraction)?;
    Some(((hour * 60 + minute) * 60 + second) * 1000 + millis - zone_millis(zone)?)
}

fn fraction_millis(text: &str) -> Option<i64> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut three: String = text.chars().take(3).collect();
    while three.len() < 3 {
        three.push('0');
    }
    three.parse().ok()
}

fn zone_millis(text: &str) -> Option<i64> {
    let (sign, rest) = match text.split_at_checked(1) {
        None => return Some(0),
        Some(("Z", "")) => return Some(0),
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        Some(_) => return None,
    };
    let (hours, minutes) = rest.split_once(':').unwrap_or((rest, "00"));
    Some(sign * (digits(hours, 2)? * 60 + digits(minutes, 2)?) * 60_000)
}

fn digits(text: &str, length: usize) -> Option<i64> {
    (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

/// A time as the default format prints it, `2024-03-01T00:00:00.000Z`.
pub(crate) fn iso_date(millis: i64) -> String {
    let (day, in_day) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute) = (in_day / 3_600_000, in_day / 60_000 % 60);
    let (second, rest) = (in_day / 1000 % 60, in_day % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{rest:03}Z")
}

/// Days of the proleptic Gregorian calendar, counted in years that begin in March so that the leap
/// day is the last one.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let leap_days =
        shifted_year.div_euclid(4) - shifted_year.div_euclid(100) + shifted_year.div_euclid(400);
    shifted_year * 365 + leap_days + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_the_usual_forms() {
        for (text, millis) in [
            ("1970-01-01", 0),
            ("2000-02-29", 951_782_400_000),
            ("2024-03-01T00:00:00Z", 1_709_251_200_000),
            ("2024-03-01T01:30:00.5+01:30", 1_709_251_200_500),
            ("2024", 1_704_067_200_000),
        ] {
            assert_eq!(epoch_millis(&json!(text)), Some(millis), "{text}");
        }
        for text in ["yesterday", "2024-13-01", "2024-01-01T25:00", "24-01-01", ""] {
            assert_eq!(epoch_millis(&json!(text)), None, "{text}");
        }
        assert_eq!(epoch_millis(&json!(12)), Some(12));
    }

    #[test]
    fn prints_what_it_reads() {
        for text in
            ["1970-01-01T00:00:00.000Z", "2000-02-29T23:59:59.999Z", "1899-12-31T01:02:03.004Z"]
        {
            assert_eq!(epoch_millis(&json!(text)).map(iso_date).as_deref(), Some(text));
        }
    }
}
