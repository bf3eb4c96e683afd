//! Regular expressions in Go's RE2 dialect, translated to the dialect of the `regex` crate.

use crate::error::Error;

mod class;
mod cursor;
mod translate;

/// So much memory may one compiled expression take.
const SIZE_LIMIT_BYTES: usize = 32 << 20;

/// A compiled regular expression that must match a whole value.
#[derive(Debug, Clone)]
pub struct Pattern(Test);

#[derive(Debug, Clone)]
enum Test {
    /// One of some literal texts.
    Literals(Box<[Box<str>]>),
    /// `.*` (0) or `.+` (1): at least so many bytes, no newline.
    AnyOnOneLine(usize),
    Regex(Box<regex::Regex>),
}

impl Pattern {
    /// Compiles a matcher's pattern, anchored at both ends.
    pub fn anchored(pattern: &str) -> Result<Self, Error> {
        Ok(Self(match pattern {
            ".*" => Test::AnyOnOneLine(0),
            ".+" => Test::AnyOnOneLine(1),
            _ => match plain(pattern) {
                Some(plain) => Test::Literals(plain.split('|').map(Into::into).collect()),
                None => Test::Regex(Box::new(compile(&format!("^(?:{pattern})$"))?)),
            },
        }))
    }

    /// Whether the pattern matches the whole text.
    pub fn matches(&self, text: &str) -> bool {
        match &self.0 {
            Test::Literals(literals) => literals.iter().any(|literal| **literal == *text),
            Test::AnyOnOneLine(least) => {
                text.len() >= *least && memchr::memchr(b'\n', text.as_bytes()).is_none()
            }
            Test::Regex(regex) => regex.is_match(text),
        }
    }

    /// The texts a pattern of plain alternatives matches.
    pub(crate) fn literals(&self) -> Option<Vec<&str>> {
        match &self.0 {
            Test::Literals(literals) => Some(literals.iter().map(AsRef::as_ref).collect()),
            _ => None,
        }
    }
}

/// Literal alternatives without anything special, also when anchored already, as `match_re` values are.
fn plain(pattern: &str) -> Option<&str> {
    let inner = pattern
        .strip_prefix("^(?:")
        .and_then(|rest| rest.strip_suffix(")$"))
        .unwrap_or(pattern);
    let special = |c: char| {
        matches!(
            c,
            '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$'
        )
    };
    (!inner.contains(special)).then_some(inner)
}

/// Compiles a pattern of Go's dialect; errors have Go's text.
///
/// Groups keep their numbers; a name stays when it is new and the `regex` crate can say it.
pub fn compile(pattern: &str) -> Result<regex::Regex, Error> {
    let refused =
        |code: &str, part: &str| Error::Matcher(format!("error parsing regexp: {code}: `{part}`"));
    let translated =
        translate::translate(pattern).map_err(|refusal| refused(refusal.code, refusal.part))?;
    regex::RegexBuilder::new(&translated)
        .size_limit(SIZE_LIMIT_BYTES)
        .build()
        .map_err(|error| match error {
            // The translation is valid: what is left is the depth, less than Go's for the stack's sake.
            regex::Error::Syntax(_) => refused("expression nests too deeply", pattern),
            _ => refused("expression too large", pattern),
        })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::anchored(pattern).unwrap().matches(text)
    }

    fn error(pattern: &str) -> String {
        compile(pattern).unwrap_err().to_string()
    }

    #[test]
    fn means_what_go_means() {
        for (pattern, yes, no) in [
            (r"\Qa.b\E+", "a.bb", "axb"),
            (r"\d+", "12", "١٢"),
            (r"(?i)straße", "STRAßE", "STRASSE"),
            (r"(?i)[a-c]\x41", "Ba", "Db"),
            (r"a.b", "axb", "a\nb"),
            (r"(?s)a.b", "a\nb", "ab"),
            (r"[^a]", "\n", "a"),
            (r"\101\x{42}\07", "AB\x07", "AB7"),
            (r"\pN\P{^Lu}", "1A", "1a"),
            (r"[[:upper:]\d-]+", "A1-", "a"),
            (r"[]a]+", "]a", "b"),
            (r"a{,5}", "a{,5}", "aaa"),
            (r"x{2,3}?", "xxx", "x"),
            (r"(?P<n>a)(?P<n>b)(?<m>c)", "abc", "ab"),
            (r"a)|(?:b", "b", "c"),
            (r"(?m)a$\nb", "a\nb", "ab"),
            (r"a\b.\B-", "a--", "ab-"),
            (r"(?i:k)", "\u{212a}", "q"),
            (r"[\x{D800}a]", "a", "b"),
            (r"^a$|^b$", "b", "ab"),
            ("a|", "", "b"),
        ] {
            assert!(matches(pattern, yes), "{pattern} should match {yes:?}");
            assert!(!matches(pattern, no), "{pattern} should not match {no:?}");
        }
    }

    #[test]
    fn refuses_with_gos_texts() {
        for (pattern, text) in [
            ("[", "missing closing ]: `[`"),
            ("*", "missing argument to repetition operator: `*`"),
            ("a|*?", "missing argument to repetition operator: `*?`"),
            ("a**", "invalid nested repetition operator: `**`"),
            ("a*?*", "invalid nested repetition operator: `*?*`"),
            ("a{1001}", "invalid repeat count: `{1001}`"),
            ("(?:a{1000}){2}", "invalid repeat count: `{2}`"),
            ("(?P<n", "invalid named capture: `(?P<n`"),
            ("(?P<n-m>a)", "invalid named capture: `(?P<n-m>`"),
            ("(?i-:a)", "invalid or unsupported Perl syntax: `(?i-:`"),
            (r"\C", r"invalid escape sequence: `\C`"),
            (r"\x{110000}", r"invalid escape sequence: `\x{110000`"),
            (r"\p{Nope}", r"invalid character class range: `\p{Nope}`"),
            (r"\p{Grek}", r"invalid character class range: `\p{Grek}`"),
            ("[b-a]", "invalid character class range: `b-a`"),
            ("a\\", "trailing backslash at end of expression: ``"),
            ("(a", "missing closing ): `(a`"),
            ("a)", "unexpected ): `a)`"),
        ] {
            assert_eq!(error(pattern), format!("error parsing regexp: {text}"));
        }
    }

    #[test]
    fn depth_is_limited() {
        let nested = |depth: usize| format!("{}a{}", "(?:".repeat(depth), ")*".repeat(depth));
        assert!(compile(&nested(100)).is_ok());
        assert!(error(&nested(500)).contains("expression nests too deeply"));
        assert!(error(&nested(1_001)).contains("expression nests too deeply"));
    }

    proptest! {
        #[test]
        fn never_panics_and_never_makes_a_wrong_translation(pattern in r"[\[\](){}^$.*+?|\\a-fxpPQE0-9:,<>=!iUms\-é]{0,20}") {
            if let Err(error) = compile(&pattern) {
                prop_assert!(!error.to_string().contains("too "), "{}", pattern);
            }
        }
    }
}
