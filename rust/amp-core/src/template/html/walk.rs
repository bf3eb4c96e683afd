//! Follows the HTML through a template, its branches and the templates it calls, and gives each printed value
//! what its place needs. That depends on the template alone, so it is done once for a text.
//!
//! Upstream: Go `html/template` `escape.go`.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::context::{Context, Delim, Failure, State};
use super::script;
use super::transition::after_text;
use super::{Trees, action};
use crate::quote::quote;
use crate::template::exec::{Library, MAX_DEPTH, MAX_STEPS};
use crate::template::node::{Branch, Call, Node, Source, Tree};

/// How much text may stand in the place of calls.
const MAX_COPIED_BYTES: usize = 1 << 20;

/// Where the rounds of a range end before its end.
#[derive(Default)]
struct Jumps {
    breaks: Vec<(Context, Place)>,
    continues: Vec<(Context, Place)>,
}

/// `name:line:column`, and the line.
type Place = (String, usize);

/// One walk over a set of templates.
pub(super) struct Walk<'a> {
    library: &'a dyn Library,
    /// The context after each derived template, known or assumed.
    after: FxHashMap<Arc<str>, Context>,
    /// What `after` held before, newest last.
    undo: Vec<(Arc<str>, Option<Context>)>,
    /// Derived templates that are called since the innermost one began.
    called: FxHashSet<Arc<str>>,
    done: Trees,
    ranges: Vec<Jumps>,
    depth: usize,
    steps: usize,
    /// Bytes of templates that stand in the place of their calls.
    copied: usize,
}

/// Escapes a tree and all that it calls; the message that Go gives otherwise.
pub(super) fn escape(library: &dyn Library, tree: &Tree) -> Result<Trees, String> {
    let mut walk = Walk {
        library,
        after: FxHashMap::default(),
        undo: Vec::new(),
        called: FxHashSet::default(),
        done: Trees::default(),
        ranges: Vec::new(),
        depth: 0,
        steps: 0,
        copied: 0,
    };
    let (end, _) = walk.template(Context::default(), &tree.name, Some(tree), None);
    match end.failure {
        Some(failure) => Err(failure.borrow().message()),
        None if end.state != State::Text => {
            Err(format!("html/template: ends in a non-text context: {end}"))
        }
        None => Ok(walk.done),
    }
}

impl Walk<'_> {
    /// The context after a template that is called in a context, and its name there.
    fn template(
        &mut self,
        context: Context,
        name: &str,
        tree: Option<&Tree>,
        place: Option<String>,
    ) -> (Context, Arc<str>) {
        let derived: Arc<str> = context.derived_name(name).into();
        if context.is_failed() {
            return (context, derived);
        }
        self.called.insert(Arc::clone(&derived));
        if let Some(after) = self.after.get(&derived) {
            return (after.clone(), derived);
        }
        let Some(tree) = tree.or_else(|| self.library.lookup(name)) else {
            let message = format!("no such template {}", quote(name));
            return (Context::failed(place, message), derived);
        };
        (self.settled(&context, &derived, tree), derived)
    }

    /// The context after a template's body. A template that calls itself must end as it was assumed to.
    fn settled(&mut self, context: &Context, derived: &Arc<str>, tree: &Tree) -> Context {
        let Err(end) = self.assuming(context, derived, tree) else {
            return self.after[derived].clone();
        };
        match self.assuming(&end, derived, tree) {
            Ok(end) => end,
            Err(_) if end.is_failed() => end,
            Err(_) => {
                let place = tree.source.place(start_of(tree));
                let message = format!("cannot compute output context for template {derived}");
                Context::failed(Some(place), message)
            }
        }
    }

    /// Walks a body under the assumption that it ends where it starts; `Err` has the end when that is wrong.
    fn assuming(
        &mut self,
        context: &Context,
        derived: &Arc<str>,
        tree: &Tree,
    ) -> Result<Context, Context> {
        self.assume(derived, context.clone());
        let mark = self.undo.len();
        let outer = std::mem::take(&mut self.called);
        let (end, mut root) = self.list(context.clone(), &tree.source, &tree.root);
        let calls_itself = self.called.contains(derived);
        if end.is_failed() || calls_itself && end != *context {
            self.called = outer;
            self.forget(mark);
            return Err(end);
        }
        self.called.extend(outer);
        self.assume(derived, end.clone());
        join_texts(&mut root, &tree.source);
        let escaped = Tree {
            name: Arc::clone(derived),
            source: Arc::clone(&tree.source),
            root,
        };
        self.done.insert(Arc::clone(derived), escaped);
        Ok(end)
    }

    fn assume(&mut self, derived: &Arc<str>, context: Context) {
        let before = self.after.insert(Arc::clone(derived), context);
        self.undo.push((Arc::clone(derived), before));
    }

    fn forget(&mut self, mark: usize) {
        while self.undo.len() > mark {
            if let Some((name, before)) = self.undo.pop() {
                match before {
                    Some(context) => self.after.insert(name, context),
                    None => self.after.remove(&name),
                };
            }
        }
    }

    fn list(
        &mut self,
        mut context: Context,
        source: &Arc<Source>,
        nodes: &[Node],
    ) -> (Context, Vec<Node>) {
        let mut out = Vec::with_capacity(nodes.len());
        self.depth += 1;
        for node in nodes {
            self.steps += 1;
            if self.depth > MAX_DEPTH || self.steps > MAX_STEPS {
                let message = "the template is nested too deep or too large".to_owned();
                context = Context::failed(None, message);
                break;
            }
            let (next, node) = self.node(context, source, node);
            context = next;
            out.push(node);
            if context.state == State::Dead {
                break;
            }
        }
        self.depth -= 1;
        (context, out)
    }

    fn node(&mut self, context: Context, source: &Arc<Source>, node: &Node) -> (Context, Node) {
        let jump = |at: usize| (source.place(at), source.line_and_column(at).0);
        match node {
            Node::Text { start, end } => text(context, source, *start, *end),
            Node::Action(pipe) => action::escape(context, source, pipe),
            Node::If(branch) => {
                let (context, branch) = self.branch(&context, source, branch, "if");
                (context, Node::If(branch))
            }
            Node::With(branch) => {
                let (context, branch) = self.branch(&context, source, branch, "with");
                (context, Node::With(branch))
            }
            Node::Range(branch) => {
                let (context, branch) = self.range(&context, source, branch);
                (context, Node::Range(branch))
            }
            Node::Template(call) => {
                let place = source.place(call.at);
                let (context, name) = self.template(context, &call.name, None, Some(place));
                (context, self.call(call, name))
            }
            Node::Break(at) => {
                if let Some(jumps) = self.ranges.last_mut() {
                    jumps.breaks.push((context, jump(*at)));
                }
                (Context::in_state(State::Dead), Node::Break(*at))
            }
            Node::Continue(at) => {
                if let Some(jumps) = self.ranges.last_mut() {
                    jumps.continues.push((context, jump(*at)));
                }
                (Context::in_state(State::Dead), Node::Continue(*at))
            }
            Node::Literal(text) => (context, Node::Literal(Arc::clone(text))),
            Node::Escaped(escaped) => (context, Node::Escaped(Arc::clone(escaped))),
        }
    }

    /// A call; the text itself when the template is nothing but text.
    fn call(&mut self, call: &Call, name: Arc<str>) -> Node {
        let constant = match (&call.pipe, self.done.get(&name).map(|tree| &tree.root[..])) {
            (None, Some([])) => Some("".into()),
            (None, Some([Node::Literal(text)])) => Some(Arc::clone(text)),
            _ => None,
        };
        match constant {
            Some(text) if self.copied + text.len() <= MAX_COPIED_BYTES => {
                self.copied += text.len();
                Node::Literal(text)
            }
            _ => Node::Template(Call {
                name,
                ..call.clone()
            }),
        }
    }

    fn otherwise(
        &mut self,
        context: &Context,
        source: &Arc<Source>,
        branch: &Branch,
    ) -> (Context, Option<Vec<Node>>) {
        match &branch.otherwise {
            None => (context.clone(), None),
            Some(nodes) => {
                let (end, nodes) = self.list(context.clone(), source, nodes);
                (end, Some(nodes))
            }
        }
    }

    fn branch(
        &mut self,
        context: &Context,
        source: &Arc<Source>,
        branch: &Branch,
        word: &str,
    ) -> (Context, Branch) {
        let (end, body) = self.list(context.clone(), source, &branch.body);
        let (other, otherwise) = self.otherwise(context, source, branch);
        let place = source.place(branch.pipe.at);
        let escaped = Branch {
            pipe: Arc::clone(&branch.pipe),
            body,
            otherwise,
        };
        (join(&end, &other, &place, word), escaped)
    }

    fn range(
        &mut self,
        context: &Context,
        source: &Arc<Source>,
        branch: &Branch,
    ) -> (Context, Branch) {
        let place = source.place(branch.pipe.at);
        self.ranges.push(Jumps::default());
        let (mut end, body) = self.list(context.clone(), source, &branch.body);
        let jumps = self.ranges.pop().unwrap_or_default();
        let mut escaped = Branch {
            pipe: Arc::clone(&branch.pipe),
            body,
            otherwise: None,
        };
        if !end.is_failed() {
            end = jumps.joined(end);
        }
        if !end.is_failed() {
            // A second round begins where the first one ended.
            end = self.second_round(&end, source, branch, &place);
        }
        if end.is_failed() {
            return (end, escaped);
        }
        let (other, otherwise) = self.otherwise(context, source, branch);
        escaped.otherwise = otherwise;
        (join(&end, &other, &place, "range"), escaped)
    }

    fn second_round(
        &mut self,
        end: &Context,
        source: &Arc<Source>,
        branch: &Branch,
        place: &str,
    ) -> Context {
        self.ranges.push(Jumps::default());
        let mark = self.undo.len();
        let called = self.called.clone();
        let (again, _) = self.list(end.clone(), source, &branch.body);
        self.called = called;
        self.forget(mark);
        let jumps = self.ranges.pop().unwrap_or_default();
        let joined = join(end, &again, place, "range");
        if let Some(failure) = &joined.failure {
            let line = source.line_and_column(branch.pipe.at).0;
            failure.borrow_mut().blame("on range loop re-entry: ", line);
            return joined;
        }
        jumps.joined(joined)
    }
}

impl Failure {
    /// Puts words before the text.
    fn blame(&mut self, words: &str, line: usize) {
        self.text.insert_str(0, words);
        self.line = line;
    }
}

impl Jumps {
    /// The end of the body joined with what is open at each jump.
    fn joined(self, mut end: Context) -> Context {
        let breaks = self.breaks.into_iter().map(|jump| (jump, "break"));
        let continues = self.continues.into_iter().map(|jump| (jump, "continue"));
        for ((context, (place, line)), word) in breaks.chain(continues) {
            end = join(&end, &context, &place, "range");
            if let Some(failure) = &end.failure {
                let words = format!("at range loop {word}: ");
                failure.borrow_mut().blame(&words, line);
                return end;
            }
        }
        end
    }
}

fn join(a: &Context, b: &Context, place: &str, word: &str) -> Context {
    a.joined(b).unwrap_or_else(|| {
        let message = format!("{{{{{word}}}}} branches end in different contexts: {a}, {b}");
        Context::failed(Some(place.to_owned()), message)
    })
}

/// Makes one text of neighbours.
fn join_texts(nodes: &mut Vec<Node>, source: &Source) {
    let mut joined: Vec<Node> = Vec::with_capacity(nodes.len());
    let mut texts: Vec<Arc<str>> = Vec::new();
    let end = |joined: &mut Vec<Node>, texts: &mut Vec<Arc<str>>| {
        match &texts[..] {
            [] => {}
            [text] => joined.push(Node::Literal(Arc::clone(text))),
            several => joined.push(Node::Literal(several.concat().into())),
        }
        texts.clear();
    };
    for node in nodes.drain(..) {
        match node {
            Node::Text { start, end } => texts.push(source.text[start..end].into()),
            Node::Literal(text) => texts.push(text),
            mut other => {
                end(&mut joined, &mut texts);
                if let Node::If(branch) | Node::With(branch) | Node::Range(branch) = &mut other {
                    join_texts(&mut branch.body, source);
                    if let Some(otherwise) = &mut branch.otherwise {
                        join_texts(otherwise, source);
                    }
                }
                joined.push(other);
            }
        }
    }
    end(&mut joined, &mut texts);
    *nodes = joined;
}

/// Where a body begins.
fn start_of(tree: &Tree) -> usize {
    let action = |at: usize| tree.source.text[..at].rfind("{{").unwrap_or(at);
    match tree.root.first() {
        Some(Node::Text { start, .. }) => *start,
        Some(Node::Action(pipe)) => action(pipe.at),
        Some(Node::If(branch) | Node::With(branch) | Node::Range(branch)) => action(branch.pipe.at),
        Some(Node::Template(call)) => action(call.at),
        _ => 0,
    }
}

/// Text moves the context on; comments go, and what looks like a tag but is none becomes text.
fn text(mut context: Context, source: &Source, start: usize, end: usize) -> (Context, Node) {
    let whole = &source.text[start..end];
    let bytes = whole.as_bytes();
    let mut out = String::new();
    let (mut written, mut at) = (0, 0);
    while at < bytes.len() {
        let (next, read) = after_text(&context, &bytes[at..]);
        let to = at + read;
        if matches!(context.state, State::Text | State::Rcdata) {
            let mut plain = to;
            if next.state != context.state
                && let Some(tag) = bytes[at..to].iter().rposition(|byte| *byte == b'<')
            {
                plain = at + tag;
            }
            for (found, _) in whole[at..plain].match_indices('<') {
                let found = at + found;
                let kept = bytes[found..]
                    .get(..9)
                    .is_some_and(|tag| tag.eq_ignore_ascii_case(b"<!doctype"));
                if !kept {
                    out.push_str(&whole[written..found]);
                    out.push_str("&lt;");
                    written = found + 1;
                }
            }
        } else if context.state.is_comment() && context.delim == Delim::None {
            match context.state {
                State::JsBlockComment => {
                    let ends_line = super::text::find_line_end(&bytes[written..to]).is_some();
                    out.push(if ends_line { '\n' } else { ' ' });
                }
                State::CssBlockComment => out.push(' '),
                _ => {}
            }
            written = to;
        }
        if context.state != next.state && next.state.is_comment() && next.delim == Delim::None {
            let opening = match next.state {
                State::HtmlComment | State::JsHtmlOpenComment => 4,
                State::JsHtmlCloseComment => 3,
                _ => 2,
            };
            out.push_str(&whole[written..to - opening]);
            written = to;
        }
        if context.state.is_in_script_literal()
            && let Some(harmless) = script::without_tags(&whole[at..to])
        {
            out.push_str(&whole[written..at]);
            out.push_str(&harmless);
            written = to;
        }
        if read == 0 && next == context {
            break;
        }
        (context, at) = (next, to);
    }
    if written == 0 || context.is_failed() {
        return (context, Node::Text { start, end });
    }
    if !context.state.is_comment() || context.delim != Delim::None {
        out.push_str(&whole[written..]);
    }
    (context, Node::Literal(out.into()))
}
