//! The parser of Go's template language; its messages equal upstream's.
//!
//! Upstream: Go `text/template/parse` `parse.go`.

use std::sync::{Arc, OnceLock};

use super::html;
use super::lex::{Kind, Token, tokens};
use super::node::{Branch, Call, Node, Source, Tree};
use super::quote::unquote;
use crate::quote::quote;

/// How deep actions and parentheses may nest; upstream has no limit for actions and runs out of stack.
const MAX_DEPTH: usize = 200;

/// The templates of one text: its top level, then every definition in it, in order.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) top: Tree,
    pub(super) definitions: Vec<Tree>,
    /// What html mode makes of the top level, and of all that it calls, once it was asked.
    pub(super) html: OnceLock<Result<html::Trees, String>>,
}

/// Parses one text. `known` tells which function names exist.
pub(super) fn parse(name: &str, text: &str, known: fn(&str) -> bool) -> Result<Parsed, String> {
    let source = Arc::new(Source {
        name: name.into(),
        text: text.into(),
    });
    let mut parser = Parser {
        tokens: tokens(text),
        next: 0,
        latest: 0,
        pushed: Vec::new(),
        source,
        known,
        variables: vec!["$".into()],
        range_depth: 0,
        action_line: 0,
        depth: 0,
        definitions: Vec::new(),
    };
    let root = parser.top()?;
    let top = Tree {
        name: name.into(),
        source: Arc::clone(&parser.source),
        root,
    };
    parser.add_top(top)
}

/// What ended a list of nodes.
#[derive(Clone, Copy, PartialEq)]
enum Ending {
    End,
    Else,
}

impl Ending {
    fn shown(self) -> &'static str {
        match self {
            Self::End => "{{end}}",
            Self::Else => "{{else}}",
        }
    }
}

enum Statement {
    Node(Node),
    Ending(Ending),
}

pub(super) struct Parser {
    tokens: Vec<Token>,
    next: usize,
    /// The furthest token that was asked for: messages name its line.
    latest: usize,
    /// Indexes of tokens that were given back, the last one first in line.
    pushed: Vec<usize>,
    source: Arc<Source>,
    pub(super) known: fn(&str) -> bool,
    pub(super) variables: Vec<Arc<str>>,
    range_depth: usize,
    action_line: usize,
    pub(super) depth: usize,
    definitions: Vec<Tree>,
}

pub(super) type Parse<T> = Result<T, String>;

impl Parser {
    // --- tokens

    pub(super) fn take(&mut self) -> usize {
        if let Some(index) = self.pushed.pop() {
            return index;
        }
        let index = self.next.min(self.tokens.len() - 1);
        self.next += 1;
        self.latest = index;
        index
    }

    pub(super) fn take_solid(&mut self) -> usize {
        loop {
            let index = self.take();
            if self.tokens[index].kind != Kind::Space {
                return index;
            }
        }
    }

    pub(super) fn back(&mut self, index: usize) {
        self.pushed.push(index);
    }

    pub(super) fn peek(&mut self) -> Kind {
        let index = self.take();
        self.back(index);
        self.tokens[index].kind
    }

    pub(super) fn peek_solid(&mut self) -> usize {
        let index = self.take_solid();
        self.back(index);
        index
    }

    pub(super) fn kind(&self, index: usize) -> Kind {
        self.tokens[index].kind
    }

    pub(super) fn text(&self, index: usize) -> &str {
        let token = &self.tokens[index];
        &self.source.text[token.start..token.end]
    }

    pub(super) fn start(&self, index: usize) -> usize {
        self.tokens[index].start
    }

    fn shown(&self, index: usize) -> String {
        let token = &self.tokens[index];
        let text = self.text(index);
        match (&token.message, token.kind) {
            (Some(message), _) => message.clone(),
            (None, Kind::Eof) => "EOF".to_owned(),
            (None, kind) if kind.is_keyword() => format!("<{text}>"),
            (None, _) if text.len() > 10 => {
                let short: String = text.chars().take(10).collect();
                format!("{}...", quote(&short))
            }
            (None, _) => quote(text),
        }
    }

    // --- errors

    pub(super) fn fail<T>(&self, message: impl AsRef<str>) -> Parse<T> {
        Err(format!(
            "template: {}:{}: {}",
            self.source.name,
            self.tokens[self.latest].line,
            message.as_ref()
        ))
    }

    pub(super) fn unexpected<T>(&self, index: usize, context: &str) -> Parse<T> {
        let token = &self.tokens[index];
        if let Some(message) = &token.message {
            let mut extra = String::new();
            if self.action_line != 0 && self.action_line != token.line {
                extra = format!(
                    " in action started at {}:{}",
                    self.source.name, self.action_line
                );
                if message.ends_with(" action") {
                    extra.drain(.." in action".len());
                }
            }
            return self.fail(format!("{message}{extra}"));
        }
        self.fail(format!("unexpected {} in {context}", self.shown(index)))
    }

    pub(super) fn expect(&mut self, kinds: &[Kind], context: &str) -> Parse<usize> {
        let index = self.take_solid();
        if kinds.contains(&self.kind(index)) {
            return Ok(index);
        }
        self.unexpected(index, context)
    }

    pub(super) fn deeper(&mut self) -> Parse<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.fail("max expression depth exceeded");
        }
        Ok(())
    }

    // --- statements

    fn top(&mut self) -> Parse<Vec<Node>> {
        let mut nodes = Vec::new();
        while self.peek() != Kind::Eof {
            if self.peek() == Kind::LeftDelim {
                let delimiter = self.take();
                let word = self.take_solid();
                if self.kind(word) == Kind::Define {
                    self.definition()?;
                    continue;
                }
                self.back(word);
                self.back(delimiter);
            }
            match self.statement()? {
                Statement::Node(node) => nodes.push(node),
                Statement::Ending(ending) => {
                    return self.fail(format!("unexpected {}", ending.shown()));
                }
            }
        }
        Ok(nodes)
    }

    fn definition(&mut self) -> Parse<()> {
        const CONTEXT: &str = "define clause";
        let index = self.expect(&[Kind::String, Kind::RawString], CONTEXT)?;
        let name = self.unquoted(index)?;
        self.expect(&[Kind::RightDelim], CONTEXT)?;
        self.define(name, CONTEXT)
    }

    /// Reads a body up to its `end` with variables and ranges of its own, and keeps it under its name.
    fn define(&mut self, name: Arc<str>, context: &str) -> Parse<()> {
        let variables = std::mem::replace(&mut self.variables, vec!["$".into()]);
        let range_depth = std::mem::take(&mut self.range_depth);
        let action_line = std::mem::take(&mut self.action_line);
        let (root, ending) = self.list()?;
        if ending != Ending::End {
            return self.fail(format!("unexpected {} in {context}", ending.shown()));
        }
        self.variables = variables;
        self.range_depth = range_depth;
        self.action_line = action_line;
        let tree = Tree {
            name,
            source: Arc::clone(&self.source),
            root,
        };
        self.add(tree)
    }

    fn add(&mut self, tree: Tree) -> Parse<()> {
        match self.definitions.iter_mut().find(|t| t.name == tree.name) {
            Some(earlier) if earlier.is_blank() => *earlier = tree,
            Some(_) if !tree.is_blank() => {
                return self.defined_twice(&tree.name);
            }
            Some(_) => {}
            None => self.definitions.push(tree),
        }
        Ok(())
    }

    fn defined_twice<T>(&self, name: &str) -> Parse<T> {
        let shown = quote(name);
        self.fail(format!("template: multiple definition of template {shown}"))
    }

    /// The top level is a definition of the text's own name, which one of the text may not meet.
    fn add_top(mut self, mut top: Tree) -> Parse<Parsed> {
        if let Some(at) = self.definitions.iter().position(|t| t.name == top.name) {
            let same = self.definitions.remove(at);
            if !same.is_blank() {
                if !top.is_blank() {
                    return self.defined_twice(&top.name);
                }
                top = same;
            }
        }
        Ok(Parsed {
            top,
            definitions: self.definitions,
            html: OnceLock::new(),
        })
    }

    fn list(&mut self) -> Parse<(Vec<Node>, Ending)> {
        self.deeper()?;
        let mut nodes = Vec::new();
        loop {
            let index = self.peek_solid();
            if self.kind(index) == Kind::Eof {
                return self.fail("unexpected EOF");
            }
            match self.statement()? {
                Statement::Node(node) => nodes.push(node),
                Statement::Ending(ending) => {
                    self.depth -= 1;
                    return Ok((nodes, ending));
                }
            }
        }
    }

    fn statement(&mut self) -> Parse<Statement> {
        let index = self.take_solid();
        let token = &self.tokens[index];
        match token.kind {
            Kind::Text => Ok(Statement::Node(Node::Text {
                start: token.start,
                end: token.end,
            })),
            Kind::LeftDelim => {
                self.action_line = token.line;
                let found = self.action()?;
                self.action_line = 0;
                Ok(found)
            }
            _ => self.unexpected(index, "input"),
        }
    }

    fn action(&mut self) -> Parse<Statement> {
        let index = self.take_solid();
        let node = match self.kind(index) {
            Kind::Block => self.block()?,
            Kind::Break => self.jump(index, "{{break}}", Node::Break)?,
            Kind::Continue => self.jump(index, "{{continue}}", Node::Continue)?,
            Kind::Else => return self.otherwise(),
            Kind::End => {
                self.expect(&[Kind::RightDelim], "end")?;
                return Ok(Statement::Ending(Ending::End));
            }
            Kind::If => Node::If(self.branch("if")?),
            Kind::Range => Node::Range(self.branch("range")?),
            Kind::With => Node::With(self.branch("with")?),
            Kind::Template => self.call()?,
            _ => {
                self.back(index);
                Node::Action(self.pipeline("command", Kind::RightDelim)?)
            }
        };
        Ok(Statement::Node(node))
    }

    fn jump(&mut self, word: usize, shown: &str, node: fn(usize) -> Node) -> Parse<Node> {
        let index = self.take_solid();
        if self.kind(index) != Kind::RightDelim {
            return self.unexpected(index, shown);
        }
        if self.range_depth == 0 {
            return self.fail(format!("{shown} outside {{{{range}}}}"));
        }
        Ok(node(self.start(word)))
    }

    fn otherwise(&mut self) -> Parse<Statement> {
        let index = self.peek_solid();
        if !matches!(self.kind(index), Kind::If | Kind::With) {
            self.expect(&[Kind::RightDelim], "else")?;
        }
        Ok(Statement::Ending(Ending::Else))
    }

    fn branch(&mut self, context: &str) -> Parse<Branch> {
        let mark = self.variables.len();
        let pipe = self.pipeline(context, Kind::RightDelim)?;
        if context == "range" {
            self.range_depth += 1;
        }
        let (body, ending) = self.list()?;
        if context == "range" {
            self.range_depth -= 1;
        }
        let mut otherwise = None;
        if ending == Ending::Else {
            let next = self.peek();
            otherwise = Some(match (context, next) {
                ("if", Kind::If) => {
                    self.take();
                    self.deeper()?;
                    let nested = self.branch("if")?;
                    self.depth -= 1;
                    vec![Node::If(nested)]
                }
                ("with", Kind::With) => {
                    self.take();
                    self.deeper()?;
                    let nested = self.branch("with")?;
                    self.depth -= 1;
                    vec![Node::With(nested)]
                }
                _ => {
                    let (nodes, ending) = self.list()?;
                    if ending != Ending::End {
                        return self.fail(format!("expected end; found {}", ending.shown()));
                    }
                    nodes
                }
            });
        }
        self.variables.truncate(mark);
        Ok(Branch {
            pipe,
            body,
            otherwise,
        })
    }

    fn block(&mut self) -> Parse<Node> {
        const CONTEXT: &str = "block clause";
        let index = self.take_solid();
        let name = self.template_name(index, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, Kind::RightDelim)?;
        self.define(Arc::clone(&name), CONTEXT)?;
        Ok(Node::Template(Call {
            at: self.start(index),
            name,
            pipe: Some(pipe),
        }))
    }

    fn call(&mut self) -> Parse<Node> {
        const CONTEXT: &str = "template clause";
        let index = self.take_solid();
        let name = self.template_name(index, CONTEXT)?;
        let next = self.take_solid();
        let mut pipe = None;
        if self.kind(next) != Kind::RightDelim {
            self.back(next);
            pipe = Some(self.pipeline(CONTEXT, Kind::RightDelim)?);
        }
        Ok(Node::Template(Call {
            at: self.start(index),
            name,
            pipe,
        }))
    }

    fn template_name(&self, index: usize, context: &str) -> Parse<Arc<str>> {
        if matches!(self.kind(index), Kind::String | Kind::RawString) {
            return self.unquoted(index);
        }
        self.unexpected(index, context)
    }

    pub(super) fn unquoted(&self, index: usize) -> Parse<Arc<str>> {
        match unquote(self.text(index)) {
            Some(text) => Ok(text.into()),
            None => self.fail("invalid syntax"),
        }
    }
}
