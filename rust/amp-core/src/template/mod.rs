//! Go templates with Alertmanager's data, methods and functions.
//!
//! A template set is parsed once; texts (values of the configuration) are parsed on top of it when they are first
//! rendered, and kept.
//! Texts that templates give, errors included, equal upstream's.

use std::collections::BTreeMap;
use std::sync::Arc;

mod builtins;
mod data;
mod eval;
mod exec;
mod format;
mod format_number;
mod functions;
mod go_syntax;
mod html;
mod json;
mod layout;
mod layout_parse;
mod lex;
mod member;
mod node;
mod number;
mod parse;
mod parse_pipeline;
mod parsed;
mod printf;
mod quote;
mod text;
mod time;
mod title;
mod value;

pub use data::{Alert, Data};

use crate::error::Error;
use crate::labels::LabelSet;
use exec::{Exec, Library, Run};
use node::Tree;
use parse::{Parsed, parse};
use parsed::ParsedTexts;

/// How long one text may be that is rendered.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// All templates of one configuration: the built-in ones and those of its files.
#[derive(Debug, Default)]
pub struct Templates {
    trees: BTreeMap<Arc<str>, Tree>,
    /// Texts that were rendered before.
    parsed: ParsedTexts,
}

impl Templates {
    /// Parses the built-in templates, then files (base name and text) in order; later definitions win, except
    /// that one of only blanks never replaces another.
    ///
    /// Upstream: template/template.go `FromGlobs`.
    pub fn new(files: &[(String, String)]) -> Result<Self, Error> {
        let mut templates = Self::default();
        for text in [include_str!("default.tmpl"), include_str!("email.tmpl")] {
            let built_in = parse("", text, is_function).map_err(Error::Template)?;
            templates.add(built_in.definitions);
        }
        for (name, text) in files {
            let parsed = parse(name, text, is_function).map_err(Error::Template)?;
            templates.add(parsed.definitions);
            templates.add([parsed.top]);
        }
        Ok(templates)
    }

    fn add(&mut self, trees: impl IntoIterator<Item = Tree>) {
        for tree in trees {
            if !(tree.is_blank() && self.trees.contains_key(&tree.name)) {
                self.trees.insert(Arc::clone(&tree.name), tree);
            }
        }
    }

    /// Renders a text (a value of the configuration), as plain text or as HTML escaped by context.
    ///
    /// Upstream: template/template.go `Template.ExecuteTextString`, `Template.ExecuteHTMLString`.
    pub fn render(
        &self,
        text: &str,
        data: &Arc<Data>,
        now: crate::time::Time,
        html: bool,
    ) -> Result<String, Error> {
        let mut run = Run::new(Arc::clone(data), now.into());
        self.render_in(text, &mut run, html)
            .map_err(Error::Template)
    }

    /// Renders all labels of a route; each is a template and may ask for others by `routeLabels`.
    ///
    /// `data` holds the raw labels. Upstream: dispatch/dispatch.go `aggrGroup.renderRouteLabels`.
    pub fn render_route_labels(
        &self,
        labels: &LabelSet,
        data: &Arc<Data>,
        now: crate::time::Time,
    ) -> Vec<(Arc<str>, Result<String, Error>)> {
        let rendered = labels.iter().map(|label| {
            let value = self.render(&label.value, data, now, false);
            (Arc::clone(&label.name), value)
        });
        rendered.collect()
    }
}

impl Library for Templates {
    fn lookup(&self, name: &str) -> Option<&Tree> {
        self.trees.get(name)
    }

    fn render_nested(&self, text: &str, run: &mut Run) -> Result<String, String> {
        self.render_in(text, run, false)
    }
}

impl Templates {
    fn render_in(&self, text: &str, run: &mut Run, html: bool) -> Result<String, String> {
        // Html mode drops comments and escapes what is no tag, in plain text too.
        if !(text.contains("{{") || html && text.contains('<')) {
            return Ok(text.to_owned());
        }
        if text.len() > MAX_TEXT_BYTES {
            return Err(format!(
                "template: the text is longer than {MAX_TEXT_BYTES} bytes"
            ));
        }
        let parsed = self.parsed.get(text)?;
        let Parsed {
            top,
            definitions,
            html: known,
        } = &*parsed;
        let overlay = Overlay {
            base: self,
            top,
            definitions,
        };
        if !html {
            return Exec::new(&overlay, run, top).execute();
        }
        let escaped = known.get_or_init(|| html::escape(&overlay, top));
        let trees = escaped.as_ref().map_err(Clone::clone)?;
        let Some(top) = trees.get(&top.name) else {
            return Ok(String::new());
        };
        let library = EscapedTemplates { base: self, trees };
        Exec::new(&library, run, top).execute()
    }
}

/// The templates of a set with those that the rendered text defines itself.
struct Overlay<'a> {
    base: &'a Templates,
    top: &'a Tree,
    definitions: &'a [Tree],
}

impl Library for Overlay<'_> {
    fn lookup(&self, name: &str) -> Option<&Tree> {
        let base = self.base.lookup(name);
        let mut own = self.definitions.iter().chain([self.top]);
        match own.find(|tree| *tree.name == *name) {
            Some(tree) if base.is_none() || !tree.is_blank() => Some(tree),
            _ => base,
        }
    }

    fn render_nested(&self, text: &str, run: &mut Run) -> Result<String, String> {
        self.base.render_nested(text, run)
    }
}

/// The templates of a text, escaped.
struct EscapedTemplates<'a> {
    base: &'a Templates,
    trees: &'a html::Trees,
}

impl Library for EscapedTemplates<'_> {
    fn lookup(&self, name: &str) -> Option<&Tree> {
        self.trees.get(name)
    }

    fn render_nested(&self, text: &str, run: &mut Run) -> Result<String, String> {
        self.base.render_nested(text, run)
    }
}

/// Checks that a text parses; with `builtins_only` no function of Alertmanager may stand in it.
pub fn check(text: &str, builtins_only: bool) -> Result<(), Error> {
    let known = if builtins_only {
        is_builtin
    } else {
        is_function
    };
    parse("", text, known).map(drop).map_err(Error::Template)
}

fn is_function(name: &str) -> bool {
    functions::signature(name).is_some()
}

fn is_builtin(name: &str) -> bool {
    functions::builtin_signature(name).is_some()
}

#[cfg(test)]
mod tests;
