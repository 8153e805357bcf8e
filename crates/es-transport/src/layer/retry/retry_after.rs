//! The `Retry-After` header (RFC 9110, section 10.2.3).

use std::time::{Duration, SystemTime};

use http::{
    HeaderMap, HeaderValue,
    header::{DATE, RETRY_AFTER},
};

/// How long the server asks to wait, in either form of the header: seconds or a
/// date. A date is read against the answer's own `Date` where it has one, so
/// that clocks which differ do no harm. A date that has passed is zero; anything
/// else that cannot be read is nothing.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number can hold still mean "very long".
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let now = headers.get(DATE).and_then(date).unwrap_or_else(SystemTime::now);
    Some(until.duration_since(now).unwrap_or_default())
}

fn date(value: &HeaderValue) -> Option<SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(fields: &[(http::HeaderName, &'static str)]) -> Option<Duration> {
        let value = |text: &&'static str| HeaderValue::from_static(text);
        retry_after(&fields.iter().map(|(name, text)| (name.clone(), value(text))).collect())
    }

    #[test]
    fn seconds_are_read_however_many() {
        assert_eq!(read(&[(RETRY_AFTER, "7")]), Some(Duration::from_secs(7)));
        assert_eq!(read(&[(RETRY_AFTER, " 0 ")]), Some(Duration::ZERO));
        let endless = read(&[(RETRY_AFTER, "99999999999999999999999")]);
        assert_eq!(endless, Some(Duration::from_secs(u64::MAX)));
    }

    #[test]
    fn a_date_is_read_by_the_clock_of_the_server() {
        let date = (DATE, "Fri, 31 Dec 1999 23:59:30 GMT");
        let later = (RETRY_AFTER, "Fri, 31 Dec 1999 23:59:59 GMT");
        assert_eq!(read(&[date, later]), Some(Duration::from_secs(29)));
        assert_eq!(read(&[(RETRY_AFTER, "Fri, 31 Dec 1999 23:59:59 GMT")]), Some(Duration::ZERO));
    }

    #[test]
    fn a_date_without_the_clock_of_the_server_is_read_by_ours() {
        let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(3_600));
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(&soon).unwrap());
        let wait = retry_after(&headers).unwrap();
        assert!((3_500..=3_600).contains(&wait.as_secs()), "{wait:?}");
    }

    #[test]
    fn what_cannot_be_read_is_as_if_it_were_not_there() {
        assert_eq!(read(&[]), None);
        for bad in ["", "-1", "1.5", "soon", "+3"] {
            assert_eq!(read(&[(RETRY_AFTER, bad)]), None, "{bad}");
        }
    }
}
