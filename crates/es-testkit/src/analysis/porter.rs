//! Porter's algorithm for English, with the two changes that its author made later, as Lucene's
//! `english` analyzer has it. Snowball's `English` is its successor.

/// Returns the stem of a word in lower case.
pub(super) fn stem(word: &str) -> String {
    let mut word = Word(word.chars().collect());
    if word.0.len() > 2 {
        word.plurals();
        word.past_and_gerund();
        word.final_y();
        word.replace(DOUBLE, 0);
        word.replace(SINGLE, 0);
        word.remove_suffix();
        word.final_e();
    }
    word.0.into_iter().collect()
}

/// Suffixes of two parts, and what is left of them.
const DOUBLE: &[(&str, &str)] = &[
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("logi", "log"),
];

const SINGLE: &[(&str, &str)] = &[
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
];

/// Suffixes that go from a long stem; the longer of two that end alike stands first.
const REMOVED: &[&str] = &[
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "sion",
    "tion", "ou", "ism", "ate", "iti", "ous", "ive", "ize",
];

struct Word(Vec<char>);

impl Word {
    /// Returns the length of the stem before a suffix that the word has.
    fn before(&self, suffix: &str) -> Option<usize> {
        let length = self.0.len().checked_sub(suffix.len())?;
        let end = self.0.get(length..)?;
        suffix.chars().eq(end.iter().copied()).then_some(length)
    }

    fn is_consonant(&self, at: usize) -> bool {
        match self.0.get(at) {
            Some('a' | 'e' | 'i' | 'o' | 'u') => false,
            Some('y') => at == 0 || !self.is_consonant(at - 1),
            _ => true,
        }
    }

    /// Counts the runs of vowels before consonants in the first letters.
    fn measure(&self, length: usize) -> usize {
        (1..length)
            .filter(|at| self.is_consonant(*at) && !self.is_consonant(at - 1))
            .count()
    }

    fn has_vowel(&self, length: usize) -> bool {
        (0..length).any(|at| !self.is_consonant(at))
    }

    fn ends_in_double_consonant(&self, length: usize) -> bool {
        length >= 2
            && self.0.get(length - 1) == self.0.get(length - 2)
            && self.is_consonant(length - 1)
    }

    /// Whether the first letters end in consonant, vowel, consonant, the last none of w, x and y.
    fn ends_short(&self, length: usize) -> bool {
        length >= 3
            && self.is_consonant(length - 1)
            && !self.is_consonant(length - 2)
            && self.is_consonant(length - 3)
            && !matches!(self.0.get(length - 1), Some('w' | 'x' | 'y'))
    }

    fn set(&mut self, length: usize, end: &str) {
        self.0.truncate(length);
        self.0.extend(end.chars());
    }

    fn plurals(&mut self) {
        if let Some(length) = self.before("sses").or(self.before("ies")) {
            self.0
                .truncate(length + if self.before("sses").is_some() { 2 } else { 1 });
        } else if self.before("ss").is_none() && self.before("s").is_some() {
            self.0.pop();
        }
    }

    fn past_and_gerund(&mut self) {
        if let Some(length) = self.before("eed") {
            if self.measure(length) > 0 {
                self.0.pop();
            }
            return;
        }
        let suffix = self.before("ed").or(self.before("ing"));
        let Some(length) = suffix.filter(|length| self.has_vowel(*length)) else {
            return;
        };
        self.0.truncate(length);
        if ["at", "bl", "iz"]
            .iter()
            .any(|end| self.before(end).is_some())
        {
            self.0.push('e');
        } else if self.ends_in_double_consonant(length) {
            if !matches!(self.0.last(), Some('l' | 's' | 'z')) {
                self.0.pop();
            }
        } else if self.measure(length) == 1 && self.ends_short(length) {
            self.0.push('e');
        }
    }

    fn final_y(&mut self) {
        if let Some(length) = self.before("y").filter(|length| self.has_vowel(*length)) {
            self.set(length, "i");
        }
    }

    /// Replaces the first suffix that the word has, where the stem before it is long enough.
    fn replace(&mut self, suffixes: &[(&str, &str)], least: usize) {
        let found = suffixes
            .iter()
            .find_map(|(suffix, end)| Some((self.before(suffix)?, end)));
        if let Some((length, end)) = found.filter(|(length, _)| self.measure(*length) > least) {
            self.set(length, end);
        }
    }

    fn remove_suffix(&mut self) {
        let found = REMOVED
            .iter()
            .find_map(|suffix| Some((self.before(suffix)?, *suffix)));
        if let Some((length, suffix)) = found {
            // The letter before `ion` stays.
            let length = if suffix.ends_with("ion") {
                length + 1
            } else {
                length
            };
            if self.measure(length) > 1 {
                self.0.truncate(length);
            }
        }
    }

    fn final_e(&mut self) {
        if let Some(length) = self.before("e") {
            let measure = self.measure(length);
            if measure > 1 || (measure == 1 && !self.ends_short(length)) {
                self.0.truncate(length);
            }
        }
        let length = self.0.len();
        if self.0.last() == Some(&'l')
            && self.ends_in_double_consonant(length)
            && self.measure(length) > 1
        {
            self.0.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn words_have_the_stems_of_lucene() {
        for (word, stemmed) in [
            ("caresses", "caress"),
            ("ponies", "poni"),
            ("ties", "ti"),
            ("caress", "caress"),
            ("cats", "cat"),
            ("feed", "feed"),
            ("agreed", "agre"),
            ("plastered", "plaster"),
            ("bled", "bled"),
            ("motoring", "motor"),
            ("sing", "sing"),
            ("conflated", "conflat"),
            ("troubled", "troubl"),
            ("sized", "size"),
            ("hopping", "hop"),
            ("tanned", "tan"),
            ("falling", "fall"),
            ("hissing", "hiss"),
            ("fizzed", "fizz"),
            ("failing", "fail"),
            ("filing", "file"),
            ("happy", "happi"),
            ("sky", "sky"),
            ("relational", "relat"),
            ("conditional", "condit"),
            ("rational", "ration"),
            ("valenci", "valenc"),
            ("hesitanci", "hesit"),
            ("digitizer", "digit"),
            ("conformabli", "conform"),
            ("radicalli", "radic"),
            ("differentli", "differ"),
            ("vileli", "vile"),
            ("analogousli", "analog"),
            ("vietnamization", "vietnam"),
            ("predication", "predic"),
            ("operator", "oper"),
            ("feudalism", "feudal"),
            ("decisiveness", "decis"),
            ("hopefulness", "hope"),
            ("callousness", "callous"),
            ("formaliti", "formal"),
            ("sensitiviti", "sensit"),
            ("sensibiliti", "sensibl"),
            ("triplicate", "triplic"),
            ("formative", "form"),
            ("formalize", "formal"),
            ("electriciti", "electr"),
            ("electrical", "electr"),
            ("hopeful", "hope"),
            ("goodness", "good"),
            ("revival", "reviv"),
            ("allowance", "allow"),
            ("inference", "infer"),
            ("airliner", "airlin"),
            ("gyroscopic", "gyroscop"),
            ("adjustable", "adjust"),
            ("defensible", "defens"),
            ("irritant", "irrit"),
            ("replacement", "replac"),
            ("adjustment", "adjust"),
            ("dependent", "depend"),
            ("adoption", "adopt"),
            ("communism", "commun"),
            ("activate", "activ"),
            ("angulariti", "angular"),
            ("homologous", "homolog"),
            ("effective", "effect"),
            ("bowdlerize", "bowdler"),
            ("probate", "probat"),
            ("rate", "rate"),
            ("cease", "ceas"),
            ("controll", "control"),
            ("roll", "roll"),
            ("generalizations", "gener"),
            ("skies", "ski"),
            ("dying", "dy"),
            ("lying", "ly"),
            ("news", "new"),
            ("archaeology", "archaeolog"),
            ("biology", "biologi"),
            ("possibly", "possibl"),
            ("happily", "happili"),
            ("running", "run"),
            ("foxes", "fox"),
            ("university", "univers"),
            ("universal", "univers"),
            ("organization", "organ"),
            ("connection", "connect"),
            ("connections", "connect"),
            ("connected", "connect"),
            ("yes", "ye"),
            ("by", "by"),
            ("a", "a"),
            ("is", "is"),
            ("opinion", "opinion"),
            ("region", "region"),
            ("onion", "onion"),
        ] {
            assert_eq!(stem(word), stemmed, "{word}");
        }
    }
}
