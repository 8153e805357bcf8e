//! Tokenizers.

use unicode_segmentation::UnicodeSegmentation as _;

use super::Token;

/// How a text is split.
#[derive(Clone, Debug)]
pub(crate) enum Tokenizer {
    /// Words by the rules of Unicode (UAX 29), cut at a length.
    Standard {
        longest: usize,
    },
    Whitespace,
    Keyword,
    Letter,
    /// N-grams of words of these characters; only from the beginning with `edge`.
    Grams {
        least: usize,
        most: usize,
        edge: bool,
        of: Vec<CharClass>,
    },
    Pattern(regex_lite::Regex),
}

/// A class of characters that belong to a token.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CharClass {
    Letter,
    Digit,
    Whitespace,
    Punctuation,
    Symbol,
}

impl CharClass {
    fn has(self, letter: char) -> bool {
        match self {
            Self::Letter => letter.is_alphabetic(),
            Self::Digit => letter.is_numeric(),
            Self::Whitespace => letter.is_whitespace(),
            Self::Punctuation => letter.is_ascii_punctuation() && !"$+<=>^`|~".contains(letter),
            Self::Symbol => "$+<=>^`|~".contains(letter),
        }
    }
}

impl Tokenizer {
    pub fn split(&self, text: &str) -> Vec<Token> {
        match self {
            Self::Keyword if text.is_empty() => Vec::new(),
            Self::Keyword => tokens(text, [(0, text)], "word"),
            Self::Whitespace => tokens(text, runs(text, |letter| !letter.is_whitespace()), "word"),
            Self::Letter => tokens(text, runs(text, char::is_alphabetic), "word"),
            Self::Standard { longest } => standard(text, *longest),
            Self::Pattern(pattern) => {
                let mut parts = Vec::new();
                let mut from = 0;
                for hit in pattern.find_iter(text) {
                    parts.push((from, text.get(from..hit.start()).unwrap_or("")));
                    from = hit.end();
                }
                parts.push((from, text.get(from..).unwrap_or("")));
                parts.retain(|(_, part)| !part.is_empty());
                tokens(text, parts, "word")
            }
            Self::Grams {
                least,
                most,
                edge,
                of,
            } => {
                let parts = if of.is_empty() {
                    vec![(0, text)]
                } else {
                    runs(text, |letter| of.iter().any(|class| class.has(letter)))
                };
                let grams: Vec<_> = parts
                    .into_iter()
                    .flat_map(|(at, part)| {
                        grams(part, *least, *most, *edge)
                            .into_iter()
                            .map(move |(from, gram)| (at + from, gram))
                    })
                    .collect();
                tokens(text, grams, "word")
            }
        }
    }
}

/// The n-grams of a text with their places, the shorter of one place first.
pub(crate) fn grams(text: &str, least: usize, most: usize, edge: bool) -> Vec<(usize, &str)> {
    let bounds: Vec<usize> = text
        .char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .collect();
    let mut found = Vec::new();
    for (number, from) in bounds.iter().enumerate() {
        if edge && number > 0 {
            break;
        }
        for length in least..=most {
            let gram = bounds
                .get(number + length)
                .and_then(|to| text.get(*from..*to));
            found.extend(gram.map(|gram| (*from, gram)));
        }
    }
    found
}

fn runs(text: &str, belongs: impl Fn(char) -> bool) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, letter) in text.char_indices() {
        match (belongs(letter), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                found.push((from, text.get(from..at).unwrap_or("")));
                start = None;
            }
            _ => {}
        }
    }
    found.extend(start.map(|from| (from, text.get(from..).unwrap_or(""))));
    found
}

fn standard(text: &str, longest: usize) -> Vec<Token> {
    let mut parts = Vec::new();
    for (at, word) in text.split_word_bound_indices() {
        if !word
            .chars()
            .any(|letter| letter.is_alphanumeric() || is_emoji(letter))
        {
            continue;
        }
        let bounds: Vec<usize> = word
            .char_indices()
            .map(|(at, _)| at)
            .chain([word.len()])
            .collect();
        for from in bounds
            .iter()
            .step_by(longest.max(1))
            .take_while(|from| **from < word.len())
        {
            let number = bounds.iter().position(|bound| bound == from).unwrap_or(0);
            let to = bounds.get(number + longest).copied().unwrap_or(word.len());
            parts.push((at + from, word.get(*from..to).unwrap_or("")));
        }
    }
    let mut tokens = tokens(text, parts, "<ALPHANUM>");
    for token in &mut tokens {
        if token
            .text
            .chars()
            .all(|letter| letter.is_numeric() || letter == '.' || letter == ',')
        {
            token.kind = "<NUM>";
        } else if token.text.chars().all(is_ideograph) {
            token.kind = "<IDEOGRAPHIC>";
        } else if token
            .text
            .chars()
            .all(|letter| matches!(letter, '\u{30a0}'..='\u{30ff}'))
        {
            token.kind = "<KATAKANA>";
        } else if token
            .text
            .chars()
            .all(|letter| matches!(letter, '\u{3040}'..='\u{309f}'))
        {
            token.kind = "<HIRAGANA>";
        } else if token
            .text
            .chars()
            .all(|letter| matches!(letter, '\u{ac00}'..='\u{d7af}'))
        {
            token.kind = "<HANGUL>";
        } else if token.text.chars().any(is_emoji) {
            token.kind = "<EMOJI>";
        }
    }
    tokens
}

fn is_emoji(letter: char) -> bool {
    matches!(letter, '\u{1f300}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}')
}

fn is_ideograph(letter: char) -> bool {
    matches!(letter, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

fn tokens<'t>(
    text: &str,
    parts: impl IntoIterator<Item = (usize, &'t str)>,
    kind: &'static str,
) -> Vec<Token> {
    let units = |part: &str| part.encode_utf16().count();
    // The place of the last part, in bytes and in units: the parts come in their order.
    let (mut done, mut before) = (0, 0);
    parts
        .into_iter()
        .enumerate()
        .map(|(position, (at, part))| {
            let start = match text.get(done..at) {
                Some(between) => before + units(between),
                None => units(text.get(..at).unwrap_or("")),
            };
            (done, before) = (at, start);
            Token {
                text: part.to_owned(),
                position,
                start,
                end: start + units(part),
                kind,
            }
        })
        .collect()
}
