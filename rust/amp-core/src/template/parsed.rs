//! Parsed texts of a configuration, kept from one rendering to the next.

use std::sync::{Arc, Mutex};

use rustc_hash::FxHashMap;

use super::is_function;
use super::parse::{Parsed, parse};

/// How many bytes of text are kept; a configuration has less, data that reach a template as text may have more.
const MAX_KEPT_BYTES: usize = 4 << 20;

/// Texts that were parsed, with what they came to.
#[derive(Debug, Default)]
pub(super) struct ParsedTexts(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    texts: FxHashMap<Box<str>, Arc<Parsed>>,
    bytes: usize,
}

impl ParsedTexts {
    /// What a text comes to. One that does not parse is parsed again each time.
    pub(super) fn get(&self, text: &str) -> Result<Arc<Parsed>, String> {
        if let Ok(kept) = self.0.lock()
            && let Some(parsed) = kept.texts.get(text)
        {
            return Ok(Arc::clone(parsed));
        }
        let parsed = Arc::new(parse("", text, is_function)?);
        if let Ok(mut kept) = self.0.lock() {
            kept.bytes += text.len();
            if kept.bytes > MAX_KEPT_BYTES {
                kept.texts.clear();
                kept.bytes = text.len();
            }
            kept.texts.insert(text.into(), Arc::clone(&parsed));
        }
        Ok(parsed)
    }
}
