//! Tables and numbers as text.

use std::time::Duration;

/// A table of Markdown; numbers stand on the right.
pub(crate) fn table<const N: usize>(
    heads: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(&heads.map(str::to_owned));
    text.push_str(&line(&[(); N].map(|()| "---:".to_owned())));
    rows.into_iter().for_each(|row| text.push_str(&line(&row)));
    text
}

/// 12345 → 12,345.
pub(crate) fn number(value: usize) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// 0.0123 → 1.2 %.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

pub(crate) fn ms(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}

pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
