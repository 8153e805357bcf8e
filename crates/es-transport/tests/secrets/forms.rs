//! The forms in which a secret may come out.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};

pub(crate) struct Secret {
    forms: Vec<(&'static str, String)>,
}

impl Secret {
    pub(crate) fn new(secret: &str) -> Self {
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        let percent = |all: bool| -> String {
            let encode = |b: u8| match b {
                b if unreserved(b) && !all => char::from(b).to_string(),
                b => format!("%{b:02X}"),
            };
            secret.bytes().map(encode).collect()
        };
        let debug = format!("{secret:?}");
        let mut forms = vec![
            ("the text", secret.to_owned()),
            ("the escaped text", debug[1..debug.len() - 1].to_owned()),
            (
                "the escaped bytes",
                secret.as_bytes().escape_ascii().to_string(),
            ),
            ("the bytes", format!("{:?}", secret.as_bytes())),
            (
                "the hex digits",
                secret.bytes().map(|b| format!("{b:02x}")).collect(),
            ),
            ("the percent-encoding", percent(false)),
            ("the percent-encoding", percent(true)),
        ];
        for offset in 0..3 {
            forms.push((
                "the base64",
                inner_base64(&BASE64_STANDARD_NO_PAD, secret, offset),
            ));
            forms.push((
                "the base64",
                inner_base64(&BASE64_URL_SAFE_NO_PAD, secret, offset),
            ));
        }
        Self { forms }
    }

    /// The name of the form that is in the text, and what is around it.
    pub(crate) fn find(&self, text: &str) -> Option<(&'static str, String)> {
        let lower = text.to_ascii_lowercase();
        self.forms.iter().find_map(|(name, form)| {
            // Percent and hex come in either case; base64 does not.
            let at = if *name == "the base64" {
                text.find(form)
            } else {
                lower.find(&form.to_ascii_lowercase())
            };
            let around = at?.saturating_sub(200)..text.len().min(at? + 100);
            Some((
                *name,
                String::from_utf8_lossy(&text.as_bytes()[around]).into_owned(),
            ))
        })
    }
}

/// The part of the secret's base64 that does not depend on what stands around
/// it, for one of the three places where it may begin.
fn inner_base64(engine: &impl Engine, secret: &str, offset: usize) -> String {
    let padded = [&vec![0; offset], secret.as_bytes()].concat();
    let encoded = engine.encode(&padded);
    encoded[(offset * 8).div_ceil(6)..padded.len() * 8 / 6].to_owned()
}
