//! Token filters.

use std::collections::{BTreeMap, BTreeSet};

use rust_stemmers::{Algorithm, Stemmer};

use super::Token;
use super::porter;
use super::tokenizer::grams;

/// A change of tokens.
#[derive(Clone, Debug)]
pub(crate) enum Filter {
    Lowercase,
    Uppercase,
    AsciiFolding,
    Trim,
    Reverse,
    Unique,
    Stop(BTreeSet<String>),
    Stem(Algorithm),
    /// Stems English words as the `english` analyzer does.
    Porter,
    /// Takes the `'s` of English words away.
    Possessive,
    Length {
        least: usize,
        most: usize,
    },
    Truncate(usize),
    Grams {
        least: usize,
        most: usize,
        edge: bool,
        keep: bool,
    },
    /// Words that stand for each other, of one token each.
    Synonyms(BTreeMap<String, Vec<String>>),
}

/// The stop words of English, as Lucene has them.
pub(crate) const ENGLISH_STOP: &str = "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with";

impl Filter {
    pub fn apply(&self, tokens: Vec<Token>) -> Vec<Token> {
        match self {
            Self::Lowercase => map(tokens, |text| text.to_lowercase()),
            Self::Uppercase => map(tokens, |text| text.to_uppercase()),
            Self::AsciiFolding => map(tokens, fold),
            Self::Trim => map(tokens, |text| text.trim().to_owned()),
            Self::Reverse => map(tokens, |text| text.chars().rev().collect()),
            Self::Truncate(most) => map(tokens, |text| text.chars().take(*most).collect()),
            Self::Stem(algorithm) => {
                let stemmer = Stemmer::create(*algorithm);
                map(tokens, |text| stemmer.stem(text).into_owned())
            }
            Self::Porter => map(tokens, porter::stem),
            Self::Possessive => map(tokens, |text| {
                let bare = ["'s", "'S", "\u{2019}s", "\u{2019}S"]
                    .iter()
                    .find_map(|end| text.strip_suffix(end));
                bare.unwrap_or(text).to_owned()
            }),
            Self::Stop(words) => tokens
                .into_iter()
                .filter(|token| !words.contains(&token.text))
                .collect(),
            Self::Length { least, most } => tokens
                .into_iter()
                .filter(|token| (*least..=*most).contains(&token.text.chars().count()))
                .collect(),
            Self::Unique => {
                let mut seen = BTreeSet::new();
                tokens
                    .into_iter()
                    .filter(|token| seen.insert(token.text.clone()))
                    .collect()
            }
            Self::Grams {
                least,
                most,
                edge,
                keep,
            } => tokens
                .into_iter()
                .flat_map(|token| {
                    let made = grams(&token.text, *least, *most, *edge);
                    let mut made: Vec<Token> = made
                        .iter()
                        .map(|(_, gram)| Token {
                            text: (*gram).to_owned(),
                            ..token.clone()
                        })
                        .collect();
                    if *keep && !made.iter().any(|gram| gram.text == token.text) {
                        made.push(token);
                    }
                    made
                })
                .collect(),
            Self::Synonyms(words) => tokens
                .into_iter()
                .flat_map(|token| match words.get(&token.text) {
                    Some(others) => others
                        .iter()
                        .map(|text| Token {
                            kind: if *text == token.text {
                                token.kind
                            } else {
                                "SYNONYM"
                            },
                            text: text.clone(),
                            ..token.clone()
                        })
                        .collect(),
                    None => vec![token],
                })
                .collect(),
        }
    }
}

fn map(tokens: Vec<Token>, change: impl Fn(&str) -> String) -> Vec<Token> {
    tokens
        .into_iter()
        .map(|token| Token {
            text: change(&token.text),
            ..token
        })
        .collect()
}

/// Latin letters without their marks.
fn fold(text: &str) -> String {
    text.chars().fold(String::new(), |mut folded, letter| {
        let plain = match letter {
            'À'..='Å' | 'Ā' | 'Ă' | 'Ą' => "A",
            'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
            'Æ' => "AE",
            'æ' => "ae",
            'Ç' | 'Ć' | 'Ĉ' | 'Ċ' | 'Č' => "C",
            'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
            'Ð' | 'Ď' | 'Đ' => "D",
            'ð' | 'ď' | 'đ' => "d",
            'È'..='Ë' | 'Ē' | 'Ĕ' | 'Ė' | 'Ę' | 'Ě' => "E",
            'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
            'Ì'..='Ï' | 'Ĩ' | 'Ī' | 'İ' => "I",
            'ì'..='ï' | 'ĩ' | 'ī' | 'ı' => "i",
            'Ł' => "L",
            'ł' => "l",
            'Ñ' | 'Ń' | 'Ň' => "N",
            'ñ' | 'ń' | 'ň' => "n",
            'Ò'..='Ö' | 'Ø' | 'Ō' | 'Ő' => "O",
            'ò'..='ö' | 'ø' | 'ō' | 'ő' => "o",
            'Œ' => "OE",
            'œ' => "oe",
            'Ř' => "R",
            'ř' => "r",
            'Ś' | 'Ş' | 'Š' => "S",
            'ś' | 'ş' | 'š' => "s",
            'ß' => "ss",
            'Ţ' | 'Ť' => "T",
            'ţ' | 'ť' => "t",
            'Ù'..='Ü' | 'Ũ' | 'Ū' | 'Ů' | 'Ű' => "U",
            'ù'..='ü' | 'ũ' | 'ū' | 'ů' | 'ű' => "u",
            'Ý' | 'Ÿ' => "Y",
            'ý' | 'ÿ' => "y",
            'Ź' | 'Ż' | 'Ž' => "Z",
            'ź' | 'ż' | 'ž' => "z",
            other => {
                folded.push(other);
                return folded;
            }
        };
        folded.push_str(plain);
        folded
    })
}
