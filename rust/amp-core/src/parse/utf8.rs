//! The UTF-8 grammar: a lexer and a parser of tokens.

use std::fmt;

use crate::error::Error;
use crate::matcher::{Matcher, Op, is_reserved};
use crate::quote::unquote_inner;

const OPERATOR: &str = "an operator such as '=', '!=', '=~' or '!~'";

/// Upstream: matcher/parse/parse.go `Matchers`.
pub(super) fn matchers(text: &str) -> Result<Vec<Matcher>, Error> {
    Parser {
        lexer: Lexer::new(text),
        peeked: None,
    }
    .list()
    .map_err(Error::Matcher)
}

/// Upstream: matcher/parse/parse.go `Matcher`.
pub(super) fn matcher(text: &str) -> Result<Matcher, Error> {
    let mut found = matchers(text)?;
    match (found.pop(), found.len()) {
        (Some(one), 0) => Ok(one),
        (None, _) => Err(Error::Matcher("no matchers".into())),
        (Some(_), others) => Err(Error::Matcher(format!(
            "expected 1 matcher, found {}",
            others + 1
        ))),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Open,
    Close,
    Comma,
    Operator(Op),
    Quoted,
    Unquoted,
}

/// A token with its place, in characters.
#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    kind: Kind,
    text: &'a str,
    start: usize,
    end: usize,
}

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.start, self.end)
    }
}

struct Lexer<'a> {
    rest: &'a str,
    column: usize,
}

impl<'a> Lexer<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            column: 0,
        }
    }

    /// The next token, `None` at the end.
    fn next(&mut self) -> Result<Option<Token<'a>>, String> {
        let blank = self.rest.len() - self.rest.trim_start().len();
        let mut characters = self.rest[blank..].chars();
        // At the end the column stays where the last token ended.
        let Some(first) = characters.next() else {
            return Ok(None);
        };
        self.take(Kind::Unquoted, blank);
        let second = characters.next();
        let (kind, length) = match (first, second) {
            ('{', _) => (Kind::Open, 1),
            ('}', _) => (Kind::Close, 1),
            (',', _) => (Kind::Comma, 1),
            ('=', Some('~')) => (Kind::Operator(Op::Match), 2),
            ('=', _) => (Kind::Operator(Op::Equal), 1),
            ('!', Some('=')) => (Kind::Operator(Op::NotEqual), 2),
            ('!', Some('~')) => (Kind::Operator(Op::NotMatch), 2),
            ('!', second) => {
                let at = format!("{}:{}: ", self.column, self.column + 1);
                return Err(match second {
                    None => format!("{at}unexpected end of input, expected one of '=~'"),
                    Some(_) => format!("{at}!: expected one of '=~'"),
                });
            }
            ('"', _) => (Kind::Quoted, self.quoted()?),
            _ if is_reserved(first) => {
                return Err(format!(
                    "{}:{}: {first}: invalid input",
                    self.column,
                    self.column + 1
                ));
            }
            _ => (Kind::Unquoted, self.unquoted()),
        };
        Ok(Some(self.take(kind, length)))
    }

    fn take(&mut self, kind: Kind, length: usize) -> Token<'a> {
        let (text, rest) = self.rest.split_at(length);
        let start = self.column;
        self.column += text.chars().count();
        self.rest = rest;
        Token {
            kind,
            text,
            start,
            end: self.column,
        }
    }

    fn unquoted(&self) -> usize {
        self.rest
            .find(|c: char| c.is_whitespace() || is_reserved(c))
            .unwrap_or(self.rest.len())
    }

    /// The length of a quoted token, quotes included.
    fn quoted(&self) -> Result<usize, String> {
        let mut escaped = false;
        for (at, character) in self.rest.char_indices().skip(1) {
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => return Ok(at + 1),
                _ => {}
            }
        }
        Err(format!(
            "{}:{}: {}: missing end \"",
            self.column,
            self.column + self.rest.chars().count(),
            self.rest
        ))
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    peeked: Option<Token<'a>>,
}

impl<'a> Parser<'a> {
    fn peek(&mut self) -> Result<Option<Token<'a>>, String> {
        if self.peeked.is_none() {
            self.peeked = self.lexer.next()?;
        }
        Ok(self.peeked)
    }

    fn next(&mut self) -> Result<Option<Token<'a>>, String> {
        let token = self.peek()?;
        self.peeked = None;
        Ok(token)
    }

    fn list(&mut self) -> Result<Vec<Matcher>, String> {
        let mut matchers = Vec::new();
        let open = match self.peek()? {
            None => return Ok(matchers),
            Some(token) => token.kind == Kind::Open,
        };
        if open {
            self.next()?;
        }
        if self.peek()?.is_some_and(|token| token.kind != Kind::Close) {
            self.matchers(&mut matchers)?;
        }
        self.end(open)?;
        Ok(matchers)
    }

    /// One matcher after the other, up to the end or a closing brace.
    fn matchers(&mut self, matchers: &mut Vec<Matcher>) -> Result<(), String> {
        loop {
            matchers.push(self.matcher()?);
            match self.peek_for("a comma or close brace")? {
                None => return Ok(()),
                Some(token) => match token.kind {
                    Kind::Close => return Ok(()),
                    Kind::Comma => self.next()?,
                    _ => return Err(unexpected(token, "a comma or close brace")),
                },
            };
            let wanted = "a matcher or close brace after comma";
            match self.peek_for(wanted)? {
                None => return Ok(()),
                Some(token) => match token.kind {
                    Kind::Close => return Ok(()),
                    Kind::Quoted | Kind::Unquoted => {}
                    _ => return Err(unexpected(token, wanted)),
                },
            }
        }
    }

    fn matcher(&mut self) -> Result<Matcher, String> {
        let name = self.text("label name")?;
        let op = match self.expect(OPERATOR)? {
            Token {
                kind: Kind::Operator(op),
                ..
            } => op,
            token => return Err(unexpected(token, OPERATOR)),
        };
        let value = self.text("label value")?;
        Matcher::new(&name, op, &value)
            .map_err(|error| format!("failed to create matcher: {error}"))
    }

    /// A quoted or unquoted text.
    fn text(&mut self, wanted: &str) -> Result<String, String> {
        let token = self.expect(wanted)?;
        match token.kind {
            Kind::Unquoted => Ok(token.text.to_owned()),
            Kind::Quoted => unquote_inner(&token.text[1..token.text.len() - 1])
                .ok_or_else(|| format!("{token}{}: invalid input", token.text)),
            _ => Err(unexpected(token, wanted)),
        }
    }

    /// The next token; at the end of the input an error.
    fn expect(&mut self, wanted: &str) -> Result<Token<'a>, String> {
        self.peek_for(wanted)?;
        self.next()?
            .ok_or_else(|| format!("end of input: expected {wanted}"))
    }

    /// Peeks; the lexer's errors tell what was wanted.
    fn peek_for(&mut self, wanted: &str) -> Result<Option<Token<'a>>, String> {
        self.peek()
            .map_err(|error| format!("{error}: expected {wanted}"))
    }

    /// The closing brace that belongs to an open one, then the end of the input.
    fn end(&mut self, open: bool) -> Result<(), String> {
        match (self.next()?, open) {
            (None, false) => return Ok(()),
            (None, true) => {
                return Err(format!(
                    "0:{}: end of input: expected close brace",
                    self.lexer.column
                ));
            }
            (Some(token), false) => {
                return Err(format!(
                    "0:{}: {}: expected opening brace",
                    token.end, token.text
                ));
            }
            (Some(_), true) => {}
        }
        match self.next()? {
            None => Ok(()),
            Some(token) => Err(format!("{token}{}: expected end of input", token.text)),
        }
    }
}

fn unexpected(token: Token<'_>, wanted: &str) -> String {
    format!("{token}unexpected {}: expected {wanted}", token.text)
}
