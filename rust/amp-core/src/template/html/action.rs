//! What a printed value needs where it stands, and how that joins its pipeline.
//!
//! Upstream: Go `html/template` `escape.go`.

use std::sync::Arc;

use smallvec::SmallVec;

use super::Escaped;
use super::context::{Context, Delim, Slash, State, UrlPart};
use super::escaper::Escaper;
use crate::quote::quote;
use crate::template::node::{Node, OperandKind, Pipe, Source};

/// The function at a command's start.
fn function(pipe: &Pipe, index: usize) -> Option<&str> {
    match &pipe.commands[index].args.first()?.kind {
        OperandKind::Identifier(name) => Some(name),
        _ => None,
    }
}

fn is_escaping(name: &str) -> bool {
    matches!(name, "html" | "urlquery")
}

/// A printed value takes the escapers of its place.
pub(super) fn escape(context: Context, source: &Source, pipe: &Arc<Pipe>) -> (Context, Node) {
    if !pipe.declared.is_empty() {
        return (context, Node::Action(Arc::clone(pipe)));
    }
    let mut context = context.nudged();
    let bare = context.state == State::Attr && context.delim == Delim::SpaceOrTagEnd;
    let refused = (0..pipe.commands.len()).find_map(|index| {
        let name = function(pipe, index).filter(|name| is_escaping(name))?;
        let early = index + 1 < pipe.commands.len();
        (early || bare && name == "html").then_some(name)
    });
    if let Some(name) = refused {
        let shown = quote(name);
        let message = format!("predefined escaper {shown} disallowed in template");
        return failed(source, pipe, message);
    }
    let mut escapers = match escapers(&mut context) {
        Ok(escapers) => escapers,
        Err(message) => {
            let message = format!("{{{{{pipe}}}}} {message}");
            return failed(source, pipe, message);
        }
    };
    if escapers.is_empty() {
        return (context, Node::Action(Arc::clone(pipe)));
    }
    let escaped = escaped(pipe, &mut escapers);
    (context, Node::Escaped(Arc::new(escaped)))
}

fn failed(source: &Source, pipe: &Arc<Pipe>, message: String) -> (Context, Node) {
    let failure = Context::failed(Some(source.place(pipe.at)), message);
    (failure, Node::Action(Arc::clone(pipe)))
}

type Escapers = SmallVec<[Escaper; 3]>;

/// What a value here goes through.
fn escapers(context: &mut Context) -> Result<Escapers, &'static str> {
    let mut out = Escapers::new();
    match context.state {
        State::Url
        | State::CssDoubleString
        | State::CssSingleString
        | State::CssDoubleUrl
        | State::CssSingleUrl
        | State::CssUrl => {
            let in_string = matches!(
                context.state,
                State::CssDoubleString | State::CssSingleString
            );
            match context.url_part {
                UrlPart::Unknown => return Err("appears in an ambiguous context within a URL"),
                UrlPart::QueryOrFragment => out.push(Escaper::UrlPart),
                part => {
                    if part == UrlPart::None {
                        out.push(Escaper::UrlFilter);
                    }
                    out.push(if in_string {
                        Escaper::CssString
                    } else {
                        Escaper::UrlNormal
                    });
                }
            }
        }
        State::MetaContentUrl => out.push(Escaper::UrlFilter),
        State::Js => {
            out.push(Escaper::JsValue);
            context.slash = Slash::Division;
        }
        State::JsDoubleString | State::JsSingleString => out.push(Escaper::JsString),
        State::JsTemplate => out.push(Escaper::JsTemplate),
        State::JsRegexp => out.push(Escaper::JsRegexp),
        State::Css => out.push(Escaper::CssValue),
        State::Text => out.push(Escaper::Text),
        State::Rcdata => out.push(Escaper::Rcdata),
        State::AttrName | State::Tag => {
            context.state = State::AttrName;
            out.push(Escaper::AttributeName);
        }
        State::Srcset => out.push(Escaper::SourceSet),
        state if state.is_comment() => out.push(Escaper::Comment),
        _ => {}
    }
    match context.delim {
        Delim::None => {}
        Delim::SpaceOrTagEnd => out.push(Escaper::BareValue),
        Delim::DoubleQuote | Delim::SingleQuote => out.push(Escaper::Value),
    }
    Ok(out)
}

/// The pipeline with its escapers; one that the template names takes the place of its equals.
fn escaped(pipe: &Arc<Pipe>, escapers: &mut Escapers) -> Escaped {
    let last = pipe.commands.len() - 1;
    let mut commands = pipe.commands.len();
    let mut joins_arguments = false;
    let mut all = Escapers::new();
    if let Some(name) = function(pipe, last).filter(|name| is_escaping(name)) {
        let named = match name {
            "html" => Escaper::NamedHtml,
            _ => Escaper::NamedQuery,
        };
        let mut replaced = false;
        for escaper in escapers.iter_mut().filter(|escaper| escaper.is_named(name)) {
            *escaper = named;
            replaced = true;
        }
        joins_arguments = last == 0 && pipe.commands[0].args.len() > 1;
        if joins_arguments && !replaced {
            all.push(named);
        }
        if replaced && !joins_arguments {
            commands -= 1;
        }
    }
    for escaper in escapers.iter() {
        let needless = all.last().is_some_and(|last| last.makes_needless(*escaper));
        if !needless {
            all.push(*escaper);
        }
    }
    Escaped {
        pipe: Arc::clone(pipe),
        commands,
        joins_arguments,
        escapers: all,
    }
}
