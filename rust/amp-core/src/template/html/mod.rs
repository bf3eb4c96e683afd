//! Html mode: values are escaped by their place, as Go's `html/template` does.
//!
//! A text is walked once ([`walk`]): each printed value gets the escapers that its context needs, called templates
//! are derived for the context in which they are called. What comes of it is run like any other template.

mod action;
mod attribute;
mod context;
mod css;
mod entity;
mod escaper;
mod script;
mod text;
mod transition;
mod url;
mod walk;

use std::sync::Arc;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

pub(super) use escaper::{Escaper, write};

use super::exec::Library;
use super::node::{Pipe, Tree};

/// What stands for a value that would be dangerous.
const UNSAFE: &str = "ZgotmplZ";

/// Escaped templates by the names under which they are called.
pub(super) type Trees = FxHashMap<Arc<str>, Tree>;

/// A printed value with its escapers.
#[derive(Debug)]
pub(super) struct Escaped {
    pub(super) pipe: Arc<Pipe>,
    /// How many of the pipeline's commands are run; the one behind is an escaper.
    pub(super) commands: usize,
    /// Whether the only command is an escaper with arguments: they are joined, and it is one of `escapers`.
    pub(super) joins_arguments: bool,
    pub(super) escapers: SmallVec<[Escaper; 3]>,
}

/// Escapes a tree and the templates that it calls.
pub(super) fn escape(library: &dyn Library, tree: &Tree) -> Result<Trees, String> {
    walk::escape(library, tree)
}
