//! Html mode: our executor decides and evaluates, `gotmpl` escapes by context.
//!
//! A run is recorded: the branches it took, the rounds of its ranges, the values it printed. The same trees, with
//! every pipeline replaced by "the next recorded value", are then given to `gotmpl`, whose port of Go's contextual
//! escaping wraps what is printed. So values, methods and messages are the same in both modes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use gotmpl::html::{HTML, Template, URL};
use gotmpl::parse::{
    ActionNode, BranchNode, CommandNode, Expr, ListNode, Node as Out, PipeNode, Pos, SmolStr,
    TemplateNode, TextNode,
};
use gotmpl::{TemplateError, Value as Escaped};

use super::exec::Library;
use super::format::{display, own_text};
use super::node::{Branch, Node, OperandKind, Pipe, Source, Tree};
use super::value::{Trust, Value};

/// The entry's name, which no template of a configuration has.
const ENTRY: &str = "\u{1}";

/// Escapes a recorded run of a tree.
pub(super) fn escape(
    library: &dyn Library,
    tree: &Tree,
    trace: Vec<Escaped>,
) -> Result<String, String> {
    let mut converter = Converter {
        library,
        sources: Vec::new(),
        trees: BTreeMap::new(),
        actions: BTreeMap::new(),
    };
    let entry = converter.tree(tree);
    let mut template = Template::new(ENTRY);
    for (name, tree) in std::mem::take(&mut converter.trees) {
        template = template
            .add_parse_tree(&name, tree)
            .map_err(|error| converter.message(error))?;
    }
    let replay = Mutex::new(trace.into_iter());
    let next = move |_: &[Escaped]| {
        let next = replay.lock().ok().and_then(|mut values| values.next());
        next.ok_or_else(|| TemplateError::Exec("the recording ends here".to_owned()))
    };
    template
        .add_parse_tree(ENTRY, entry)
        .and_then(|template| template.parse(""))
        .and_then(|template| template.execute_to_string(&Escaped::Function(Arc::new(next))))
        .map_err(|error| converter.message(error))
}

/// Whether an error of [`escape`] speaks of the template's shape, which Go finds before it evaluates anything.
pub(super) fn is_about_shape(message: &str) -> bool {
    message.starts_with("html/template:")
}

/// The escaping functions that a template may name itself, at the end of a pipeline.
pub(super) fn is_escaper(name: &str) -> bool {
    matches!(name, "html" | "urlquery")
}

/// The escaper at the end of a pipeline.
pub(super) fn own_escaper(pipe: &Pipe) -> Option<&str> {
    let command = pipe.commands.last()?;
    match &command.args[0].kind {
        OperandKind::Identifier(name) if is_escaper(name) => Some(name),
        _ => None,
    }
}

/// A printed value as the escaper takes it.
pub(super) fn printed(value: &Value) -> Escaped {
    match value {
        Value::Invalid | Value::NilInterface => Escaped::Nil,
        Value::Bool(truth) => Escaped::Bool(*truth),
        Value::Int(number) | Value::Int64(number) => Escaped::Int(*number),
        Value::Byte(number) => Escaped::Int(i64::from(*number)),
        Value::Float(number) => Escaped::Float(*number),
        Value::Str(text) => Escaped::String(Arc::clone(text)),
        Value::Trusted(Trust::Html, text) => HTML(Arc::clone(text)).into(),
        Value::Trusted(Trust::Url, text) => URL(Arc::clone(text)).into(),
        Value::Dict(map) => {
            let pairs = map
                .iter()
                .map(|(key, value)| (Arc::clone(key), printed(value)));
            Escaped::Map(Arc::new(pairs.collect()))
        }
        Value::List(items) => Escaped::List(items.iter().map(printed).collect()),
        Value::Strings { items, .. } => Escaped::List(
            items
                .iter()
                .map(|s| Escaped::String(Arc::clone(s)))
                .collect(),
        ),
        other => {
            let mut text = own_text(other).unwrap_or_default();
            if text.is_empty() {
                display(&mut text, other);
            }
            Escaped::String(text.into())
        }
    }
}

/// What a range is given: as many values as it made rounds.
pub(super) fn rounds(count: usize) -> Escaped {
    Escaped::List(vec![Escaped::Nil; count].into())
}

struct Converter<'a> {
    library: &'a dyn Library,
    sources: Vec<&'a Source>,
    trees: BTreeMap<String, ListNode>,
    /// Printing actions by their place, which messages show.
    actions: BTreeMap<usize, &'a Pipe>,
}

impl<'a> Converter<'a> {
    fn tree(&mut self, tree: &'a Tree) -> ListNode {
        let source = self
            .sources
            .iter()
            .position(|known| std::ptr::eq(*known, &raw const *tree.source))
            .unwrap_or_else(|| {
                self.sources.push(&tree.source);
                self.sources.len() - 1
            });
        self.list(source, &tree.root)
    }

    fn list(&mut self, source: usize, nodes: &'a [Node]) -> ListNode {
        let nodes = nodes.iter().filter_map(|node| self.node(source, node));
        ListNode {
            pos: Pos::new(0, 0),
            nodes: nodes.collect(),
        }
    }

    fn node(&mut self, source: usize, node: &'a Node) -> Option<Out> {
        Some(match node {
            Node::Text { start, end } => Out::Text(TextNode {
                pos: self.place(source, *start),
                text: self.sources[source].text[*start..*end].into(),
            }),
            Node::Action(pipe) if !pipe.declared.is_empty() => return None,
            Node::Action(pipe) => {
                let pos = self.place(source, pipe.at);
                self.actions.insert(pos.line, pipe);
                Out::Action(ActionNode {
                    pos,
                    pipe: action(pos, pipe),
                })
            }
            Node::If(branch) => Out::If(self.branch(source, branch)),
            Node::With(branch) => Out::With(self.branch(source, branch)),
            Node::Range(branch) => Out::Range(self.branch(source, branch)),
            Node::Template(call) => {
                self.called(&call.name);
                let pos = self.place(source, call.at);
                let dollar = CommandNode {
                    pos,
                    args: vec![Expr::Variable(pos, SmolStr::from("$"), Vec::new())],
                };
                Out::Template(TemplateNode {
                    pos,
                    name: SmolStr::from(&*call.name),
                    pipe: Some(pipeline(pos, vec![dollar])),
                })
            }
            Node::Break(at) => Out::Break(self.place(source, *at)),
            Node::Continue(at) => Out::Continue(self.place(source, *at)),
        })
    }

    fn branch(&mut self, source: usize, branch: &'a Branch) -> BranchNode {
        let pos = self.place(source, branch.pipe.at);
        BranchNode {
            pos,
            pipe: pipeline(pos, vec![next_value(pos)]),
            body: self.list(source, &branch.body),
            else_body: branch
                .otherwise
                .as_ref()
                .map(|otherwise| self.list(source, otherwise)),
        }
    }

    /// Takes a called template along, once.
    fn called(&mut self, name: &str) {
        if self.trees.contains_key(name) {
            return;
        }
        if let Some(tree) = self.library.lookup(name) {
            let placeholder = ListNode {
                pos: Pos::new(0, 0),
                nodes: Vec::new(),
            };
            self.trees.insert(name.to_owned(), placeholder);
            let converted = self.tree(tree);
            self.trees.insert(name.to_owned(), converted);
        }
    }

    /// A position that carries source, line and column through the escaper's line number.
    fn place(&self, source: usize, at: usize) -> Pos {
        let (line, column) = self.sources[source].line_and_column(at);
        Pos::new(at, source << 48 | line << 20 | column.min((1 << 20) - 1))
    }

    /// The message as Go's escaper gives it.
    fn message(&self, error: TemplateError) -> String {
        match error {
            TemplateError::Escape {
                line, description, ..
            } if line != 0 => {
                let description = match self.actions.get(&line) {
                    Some(pipe) => description.replacen("{{...}}", &format!("{{{{{pipe}}}}}"), 1),
                    None => description,
                };
                let name = self
                    .sources
                    .get(line >> 48)
                    .map_or("", |source| &source.name);
                let (line, column) = (line >> 20 & ((1 << 28) - 1), line & ((1 << 20) - 1));
                format!("html/template:{name}:{line}:{column}: {description}")
            }
            TemplateError::Escape { description, .. } => format!("html/template: {description}"),
            other => format!("template: {other}"),
        }
    }
}

fn pipeline(pos: Pos, commands: Vec<CommandNode>) -> PipeNode {
    PipeNode {
        pos,
        decl: Vec::new(),
        commands,
        is_assign: false,
    }
}

/// `call $`: the next recorded value.
fn next_value(pos: Pos) -> CommandNode {
    CommandNode {
        pos,
        args: vec![
            Expr::Identifier(pos, SmolStr::from("call")),
            Expr::Variable(pos, SmolStr::from("$"), Vec::new()),
        ],
    }
}

/// A printing pipeline: the recorded value, then the escapers that the template names itself.
fn action(pos: Pos, pipe: &Pipe) -> PipeNode {
    let mut commands = vec![next_value(pos)];
    let last = pipe.commands.len().saturating_sub(1);
    for (index, command) in pipe.commands.iter().enumerate() {
        if let OperandKind::Identifier(name) = &command.args[0].kind
            && is_escaper(name)
        {
            commands.push(CommandNode {
                pos,
                args: vec![Expr::Identifier(pos, SmolStr::from(&**name))],
            });
            if index < last {
                // Not at the end, where Go refuses it.
                commands.push(next_value(pos));
            }
        }
    }
    pipeline(pos, commands)
}
