//! Matchers: one label name, an operator and a value or regular expression.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::error::Error;
use crate::labels::LabelSet;
use crate::quote::{push_quoted, quote};
use crate::regex::Pattern;

/// How a matcher compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Op {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`, anchored at both ends
    Match,
    /// `!~`, anchored at both ends
    NotMatch,
}

impl Op {
    /// The operator as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Match => "=~",
            Self::NotMatch => "!~",
        }
    }

    /// Reads an operator as it is written.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "=" => Ok(Self::Equal),
            "!=" => Ok(Self::NotEqual),
            "=~" => Ok(Self::Match),
            "!~" => Ok(Self::NotMatch),
            _ => Err(Error::Matcher(format!("unknown match operator: {text}"))),
        }
    }

    /// Whether the operator is `=` or `=~`.
    pub fn is_positive(self) -> bool {
        matches!(self, Self::Equal | Self::Match)
    }

    /// Whether the value is a regular expression.
    pub fn is_regex(self) -> bool {
        matches!(self, Self::Match | Self::NotMatch)
    }
}

/// Which grammar reads matchers and which names labels may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// UTF-8 grammar first, classic grammar where the two disagree (upstream's default).
    #[default]
    Fallback,
    /// Classic grammar and classic label names only.
    Classic,
    /// UTF-8 grammar only.
    Utf8,
}

impl Mode {
    /// Reads `fallback`, `classic` or `utf8`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text {
            "fallback" => Ok(Self::Fallback),
            "classic" => Ok(Self::Classic),
            "utf8" => Ok(Self::Utf8),
            _ => Err(Error::Matcher(format!(
                "unknown matcher mode {text:?}: it is fallback, classic or utf8"
            ))),
        }
    }
}

/// A compiled matcher. Equality and hash go by name, operator and value.
#[derive(Debug, Clone)]
pub struct Matcher {
    name: Box<str>,
    op: Op,
    value: Box<str>,
    pattern: Option<Pattern>,
}

impl Matcher {
    /// Compiles a matcher; a regular expression that Go refuses is an error with Go's text.
    ///
    /// Upstream: pkg/labels/matcher.go `NewMatcher`.
    pub fn new(name: &str, op: Op, value: &str) -> Result<Self, Error> {
        let pattern = match op {
            Op::Match | Op::NotMatch => Some(Pattern::anchored(value)?),
            Op::Equal | Op::NotEqual => None,
        };
        Ok(Self {
            name: name.into(),
            op,
            value: value.into(),
            pattern,
        })
    }

    /// The label's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The operator.
    pub fn op(&self) -> Op {
        self.op
    }

    /// The value or, for `=~` and `!~`, the regular expression as written.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether a label's value satisfies the matcher. An absent label has the value `""`.
    pub fn matches(&self, value: &str) -> bool {
        match (&self.pattern, self.op) {
            (Some(pattern), Op::Match) => pattern.matches(value),
            (Some(pattern), _) => !pattern.matches(value),
            (None, Op::NotEqual) => *self.value != *value,
            (None, _) => *self.value == *value,
        }
    }

    /// Whether a label set satisfies the matcher.
    pub fn matches_labels(&self, labels: &LabelSet) -> bool {
        self.matches(labels.get(&self.name).unwrap_or_default())
    }

    /// The values a satisfying label must have, when they are few and known and an absent label is not among
    /// them: what an index can look up.
    pub fn literals(&self) -> Option<Vec<&str>> {
        match (self.op, &self.pattern) {
            (Op::Equal, _) if !self.value.is_empty() => Some(vec![&self.value]),
            (Op::Match, Some(pattern)) => pattern
                .literals()
                .filter(|values| values.iter().all(|value| !value.is_empty())),
            _ => None,
        }
    }

    /// A rough price of one comparison, for testing cheap matchers first.
    fn price(&self) -> u8 {
        match (&self.pattern, self.op) {
            (None, Op::Equal) => 0,
            (None, _) => 1,
            (Some(pattern), _) if pattern.literals().is_some() => 2,
            _ => 3,
        }
    }

    /// Whether the name must be quoted to be read back.
    fn needs_quotes(&self) -> bool {
        self.name
            .contains(|c: char| c.is_whitespace() || is_reserved(c))
    }
}

/// Whether a character ends an unquoted token of the UTF-8 grammar (white space does as well).
pub(crate) fn is_reserved(character: char) -> bool {
    matches!(
        character,
        '{' | '}' | '!' | '=' | '~' | ',' | '\\' | '"' | '\'' | '`'
    )
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.op == other.op && self.name == other.name && self.value == other.value
    }
}

impl Eq for Matcher {}

impl Hash for Matcher {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.name, self.op, &self.value).hash(state);
    }
}

/// Upstream's canonical form: `name="value"` with `\`, newline and `"` escaped; both quoted as Go does when the
/// name needs quotes.
///
/// Upstream: pkg/labels/matcher.go `Matcher.String`.
impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let op = self.op.as_str();
        if self.needs_quotes() {
            return write!(f, "{}{op}{}", quote(&self.name), quote(&self.value));
        }
        write!(f, "{}{op}\"", self.name)?;
        let mut rest: &str = &self.value;
        while let Some(at) = rest.find(['\\', '\n', '"']) {
            f.write_str(&rest[..at])?;
            f.write_str(match rest.as_bytes()[at] {
                b'\n' => "\\n",
                b'"' => "\\\"",
                _ => "\\\\",
            })?;
            rest = &rest[at + 1..];
        }
        write!(f, "{rest}\"")
    }
}

/// Whether every matcher is satisfied; true without matchers.
pub fn all_match(matchers: &[Matcher], labels: &LabelSet) -> bool {
    matchers
        .iter()
        .all(|matcher| matcher.matches_labels(labels))
}

/// The API's evaluation of `filter` and `receiver_matchers`, which treats absence specially where the pattern is empty.
///
/// Upstream: api/v2/api.go `alertMatchesFilterLabels`.
pub fn filter_matches(filters: &[Matcher], labels: &LabelSet) -> bool {
    filters.iter().all(|filter| {
        let value = labels.get(&filter.name);
        if filter.value.is_empty() && value.is_some() != filter.op.is_positive() {
            return true;
        }
        filter.matches(value.unwrap_or_default())
    })
}

/// Orders matchers as route keys show them: by name, then value, then operator.
///
/// Upstream: pkg/labels/matcher.go `Matchers.Less`.
pub fn sort(matchers: &mut [Matcher]) {
    matchers.sort_by(|a, b| (&a.name, &a.value, a.op).cmp(&(&b.name, &b.value, b.op)));
}

/// A copy with the cheapest comparisons first; the order of a conjunction means nothing.
pub(crate) fn cheapest_first(matchers: &[Matcher]) -> Box<[Matcher]> {
    let mut sorted: Vec<Matcher> = matchers.to_vec();
    sorted.sort_by_key(Matcher::price);
    sorted.into_boxed_slice()
}

/// Matchers in braces, separated by commas without blanks.
///
/// Upstream: pkg/labels/matcher.go `Matchers.String`.
pub fn format_matchers(matchers: &[Matcher]) -> String {
    let texts: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    format!("{{{}}}", texts.join(","))
}

/// Labels in braces, sorted, separated by comma and blank, values quoted as Go does.
///
/// Upstream: common model `LabelSet.String`.
pub fn format_labels(labels: &LabelSet) -> String {
    let mut text = String::from("{");
    for (at, label) in labels.iter().enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        text.push_str(&label.name);
        text.push('=');
        push_quoted(&mut text, &label.value);
    }
    text.push('}');
    text
}

/// Whether a text may be a label name in a mode: anything but empty, or `[a-zA-Z_][a-zA-Z0-9_]*` in classic mode.
pub fn valid_label_name(name: &str, mode: Mode) -> bool {
    let mut bytes = name.bytes();
    match mode {
        Mode::Classic => {
            bytes
                .next()
                .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
                && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
        }
        Mode::Fallback | Mode::Utf8 => !name.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matcher(name: &str, op: &str, value: &str) -> Matcher {
        Matcher::new(name, Op::parse(op).unwrap(), value).unwrap()
    }

    #[test]
    fn displays_as_upstream() {
        assert_eq!(
            matcher("a", "=", "b\\\n\"").to_string(),
            "a=\"b\\\\\\n\\\"\""
        );
        assert_eq!(
            matcher("a b", "=~", "c\td").to_string(),
            "\"a b\"=~\"c\\td\""
        );
        assert_eq!(matcher("a", "=", "c\td").to_string(), "a=\"c\td\"");
    }

    #[test]
    fn absent_labels_are_empty() {
        let labels = LabelSet::from_pairs([("a", "b")]);
        assert!(matcher("x", "!=", "y").matches_labels(&labels));
        assert!(matcher("x", "=~", ".*").matches_labels(&labels));
        assert!(matcher("x", "=", "").matches_labels(&labels));
        assert!(!matcher("a", "!~", "b|c").matches_labels(&labels));
    }

    #[test]
    fn filters_treat_empty_patterns_by_presence() {
        let labels = LabelSet::from_pairs([("a", "b")]);
        assert!(filter_matches(&[matcher("x", "=", "")], &labels));
        assert!(!filter_matches(&[matcher("x", "!=", "")], &labels));
        assert!(filter_matches(&[matcher("a", "!=", "")], &labels));
        assert!(!filter_matches(&[matcher("a", "=~", "")], &labels));
    }

    #[test]
    fn literals_are_what_an_index_can_look_up() {
        assert_eq!(matcher("a", "=", "b").literals(), Some(vec!["b"]));
        assert_eq!(matcher("a", "=~", "b|c").literals(), Some(vec!["b", "c"]));
        assert_eq!(matcher("a", "=~", "b|").literals(), None);
        assert_eq!(matcher("a", "=", "").literals(), None);
        assert_eq!(matcher("a", "!=", "b").literals(), None);
    }
}
