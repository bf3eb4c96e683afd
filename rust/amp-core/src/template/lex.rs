//! The lexer of Go's template language: text and actions become a flat list of tokens.
//!
//! Upstream: Go `text/template/parse` `lex.go`.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Error,
    Bool,
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    Block,
    Break,
    Continue,
    Dot,
    Define,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

impl Kind {
    fn keyword(word: &str) -> Option<Self> {
        Some(match word {
            "block" => Self::Block,
            "break" => Self::Break,
            "continue" => Self::Continue,
            "define" => Self::Define,
            "else" => Self::Else,
            "end" => Self::End,
            "if" => Self::If,
            "nil" => Self::Nil,
            "range" => Self::Range,
            "template" => Self::Template,
            "with" => Self::With,
            _ => return None,
        })
    }

    /// Whether messages show the token as a keyword, in angle brackets.
    pub(super) fn is_keyword(self) -> bool {
        self as u8 >= Self::Block as u8
    }
}

/// A piece of the source: `start..end`, and the line on which it begins. An error carries its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) line: usize,
    pub(super) message: Option<String>,
}

const LEFT: &str = "{{";
const RIGHT: &str = "}}";
const TRIM_MARKER_LEN: usize = 2;

/// Splits a template into tokens; the last one is the end or an error.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        source,
        start: 0,
        at: 0,
        line: 1,
        start_line: 1,
        parens: 0,
        found: Vec::new(),
    };
    let mut state = State::Text;
    while let Some(next) = lexer.step(state) {
        state = next;
    }
    lexer.found
}

#[derive(Clone, Copy)]
enum State {
    Text,
    Action,
}

struct Lexer<'a> {
    source: &'a str,
    start: usize,
    at: usize,
    line: usize,
    start_line: usize,
    parens: usize,
    found: Vec<Token>,
}

impl Lexer<'_> {
    fn step(&mut self, state: State) -> Option<State> {
        match state {
            State::Text => self.text(),
            State::Action => self.action(),
        }
    }

    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let found = self.peek()?;
        self.at += found.len_utf8();
        if found == '\n' {
            self.line += 1;
        }
        Some(found)
    }

    fn accept(&mut self, set: &str) -> bool {
        let fits = self.peek().is_some_and(|c| set.contains(c));
        if fits {
            self.next();
        }
        fits
    }

    fn accept_run(&mut self, set: &str) {
        while self.accept(set) {}
    }

    /// Drops what was read since the last token; lines inside it were counted by the caller.
    fn skip(&mut self) {
        self.start = self.at;
        self.start_line = self.line;
    }

    /// Moves on without reading character by character, counting lines.
    fn jump(&mut self, length: usize) {
        let passed = &self.source[self.at..self.at + length];
        self.line += passed.bytes().filter(|&b| b == b'\n').count();
        self.at += length;
    }

    fn emit(&mut self, kind: Kind) {
        self.found.push(Token {
            kind,
            start: self.start,
            end: self.at,
            line: self.start_line,
            message: None,
        });
        self.skip();
    }

    fn fail(&mut self, message: impl Into<String>) -> Option<State> {
        self.found.push(Token {
            kind: Kind::Error,
            start: self.start,
            end: self.at,
            line: self.start_line,
            message: Some(message.into()),
        });
        None
    }

    fn text(&mut self) -> Option<State> {
        let Some(length) = self.rest().find(LEFT) else {
            self.jump(self.rest().len());
            if self.at > self.start {
                self.emit(Kind::Text);
            }
            self.emit(Kind::Eof);
            return None;
        };
        if length > 0 {
            let text = &self.rest()[..length];
            let kept = if has_left_trim(&self.rest()[length + LEFT.len()..]) {
                text.trim_end_matches(is_space).len()
            } else {
                length
            };
            self.jump(kept);
            if kept > 0 {
                self.emit(Kind::Text);
            }
            self.jump(length - kept);
            self.skip();
        }
        self.left_delimiter()
    }

    fn left_delimiter(&mut self) -> Option<State> {
        self.at += LEFT.len();
        let marker = if has_left_trim(self.rest()) {
            TRIM_MARKER_LEN
        } else {
            0
        };
        if self.rest()[marker..].starts_with("/*") {
            self.jump(marker);
            self.skip();
            return self.comment();
        }
        self.emit(Kind::LeftDelim);
        self.jump(marker);
        self.skip();
        self.parens = 0;
        Some(State::Action)
    }

    fn comment(&mut self) -> Option<State> {
        self.at += 2;
        let Some(length) = self.rest().find("*/") else {
            return self.fail("unclosed comment");
        };
        self.jump(length + 2);
        let (here, trim) = self.at_right_delimiter();
        if !here {
            return self.fail("comment ends before closing delimiter");
        }
        self.close(trim);
        self.skip();
        Some(State::Text)
    }

    /// Passes a closing delimiter and, with a trim marker, the blanks behind it.
    fn close(&mut self, trim: bool) {
        if trim {
            self.jump(TRIM_MARKER_LEN);
        }
        self.at += RIGHT.len();
        if trim {
            let rest = self.rest();
            let blanks = rest.len() - rest.trim_start_matches(is_space).len();
            self.jump(blanks);
        }
    }

    fn at_right_delimiter(&self) -> (bool, bool) {
        let rest = self.rest();
        if has_right_trim(rest) && rest[TRIM_MARKER_LEN..].starts_with(RIGHT) {
            return (true, true);
        }
        (rest.starts_with(RIGHT), false)
    }

    fn right_delimiter(&mut self) -> State {
        let (_, trim) = self.at_right_delimiter();
        if trim {
            self.jump(TRIM_MARKER_LEN);
            self.skip();
        }
        self.at += RIGHT.len();
        self.emit(Kind::RightDelim);
        if trim {
            let rest = self.rest();
            let blanks = rest.len() - rest.trim_start_matches(is_space).len();
            self.jump(blanks);
            self.skip();
        }
        State::Text
    }

    fn action(&mut self) -> Option<State> {
        let (closes, _) = self.at_right_delimiter();
        if closes {
            if self.parens == 0 {
                return Some(self.right_delimiter());
            }
            return self.fail("unclosed left paren");
        }
        let Some(found) = self.next() else {
            return self.fail("unclosed action");
        };
        match found {
            c if is_space(c) => return Some(self.space()),
            '=' => self.emit(Kind::Assign),
            ':' => {
                if self.next() != Some('=') {
                    return self.fail("expected :=");
                }
                self.emit(Kind::Declare);
            }
            '|' => self.emit(Kind::Pipe),
            '"' => return self.quoted('"', "unterminated quoted string", Kind::String),
            '\'' => {
                return self.quoted('\'', "unterminated character constant", Kind::CharConstant);
            }
            '`' => return self.raw_quoted(),
            '$' => return self.field_or_variable(Kind::Variable),
            '.' if !self.rest().starts_with(|c: char| c.is_ascii_digit())
                && !self.rest().is_empty() =>
            {
                return self.field_or_variable(Kind::Field);
            }
            '.' | '+' | '-' | '0'..='9' => {
                self.at = self.start;
                return self.number();
            }
            c if is_alphanumeric(c) => return self.identifier(),
            '(' => {
                self.parens += 1;
                self.emit(Kind::LeftParen);
            }
            ')' => {
                if self.parens == 0 {
                    return self.fail("unexpected right paren");
                }
                self.parens -= 1;
                self.emit(Kind::RightParen);
            }
            ' '..='~' => self.emit(Kind::Char),
            other => {
                let shown = unicode_point(Some(other));
                return self.fail(format!("unrecognized character in action: {shown}"));
            }
        }
        Some(State::Action)
    }

    fn space(&mut self) -> State {
        let mut last = self.start;
        while let Some(c) = self.peek().filter(|&c| is_space(c)) {
            last = self.at;
            self.next();
            debug_assert!(is_space(c));
        }
        // A trim marker needs the blank before it, which then is not a token of its own.
        let tail = &self.source[last..];
        if has_right_trim(tail) && tail[TRIM_MARKER_LEN..].starts_with(RIGHT) {
            if tail.starts_with('\n') {
                self.line -= 1;
            }
            self.at = last;
            if last == self.start {
                return self.right_delimiter();
            }
        }
        self.emit(Kind::Space);
        State::Action
    }

    fn at_terminator(&self) -> bool {
        match self.peek() {
            None | Some('.' | ',' | '|' | ':' | ')' | '(') => true,
            Some(c) => is_space(c) || self.rest().starts_with(RIGHT),
        }
    }

    fn identifier(&mut self) -> Option<State> {
        while self.peek().is_some_and(is_alphanumeric) {
            self.next();
        }
        if !self.at_terminator() {
            return self.bad_character();
        }
        let word = &self.source[self.start..self.at];
        let kind = match Kind::keyword(word) {
            Some(kind) => kind,
            None if word == "true" || word == "false" => Kind::Bool,
            None => Kind::Identifier,
        };
        self.emit(kind);
        Some(State::Action)
    }

    fn field_or_variable(&mut self, kind: Kind) -> Option<State> {
        if self.at_terminator() {
            self.emit(if kind == Kind::Variable {
                kind
            } else {
                Kind::Dot
            });
            return Some(State::Action);
        }
        while self.peek().is_some_and(is_alphanumeric) {
            self.next();
        }
        if !self.at_terminator() {
            return self.bad_character();
        }
        self.emit(kind);
        Some(State::Action)
    }

    fn bad_character(&mut self) -> Option<State> {
        let shown = unicode_point(self.peek());
        self.fail(format!("bad character {shown}"))
    }

    fn quoted(&mut self, quote: char, unfinished: &str, kind: Kind) -> Option<State> {
        loop {
            match self.next() {
                Some('\\') => {
                    if matches!(self.next(), None | Some('\n')) {
                        return self.fail(unfinished);
                    }
                }
                None | Some('\n') => return self.fail(unfinished),
                Some(c) if c == quote => break,
                Some(_) => {}
            }
        }
        self.emit(kind);
        Some(State::Action)
    }

    fn raw_quoted(&mut self) -> Option<State> {
        loop {
            match self.next() {
                None => return self.fail("unterminated raw quoted string"),
                Some('`') => break,
                Some(_) => {}
            }
        }
        self.emit(Kind::RawString);
        Some(State::Action)
    }

    fn number(&mut self) -> Option<State> {
        let mut good = self.scan_number();
        let mut kind = Kind::Number;
        if good && matches!(self.peek(), Some('+' | '-')) {
            good = self.scan_number() && self.source[..self.at].ends_with('i');
            kind = Kind::Complex;
        }
        if !good {
            let shown = crate::quote::quote(&self.source[self.start..self.at]);
            return self.fail(format!("bad number syntax: {shown}"));
        }
        self.emit(kind);
        Some(State::Action)
    }

    fn scan_number(&mut self) -> bool {
        const DECIMAL: &str = "0123456789_";
        const HEX: &str = "0123456789abcdefABCDEF_";
        self.accept("+-");
        let mut digits = DECIMAL;
        if self.accept("0") {
            if self.accept("xX") {
                digits = HEX;
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        self.accept_run(digits);
        if self.accept(".") {
            self.accept_run(digits);
        }
        let exponent = match digits {
            DECIMAL => "eE",
            HEX => "pP",
            _ => "",
        };
        if !exponent.is_empty() && self.accept(exponent) {
            self.accept("+-");
            self.accept_run(DECIMAL);
        }
        self.accept("i");
        if self.peek().is_some_and(is_alphanumeric) {
            self.next();
            return false;
        }
        true
    }
}

/// Blanks of the template language.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn has_left_trim(rest: &str) -> bool {
    let mut chars = rest.chars();
    chars.next() == Some('-') && chars.next().is_some_and(is_space)
}

fn has_right_trim(rest: &str) -> bool {
    let mut chars = rest.chars();
    chars.next().is_some_and(is_space) && chars.next() == Some('-')
}

/// A character as Go's `%#U` shows it; the end of the text counts as -1.
fn unicode_point(c: Option<char>) -> String {
    match c {
        None => "U+FFFFFFFFFFFFFFFF".to_owned(),
        Some(c) if super::quote::is_print(c) => format!("U+{:04X} '{c}'", c as u32),
        Some(c) => format!("U+{:04X}", c as u32),
    }
}
