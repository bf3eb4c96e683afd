//! The grammar of patterns. What it writes is always valid for the `regex` crate.

use super::class::{self, NOTHING};
use super::cursor::{Refusal, before, escape, refuse, split_first};

/// Go's limits.
const MAX_REPEAT: u32 = 1_000;
const MAX_DEPTH: usize = 1_000;

/// Translates a pattern of Go's dialect.
///
/// Upstream: Go's regexp/syntax with Perl flags.
pub(super) fn translate(pattern: &str) -> Result<String, Refusal<'_>> {
    let mut translator = Translator {
        pattern,
        flags: Flags::default(),
        groups: vec![Group::default()],
        names: Vec::new(),
    };
    translator.run()?;
    match (translator.groups.pop(), translator.groups.is_empty()) {
        (Some(group), true) => Ok(group.body().text),
        _ => refuse("missing closing )", pattern),
    }
}

// Four flags that a pattern may switch, each by itself.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    fold: bool,
    multi_line: bool,
    dot_all: bool,
    ungreedy: bool,
}

/// A piece of the translation that a repetition can follow.
#[derive(Debug, Default)]
struct Item {
    text: String,
    /// Whether a repetition applies to all of it without parentheses.
    atomic: bool,
    /// The highest product of repetition counts inside.
    repeats: u32,
}

/// A group that is not closed yet; the outermost is the pattern.
#[derive(Debug, Default)]
struct Group {
    opening: String,
    flags_before: Flags,
    alternatives: String,
    repeats: u32,
    items: Vec<Item>,
}

impl Group {
    /// Ends an alternative.
    fn end_alternative(&mut self) {
        for item in self.items.drain(..) {
            self.alternatives.push_str(&item.text);
            self.repeats = self.repeats.max(item.repeats);
        }
    }

    /// The whole group with its parentheses.
    fn body(mut self) -> Item {
        self.end_alternative();
        let closing = if self.opening.is_empty() { "" } else { ")" };
        Item {
            text: format!("{}{}{closing}", self.opening, self.alternatives),
            atomic: true,
            repeats: self.repeats,
        }
    }
}

struct Translator<'a> {
    pattern: &'a str,
    flags: Flags,
    groups: Vec<Group>,
    names: Vec<&'a str>,
}

/// A repetition as written.
#[derive(Clone, Copy)]
struct Repeat {
    least: u32,
    /// `None` is unbounded.
    most: Option<u32>,
    counted: bool,
}

impl<'a> Translator<'a> {
    fn run(&mut self) -> Result<(), Refusal<'a>> {
        let mut rest = self.pattern;
        // Where the repetition that ended just here began.
        let mut last_repeat = None;
        while let Some((first, after)) = split_first(rest) {
            let mut repeat = None;
            rest = match first {
                '(' if after.starts_with('?') => self.open_with_flags(rest)?,
                '(' => {
                    self.open("(".to_owned())?;
                    after
                }
                ')' => {
                    self.close()?;
                    after
                }
                '|' => {
                    if let Some(group) = self.groups.last_mut() {
                        group.end_alternative();
                        group.alternatives.push('|');
                    }
                    after
                }
                '*' | '+' | '?' | '{' => match repetition(rest) {
                    None => {
                        self.push_literal(u32::from(first));
                        after
                    }
                    Some((count, end)) => {
                        repeat = Some(rest);
                        self.repeat(count, rest, end, last_repeat)?
                    }
                },
                '[' => {
                    let (class, end) = class::bracketed(rest)?;
                    self.push_class(&class);
                    end
                }
                '\\' => self.backslash(rest)?,
                _ => {
                    self.push_plain(first);
                    after
                }
            };
            last_repeat = repeat;
        }
        Ok(())
    }

    fn push(&mut self, text: String, atomic: bool) {
        if let Some(group) = self.groups.last_mut() {
            group.items.push(Item {
                text,
                atomic,
                repeats: 1,
            });
        }
    }

    /// A character that may be `^`, `$` or `.`.
    fn push_plain(&mut self, character: char) {
        match character {
            '^' if self.flags.multi_line => self.push("(?m:^)".to_owned(), true),
            '^' => self.push("\\A".to_owned(), false),
            '$' if self.flags.multi_line => self.push("(?m:$)".to_owned(), true),
            '$' => self.push("\\z".to_owned(), false),
            '.' if self.flags.dot_all => self.push("(?s:.)".to_owned(), true),
            '.' => self.push("[^\\n]".to_owned(), true),
            _ => self.push_literal(u32::from(character)),
        }
    }

    fn push_literal(&mut self, code: u32) {
        let Some(character) = char::from_u32(code) else {
            return self.push(NOTHING.to_owned(), true);
        };
        let text = regex::escape(character.encode_utf8(&mut [0; 4]));
        if self.flags.fold {
            self.push(format!("(?i:{text})"), true);
        } else {
            self.push(text, true);
        }
    }

    fn push_class(&mut self, class: &str) {
        if self.flags.fold {
            self.push(format!("(?i:{class})"), true);
        } else {
            self.push(class.to_owned(), true);
        }
    }

    fn backslash(&mut self, text: &'a str) -> Result<&'a str, Refusal<'a>> {
        let mut characters = text.chars();
        characters.next();
        let (second, after) = (characters.next(), characters.as_str());
        match second {
            Some('A') => self.push("\\A".to_owned(), false),
            Some('z') => self.push("\\z".to_owned(), false),
            Some('b') => self.push("(?-u:\\b)".to_owned(), true),
            Some('B') => self.push("(?-u:\\B)".to_owned(), true),
            Some('C') => return refuse("invalid escape sequence", before(text, after)),
            Some('Q') => {
                let (literal, after) = after.split_once("\\E").unwrap_or((after, ""));
                for character in literal.chars() {
                    self.push_literal(u32::from(character));
                }
                return Ok(after);
            }
            _ => return self.class_or_escape(text),
        }
        Ok(after)
    }

    fn class_or_escape(&mut self, text: &'a str) -> Result<&'a str, Refusal<'a>> {
        if let Some((class, rest)) = class::unicode(text)?.or_else(|| class::perl(text)) {
            self.push_class(&class);
            return Ok(rest);
        }
        let (code, rest) = escape(text)?;
        self.push_literal(code);
        Ok(rest)
    }

    fn open(&mut self, opening: String) -> Result<(), Refusal<'a>> {
        if self.groups.len() > MAX_DEPTH {
            return refuse("expression nests too deeply", self.pattern);
        }
        self.groups.push(Group {
            opening,
            flags_before: self.flags,
            repeats: 1,
            ..Group::default()
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Refusal<'a>> {
        if self.groups.len() < 2 {
            return refuse("unexpected )", self.pattern);
        }
        if let Some(group) = self.groups.pop() {
            self.flags = group.flags_before;
            let item = group.body();
            if let Some(outer) = self.groups.last_mut() {
                outer.items.push(item);
            }
        }
        Ok(())
    }

    /// A named group, flags for a group, or flags up to the end of the group around.
    fn open_with_flags(&mut self, text: &'a str) -> Result<&'a str, Refusal<'a>> {
        let name_at = if text.len() > 4 && text.starts_with("(?P<") {
            Some(4)
        } else if text.len() > 3 && text.starts_with("(?<") {
            Some(3)
        } else {
            None
        };
        if let Some(at) = name_at {
            return self.open_named(text, at);
        }
        let (mut flags, mut negative, mut saw_flag) = (self.flags, false, false);
        let mut rest = &text[2..];
        while let Some((character, after)) = split_first(rest) {
            rest = after;
            match character {
                'i' => flags.fold = !negative,
                'm' => flags.multi_line = !negative,
                's' => flags.dot_all = !negative,
                'U' => flags.ungreedy = !negative,
                '-' if !negative => {
                    (negative, saw_flag) = (true, false);
                    continue;
                }
                ':' | ')' if saw_flag || !negative => {
                    if character == ':' {
                        self.open("(?:".to_owned())?;
                    }
                    self.flags = flags;
                    return Ok(rest);
                }
                _ => break,
            }
            saw_flag = true;
        }
        refuse("invalid or unsupported Perl syntax", before(text, rest))
    }

    fn open_named(&mut self, text: &'a str, at: usize) -> Result<&'a str, Refusal<'a>> {
        const INVALID: &str = "invalid named capture";
        let Some((name, rest)) = text[at..].split_once('>') else {
            return refuse(INVALID, text);
        };
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return refuse(INVALID, before(text, rest));
        }
        // Go allows names twice and names that start with a digit.
        let sayable = !name.starts_with(|c: char| c.is_ascii_digit());
        let opening = if sayable && !self.names.contains(&name) {
            self.names.push(name);
            format!("(?P<{name}>")
        } else {
            "(".to_owned()
        };
        self.open(opening)?;
        Ok(rest)
    }

    /// Repeats the last item. `end` is what follows the operator.
    fn repeat(
        &mut self,
        count: Repeat,
        text: &'a str,
        end: &'a str,
        last_repeat: Option<&'a str>,
    ) -> Result<&'a str, Refusal<'a>> {
        let (lazy, end) = match end.strip_prefix('?') {
            Some(end) => (true, end),
            None => (false, end),
        };
        let operator = before(text, end);
        let out_of_range = |count: u32| count > MAX_REPEAT;
        if count.counted
            && (out_of_range(count.least)
                || count
                    .most
                    .is_some_and(|most| out_of_range(most) || count.least > most))
        {
            // Go judges the count before it looks for the question mark.
            return refuse("invalid repeat count", operator.trim_end_matches('?'));
        }
        if let Some(last) = last_repeat {
            return refuse("invalid nested repetition operator", before(last, end));
        }
        let Some(item) = self
            .groups
            .last_mut()
            .and_then(|group| group.items.last_mut())
        else {
            return refuse("missing argument to repetition operator", operator);
        };
        if count.counted {
            match count.most.unwrap_or(count.least) {
                0 if count.most == Some(0) => item.repeats = 1,
                0 => {}
                most => item.repeats = item.repeats.saturating_mul(most),
            }
            if item.repeats > MAX_REPEAT {
                return refuse("invalid repeat count", operator);
            }
        }
        if !item.atomic {
            item.text = format!("(?:{})", item.text);
        }
        let written = match (count.least, count.most) {
            (0, None) => "*".to_owned(),
            (1, None) => "+".to_owned(),
            (0, Some(1)) => "?".to_owned(),
            (least, None) => format!("{{{least},}}"),
            (least, Some(most)) => format!("{{{least},{most}}}"),
        };
        item.text.push_str(&written);
        if lazy != self.flags.ungreedy {
            item.text.push('?');
        }
        item.atomic = false;
        Ok(end)
    }
}

/// Reads `*`, `+`, `?`, `{n}`, `{n,}` or `{n,m}`; `None` when a brace is only a brace.
fn repetition(text: &str) -> Option<(Repeat, &str)> {
    let simple = |least, most| {
        Some((
            Repeat {
                least,
                most,
                counted: false,
            },
            &text[1..],
        ))
    };
    match text.as_bytes().first()? {
        b'*' => return simple(0, None),
        b'+' => return simple(1, None),
        b'?' => return simple(0, Some(1)),
        _ => {}
    }
    let (least, rest) = number(&text[1..])?;
    let (most, rest) = match rest.strip_prefix(',') {
        None => (Some(least), rest),
        Some(rest) if rest.starts_with('}') => (None, rest),
        Some(rest) => number(rest).map(|(most, rest)| (Some(most), rest))?,
    };
    let repeat = Repeat {
        least,
        most,
        counted: true,
    };
    Some((repeat, rest.strip_prefix('}')?))
}

/// A number without leading zeros; what is far too large saturates.
fn number(text: &str) -> Option<(u32, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    Some((digits.parse().unwrap_or(u32::MAX), rest))
}
