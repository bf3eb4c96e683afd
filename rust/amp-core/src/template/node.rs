//! The syntax tree of a template, and how error messages show its parts.
//!
//! Upstream: Go `text/template/parse` `node.go`.

use std::fmt;
use std::sync::Arc;

use super::html::Escaped;
use crate::quote::quote;

/// One template: its body, and where its text came from.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) name: Arc<str>,
    pub(super) source: Arc<Source>,
    pub(super) root: Vec<Node>,
}

impl Tree {
    /// Whether the body is only blanks (comments leave no trace).
    pub(super) fn is_blank(&self) -> bool {
        self.root.iter().all(|node| match node {
            Node::Text { start, end } => self.source.text[*start..*end].trim().is_empty(),
            _ => false,
        })
    }
}

/// The text of one file or string, with the name that messages show.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: Arc<str>,
    pub(super) text: Arc<str>,
}

impl Source {
    /// The line of a position, from 1, and its column, in bytes from 0.
    pub(super) fn line_and_column(&self, at: usize) -> (usize, usize) {
        let before = &self.text[..at];
        let line = 1 + before.bytes().filter(|&b| b == b'\n').count();
        let column = before.rfind('\n').map_or(at, |newline| at - newline - 1);
        (line, column)
    }

    /// `name:line:column` of a position.
    pub(super) fn place(&self, at: usize) -> String {
        let (line, column) = self.line_and_column(at);
        format!("{}:{line}:{column}", self.name)
    }
}

/// A statement.
#[derive(Debug)]
pub(super) enum Node {
    Text {
        start: usize,
        end: usize,
    },
    /// Html mode: text that is not as in the source.
    Literal(Arc<str>),
    /// Html mode: a printed value that is escaped.
    Escaped(Arc<Escaped>),
    Action(Arc<Pipe>),
    If(Branch),
    With(Branch),
    Range(Branch),
    Template(Call),
    Break(usize),
    Continue(usize),
}

/// `{{template "name" pipeline}}`.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) at: usize,
    pub(super) name: Arc<str>,
    pub(super) pipe: Option<Arc<Pipe>>,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{{template {}", quote(&self.name))?;
        if let Some(pipe) = &self.pipe {
            write!(f, " {pipe}")?;
        }
        f.write_str("}}")
    }
}

/// `if`, `with` or `range`.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) pipe: Arc<Pipe>,
    pub(super) body: Vec<Node>,
    pub(super) otherwise: Option<Vec<Node>>,
}

/// Commands joined by `|`, with the variables that take the result.
#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) at: usize,
    pub(super) assigns: bool,
    pub(super) declared: Vec<Arc<str>>,
    pub(super) commands: Vec<Command>,
}

impl fmt::Display for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.declared.is_empty() {
            let sign = if self.assigns { "=" } else { ":=" };
            write!(f, "{} {sign} ", self.declared.join(", "))?;
        }
        joined(f, &self.commands, " | ")
    }
}

/// An operand with its arguments.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) at: usize,
    pub(super) args: Vec<Operand>,
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, arg) in self.args.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            match &arg.kind {
                OperandKind::Pipe(pipe) => write!(f, "({pipe})")?,
                _ => write!(f, "{arg}")?,
            }
        }
        Ok(())
    }
}

fn joined<T: fmt::Display>(f: &mut fmt::Formatter<'_>, parts: &[T], by: &str) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(by)?;
        }
        write!(f, "{part}")?;
    }
    Ok(())
}

/// One operand and its position.
#[derive(Debug)]
pub(super) struct Operand {
    pub(super) at: usize,
    pub(super) kind: OperandKind,
}

/// What an operand is.
#[derive(Debug)]
pub(super) enum OperandKind {
    Bool(bool),
    Dot,
    Nil,
    /// Field names without their dots.
    Field(Vec<Arc<str>>),
    /// The variable with its `$`, then field names.
    Variable(Vec<Arc<str>>),
    Identifier(Arc<str>),
    Number(Number),
    Text {
        value: Arc<str>,
        quoted: Arc<str>,
    },
    Chain(Box<Operand>, Vec<Arc<str>>),
    Pipe(Arc<Pipe>),
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            OperandKind::Bool(value) => write!(f, "{value}"),
            OperandKind::Dot => f.write_str("."),
            OperandKind::Nil => f.write_str("nil"),
            OperandKind::Field(names) => names.iter().try_for_each(|name| write!(f, ".{name}")),
            OperandKind::Variable(names) => f.write_str(&names.join(".")),
            OperandKind::Identifier(name) => f.write_str(name),
            OperandKind::Number(number) => f.write_str(&number.text),
            OperandKind::Text { quoted, .. } => f.write_str(quoted),
            OperandKind::Chain(inner, names) => {
                match &inner.kind {
                    OperandKind::Pipe(pipe) => write!(f, "({pipe})")?,
                    _ => write!(f, "{inner}")?,
                }
                names.iter().try_for_each(|name| write!(f, ".{name}"))
            }
            OperandKind::Pipe(pipe) => write!(f, "{pipe}"),
        }
    }
}

/// A number constant: which kinds can hold its value.
#[derive(Debug)]
pub(super) struct Number {
    pub(super) int: Option<i64>,
    pub(super) unsigned: bool,
    pub(super) float: Option<f64>,
    pub(super) text: Box<str>,
}
