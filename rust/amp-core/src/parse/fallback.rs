//! What the two grammars make of one text, and what is said about it.

use crate::error::Error;
use crate::matcher::Matcher;

/// Matchers, with what upstream would log about their text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The matchers in the order of the text.
    pub matchers: Vec<Matcher>,
    /// Only in fallback mode.
    pub warning: Option<Warning>,
}

impl Parsed {
    pub(super) fn quiet(matchers: Vec<Matcher>) -> Self {
        Self {
            matchers,
            warning: None,
        }
    }
}

/// Why a text should be rewritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// Only the classic grammar reads it.
    Incompatible {
        /// The UTF-8 grammar's error.
        error: String,
        /// A text that both grammars read alike.
        suggestion: String,
    },
    /// The two grammars read it differently; the classic reading was taken.
    Disagreement,
}

impl Warning {
    /// The log line's message.
    pub fn message(&self) -> &'static str {
        match self {
            Self::Incompatible { .. } => {
                "Alertmanager is moving to a new parser for labels and matchers, and this input is \
                 incompatible. Alertmanager has instead parsed the input using the classic matchers \
                 parser as a fallback. To make this input compatible with the UTF-8 matchers parser \
                 please make sure all regular expressions and values are double-quoted and backslashes \
                 are escaped. If you are still seeing this message please open an issue."
            }
            Self::Disagreement => "Matchers input has disagreement",
        }
    }
}

/// Upstream: matcher/compat/parse.go `FallbackMatchersParser`.
pub(super) fn both(
    utf8: Result<Vec<Matcher>, Error>,
    classic: Result<Vec<Matcher>, Error>,
) -> Result<Parsed, Error> {
    match (utf8, classic) {
        (Err(_), Err(classic)) => Err(classic),
        (Ok(utf8), Err(_)) => Ok(Parsed::quiet(utf8)),
        (Err(error), Ok(classic)) => {
            let texts: Vec<String> = classic.iter().map(ToString::to_string).collect();
            Ok(Parsed {
                matchers: classic,
                warning: Some(Warning::Incompatible {
                    error: error.to_string(),
                    suggestion: texts.join(","),
                }),
            })
        }
        (Ok(utf8), Ok(classic)) => Ok(Parsed {
            // Upstream also tells an empty list from an absent one.
            warning: (utf8 != classic || classic.is_empty()).then_some(Warning::Disagreement),
            matchers: classic,
        }),
    }
}
