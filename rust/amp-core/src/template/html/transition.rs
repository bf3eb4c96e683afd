//! How text moves the reader of HTML on: tags, attributes, addresses. Scripts and styles have their own files.
//!
//! Upstream: Go `html/template` `transition.go`.

use super::context::{Attr, Context, Delim, Element, State, UrlPart};
use super::text::{find, find_any, is_space, leading_space, quoted, quoted_start};
use super::{attribute, css, entity, script};

/// The context after a first part of a text that is not empty, and how long that part is.
pub(super) fn after_text(context: &Context, text: &[u8]) -> (Context, usize) {
    if context.delim != Delim::None {
        return in_value(context, text);
    }
    // Inside a script's literals and comments its end tag is text, which is made harmless.
    let hidden = context.element == Element::Script
        && (context.state.is_in_script_literal() || context.state.is_comment());
    let tag = context.element.end_tag().filter(|_| !hidden);
    let end = match tag.and_then(|tag| end_tag(text, tag)) {
        Some(0) => return (Context::default(), 0),
        Some(at) => at,
        None => text.len(),
    };
    step(context, &text[..end])
}

/// Text of an attribute's value.
fn in_value(context: &Context, text: &[u8]) -> (Context, usize) {
    let end = find_any(text, context.delim.ends());
    let value = &text[..end.unwrap_or(text.len())];
    if context.delim == Delim::SpaceOrTagEnd
        && let Some(at) = find_any(value, b"\"'<=`")
    {
        let (what, value) = (quoted(&value[at..=at]), quoted(value));
        let message = format!("{what} in unquoted attr: {value}");
        return (Context::failed(None, message), text.len());
    }
    let Some(end) = end else {
        // The rules of scripts and styles see the value as a browser does.
        let decoded = entity::decode(text);
        let (mut context, mut rest) = (context.clone(), &decoded[..]);
        while !rest.is_empty() {
            let (next, read) = step(&context, rest);
            (context, rest) = (next, &rest[read..]);
        }
        return (context, text.len());
    };
    let foreign_script = context.state == State::Attr
        && context.element == Element::Script
        && context.attr == Attr::ScriptType
        && !script::is_script_type(&String::from_utf8_lossy(value));
    let after = Context {
        state: State::Tag,
        element: if foreign_script {
            Element::None
        } else {
            context.element
        },
        ..Context::default()
    };
    let quote = usize::from(context.delim != Delim::SpaceOrTagEnd);
    (after, end + quote)
}

/// One transition by the state alone.
pub(super) fn step(context: &Context, text: &[u8]) -> (Context, usize) {
    let all = text.len();
    match context.state {
        State::Text => in_text(context, text),
        State::Tag => in_tag(context, text),
        State::AttrName => match name_end(text, 0) {
            Err(message) => (Context::failed(None, message), all),
            Ok(end) => {
                let mut next = context.clone();
                if end != all {
                    next.state = State::AfterName;
                }
                (next, end)
            }
        },
        State::AfterName => after_name(context, text),
        State::BeforeValue => before_value(context, text),
        State::HtmlComment => match find(text, b"-->") {
            Some(at) => (Context::default(), at + 3),
            None => (context.clone(), all),
        },
        State::Rcdata => match context.element.end_tag().and_then(|tag| end_tag(text, tag)) {
            Some(at) => (Context::default(), at),
            None => (context.clone(), all),
        },
        State::Attr | State::Error | State::Dead => (context.clone(), all),
        State::Url | State::Srcset => (in_url(context, text), all),
        State::MetaContent => match url_key_end(text) {
            Some(end) => (with_state(context, State::MetaContentUrl), end),
            None => (context.clone(), all),
        },
        State::MetaContentUrl => match find(text, b";") {
            Some(at) => (with_state(context, State::MetaContent), at + 1),
            None => (context.clone(), all),
        },
        State::Js
        | State::JsDoubleString
        | State::JsSingleString
        | State::JsTemplate
        | State::JsRegexp
        | State::JsBlockComment
        | State::JsLineComment
        | State::JsHtmlOpenComment
        | State::JsHtmlCloseComment => script::step(context, text),
        State::Css
        | State::CssDoubleString
        | State::CssSingleString
        | State::CssDoubleUrl
        | State::CssSingleUrl
        | State::CssUrl
        | State::CssBlockComment
        | State::CssLineComment => css::step(context, text),
    }
}

pub(super) fn with_state(context: &Context, state: State) -> Context {
    Context {
        state,
        ..context.clone()
    }
}

fn in_text(context: &Context, text: &[u8]) -> (Context, usize) {
    let mut from = 0;
    loop {
        let Some(found) = find(&text[from..], b"<") else {
            return (context.clone(), text.len());
        };
        let mut at = from + found + 1;
        if text[at - 1..].starts_with(b"<!--") {
            return (Context::in_state(State::HtmlComment), at + 3);
        }
        let closes = text.get(at) == Some(&b'/');
        if closes {
            at += 1;
        }
        if at >= text.len() {
            return (context.clone(), text.len());
        }
        let end = tag_name_end(text, at);
        if end != at {
            let element = if closes {
                Element::None
            } else {
                Element::named(&text[at..end])
            };
            let tag = Context {
                state: State::Tag,
                element,
                ..Context::default()
            };
            return (tag, end);
        }
        from = end;
    }
}

/// Where a tag's name ends; `x-y` and `x:y` are names.
fn tag_name_end(text: &[u8], start: usize) -> usize {
    if !text[start].is_ascii_alphabetic() {
        return start;
    }
    let mut end = start + 1;
    while let Some(byte) = text.get(end) {
        let joins =
            matches!(byte, b':' | b'-') && text.get(end + 1).is_some_and(u8::is_ascii_alphanumeric);
        if joins {
            end += 2;
        } else if byte.is_ascii_alphanumeric() {
            end += 1;
        } else {
            break;
        }
    }
    end
}

/// Where the tag that ends an element's content begins.
fn end_tag(text: &[u8], name: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = find(text.get(from..)?, b"</") {
        let at = from + found;
        let after = at + 2 + name.len();
        let same = text
            .get(at + 2..after)
            .is_some_and(|tag| tag.eq_ignore_ascii_case(name));
        if same
            && text
                .get(after)
                .is_some_and(|byte| b"> \t\n\x0c/".contains(byte))
        {
            return Some(at);
        }
        from = if same { after } else { at + 2 };
    }
    None
}

fn in_tag(context: &Context, text: &[u8]) -> (Context, usize) {
    let start = leading_space(text);
    let all = text.len();
    match text.get(start) {
        None => return (context.clone(), all),
        Some(b'>') => {
            let state = context.element.content();
            let element = match context.element {
                Element::Meta => Element::None,
                element => element,
            };
            let inside = Context {
                state,
                element,
                ..Context::default()
            };
            return (inside, start + 1);
        }
        Some(_) => {}
    }
    let end = match name_end(text, start) {
        Ok(end) if end == start => {
            let shown = quoted(&text[start..]);
            let message = format!("expected space, attr name, or end of tag, but got {shown}");
            return (Context::failed(None, message), all);
        }
        Ok(end) => end,
        Err(message) => return (Context::failed(None, message), all),
    };
    let name = String::from_utf8_lossy(&text[start..end]).to_lowercase();
    let next = Context {
        state: if end == all {
            State::AttrName
        } else {
            State::AfterName
        },
        element: context.element,
        attr: attribute::of_element(context.element, &name),
        ..Context::default()
    };
    (next, end)
}

/// Where an attribute's name ends.
fn name_end(text: &[u8], start: usize) -> Result<usize, String> {
    for (at, byte) in text.iter().enumerate().skip(start) {
        match byte {
            b'=' | b'>' => return Ok(at),
            byte if is_space(*byte) => return Ok(at),
            b'\'' | b'"' | b'<' => {
                let (what, shown) = (quoted(&[*byte]), quoted_start(text));
                return Err(format!("{what} in attribute name: {shown}"));
            }
            _ => {}
        }
    }
    Ok(text.len())
}

fn after_name(context: &Context, text: &[u8]) -> (Context, usize) {
    let start = leading_space(text);
    match text.get(start) {
        None => (context.clone(), text.len()),
        Some(b'=') => (with_state(context, State::BeforeValue), start + 1),
        Some(_) => (with_state(context, State::Tag), start),
    }
}

fn before_value(context: &Context, text: &[u8]) -> (Context, usize) {
    let start = leading_space(text);
    let (delim, start) = match text.get(start) {
        None => return (context.clone(), text.len()),
        Some(b'\'') => (Delim::SingleQuote, start + 1),
        Some(b'"') => (Delim::DoubleQuote, start + 1),
        Some(_) => (Delim::SpaceOrTagEnd, start),
    };
    let value = Context {
        state: context.attr.start(),
        delim,
        ..context.clone()
    };
    (value, start)
}

/// An address moves on to its query once, and is at its start only before anything stands in it.
pub(super) fn in_url(context: &Context, text: &[u8]) -> Context {
    let mut next = context.clone();
    if find_any(text, b"#?").is_some() {
        next.url_part = UrlPart::QueryOrFragment;
    } else if leading_space(text) != text.len() && next.url_part == UrlPart::None {
        next.url_part = UrlPart::PreQuery;
    }
    next
}

/// Where `url=` ends in the content of a `meta` element; blanks may stand before the sign.
fn url_key_end(text: &[u8]) -> Option<usize> {
    (0..text.len()).find_map(|at| {
        let key = text.get(at..at + 3)?;
        let rest = &text[at + 3..];
        let blanks = leading_space(rest);
        (key.eq_ignore_ascii_case(b"url") && rest.get(blanks) == Some(&b'='))
            .then_some(at + 4 + blanks)
    })
}
