//! The body of a POST of alerts: one pass over the JSON text that borrows from it.
//!
//! The grammar, the verdicts and the error texts are those of Go's `encoding/json` behind go-openapi's consumer.

use super::scan::{Kind, Scanner, Syntax};
use crate::json;
use crate::time::Time;

/// The inside of a string literal, as it stands in the body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Raw<'a> {
    /// The text between the quotes.
    pub text: &'a str,
    /// Whether the text has escapes.
    pub escaped: bool,
}

impl<'a> Raw<'a> {
    /// The string that is meant.
    pub fn decoded(self) -> std::borrow::Cow<'a, str> {
        if self.escaped {
            json::unescape(self.text).into()
        } else {
            self.text.into()
        }
    }
}

/// A name and a value of an object of strings.
pub type Pair<'a> = (Raw<'a>, Raw<'a>);

/// One alert as posted. The pairs stand in [`Posted::pairs`].
#[derive(Debug, Default, Clone)]
pub struct RawAlert<'a> {
    /// Where the pairs of `labels` are; `None` without that property, or when it is null.
    pub labels: Option<(usize, usize)>,
    /// Where the pairs of `annotations` are.
    pub annotations: (usize, usize),
    /// The text of the whole `annotations` object, when there was exactly one.
    pub annotations_text: Option<&'a str>,
    /// `startsAt`; `None` when it is absent or the zero time.
    pub starts_at: Option<Time>,
    /// `endsAt`; `None` when it is absent or the zero time.
    pub ends_at: Option<Time>,
    /// `generatorURL`.
    pub generator_url: Raw<'a>,
    /// Whether null stands where the alert should be.
    pub null: bool,
    /// Why the alert cannot be decoded.
    pub problem: Option<Box<str>>,
}

/// A decoded body.
#[derive(Debug, Default)]
pub struct Posted<'a> {
    /// The alerts, in order.
    pub alerts: Vec<RawAlert<'a>>,
    /// The names and values of all labels and annotations.
    pub pairs: Vec<Pair<'a>>,
}

/// Why a body is no list of alerts at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing but white space.
    Empty,
    /// No JSON, or no array: Go's text.
    Json(String),
}

/// The Go type of an element, as it stands in upstream's errors.
const ELEMENT: &str = "struct { Annotations models.LabelSet \"json:\\\"annotations,omitempty\\\"\"; \
    EndsAt strfmt.DateTime \"json:\\\"endsAt,omitempty\\\"\"; \
    StartsAt strfmt.DateTime \"json:\\\"startsAt,omitempty\\\"\" }";

/// Checks bytes that are not valid UTF-8: the refusal when they are no JSON (the bad bytes stand in strings otherwise).
pub fn check_bytes(body: &[u8]) -> Result<(), Refusal> {
    let mut scanner = Scanner::new(body);
    if scanner.start().is_none() {
        return Err(Refusal::Empty);
    }
    scanner.skip_value().map_err(|error| Refusal::Json(error.0))
}

/// Decodes a body. What follows the first JSON value is ignored.
pub fn decode(body: &str) -> Result<Posted<'_>, Refusal> {
    let mut decoder = Decoder {
        body,
        scanner: Scanner::new(body.as_bytes()),
        posted: Posted::default(),
    };
    let Some(first) = decoder.scanner.start() else {
        return Err(Refusal::Empty);
    };
    if first == b'[' {
        decoder
            .list()
            .map_err(|error| Refusal::Json(error.0))
            .map(|()| decoder.posted)
    } else {
        match decoder.scanner.skip_kind() {
            Err(error) => Err(Refusal::Json(error.0)),
            Ok(Kind::Null) => Ok(decoder.posted),
            Ok(kind) => Err(Refusal::Json(format!(
                "json: cannot unmarshal {} into Go value of type models.PostableAlerts",
                kind.name()
            ))),
        }
    }
}

/// The four properties that count.
#[derive(Clone, Copy)]
enum Property {
    Labels,
    Annotations,
    StartsAt,
    EndsAt,
    GeneratorUrl,
    Unknown,
}

/// What went wrong inside one alert. Go decodes an alert twice, times and annotations first; a wrong type is kept
/// while decoding goes on, a bad time or URL ends it.
#[derive(Default)]
struct Problems {
    hard: [Option<String>; 2],
    kept: [Option<String>; 2],
}

impl Problems {
    fn into_first(self) -> Option<String> {
        let [hard_first, hard_second] = self.hard;
        let [kept_first, kept_second] = self.kept;
        hard_first.or(kept_first).or(hard_second).or(kept_second)
    }
}

struct Decoder<'a> {
    body: &'a str,
    scanner: Scanner<'a>,
    posted: Posted<'a>,
}

impl<'a> Decoder<'a> {
    fn list(&mut self) -> Result<(), Syntax> {
        self.scanner.open()?;
        if self.scanner.closes(b']')? {
            return Ok(());
        }
        // An alert of Prometheus is some 600 bytes with ten pairs.
        let guess = (self.body.len() / 500).clamp(1, 4096);
        self.posted.alerts.reserve(guess);
        self.posted.pairs.reserve(guess * 11);
        loop {
            let mut alert = RawAlert::default();
            if self.scanner.value_start()? == b'{' {
                self.alert(&mut alert)?;
            } else {
                let kind = self.scanner.skip_kind()?;
                alert.null = kind == Kind::Null;
                if !alert.null {
                    let problem = format!(
                        "json: cannot unmarshal {} into Go value of type {ELEMENT}",
                        kind.name()
                    );
                    alert.problem = Some(problem.into());
                }
            }
            self.posted.alerts.push(alert);
            if !self.scanner.next_element()? {
                return Ok(());
            }
        }
    }

    fn alert(&mut self, alert: &mut RawAlert<'a>) -> Result<(), Syntax> {
        let mut problems = Problems::default();
        let mut annotated = false;
        self.scanner.open()?;
        if !self.scanner.closes(b'}')? {
            loop {
                let key = self.string_after_open()?;
                self.scanner.colon()?;
                match property(key) {
                    Property::Labels => self.labels(alert, &mut problems)?,
                    Property::Annotations => {
                        let from = self.posted.pairs.len();
                        let before = alert.annotations;
                        let start = self.scanner.value_offset()?;
                        let found = self.strings(before, 0, "annotations", &mut problems)?;
                        let whole = self.body.get(start..self.scanner.offset());
                        alert.annotations_text = whole.filter(|_| !annotated && found.is_some());
                        annotated = true;
                        alert.annotations = found.unwrap_or((from, from));
                    }
                    Property::StartsAt => {
                        self.time(&mut alert.starts_at, "startsAt", &mut problems)?;
                    }
                    Property::EndsAt => self.time(&mut alert.ends_at, "endsAt", &mut problems)?,
                    Property::GeneratorUrl => {
                        if self.scanner.value_start()? == b'"' {
                            alert.generator_url = self.string()?;
                        } else {
                            let kind = self.scanner.skip_kind()?;
                            if kind != Kind::Null && problems.hard[1].is_none() {
                                problems.hard[1] =
                                    Some(wrong_type(kind, "Alert.generatorURL", "string"));
                            }
                        }
                    }
                    Property::Unknown => self.scanner.skip_value()?,
                }
                if !self.scanner.next_member()? {
                    break;
                }
            }
        }
        alert.starts_at = alert.starts_at.filter(|time| !time.is_zero());
        alert.ends_at = alert.ends_at.filter(|time| !time.is_zero());
        alert.problem = problems.into_first().map(String::into_boxed_str);
        Ok(())
    }

    fn labels(&mut self, alert: &mut RawAlert<'a>, problems: &mut Problems) -> Result<(), Syntax> {
        let before = alert.labels.unwrap_or_default();
        alert.labels = self.strings(before, 1, "labels", problems)?;
        Ok(())
    }

    /// Reads an object of strings into the pairs, behind those of an earlier property with the same name;
    /// `None` for null.
    fn strings(
        &mut self,
        before: (usize, usize),
        pass: usize,
        field: &str,
        problems: &mut Problems,
    ) -> Result<Option<(usize, usize)>, Syntax> {
        let owner = if pass == 0 { "." } else { "Alert." };
        let mut keep = |kind: Kind, wanted: &str| {
            if problems.kept[pass].is_none() {
                problems.kept[pass] = Some(wrong_type(kind, &format!("{owner}{field}"), wanted));
            }
        };
        let from = self.posted.pairs.len();
        if self.scanner.value_start()? != b'{' {
            let kind = self.scanner.skip_kind()?;
            if kind == Kind::Null {
                return Ok(None);
            }
            keep(kind, "models.LabelSet");
            return Ok(Some(before));
        }
        self.posted.pairs.extend_from_within(before.0..before.1);
        self.scanner.open()?;
        if !self.scanner.closes(b'}')? {
            loop {
                let name = self.string_after_open()?;
                self.scanner.colon()?;
                let value = if self.scanner.value_start()? == b'"' {
                    self.string()?
                } else {
                    let kind = self.scanner.skip_kind()?;
                    if kind != Kind::Null {
                        keep(kind, "string");
                    }
                    Raw::default()
                };
                self.posted.pairs.push((name, value));
                if !self.scanner.next_member()? {
                    break;
                }
            }
        }
        Ok(Some((from, self.posted.pairs.len())))
    }

    fn time(
        &mut self,
        time: &mut Option<Time>,
        field: &str,
        problems: &mut Problems,
    ) -> Result<(), Syntax> {
        let problem = if self.scanner.value_start()? == b'"' {
            match Time::parse_api(&self.string()?.decoded()) {
                Ok(parsed) => {
                    *time = Some(parsed);
                    return Ok(());
                }
                Err(error) => error.to_string(),
            }
        } else {
            let kind = self.scanner.skip_kind()?;
            if kind == Kind::Null {
                return Ok(());
            }
            wrong_type(kind, &format!(".{field}"), "string")
        };
        problems.hard[0].get_or_insert(problem);
        Ok(())
    }

    fn string_after_open(&mut self) -> Result<Raw<'a>, Syntax> {
        self.scanner.key_start()?;
        self.string()
    }

    fn string(&mut self) -> Result<Raw<'a>, Syntax> {
        let (from, to, escaped) = self.scanner.string()?;
        Ok(Raw {
            text: self.body.get(from..to).unwrap_or(""),
            escaped,
        })
    }
}

fn wrong_type(kind: Kind, field: &str, wanted: &str) -> String {
    format!(
        "json: cannot unmarshal {} into Go struct field {field} of type {wanted}",
        kind.name()
    )
}

fn property(key: Raw<'_>) -> Property {
    match key.text {
        "labels" => Property::Labels,
        "annotations" => Property::Annotations,
        "startsAt" => Property::StartsAt,
        "endsAt" => Property::EndsAt,
        "generatorURL" => Property::GeneratorUrl,
        _ => folded_property(key),
    }
}

/// As Go: names match whatever the case, the long s and the Kelvin sign included.
#[cold]
fn folded_property(key: Raw<'_>) -> Property {
    let folded: String = key
        .decoded()
        .chars()
        .map(|letter| match letter {
            '\u{17F}' => 's',
            '\u{212A}' => 'k',
            other => other.to_ascii_lowercase(),
        })
        .collect();
    match folded.as_str() {
        "labels" => Property::Labels,
        "annotations" => Property::Annotations,
        "startsat" => Property::StartsAt,
        "endsat" => Property::EndsAt,
        "generatorurl" => Property::GeneratorUrl,
        _ => Property::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn problem(body: &str) -> Option<String> {
        match decode(body) {
            Ok(posted) => posted
                .alerts
                .into_iter()
                .find_map(|alert| alert.problem.map(Into::into)),
            Err(Refusal::Empty) => Some("empty".into()),
            Err(Refusal::Json(text)) => Some(text),
        }
    }

    fn object(posted: &Posted<'_>, (from, to): (usize, usize)) -> Value {
        posted.pairs[from..to]
            .iter()
            .map(|(name, value)| (name.decoded().into_owned(), Value::from(value.decoded())))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    #[test]
    fn a_bad_time_wins_over_an_earlier_bad_type() {
        let body = r#"[{"annotations":1,"startsAt":3,"labels":2}]"#;
        assert_eq!(
            problem(body).as_deref(),
            Some("json: cannot unmarshal number into Go struct field .startsAt of type string")
        );
    }

    #[test]
    fn depth_is_bounded_and_needs_no_stack() {
        let nested =
            |depth: usize| format!("[{{\"x\":{}{}}}]", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(problem(&nested(9_998)), None);
        assert_eq!(
            problem(&nested(9_999)).as_deref(),
            Some("invalid character '[' exceeded max depth")
        );
        assert_eq!(
            problem(&"[".repeat(1_000_000)).as_deref(),
            Some("invalid character '[' exceeded max depth")
        );
    }

    #[test]
    fn later_properties_of_one_name_are_merged() {
        let body = r#"[{"labels":{"a":"1"},"annotations":{"x":"y"},"Labels":{"b":"2"},"annotations":null}]"#;
        let posted = decode(body).unwrap();
        let alert = &posted.alerts[0];
        assert_eq!(
            object(&posted, alert.labels.unwrap()),
            json!({"a": "1", "b": "2"})
        );
        assert_eq!(object(&posted, alert.annotations), json!({}));
        assert_eq!(alert.annotations_text, None);
    }

    fn texts() -> impl Strategy<Value = std::collections::BTreeMap<String, String>> {
        proptest::collection::btree_map(any::<String>(), any::<String>(), 0..4)
    }

    proptest! {
        #[test]
        fn no_text_panics(body in ".*") {
            let _ = decode(&body);
        }

        #[test]
        fn nothing_near_json_panics(body in r#"[\[\]{}",:\\ntrue0-9.eE+u \x00-]{0,60}"#) {
            let ours = decode(&body).is_err_and(|refusal| matches!(refusal, Refusal::Json(_)));
            // serde_json wants the end of the text, so only what it takes must be taken.
            if let Ok(value) = serde_json::from_str::<Value>(&body) {
                prop_assert_eq!(ours, !value.is_array() && !value.is_null(), "{}", body);
            }
        }

        #[test]
        fn bytes_are_checked_without_panic(body in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = check_bytes(&body);
        }

        #[test]
        fn reads_what_serde_writes(
            labels in texts(), annotations in texts(), url in any::<String>(), pretty in any::<bool>(),
        ) {
            let document = json!([{
                "generatorURL": url, "labels": labels, "unknown": [{"a": [1, null]}],
                "annotations": annotations, "endsAt": "2026-01-02T03:04:05Z",
            }]);
            let body = if pretty {
                serde_json::to_string_pretty(&document).unwrap()
            } else {
                document.to_string()
            };
            let posted = decode(&body).unwrap();
            let alert = &posted.alerts[0];
            prop_assert_eq!(object(&posted, alert.labels.unwrap()), json!(labels));
            prop_assert_eq!(object(&posted, alert.annotations), json!(annotations));
            prop_assert_eq!(alert.generator_url.decoded(), url);
            prop_assert_eq!(alert.ends_at.unwrap().unix_secs(), 1_767_323_045);
            prop_assert_eq!(&alert.problem, &None);
        }
    }
}
