//! Matchers as text, in the classic and the UTF-8 grammar.

use crate::error::Error;
use crate::matcher::{Matcher, Mode};

mod classic;
mod fallback;
mod utf8;

pub use fallback::{Parsed, Warning};

/// Reads a list of matchers, braces optional.
///
/// Upstream: matcher/compat/parse.go `Matchers`.
pub fn matchers(text: &str, mode: Mode) -> Result<Parsed, Error> {
    match mode {
        Mode::Classic => classic::matchers(text).map(Parsed::quiet),
        Mode::Utf8 => utf8::matchers(text).map(Parsed::quiet),
        Mode::Fallback => fallback::both(utf8::matchers(text), classic::matchers(text)),
    }
}

/// Reads exactly one matcher, without braces but in classic mode, where they belong to the value.
///
/// Upstream: matcher/compat/parse.go `Matcher`.
pub fn matcher(text: &str, mode: Mode) -> Result<Parsed, Error> {
    match mode {
        Mode::Classic => Ok(Parsed::quiet(vec![classic::matcher(text)?])),
        Mode::Utf8 => {
            refuse_braces(text)?;
            Ok(Parsed::quiet(vec![utf8::matcher(text)?]))
        }
        Mode::Fallback => {
            refuse_braces(text)?;
            let one = |matcher: Matcher| vec![matcher];
            fallback::both(
                utf8::matcher(text).map(one),
                classic::matcher(text).map(one),
            )
        }
    }
}

fn refuse_braces(text: &str) -> Result<(), Error> {
    if text.starts_with('{') || text.ends_with('}') {
        return Err(Error::Matcher(format!(
            "unexpected open or close brace: {text}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::matcher::{Op, format_matchers};

    fn read(text: &str, mode: Mode) -> Result<Vec<String>, String> {
        matchers(text, mode)
            .map(|parsed| parsed.matchers.iter().map(ToString::to_string).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_grammars_differ_as_upstreams_do() {
        assert_eq!(read("a=b=c", Mode::Fallback), Ok(vec!["a=\"b=c\"".into()]));
        assert_eq!(
            read("a=b=c", Mode::Utf8),
            Err("3:4: unexpected =: expected a comma or close brace".into())
        );
        assert_eq!(
            read("é=b", Mode::Classic),
            Err("bad matcher format: é=b".into())
        );
        assert_eq!(read("é=b", Mode::Fallback), Ok(vec!["é=\"b\"".into()]));
    }

    #[test]
    fn warnings_tell_what_to_write() {
        let warning = matchers("{a=\\d+, b=c d}", Mode::Fallback).unwrap().warning;
        let Some(Warning::Incompatible { error, suggestion }) = warning else {
            panic!("{warning:?}");
        };
        assert_eq!(error, "3:4: \\: invalid input: expected label value");
        assert_eq!(suggestion, "a=\"\\\\d+\",b=\"c d\"");
        let disagreement = matchers("a=\"b\\tc\"", Mode::Fallback).unwrap();
        assert_eq!(disagreement.warning, Some(Warning::Disagreement));
        assert_eq!(disagreement.matchers[0].value(), "b\\tc");
        assert_eq!(matchers("a=b", Mode::Fallback).unwrap().warning, None);
    }

    #[test]
    fn a_single_matcher_has_no_braces() {
        for text in ["{a=b", "a=b}"] {
            let error = matcher(text, Mode::Fallback).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("unexpected open or close brace: {text}")
            );
        }
        assert_eq!(
            matcher("a=b,c=d", Mode::Fallback).unwrap().matchers[0].value(),
            "b,c=d"
        );
    }

    fn any_matcher() -> impl Strategy<Value = Matcher> {
        let op = prop_oneof![Just(Op::Equal), Just(Op::NotEqual)];
        ("\\PC{1,6}", op, "\\PC{0,8}|[\\x00-\\x7f]{0,6}")
            .prop_map(|(name, op, value)| Matcher::new(&name, op, &value).unwrap())
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(given in prop::collection::vec(any_matcher(), 0..4)) {
            let text = format_matchers(&given);
            prop_assert_eq!(&matchers(&text, Mode::Utf8).unwrap().matchers, &given);
        }

        #[test]
        fn classic_reads_what_it_writes(name in "[a-z_:]{1,4}", value in "\\PC{0,8}|[\\n\"\\\\{},=]{0,6}") {
            let given = Matcher::new(&name, Op::Equal, &value).unwrap();
            let read = matchers(&given.to_string(), Mode::Classic).unwrap().matchers;
            prop_assert_eq!(read, vec![given]);
        }

        #[test]
        fn never_panics(text in "\\PC{0,20}|[ab{}!=~,\\\\\"' \\n]{0,20}") {
            for mode in [Mode::Fallback, Mode::Classic, Mode::Utf8] {
                let _ = matchers(&text, mode);
                let _ = matcher(&text, mode);
            }
        }
    }
}
