//! Where in HTML a piece of a template stands, with the names that messages show.
//!
//! Upstream: Go `html/template` `context.go`.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use smallvec::SmallVec;

/// An enum whose first variant is the start, with each variant's public name.
macro_rules! named {
    ($(#[$about:meta])* $kind:ident { $first:ident = $shown:literal, $($variant:ident = $name:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub(super) enum $kind { #[default] $first, $($variant,)* }

        impl $kind {
            pub(super) fn name(self) -> &'static str {
                match self { Self::$first => $shown, $(Self::$variant => $name,)* }
            }
        }
    };
}

named! {
    /// What the text before has opened.
    State {
        Text = "stateText",
        Tag = "stateTag",
        AttrName = "stateAttrName",
        AfterName = "stateAfterName",
        BeforeValue = "stateBeforeValue",
        HtmlComment = "stateHTMLCmt",
        Rcdata = "stateRCDATA",
        Attr = "stateAttr",
        Url = "stateURL",
        Srcset = "stateSrcset",
        Js = "stateJS",
        JsDoubleString = "stateJSDqStr",
        JsSingleString = "stateJSSqStr",
        JsTemplate = "stateJSTmplLit",
        JsRegexp = "stateJSRegexp",
        JsBlockComment = "stateJSBlockCmt",
        JsLineComment = "stateJSLineCmt",
        JsHtmlOpenComment = "stateJSHTMLOpenCmt",
        JsHtmlCloseComment = "stateJSHTMLCloseCmt",
        Css = "stateCSS",
        CssDoubleString = "stateCSSDqStr",
        CssSingleString = "stateCSSSqStr",
        CssDoubleUrl = "stateCSSDqURL",
        CssSingleUrl = "stateCSSSqURL",
        CssUrl = "stateCSSURL",
        CssBlockComment = "stateCSSBlockCmt",
        CssLineComment = "stateCSSLineCmt",
        Error = "stateError",
        MetaContent = "stateMetaContent",
        MetaContentUrl = "stateMetaContentURL",
        Dead = "stateDead",
    }
}

impl State {
    pub(super) fn is_comment(self) -> bool {
        matches!(
            self,
            Self::HtmlComment
                | Self::JsBlockComment
                | Self::JsLineComment
                | Self::JsHtmlOpenComment
                | Self::JsHtmlCloseComment
                | Self::CssBlockComment
                | Self::CssLineComment
        )
    }

    /// Whether it occurs only inside a tag.
    pub(super) fn is_in_tag(self) -> bool {
        matches!(
            self,
            Self::Tag | Self::AttrName | Self::AfterName | Self::BeforeValue | Self::Attr
        )
    }

    /// Whether it is inside a literal of a script, where `<script` must not stand.
    pub(super) fn is_in_script_literal(self) -> bool {
        matches!(
            self,
            Self::JsDoubleString | Self::JsSingleString | Self::JsTemplate | Self::JsRegexp
        )
    }
}

named! {
    /// What ends the attribute.
    Delim {
        None = "delimNone",
        DoubleQuote = "delimDoubleQuote",
        SingleQuote = "delimSingleQuote",
        SpaceOrTagEnd = "delimSpaceOrTagEnd",
    }
}

impl Delim {
    /// The bytes that end an attribute's value.
    pub(super) fn ends(self) -> &'static [u8] {
        match self {
            Self::None => b"",
            Self::DoubleQuote => b"\"",
            Self::SingleQuote => b"'",
            Self::SpaceOrTagEnd => b" \t\n\x0c\r>",
        }
    }
}

named! {
    /// The part of an address.
    UrlPart {
        None = "urlPartNone",
        PreQuery = "urlPartPreQuery",
        QueryOrFragment = "urlPartQueryOrFrag",
        Unknown = "urlPartUnknown",
    }
}

named! {
    /// What a slash in a script begins.
    Slash {
        Regexp = "jsCtxRegexp",
        Division = "jsCtxDivOp",
        Unknown = "jsCtxUnknown",
    }
}

named! {
    /// The kind of the attribute.
    Attr {
        None = "attrNone",
        Script = "attrScript",
        ScriptType = "attrScriptType",
        Style = "attrStyle",
        Url = "attrURL",
        Srcset = "attrSrcset",
        MetaContent = "attrMetaContent",
    }
}

impl Attr {
    /// The state at the start of the attribute's value.
    pub(super) fn start(self) -> State {
        match self {
            Self::None | Self::ScriptType => State::Attr,
            Self::Script => State::Js,
            Self::Style => State::Css,
            Self::Url => State::Url,
            Self::Srcset => State::Srcset,
            Self::MetaContent => State::MetaContent,
        }
    }
}

named! {
    /// The elements whose content or attributes are read in their own way.
    Element {
        None = "elementNone",
        Script = "elementScript",
        Style = "elementStyle",
        Textarea = "elementTextarea",
        Title = "elementTitle",
        Meta = "elementMeta",
    }
}

impl Element {
    pub(super) fn named(name: &[u8]) -> Self {
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        match () {
            () if is("script") => Self::Script,
            () if is("style") => Self::Style,
            () if is("textarea") => Self::Textarea,
            () if is("title") => Self::Title,
            () if is("meta") => Self::Meta,
            () => Self::None,
        }
    }

    /// The state of its content.
    pub(super) fn content(self) -> State {
        match self {
            Self::None | Self::Meta => State::Text,
            Self::Script => State::Js,
            Self::Style => State::Css,
            Self::Textarea | Self::Title => State::Rcdata,
        }
    }

    /// The name in the tag that ends the content, where only that tag does.
    pub(super) fn end_tag(self) -> Option<&'static [u8]> {
        match self {
            Self::None | Self::Meta => None,
            Self::Script => Some(b"script"),
            Self::Style => Some(b"style"),
            Self::Textarea => Some(b"textarea"),
            Self::Title => Some(b"title"),
        }
    }
}

/// Why a template has no safe meaning.
#[derive(Debug)]
pub(super) struct Failure {
    /// `name:line:column`, when a part of the template is to blame.
    pub(super) place: Option<String>,
    /// The line, when only that is known; else 0.
    pub(super) line: usize,
    pub(super) text: String,
}

impl Failure {
    /// The message as the caller gets it.
    pub(super) fn message(&self) -> String {
        match (&self.place, self.line) {
            (Some(place), _) => format!("html/template:{place}: {}", self.text),
            (None, 0) => format!("html/template: {}", self.text),
            (None, line) => format!("html/template::{line}: {}", self.text),
        }
    }
}

/// The state of a reader of HTML at one point of a template.
#[derive(Debug, Clone, Default)]
pub(super) struct Context {
    pub(super) state: State,
    pub(super) delim: Delim,
    pub(super) url_part: UrlPart,
    pub(super) slash: Slash,
    /// Open braces of each open template literal of a script.
    pub(super) braces: SmallVec<[i32; 2]>,
    pub(super) attr: Attr,
    pub(super) element: Element,
    /// Set with [`State::Error`]; shared, for loops add their own words.
    pub(super) failure: Option<Rc<RefCell<Failure>>>,
}

impl PartialEq for Context {
    fn eq(&self, other: &Self) -> bool {
        let same_failure = match (&self.failure, &other.failure) {
            (Some(a), Some(b)) => Rc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        self.state == other.state
            && self.delim == other.delim
            && self.url_part == other.url_part
            && self.slash == other.slash
            && self.braces == other.braces
            && self.attr == other.attr
            && self.element == other.element
            && same_failure
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let braces: Vec<String> = self.braces.iter().map(ToString::to_string).collect();
        write!(
            f,
            "{{{} {} {} {} [{}] {} {} <nil>}}",
            self.state.name(),
            self.delim.name(),
            self.url_part.name(),
            self.slash.name(),
            braces.join(" "),
            self.attr.name(),
            self.element.name()
        )
    }
}

impl Context {
    pub(super) fn in_state(state: State) -> Self {
        Self {
            state,
            ..Self::default()
        }
    }

    pub(super) fn failed(place: Option<String>, text: String) -> Self {
        Self {
            state: State::Error,
            failure: Some(Rc::new(RefCell::new(Failure {
                place,
                line: 0,
                text,
            }))),
            ..Self::default()
        }
    }

    pub(super) fn is_failed(&self) -> bool {
        self.state == State::Error
    }

    /// The name of a template as it is when called here.
    pub(super) fn derived_name(&self, name: &str) -> String {
        if self.state == State::Text {
            return name.to_owned();
        }
        let mut out = format!("{name}$htmltemplate_{}", self.state.name());
        let mut add = |differs: bool, part: &str| {
            if differs {
                out.push('_');
                out.push_str(part);
            }
        };
        add(self.delim != Delim::default(), self.delim.name());
        add(self.url_part != UrlPart::default(), self.url_part.name());
        add(self.slash != Slash::default(), self.slash.name());
        if !self.braces.is_empty() {
            let braces: Vec<String> = self.braces.iter().map(ToString::to_string).collect();
            add(true, &format!("jsBraceDepth([{}])", braces.join(" ")));
        }
        add(self.attr != Attr::default(), self.attr.name());
        add(self.element != Element::default(), self.element.name());
        out
    }

    /// The context after the transitions that need no text: what an action right here is.
    pub(super) fn nudged(&self) -> Self {
        let mut next = self.clone();
        match self.state {
            State::Tag => next.state = State::AttrName,
            State::BeforeValue => {
                next.state = self.attr.start();
                next.delim = Delim::SpaceOrTagEnd;
                next.attr = Attr::None;
            }
            State::AfterName => {
                next.state = State::AttrName;
                next.attr = Attr::None;
            }
            _ => {}
        }
        next
    }

    /// The context after either of two ways; `None` when they do not agree.
    pub(super) fn joined(&self, other: &Self) -> Option<Self> {
        match (self.state, other.state) {
            (State::Error, _) | (_, State::Dead) => return Some(self.clone()),
            (_, State::Error) | (State::Dead, _) => return Some(other.clone()),
            _ => {}
        }
        if self == other {
            return Some(self.clone());
        }
        let mut same = self.clone();
        same.url_part = other.url_part;
        if same == *other {
            same.url_part = UrlPart::Unknown;
            return Some(same);
        }
        let mut same = self.clone();
        same.slash = other.slash;
        if same == *other {
            same.slash = Slash::Unknown;
            return Some(same);
        }
        let (a, b) = (self.nudged(), other.nudged());
        if a == *self && b == *other {
            return None;
        }
        a.joined(&b)
    }
}
