//! What attributes hold: an address, a style, a script, or what must not come from data.
//!
//! Upstream: Go `html/template` `attr.go`.

use super::context::{Attr, Element};

/// What an attribute's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Plain,
    Css,
    Html,
    Js,
    Url,
    Srcset,
    /// It changes how other content is read.
    Unsafe,
}

const URLS: [&str; 17] = [
    "action",
    "archive",
    "background",
    "cite",
    "classid",
    "codebase",
    "data",
    "formaction",
    "href",
    "icon",
    "longdesc",
    "manifest",
    "poster",
    "profile",
    "src",
    "usemap",
    "xmlns",
];

const UNSAFE: [&str; 22] = [
    "accept-charset",
    "async",
    "challenge",
    "charset",
    "content",
    "crossorigin",
    "defer",
    "enctype",
    "form",
    "formenctype",
    "formmethod",
    "formnovalidate",
    "http-equiv",
    "keytype",
    "language",
    "method",
    "novalidate",
    "pattern",
    "rel",
    "sandbox",
    "type",
    "value",
];

/// Names that the rules for unknown attributes would take for something else.
const PLAIN: [&str; 1] = ["srclang"];

/// What an attribute of a name (in lower case) holds.
pub(super) fn content(name: &str) -> Content {
    let name = match (name.strip_prefix("data-"), name.split_once(':')) {
        (Some(custom), _) => custom,
        (None, Some(("xmlns", _))) => return Content::Url,
        (None, Some((_, local))) => local,
        (None, None) => name,
    };
    match name {
        "" => Content::Plain,
        "style" => Content::Css,
        "srcdoc" => Content::Html,
        "srcset" => Content::Srcset,
        name if PLAIN.contains(&name) => Content::Plain,
        name if URLS.contains(&name) => Content::Url,
        name if UNSAFE.contains(&name) => Content::Unsafe,
        name if name.starts_with("on") => Content::Js,
        name if ["src", "uri", "url"].iter().any(|part| name.contains(part)) => Content::Url,
        _ => Content::Plain,
    }
}

/// The kind of an element's attribute.
pub(super) fn of_element(element: Element, name: &str) -> Attr {
    match (element, name, content(name)) {
        (Element::Script, "type", _) => Attr::ScriptType,
        (Element::Meta, "content", _) => Attr::MetaContent,
        (.., Content::Url) => Attr::Url,
        (.., Content::Css) => Attr::Style,
        (.., Content::Js) => Attr::Script,
        (.., Content::Srcset) => Attr::Srcset,
        _ => Attr::None,
    }
}
