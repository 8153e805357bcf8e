//! Where words and sentences begin and end, as Java finds it, in UTF-16 code units.

/// Cuts pieces out of a text: sentences, several or parts of one, of about a size.
pub(super) struct Cutter {
    sentences: Vec<usize>,
    words: Vec<usize>,
    /// The size, or 0 for whole sentences.
    size: usize,
    /// The sentences that the last piece was cut out of.
    window: (usize, usize),
    last: (usize, usize),
}

impl Cutter {
    pub fn new(text: &str, size: usize) -> Self {
        Self {
            sentences: sentence_bounds(text),
            words: word_bounds(text),
            size,
            window: (0, 0),
            last: (0, 0),
        }
    }

    /// Returns the next piece, which has the place before `offset`.
    pub fn around(&mut self, offset: usize) -> (usize, usize) {
        let end = self.sentences.last().copied().unwrap_or(0);
        if self.size > 0 && offset > self.window.0 && offset < self.window.1 {
            // What is left of a sentence that was too long.
            self.last = (self.last.1, self.window.1);
        } else {
            let from = preceding(&self.sentences, offset).unwrap_or(0);
            let mut to = following(&self.sentences, offset.saturating_sub(1)).unwrap_or(end);
            while let Some(next) = following(&self.sentences, to)
                && next - from <= self.size
            {
                to = next;
            }
            self.window = (from, to);
            self.last = (from, to);
        }
        let (mut from, mut to) = self.last;
        if self.size > 0 && to - from > self.size {
            if offset > self.size && offset - self.size > from {
                let before = preceding(&self.words, offset - self.size);
                from = from.max(before.unwrap_or(0));
            }
            let remaining = self.size.saturating_sub(offset - from);
            if offset + remaining < self.window.1 {
                let after = following(&self.words, offset + remaining);
                to = self.window.1.min(after.unwrap_or(end));
            }
        }
        self.last = (from, to);
        self.last
    }
}

/// Returns the last bound before a place.
fn preceding(bounds: &[usize], place: usize) -> Option<usize> {
    let below = bounds.partition_point(|bound| *bound < place);
    bounds.get(below.checked_sub(1)?).copied()
}

/// Returns the first bound behind a place.
pub(super) fn following(bounds: &[usize], place: usize) -> Option<usize> {
    let upto = bounds.partition_point(|bound| *bound <= place);
    bounds.get(upto).copied()
}

/// Returns the bounds between letters at which `breaks` says so, and both ends.
fn bounds(letters: &[char], breaks: impl Fn(usize) -> bool) -> Vec<usize> {
    let mut found = vec![0];
    let mut at = 0;
    for (place, letter) in letters.iter().enumerate() {
        if place > 0 && breaks(place) {
            found.push(at);
        }
        at += letter.len_utf16();
    }
    found.push(at);
    found
}

/// Returns where sentences begin and end.
fn sentence_bounds(text: &str) -> Vec<usize> {
    let letters: Vec<char> = text.chars().collect();
    let runs = Runs::of(&letters);
    bounds(&letters, |place| runs.end_sentence(&letters, place))
}

/// Where runs of letters of a kind begin or end, for each place in a text: looked for at
/// each place anew, long runs would take quadratic time.
struct Runs {
    /// The length of the text before a place without the spaces at its end.
    before_spaces: Vec<usize>,
    /// The same without closing quotes and brackets.
    before_closings: Vec<usize>,
    /// The same without the marks that end sentences.
    before_marks: Vec<usize>,
    /// Number of such marks before a place that are no periods.
    strong_marks: Vec<usize>,
    /// The place behind the signs that begin at a place.
    behind_signs: Vec<usize>,
}

impl Runs {
    fn of(letters: &[char]) -> Self {
        let before = |is: fn(char) -> bool| {
            let mut length = 0;
            let lengths = letters.iter().enumerate().map(|(place, letter)| {
                if !is(*letter) {
                    length = place + 1;
                }
                length
            });
            std::iter::once(0).chain(lengths).collect()
        };
        let mut strong = 0;
        let strong_marks = letters.iter().map(|letter| {
            strong += usize::from(is_mark(*letter) && *letter != '.');
            strong
        });
        let strong_marks = std::iter::once(0).chain(strong_marks).collect();
        let mut behind_signs = vec![letters.len(); letters.len() + 1];
        let mut behind = letters.len();
        for (place, letter) in letters.iter().enumerate().rev() {
            if letter.is_alphanumeric() || letter.is_whitespace() {
                behind = place;
            }
            if let Some(entry) = behind_signs.get_mut(place) {
                *entry = behind;
            }
        }
        Self {
            before_spaces: before(char::is_whitespace),
            before_closings: before(is_closing),
            before_marks: before(is_mark),
            strong_marks,
            behind_signs,
        }
    }

    /// Whether a sentence ends before a letter.
    fn end_sentence(&self, letters: &[char], place: usize) -> bool {
        const PARAGRAPH: char = '\u{2029}';
        let at = |values: &[usize], place: usize| values.get(place).copied().unwrap_or(0);
        if place > 0 && letters.get(place - 1) == Some(&PARAGRAPH) {
            return true;
        }
        let Some(next) = letters.get(place).copied() else {
            return false;
        };
        if next.is_whitespace() {
            return false;
        }

        let text = at(&self.before_spaces, place);
        let marked = at(&self.before_closings, text);
        let unmarked = at(&self.before_marks, marked);
        let is_adjacent = text == place;
        if unmarked == marked || (is_adjacent && (is_closing(next) || is_mark(next))) {
            return false;
        }
        if at(&self.strong_marks, marked) > at(&self.strong_marks, unmarked) {
            return true;
        }
        // A period may also end an abbreviation, or stand in a number.
        let behind = at(&self.behind_signs, place);
        match letters.get(behind) {
            Some(letter) if behind > place => letter.is_alphabetic(),
            Some(letter) => !is_adjacent && letter.is_alphabetic() && !letter.is_lowercase(),
            None => false,
        }
    }
}

fn is_closing(letter: char) -> bool {
    ")]}\"'\u{2019}\u{201d}\u{bb}".contains(letter)
}

/// Whether a letter may end a sentence.
fn is_mark(letter: char) -> bool {
    ".!?\u{3002}\u{ff01}\u{ff1f}".contains(letter)
}

/// Returns where words begin and end, what is between them included.
pub(super) fn word_bounds(text: &str) -> Vec<usize> {
    let letters: Vec<char> = text.chars().collect();
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    bounds(&letters, |place| {
        let at = |place: usize| letters.get(place).copied().unwrap_or(' ');
        let (before, after) = (at(place - 1), at(place));
        if is_word(before) && is_word(after) {
            return false;
        }
        if before.is_whitespace() && after.is_whitespace() {
            return false;
        }
        // Some signs join words, commas only numbers.
        let joins = |first: char, sign: char, last: char| {
            let numbers = first.is_numeric() && last.is_numeric();
            is_word(first)
                && is_word(last)
                && (".'-\u{2019}\u{2010}".contains(sign) || (sign == ',' && numbers))
        };
        let joined = joins(before, after, at(place + 1))
            || (place > 1 && joins(at(place - 2), before, after));
        !joined
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str, bounds: &[usize]) -> Vec<String> {
        let units: Vec<u16> = text.encode_utf16().collect();
        let pairs = bounds
            .windows(2)
            .filter_map(|pair| units.get(pair[0]..pair[1]));
        pairs.map(String::from_utf16_lossy).collect()
    }

    #[test]
    fn sentences_end_as_in_java() {
        for (text, first) in [
            ("one. Two", "one. "),
            ("one. two", "one. two"),
            ("one! two", "one! "),
            ("one.two", "one.two"),
            ("one. 42", "one. 42"),
            ("one. (two", "one. "),
            ("one. ( Two", "one. ( Two"),
            ("one.\" Two", "one.\" "),
            ("one.. Two", "one.. "),
            ("one; Two", "one; Two"),
        ] {
            let found = parts(text, &sentence_bounds(text));
            assert_eq!(found.first().map(String::as_str), Some(first), "{text}");
        }
    }

    #[test]
    fn words_are_joined_by_some_signs() {
        let text = "don't foo-bar 3.14, é";
        let found = parts(text, &word_bounds(text));
        assert_eq!(found, ["don't", " ", "foo-bar", " ", "3.14", ",", " ", "é"]);
    }
}
