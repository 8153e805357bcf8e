//! The `Retry-After` header.

use std::time::{Duration, SystemTime};

use http::{
    HeaderMap, HeaderValue,
    header::{DATE, RETRY_AFTER},
};

/// Returns the time that the server asks to wait, in any form of `Retry-After`
/// (RFC 9110, section 10.2.3): seconds, with a fraction or in quotes as some proxies
/// write them, or a date. A date is read against the response's own `Date` where it
/// has one, so that differing clocks do no harm; one that has passed is zero.
///
/// ```
/// use std::time::Duration;
///
/// use es_transport::retry_after;
/// use http::{HeaderMap, header};
///
/// let mut headers = HeaderMap::new();
/// assert_eq!(retry_after(&headers), None);
/// headers.insert(header::RETRY_AFTER, "7".parse().unwrap());
/// assert_eq!(retry_after(&headers), Some(Duration::from_secs(7)));
/// ```
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let value = value
        .strip_prefix('"')
        .and_then(|v| v.strip_suffix('"'))
        .unwrap_or(value)
        .trim();
    if let Some(seconds) = seconds(value) {
        return Some(seconds);
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let now = headers
        .get(DATE)
        .and_then(date)
        .unwrap_or_else(SystemTime::now);
    Some(until.duration_since(now).unwrap_or_default())
}

fn seconds(value: &str) -> Option<Duration> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    // More digits than a number can hold still mean "very long".
    let whole = Duration::from_secs(whole.parse().unwrap_or(u64::MAX));
    let fraction: f64 = format!("0.{fraction}").parse().unwrap_or(0.0);
    Some(whole.saturating_add(Duration::from_secs_f64(fraction)))
}

fn date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &[(http::HeaderName, &'static str)]) -> Option<Duration> {
        let value = |text: &&'static str| HeaderValue::from_static(text);
        retry_after(
            &fields
                .iter()
                .map(|(name, text)| (name.clone(), value(text)))
                .collect(),
        )
    }

    #[test]
    fn seconds_of_any_size_are_read() {
        assert_eq!(read(&[(RETRY_AFTER, "7")]), Some(Duration::from_secs(7)));
        assert_eq!(read(&[(RETRY_AFTER, " 0 ")]), Some(Duration::ZERO));
        let endless = read(&[(RETRY_AFTER, "99999999999999999999999")]);
        assert_eq!(endless, Some(Duration::from_secs(u64::MAX)));
    }

    #[test]
    fn fractions_and_quotes_are_read() {
        assert_eq!(
            read(&[(RETRY_AFTER, "0.5")]),
            Some(Duration::from_millis(500))
        );
        assert_eq!(
            read(&[(RETRY_AFTER, "\"1\"")]),
            Some(Duration::from_secs(1))
        );
        assert_eq!(
            read(&[(RETRY_AFTER, "1.999999999999")]),
            Some(Duration::from_secs(2))
        );
    }

    #[test]
    fn a_date_is_relative_to_the_servers_clock() {
        let date = (DATE, "Fri, 31 Dec 1999 23:59:30 GMT");
        let later = (RETRY_AFTER, "Fri, 31 Dec 1999 23:59:59 GMT");
        assert_eq!(read(&[date, later]), Some(Duration::from_secs(29)));
        assert_eq!(
            read(&[(RETRY_AFTER, "Fri, 31 Dec 1999 23:59:59 GMT")]),
            Some(Duration::ZERO)
        );
    }

    #[test]
    fn a_date_alone_is_relative_to_our_clock() {
        let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3_600));
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(&soon).unwrap());
        let wait = retry_after(&headers).unwrap();
        assert!((3_500..=3_600).contains(&wait.as_secs()), "{wait:?}");
    }

    #[test]
    fn an_unreadable_value_is_ignored() {
        assert_eq!(read(&[]), None);
        for bad in ["", "-1", "1.", ".5", "1.5s", "\"", "soon", "+3"] {
            assert_eq!(read(&[(RETRY_AFTER, bad)]), None, "{bad}");
        }
    }
}
