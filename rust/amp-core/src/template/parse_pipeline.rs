//! The parser's inner half: pipelines, commands, operands.
//!
//! Upstream: Go `text/template/parse` `parse.go`.

use std::sync::Arc;

use super::lex::Kind;
use super::node::{Command, Operand, OperandKind, Pipe};
use super::number;
use super::parse::{Parse, Parser};
use crate::quote::quote;

impl Parser {
    pub(super) fn pipeline(&mut self, context: &str, end: Kind) -> Parse<Arc<Pipe>> {
        let first = self.peek_solid();
        let mut pipe = Pipe {
            at: self.start(first),
            assigns: false,
            declared: Vec::new(),
            commands: Vec::new(),
        };
        while self.declaration(&mut pipe, context)? {}
        loop {
            let index = self.take_solid();
            match self.kind(index) {
                kind if kind == end => return self.checked(pipe, context),
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParen => {
                    self.back(index);
                    let command = self.command()?;
                    pipe.commands.push(command);
                }
                _ => return self.unexpected(index, context),
            }
        }
    }

    /// Reads `$x :=`, `$x =` or the `$i,` of a range; whether a further variable follows.
    fn declaration(&mut self, pipe: &mut Pipe, context: &str) -> Parse<bool> {
        let variable = self.peek_solid();
        if self.kind(variable) != Kind::Variable {
            return Ok(false);
        }
        self.take();
        let after = self.take();
        let mut next = after;
        if self.kind(after) == Kind::Space {
            next = self.take_solid();
        }
        let comma = self.kind(next) == Kind::Char && self.text(next) == ",";
        if matches!(self.kind(next), Kind::Assign | Kind::Declare) || comma {
            let name: Arc<str> = self.text(variable).into();
            pipe.declared.push(Arc::clone(&name));
            self.variables.push(name);
            if !comma {
                pipe.assigns = self.kind(next) == Kind::Assign;
                return Ok(false);
            }
            if context == "range" && pipe.declared.len() < 2 {
                let index = self.peek_solid();
                if matches!(
                    self.kind(index),
                    Kind::Variable | Kind::RightDelim | Kind::RightParen
                ) {
                    return Ok(true);
                }
                return self.fail("range can only initialize variables");
            }
            return self.fail(format!("too many declarations in {context}"));
        }
        self.back(next);
        if next != after {
            self.back(after);
        }
        self.back(variable);
        Ok(false)
    }

    fn checked(&self, pipe: Pipe, context: &str) -> Parse<Arc<Pipe>> {
        if pipe.commands.is_empty() {
            return self.fail(format!("missing value for {context}"));
        }
        for (index, command) in pipe.commands.iter().enumerate().skip(1) {
            if matches!(
                command.args[0].kind,
                OperandKind::Bool(_)
                    | OperandKind::Dot
                    | OperandKind::Nil
                    | OperandKind::Number(_)
                    | OperandKind::Text { .. }
            ) {
                return self.fail(format!(
                    "non executable command in pipeline stage {}",
                    index + 1
                ));
            }
        }
        Ok(Arc::new(pipe))
    }

    fn command(&mut self) -> Parse<Command> {
        let first = self.peek_solid();
        let mut command = Command {
            at: self.start(first),
            args: Vec::new(),
        };
        loop {
            self.peek_solid();
            if let Some(operand) = self.operand()? {
                command.args.push(operand);
            }
            let index = self.take();
            match self.kind(index) {
                Kind::Space => continue,
                Kind::RightDelim | Kind::RightParen => self.back(index),
                Kind::Pipe => {}
                _ => return self.unexpected(index, "operand"),
            }
            break;
        }
        if command.args.is_empty() {
            return self.fail("empty command");
        }
        Ok(command)
    }

    fn operand(&mut self) -> Parse<Option<Operand>> {
        let Some(mut operand) = self.term()? else {
            return Ok(None);
        };
        if self.peek() != Kind::Field {
            return Ok(Some(operand));
        }
        let first = self.peek_solid();
        let at = self.start(first);
        let mut names: Vec<Arc<str>> = Vec::new();
        while self.peek() == Kind::Field {
            let index = self.take();
            names.push(self.text(index)[1..].into());
        }
        match &mut operand.kind {
            OperandKind::Field(earlier) | OperandKind::Variable(earlier) => {
                earlier.append(&mut names);
                operand.at = at;
            }
            OperandKind::Bool(_)
            | OperandKind::Text { .. }
            | OperandKind::Number(_)
            | OperandKind::Nil
            | OperandKind::Dot => {
                let shown = quote(&operand.to_string());
                return self.fail(format!("unexpected . after term {shown}"));
            }
            _ => {
                operand = Operand {
                    at,
                    kind: OperandKind::Chain(Box::new(operand), names),
                };
            }
        }
        Ok(Some(operand))
    }

    fn term(&mut self) -> Parse<Option<Operand>> {
        let index = self.take_solid();
        let at = self.start(index);
        let text = self.text(index);
        let kind = match self.kind(index) {
            Kind::Identifier => {
                if !(self.known)(text) {
                    return self.fail(format!("function {} not defined", quote(text)));
                }
                OperandKind::Identifier(text.into())
            }
            Kind::Dot => OperandKind::Dot,
            Kind::Nil => OperandKind::Nil,
            Kind::Variable => {
                if !self.variables.iter().any(|name| **name == *text) {
                    return self.fail(format!("undefined variable {}", quote(text)));
                }
                OperandKind::Variable(vec![text.into()])
            }
            Kind::Field => OperandKind::Field(vec![text[1..].into()]),
            Kind::Bool => OperandKind::Bool(text == "true"),
            kind @ (Kind::CharConstant | Kind::Complex | Kind::Number) => {
                let read = if kind == Kind::CharConstant {
                    number::character(text)
                } else {
                    number::number(text)
                };
                match read {
                    Ok(number) => OperandKind::Number(number),
                    Err(message) => return self.fail(message),
                }
            }
            Kind::LeftParen => {
                self.deeper()?;
                let pipe = self.pipeline("parenthesized pipeline", Kind::RightParen)?;
                self.depth -= 1;
                return Ok(Some(Operand {
                    at: pipe.at,
                    kind: OperandKind::Pipe(pipe),
                }));
            }
            Kind::String | Kind::RawString => OperandKind::Text {
                value: self.unquoted(index)?,
                quoted: text.into(),
            },
            _ => {
                self.back(index);
                return Ok(None);
            }
        };
        Ok(Some(Operand { at, kind }))
    }
}
