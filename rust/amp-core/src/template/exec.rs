//! Running templates: statements, variables, calls of other templates.
//!
//! Upstream: Go `text/template` `exec.go`.

use std::sync::Arc;

use super::data::Data;
use super::format::display;
use super::html;
use super::node::{Branch, Call, Command, Node, Operand, Pipe, Tree};
use super::time::Time;
use super::value::Value;
use crate::quote::quote;

/// How deep templates, branches and parentheses may nest while running; upstream allows 100,000 calls.
pub(super) const MAX_DEPTH: usize = 400;
/// How many statements and rounds of ranges one run may execute.
pub(super) const MAX_STEPS: usize = 1_000_000;
/// How long an output may get.
const MAX_OUTPUT_BYTES: usize = 32 << 20;

/// Where templates are found by name.
pub(super) trait Library {
    fn lookup(&self, name: &str) -> Option<&Tree>;
    /// Parses a text for `routeLabels` and runs it.
    fn render_nested(&self, text: &str, run: &mut Run) -> Result<String, String>;
}

/// What one rendering shares, nested renderings of route labels included.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) data: Arc<Data>,
    pub(super) now: Time,
    pub(super) depth: usize,
    pub(super) steps: usize,
    /// Route labels that are being rendered, outermost first.
    pub(super) open_labels: Vec<String>,
    /// Route labels that were rendered.
    pub(super) labels: Vec<(String, Arc<str>)>,
}

impl Run {
    pub(super) fn new(data: Arc<Data>, now: Time) -> Self {
        Self {
            data,
            now,
            depth: 0,
            steps: 0,
            open_labels: Vec::new(),
            labels: Vec::new(),
        }
    }
}

/// The part of a template that is being evaluated: messages name it.
#[derive(Clone, Copy)]
pub(super) enum At<'a> {
    Nowhere,
    Pipe(&'a Pipe),
    Operand(&'a Operand),
    Command(&'a Command),
    Call(&'a Call),
}

/// How a list of statements ended.
enum Flow {
    Done,
    Break,
    Continue,
}

/// Where variables hold their values.
struct Variable {
    name: Arc<str>,
    value: Value,
    /// Whether messages see it as an interface: an element of an untyped list or map.
    boxed: bool,
}

/// One run of one template set.
pub(super) struct Exec<'a> {
    pub(super) library: &'a dyn Library,
    pub(super) run: &'a mut Run,
    pub(super) tree: &'a Tree,
    pub(super) at: At<'a>,
    variables: Vec<Variable>,
    /// The first variable of the running template.
    base: usize,
    /// Whether messages see the dot as an interface.
    pub(super) boxed_dot: bool,
    /// The name of the variable that holds a template's argument.
    dollar: Arc<str>,
    pub(super) out: String,
}

pub(super) type Outcome<T> = Result<T, String>;

impl<'a> Exec<'a> {
    pub(super) fn new(library: &'a dyn Library, run: &'a mut Run, tree: &'a Tree) -> Self {
        Self {
            library,
            run,
            tree,
            at: At::Nowhere,
            variables: Vec::with_capacity(4),
            base: 0,
            boxed_dot: false,
            dollar: "$".into(),
            out: String::with_capacity(1024),
        }
    }

    /// Runs the template and returns what it wrote.
    pub(super) fn execute(mut self) -> Outcome<String> {
        self.execute_tree()?;
        Ok(self.out)
    }

    fn execute_tree(&mut self) -> Outcome<()> {
        let dot = Value::Data(Arc::clone(&self.run.data));
        self.push(Arc::clone(&self.dollar), dot.clone());
        let tree = self.tree;
        self.body(&dot, &tree.root).map(drop)
    }

    // --- errors

    /// An error with the place and text of what is being evaluated.
    pub(super) fn fail<T>(&self, message: impl AsRef<str>) -> Outcome<T> {
        let message = message.as_ref();
        let (at, context) = match self.at {
            At::Nowhere => return Err(format!("template: {}: {message}", self.tree.name)),
            At::Pipe(pipe) => (pipe.at, pipe.to_string()),
            At::Operand(operand) => (operand.at, operand.to_string()),
            At::Command(command) => (command.at, command.to_string()),
            At::Call(call) => (call.at, call.to_string()),
        };
        Err(format!(
            "template: {}: executing {} at <{context}>: {message}",
            self.tree.source.place(at),
            quote(&self.tree.name)
        ))
    }

    pub(super) fn deeper(&mut self) -> Outcome<()> {
        self.run.depth += 1;
        if self.run.depth > MAX_DEPTH {
            return self.fail(format!("exceeded maximum template depth ({MAX_DEPTH})"));
        }
        Ok(())
    }

    fn step(&mut self) -> Outcome<()> {
        self.run.steps += 1;
        if self.run.steps > MAX_STEPS || self.out.len() > MAX_OUTPUT_BYTES {
            return self.fail("the template does or writes too much");
        }
        Ok(())
    }

    pub(super) fn higher(&mut self) {
        self.run.depth -= 1;
    }

    // --- variables

    pub(super) fn push(&mut self, name: Arc<str>, value: Value) {
        self.variables.push(Variable {
            name,
            value,
            boxed: false,
        });
    }

    /// A variable's value, and whether messages see it as an interface.
    pub(super) fn variable(&self, name: &str) -> Option<(&Value, bool)> {
        let scope = &self.variables[self.base..];
        let found = scope.iter().rev().find(|variable| *variable.name == *name);
        found.map(|variable| (&variable.value, variable.boxed))
    }

    pub(super) fn set_variable(&mut self, name: &str, value: Value) -> Outcome<()> {
        let scope = &mut self.variables[self.base..];
        match scope.iter_mut().rev().find(|v| *v.name == *name) {
            Some(variable) => (variable.value, variable.boxed) = (value, false),
            None => return self.fail(format!("undefined variable: {name}")),
        }
        Ok(())
    }

    fn set_top_variable(&mut self, from_top: usize, value: Value, boxed: bool) {
        if let Some(at) = self.variables.len().checked_sub(from_top) {
            self.variables[at].value = value;
            self.variables[at].boxed = boxed;
        }
    }

    // --- statements

    fn body(&mut self, dot: &Value, nodes: &'a [Node]) -> Outcome<Flow> {
        self.deeper()?;
        for node in nodes {
            self.step()?;
            let flow = self.statement(dot, node)?;
            if !matches!(flow, Flow::Done) {
                self.higher();
                return Ok(flow);
            }
        }
        self.higher();
        Ok(Flow::Done)
    }

    fn statement(&mut self, dot: &Value, node: &'a Node) -> Outcome<Flow> {
        match node {
            Node::Text { start, end } => {
                self.out.push_str(&self.tree.source.text[*start..*end]);
            }
            Node::Action(pipe) => {
                let value = self.pipeline(dot, pipe)?;
                if pipe.declared.is_empty() {
                    display(&mut self.out, &value);
                }
            }
            Node::Literal(text) => self.out.push_str(text),
            Node::Escaped(escaped) => {
                let value = self.unescaped(dot, escaped)?;
                html::write(&mut self.out, &value, &escaped.escapers);
            }
            Node::If(branch) => {
                let mark = self.variables.len();
                let value = self.pipeline(dot, &branch.pipe)?;
                let flow = self.either(dot, value.truth(), branch);
                self.variables.truncate(mark);
                return flow;
            }
            Node::With(branch) => {
                let mark = self.variables.len();
                let value = self.pipeline(dot, &branch.pipe)?;
                let truth = value.truth();
                let boxed = self.boxed_dot;
                self.boxed_dot = boxed && !truth;
                let flow = self.either(if truth { &value } else { dot }, truth, branch);
                self.boxed_dot = boxed;
                self.variables.truncate(mark);
                return flow;
            }
            Node::Range(branch) => {
                let mark = self.variables.len();
                let flow = self.range(dot, branch);
                self.variables.truncate(mark);
                return flow;
            }
            Node::Template(call) => self.call_template(dot, call)?,
            Node::Break(_) => return Ok(Flow::Break),
            Node::Continue(_) => return Ok(Flow::Continue),
        }
        Ok(Flow::Done)
    }

    fn either(&mut self, dot: &Value, truth: bool, branch: &'a Branch) -> Outcome<Flow> {
        match (&branch.otherwise, truth) {
            (_, true) => self.body(dot, &branch.body),
            (Some(otherwise), false) => self.body(dot, otherwise),
            (None, false) => Ok(Flow::Done),
        }
    }

    fn range(&mut self, dot: &Value, branch: &'a Branch) -> Outcome<Flow> {
        let value = self.pipeline(dot, &branch.pipe)?;
        let mark = self.variables.len();
        let mut index = 0;
        while let Some((key, element)) = self.round(&value, branch, index)? {
            self.step()?;
            index += 1;
            let boxed = matches!(value, Value::List(_) | Value::Dict(_));
            self.bind(branch, key, element.clone(), boxed)?;
            let outer = std::mem::replace(&mut self.boxed_dot, boxed);
            let flow = self.body(&element, &branch.body)?;
            self.boxed_dot = outer;
            self.variables.truncate(mark);
            if matches!(flow, Flow::Break) {
                break;
            }
        }
        if index > 0 {
            return Ok(Flow::Done);
        }
        match &branch.otherwise {
            Some(otherwise) => self.body(dot, otherwise),
            None => Ok(Flow::Done),
        }
    }

    /// Key and element of a round; `None` behind the last one.
    fn round(
        &mut self,
        value: &Value,
        branch: &Branch,
        index: usize,
    ) -> Outcome<Option<(Value, Value)>> {
        let number = Value::int(index);
        Ok(match value {
            Value::Invalid => None,
            list if list.is_list() => list.element(index).map(|element| (number, element)),
            Value::Kv(labels) => labels.iter().nth(index).map(|label| {
                (
                    Value::Str(Arc::clone(&label.name)),
                    Value::text(&*label.value),
                )
            }),
            Value::Dict(map) => map
                .iter()
                .nth(index)
                .map(|(key, value)| (Value::Str(Arc::clone(key)), value.clone())),
            whole if whole.as_int().is_some() => {
                let count = whole.as_int().unwrap_or(0);
                if branch.pipe.declared.len() > 1 {
                    return self.fail(format!(
                        "can't use {count} to iterate over more than one variable"
                    ));
                }
                let at = i64::try_from(index).unwrap_or(i64::MAX);
                let element = match whole {
                    Value::Duration(_) => Value::Duration(at),
                    Value::Int64(_) => Value::Int64(at),
                    _ => Value::Int(at),
                };
                (at < count).then_some((Value::Invalid, element))
            }
            other => {
                let mut shown = String::new();
                display(&mut shown, other);
                return self.fail(format!("range can't iterate over {shown}"));
            }
        })
    }

    fn bind(&mut self, branch: &Branch, key: Value, element: Value, boxed: bool) -> Outcome<()> {
        let names = &branch.pipe.declared;
        match (&names[..], branch.pipe.assigns) {
            ([], _) => {}
            ([one], true) => self.set_variable(one, element)?,
            ([_], false) => self.set_top_variable(1, element, boxed),
            ([first, second, ..], true) => {
                self.set_variable(first, key)?;
                self.set_variable(second, element)?;
            }
            (_, false) => {
                self.set_top_variable(1, element, boxed);
                self.set_top_variable(2, key, false);
            }
        }
        Ok(())
    }

    fn call_template(&mut self, dot: &Value, call: &'a Call) -> Outcome<()> {
        self.at = At::Call(call);
        let library = self.library;
        let Some(tree) = library.lookup(&call.name) else {
            return self.fail(format!("template {} not defined", quote(&call.name)));
        };
        self.deeper()?;
        let dot = match &call.pipe {
            Some(pipe) => self.pipeline(dot, pipe)?,
            None => Value::Invalid,
        };
        let outer = (self.tree, self.at, self.base, self.variables.len());
        self.tree = tree;
        self.base = self.variables.len();
        self.push(Arc::clone(&self.dollar), dot.clone());
        let boxed = std::mem::take(&mut self.boxed_dot);
        self.body(&dot, &tree.root)?;
        self.boxed_dot = boxed;
        self.variables.truncate(outer.3);
        (self.tree, self.at, self.base) = (outer.0, outer.1, outer.2);
        self.higher();
        Ok(())
    }
}
