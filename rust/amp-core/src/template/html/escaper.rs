//! What a printed value goes through before it stands in HTML.
//!
//! Upstream: Go `html/template` `html.go`, `url.go`, `css.go`, `js.go`.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::super::builtins::{escape_html, escape_query};
use super::super::eval::printed;
use super::super::format::{Flags, print_value};
use super::super::value::{Trust, Value};
use super::context::{Context, Delim, Element, State};
use super::text::find_any;
use super::{UNSAFE, attribute, css, script, transition, url};

/// One step; messages never name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Escaper {
    Text,
    Rcdata,
    /// The value of an attribute in quotes.
    Value,
    /// The value of an attribute without quotes.
    BareValue,
    Comment,
    AttributeName,
    CssString,
    CssValue,
    JsValue,
    JsString,
    JsTemplate,
    JsRegexp,
    SourceSet,
    UrlPart,
    UrlFilter,
    UrlNormal,
    /// The function `html`, which the template names itself.
    NamedHtml,
    /// The function `urlquery`, which the template names itself.
    NamedQuery,
}

impl Escaper {
    /// Whether a function that the template names does the same.
    pub(super) fn is_named(self, name: &str) -> bool {
        match name {
            "html" => matches!(self, Self::Text | Self::Rcdata | Self::Value),
            "urlquery" => matches!(self, Self::UrlPart | Self::UrlNormal),
            _ => false,
        }
    }

    /// Whether the other changes nothing after this one.
    pub(super) fn makes_needless(self, other: Self) -> bool {
        match self {
            Self::Comment => matches!(other, Self::Value | Self::BareValue | Self::Text),
            Self::CssString | Self::JsString | Self::JsRegexp => other == Self::Value,
            _ => false,
        }
    }

    /// The escaped text; `None` when nothing changes.
    fn apply(self, text: &str, trust: Option<Trust>) -> Option<String> {
        let html = trust == Some(Trust::Html);
        match self {
            Self::Text if html => None,
            Self::Rcdata if html => escaped(text, Keep::Entities),
            Self::Value if html => {
                let stripped = without_tags(text);
                let stripped = stripped.as_deref().unwrap_or(text);
                Some(escaped(stripped, Keep::Entities).unwrap_or_else(|| stripped.to_owned()))
            }
            Self::Text | Self::Rcdata | Self::Value => escaped(text, Keep::Nothing),
            Self::BareValue if text.is_empty() => Some(UNSAFE.to_owned()),
            Self::BareValue if html => {
                let stripped = without_tags(text);
                Some(bare(stripped.as_deref().unwrap_or(text), Keep::Entities))
            }
            Self::BareValue => Some(bare(text, Keep::Nothing)),
            Self::Comment => Some(String::new()),
            Self::AttributeName => Some(attribute_name(text)),
            Self::CssString => changed(css::string(text), text),
            Self::CssValue => changed(css::value(text), text),
            Self::JsValue => Some(script::expression(&Value::text(text))),
            Self::JsString => changed(script::string(text), text),
            Self::JsTemplate => changed(script::template(text), text),
            Self::JsRegexp => changed(script::regexp(text), text),
            Self::SourceSet if trust == Some(Trust::Url) => {
                Some(url::encode(text, true).replace(',', "%2c"))
            }
            Self::SourceSet => Some(url::source_set(text)),
            Self::UrlPart => changed(url::encode(text, trust == Some(Trust::Url)), text),
            Self::UrlNormal => changed(url::encode(text, true), text),
            Self::UrlFilter if trust == Some(Trust::Url) || url::is_safe(text) => None,
            Self::UrlFilter => Some(format!("#{UNSAFE}")),
            Self::NamedHtml => Some(escape_html(text)),
            Self::NamedQuery => Some(escape_query(text)),
        }
    }
}

/// Writes a value through its escapers.
pub(in super::super) fn write(out: &mut String, value: &Value, escapers: &[Escaper]) {
    let (mut text, mut trust) = match escapers.first() {
        Some(Escaper::JsValue) => (Cow::Owned(script::expression(value)), None),
        Some(Escaper::NamedHtml | Escaper::NamedQuery) => {
            (Cow::Owned(printed(std::slice::from_ref(value))), None)
        }
        _ => shown(value),
    };
    let done = usize::from(escapers.first() == Some(&Escaper::JsValue));
    for escaper in escapers.get(done..).unwrap_or_default() {
        if let Some(next) = escaper.apply(&text, trust) {
            text = Cow::Owned(next);
        }
        trust = None;
    }
    out.push_str(&text);
}

/// A value's text and what it is trusted as; nothing for nil.
fn shown(value: &Value) -> (Cow<'_, str>, Option<Trust>) {
    match value {
        Value::Str(text) => (Cow::Borrowed(text), None),
        Value::Trusted(trust, text) => (Cow::Borrowed(text), Some(*trust)),
        Value::Invalid | Value::NilInterface => (Cow::Borrowed(""), None),
        other => {
            let mut text = String::new();
            print_value(&mut text, other, 'v', &Flags::default());
            (Cow::Owned(text), None)
        }
    }
}

fn changed(escaped: Cow<'_, str>, text: &str) -> Option<String> {
    match escaped {
        Cow::Borrowed(same) if std::ptr::eq(same, text) => None,
        other => Some(other.into_owned()),
    }
}

/// What of a text stays as it is.
#[derive(Clone, Copy, PartialEq)]
enum Keep {
    Nothing,
    Entities,
}

fn escaped(text: &str, keep: Keep) -> Option<String> {
    let special = |byte: u8| match byte {
        b'&' => keep == Keep::Nothing,
        b'\0' | b'"' | b'\'' | b'+' | b'<' | b'>' => true,
        _ => false,
    };
    let mut from = text.bytes().position(special)?;
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..from]);
    while let Some(byte) = text.as_bytes().get(from) {
        out.push_str(match byte {
            b'&' => "&amp;",
            b'"' => "&#34;",
            b'\'' => "&#39;",
            b'+' => "&#43;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            _ => "\u{fffd}",
        });
        let rest = &text[from + 1..];
        let plain = rest.bytes().position(special).unwrap_or(rest.len());
        out.push_str(&rest[..plain]);
        from += 1 + plain;
    }
    Some(out)
}

/// Text of an attribute without quotes, where blanks and more would end it.
fn bare(text: &str, keep: Keep) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' if keep == Keep::Entities => out.push('&'),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\0' => out.push_str("&#xfffd;"),
            '\t'..='\r' | ' ' | '"' | '\'' | '+' | '=' | '`' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            '\u{fdd0}'..='\u{fdef}' | '\u{fff0}'..='\u{ffff}' => {
                let _ = write!(out, "&#x{:x};", u32::from(c));
            }
            other => out.push(other),
        }
    }
    out
}

/// A name that neither holds code nor changes how other content is read.
fn attribute_name(text: &str) -> String {
    let name = text.to_lowercase();
    let plain = name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if name.is_empty() || !plain || attribute::content(&name) != attribute::Content::Plain {
        return UNSAFE.to_owned();
    }
    name
}

/// Trusted HTML as the text of an attribute: its tags and comments go. `None` when it has none.
fn without_tags(html: &str) -> Option<String> {
    let text = html.as_bytes();
    let mut out = Vec::with_capacity(text.len());
    let mut context = Context::default();
    let (mut at, mut only_text) = (0, true);
    while at < text.len() {
        if context.delim != Delim::None {
            let Some(end) = find_any(&text[at..], context.delim.ends()) else {
                break;
            };
            let quote = usize::from(context.delim != Delim::SpaceOrTagEnd);
            at += end + quote;
            context = Context {
                state: State::Tag,
                element: context.element,
                ..Context::default()
            };
            continue;
        }
        if context.element != Element::None && !context.state.is_in_tag() {
            // Scripts and styles are text here.
            context.state = State::Rcdata;
        }
        let (next, read) = transition::step(&context, &text[at..]);
        let end = at + read;
        if matches!(context.state, State::Text | State::Rcdata) {
            let mut shown = end;
            if next.state != context.state
                && let Some(tag) = text[at..end].iter().rposition(|byte| *byte == b'<')
            {
                shown = at + tag;
            }
            out.extend_from_slice(&text[at..shown]);
        } else {
            only_text = false;
        }
        if read == 0 && next == context {
            break;
        }
        (context, at) = (next, end);
    }
    if only_text {
        return None;
    }
    if matches!(context.state, State::Text | State::Rcdata) {
        out.extend_from_slice(&text[at..]);
    }
    Some(super::super::value::lossy(out))
}
