//! Values that can be compared and counted.

use std::cmp::Ordering;
use std::net::IpAddr;

use serde_json::Value;

/// A value of a field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Term {
    Integer(i64),
    Float(f64),
    Text(String),
    Boolean(bool),
    Ip(IpAddr),
}

impl Term {
    pub fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Boolean(a), Self::Boolean(b)) => a.cmp(b),
            (Self::Ip(a), Self::Ip(b)) => wide(*a).cmp(&wide(*b)),
            (a, b) => match (a.number(), b.number()) {
                (Some(a), Some(b)) => a.total_cmp(&b),
                // Values of several kinds in one field: numbers before texts.
                (a, b) => b.is_some().cmp(&a.is_some()),
            },
        }
    }

    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(integer) => Some(*integer as f64),
            Self::Float(float) => Some(*float),
            Self::Boolean(flag) => Some(f64::from(u8::from(*flag))),
            Self::Text(_) | Self::Ip(_) => None,
        }
    }

    /// Returns the value as a term of the index.
    pub fn text(&self) -> String {
        match self {
            Self::Integer(integer) => integer.to_string(),
            Self::Float(float) => float.to_string(),
            Self::Text(text) => text.clone(),
            Self::Boolean(flag) => flag.to_string(),
            Self::Ip(ip) => ip.to_string(),
        }
    }

    pub fn to_json(&self) -> Value {
        match self {
            Self::Integer(integer) => (*integer).into(),
            Self::Float(float) => number(*float),
            Self::Text(text) => text.as_str().into(),
            Self::Boolean(flag) => (*flag).into(),
            Self::Ip(ip) => ip.to_string().into(),
        }
    }

    /// Reads a value as it stands, without a field's type.
    pub fn plain(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(Self::Text(text.clone())),
            Value::Bool(flag) => Some(Self::Boolean(*flag)),
            Value::Number(number) => match number.as_i64() {
                Some(integer) => Some(Self::Integer(integer)),
                None => number.as_f64().map(Self::Float),
            },
            _ => None,
        }
    }
}

/// A number as JSON; those that JSON does not have are texts, as the server sends them.
pub(crate) fn number(value: f64) -> Value {
    if value.is_finite() {
        value.into()
    } else if value.is_nan() {
        "NaN".into()
    } else if value > 0.0 {
        "Infinity".into()
    } else {
        "-Infinity".into()
    }
}

/// Returns a number as Java prints a double.
pub(crate) fn java_double(number: f64) -> String {
    let size = number.abs();
    if size == 0.0 || (1e-3..1e7).contains(&size) {
        return format!("{number:?}");
    }
    if size.is_infinite() {
        return if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned();
    }
    let text = format!("{number:E}");
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => text,
    }
}

/// Returns an address as one of IPv6, by which addresses are sorted.
pub(crate) fn wide(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

/// Returns an address as it is shown.
pub(crate) fn narrow(bits: u128) -> IpAddr {
    IpAddr::V6(bits.into()).to_canonical()
}

/// Reads a network such as `10.0.0.0/8` as its first and last address.
pub(crate) fn network(text: &str) -> Option<(u128, u128)> {
    let (address, prefix) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    // IPv4-mapped IPv6 addresses are refused.
    if matches!(address, IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some()) {
        return None;
    }
    let prefix: u32 = prefix.parse().ok()?;
    let free = match address {
        IpAddr::V4(_) => 32_u32.checked_sub(prefix)?,
        IpAddr::V6(_) => 128_u32.checked_sub(prefix)?,
    };
    let mask = 1_u128.checked_shl(free).map_or(u128::MAX, |bit| bit - 1);
    let address = wide(address);
    Some((address & !mask, address | mask))
}
