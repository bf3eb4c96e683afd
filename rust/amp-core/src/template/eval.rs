//! Evaluating pipelines: operands, fields, calls with their argument types.
//!
//! Upstream: Go `text/template` `exec.go`.

use std::sync::Arc;

use smallvec::SmallVec;

use super::builtins;
use super::exec::{At, Exec, Outcome};
use super::format::display;
use super::functions;
use super::html::Escaped;
use super::member;
use super::node::{Command, Number, Operand, OperandKind, Pipe};
use super::value::Value;
use crate::quote::quote;

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    /// `interface {}`
    Any,
    /// A value as the builtin functions take it: of any type, with it.
    Reflect,
    Text,
    Strings,
    List,
    Int,
    Time,
    Duration,
    Location,
}

impl Type {
    fn name(self) -> &'static str {
        match self {
            Self::Any => "interface {}",
            Self::Reflect => "reflect.Value",
            Self::Text => "string",
            Self::Strings => "[]string",
            Self::List => "[]interface {}",
            Self::Int => "int",
            Self::Time => "time.Time",
            Self::Duration => "time.Duration",
            Self::Location => "*time.Location",
        }
    }

    fn takes(self, value: &Value) -> bool {
        match self {
            Self::Any | Self::Reflect => true,
            Self::Text => matches!(value, Value::Str(_)),
            Self::Strings => matches!(value, Value::Strings { .. }),
            Self::List => matches!(value, Value::List(_)),
            Self::Int => matches!(value, Value::Int(_)),
            Self::Time => matches!(value, Value::Time(_)),
            Self::Duration => matches!(value, Value::Duration(_)),
            Self::Location => matches!(value, Value::Location(_)),
        }
    }

    /// The value of `nil` for this type, `None` when it cannot be nil.
    fn nil(self) -> Option<Value> {
        match self {
            Self::Any => Some(Value::NilInterface),
            Self::Reflect => Some(Value::Invalid),
            Self::Strings => Some(Value::Strings {
                named: false,
                items: Arc::default(),
            }),
            Self::List => Some(Value::List(Arc::default())),
            _ => None,
        }
    }
}

/// What a function or method takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signature {
    pub(super) params: &'static [Type],
    /// Whether the last parameter may stand any number of times.
    pub(super) variadic: bool,
}

/// What is called.
enum Callee<'v> {
    Function(&'v str),
    Method(Value, &'v str),
}

pub(super) type Args = SmallVec<[Value; 4]>;

/// Where a call stands, for its error message.
type Place<'a> = At<'a>;

impl<'a> Exec<'a> {
    pub(super) fn pipeline(&mut self, dot: &Value, pipe: &'a Pipe) -> Outcome<Value> {
        self.at = At::Pipe(pipe);
        let mut value = None;
        for command in &pipe.commands {
            let mut next = self.command(dot, command, value)?;
            if matches!(next, Value::NilInterface) {
                next = Value::Invalid;
            }
            value = Some(next);
        }
        let value = value.unwrap_or(Value::Invalid);
        for name in &pipe.declared {
            if pipe.assigns {
                self.set_variable(name, value.clone())?;
            } else {
                self.push(Arc::clone(name), value.clone());
            }
        }
        Ok(value)
    }

    /// The value of a printed pipeline before it is escaped.
    pub(super) fn unescaped(&mut self, dot: &Value, escaped: &'a Escaped) -> Outcome<Value> {
        let pipe = &escaped.pipe;
        self.at = At::Pipe(pipe);
        if escaped.joins_arguments {
            let operands = &pipe.commands[0].args[1..];
            let mut values = Args::with_capacity(operands.len());
            for operand in operands {
                values.push(self.argument(dot, Type::Any, operand)?);
            }
            return Ok(Value::text(match &values[..] {
                [Value::Str(text)] => text.to_string(),
                values => super::format::sprint_values(values),
            }));
        }
        let mut value = None;
        for command in &pipe.commands[..escaped.commands] {
            let mut next = self.command(dot, command, value)?;
            if matches!(next, Value::NilInterface) {
                next = Value::Invalid;
            }
            value = Some(next);
        }
        Ok(value.unwrap_or_else(|| Value::text("")))
    }

    fn nested_pipeline(&mut self, dot: &Value, pipe: &'a Pipe) -> Outcome<Value> {
        self.deeper()?;
        let value = self.pipeline(dot, pipe)?;
        self.higher();
        Ok(value)
    }

    fn command(
        &mut self,
        dot: &Value,
        command: &'a Command,
        last: Option<Value>,
    ) -> Outcome<Value> {
        let first = &command.args[0];
        let args = &command.args[..];
        match &first.kind {
            OperandKind::Field(names) => {
                self.at = At::Operand(first);
                let receiver = (dot.clone(), self.boxed_dot);
                return self.chain(dot, receiver, first, names, args, last);
            }
            OperandKind::Chain(inner, names) => {
                let receiver = self.chain_start(dot, first, inner)?;
                return self.chain(dot, (receiver, false), first, names, args, last);
            }
            OperandKind::Identifier(name) => {
                self.at = At::Operand(first);
                let place = At::Command(command);
                return self.call(dot, Callee::Function(name), place, args, last);
            }
            OperandKind::Pipe(pipe) => {
                self.no_arguments(args, last.as_ref())?;
                return self.nested_pipeline(dot, pipe);
            }
            OperandKind::Variable(names) => {
                return self.variable_chain(dot, first, names, args, last);
            }
            _ => {}
        }
        self.at = At::Operand(first);
        self.no_arguments(args, last.as_ref())?;
        match &first.kind {
            OperandKind::Bool(value) => Ok(Value::Bool(*value)),
            OperandKind::Dot => Ok(dot.clone()),
            OperandKind::Nil => self.fail("nil is not a command"),
            OperandKind::Number(number) => self.constant(number),
            OperandKind::Text { value, .. } => Ok(Value::Str(Arc::clone(value))),
            _ => self.fail(format!(
                "can't evaluate command {}",
                quote(&first.to_string())
            )),
        }
    }

    fn no_arguments(&self, args: &[Operand], last: Option<&Value>) -> Outcome<()> {
        if args.len() > 1 || last.is_some() {
            return self.fail(format!("can't give argument to non-function {}", args[0]));
        }
        Ok(())
    }

    fn constant(&self, number: &Number) -> Outcome<Value> {
        let text = &number.text;
        let hex = text.len() > 2 && text.starts_with('0') && text[1..].starts_with(['x', 'X']);
        let hex_int = hex && !text.contains(['p', 'P']);
        let looks_float = text.contains(['.', 'e', 'E', 'p', 'P']);
        if let Some(float) = number.float
            && !hex_int
            && !text.starts_with('\'')
            && looks_float
        {
            return Ok(Value::Float(float));
        }
        match number.int {
            Some(int) => Ok(Value::Int(int)),
            None => self.fail(format!("{text} overflows int")),
        }
    }

    fn chain_start(
        &mut self,
        dot: &Value,
        operand: &'a Operand,
        inner: &'a Operand,
    ) -> Outcome<Value> {
        self.at = At::Operand(operand);
        if matches!(inner.kind, OperandKind::Nil) {
            return self.fail(format!("indirection through explicit nil in {operand}"));
        }
        self.argument(dot, Type::Reflect, inner)
    }

    fn variable_chain(
        &mut self,
        dot: &Value,
        operand: &'a Operand,
        names: &'a [Arc<str>],
        args: &'a [Operand],
        last: Option<Value>,
    ) -> Outcome<Value> {
        self.at = At::Operand(operand);
        let Some((value, boxed)) = self.variable(&names[0]) else {
            return self.fail(format!("undefined variable: {}", names[0]));
        };
        let value = value.clone();
        if names.len() == 1 {
            if !args.is_empty() {
                self.no_arguments(args, last.as_ref())?;
            }
            return Ok(value);
        }
        self.chain(dot, (value, boxed), operand, &names[1..], args, last)
    }

    /// Follows field names; only the last one takes the arguments.
    fn chain(
        &mut self,
        dot: &Value,
        (mut receiver, mut boxed): (Value, bool),
        operand: &'a Operand,
        names: &'a [Arc<str>],
        args: &'a [Operand],
        last: Option<Value>,
    ) -> Outcome<Value> {
        let Some((end, names)) = names.split_last() else {
            return Ok(receiver);
        };
        for name in names {
            let next_boxed = matches!(receiver, Value::Dict(_));
            receiver = self.field(dot, name, operand, &[], None, (receiver, boxed))?;
            boxed = next_boxed;
        }
        self.field(dot, end, operand, args, last, (receiver, boxed))
    }

    fn field(
        &mut self,
        dot: &Value,
        name: &'a str,
        operand: &'a Operand,
        args: &'a [Operand],
        last: Option<Value>,
        (receiver, boxed): (Value, bool),
    ) -> Outcome<Value> {
        match &receiver {
            Value::Invalid => return Ok(Value::Invalid),
            Value::NilInterface => {
                return self.fail(format!("nil pointer evaluating interface {{}}.{name}"));
            }
            _ => {}
        }
        if member::signature(&receiver, name).is_some() {
            let callee = Callee::Method(receiver, name);
            return self.call(dot, callee, At::Operand(operand), args, last);
        }
        let has_args = args.len() > 1 || last.is_some();
        match &receiver {
            Value::Kv(_) | Value::Dict(_) if has_args => {
                return self.fail(format!("{name} is not a method but has arguments"));
            }
            Value::Kv(labels) => {
                return Ok(Value::text(labels.get(name).unwrap_or_default()));
            }
            Value::Dict(map) => {
                return Ok(map.get(name).cloned().unwrap_or(Value::NilInterface));
            }
            _ => {}
        }
        match member::field(&receiver, name) {
            Some(_) if has_args => self.fail(format!(
                "{name} has arguments but cannot be invoked as function"
            )),
            Some(value) => Ok(value),
            None => {
                // What an untyped list or map holds is of the interface's type to messages.
                let kind = if boxed {
                    "interface {}"
                } else {
                    receiver.type_name()
                };
                self.fail(member::no_field(&receiver, name, kind))
            }
        }
    }

    fn call(
        &mut self,
        dot: &Value,
        callee: Callee<'_>,
        place: Place<'a>,
        args: &'a [Operand],
        last: Option<Value>,
    ) -> Outcome<Value> {
        let (name, signature) = match &callee {
            Callee::Function(name) => (*name, functions::signature(name)),
            Callee::Method(receiver, name) => (*name, member::signature(receiver, name)),
        };
        let Some(signature) = signature else {
            return self.fail(format!("{} is not a defined function", quote(name)));
        };
        let operands = args.get(1..).unwrap_or_default();
        self.check_count(name, signature, operands.len(), last.is_some())?;
        if let Callee::Method(receiver, name) = &callee
            && let Some(message) = member::unusable(receiver, name)
        {
            return self.fail(message);
        }
        if matches!(callee, Callee::Function("and" | "or")) {
            return self.short_circuit(dot, name == "or", operands, last);
        }
        let params = signature.params;
        let final_param = params.last().copied().unwrap_or(Type::Any);
        let mut values = Args::new();
        for (index, operand) in operands.iter().enumerate() {
            let param = params.get(index).copied().unwrap_or(final_param);
            let value = self.argument(dot, param, operand)?;
            values.push(value);
        }
        if let Some(last) = last {
            let param = params.get(values.len()).copied().unwrap_or(final_param);
            let value = self.checked(last, param)?;
            values.push(value);
        }
        let result = match callee {
            Callee::Function("call") => builtins::not_callable(&values, operands.first()),
            Callee::Function(name) => match builtins::call(name, &values) {
                Some(result) => result,
                None => functions::call(self.library, self.run, name, &values),
            },
            Callee::Method(receiver, name) => member::call(&receiver, name, &values),
        };
        match result {
            Ok(value) => Ok(value),
            Err(message) => {
                self.at = place;
                self.fail(format!("error calling {name}: {message}"))
            }
        }
    }

    fn check_count(
        &self,
        name: &str,
        signature: Signature,
        given: usize,
        piped: bool,
    ) -> Outcome<()> {
        let count = given + usize::from(piped);
        let params = signature.params.len();
        if signature.variadic {
            if count < params - 1 {
                return self.fail(format!(
                    "wrong number of args for {name}: want at least {} got {given}",
                    params - 1
                ));
            }
        } else if count != params {
            return self.fail(format!(
                "wrong number of args for {name}: want {params} got {count}"
            ));
        }
        Ok(())
    }

    fn short_circuit(
        &mut self,
        dot: &Value,
        stop_at: bool,
        operands: &'a [Operand],
        last: Option<Value>,
    ) -> Outcome<Value> {
        let mut value = Value::Invalid;
        for operand in operands {
            value = self.argument(dot, Type::Reflect, operand)?;
            if value.truth() == stop_at {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    /// Evaluates an argument for a parameter of a type.
    fn argument(&mut self, dot: &Value, param: Type, operand: &'a Operand) -> Outcome<Value> {
        self.at = At::Operand(operand);
        let value = match &operand.kind {
            OperandKind::Dot => dot.clone(),
            OperandKind::Nil => {
                return match param.nil() {
                    Some(value) => Ok(value),
                    None => self.fail(format!("cannot assign nil to {}", param.name())),
                };
            }
            OperandKind::Field(names) => {
                let receiver = (dot.clone(), self.boxed_dot);
                self.chain(dot, receiver, operand, names, &[], None)?
            }
            OperandKind::Variable(names) => self.variable_chain(dot, operand, names, &[], None)?,
            OperandKind::Pipe(pipe) => {
                self.at = At::Pipe(pipe);
                self.nested_pipeline(dot, pipe)?
            }
            OperandKind::Identifier(name) => {
                let place = At::Operand(operand);
                self.call(dot, Callee::Function(name), place, &[], None)?
            }
            OperandKind::Chain(inner, names) => {
                let receiver = self.chain_start(dot, operand, inner)?;
                self.chain(dot, (receiver, false), operand, names, &[], None)?
            }
            OperandKind::Bool(_) | OperandKind::Number(_) | OperandKind::Text { .. } => {
                return self.literal(param, operand);
            }
        };
        self.checked(value, param)
    }

    fn literal(&self, param: Type, operand: &Operand) -> Outcome<Value> {
        match (param, &operand.kind) {
            (Type::Any | Type::Reflect, OperandKind::Bool(value)) => Ok(Value::Bool(*value)),
            (Type::Any | Type::Reflect, OperandKind::Number(number)) => self.constant(number),
            (Type::Any | Type::Reflect | Type::Text, OperandKind::Text { value, .. }) => {
                Ok(Value::Str(Arc::clone(value)))
            }
            (Type::Text, _) => self.fail(format!("expected string; found {operand}")),
            (Type::Int | Type::Duration, kind) => match kind {
                OperandKind::Number(Number { int: Some(int), .. }) => Ok(match param {
                    Type::Duration => Value::Duration(*int),
                    _ => Value::Int(*int),
                }),
                _ => self.fail(format!("expected integer; found {operand}")),
            },
            _ => self.fail(format!(
                "can't handle {operand} for arg of type {}",
                param.name()
            )),
        }
    }

    /// The value if the parameter takes it; no type turns into another.
    fn checked(&self, value: Value, param: Type) -> Outcome<Value> {
        if matches!(value, Value::Invalid) {
            return match param.nil() {
                Some(nil) => Ok(nil),
                None => self.fail(format!("invalid value; expected {}", param.name())),
            };
        }
        if param.takes(&value) {
            return Ok(value);
        }
        self.fail(format!(
            "wrong type for value; expected {}; got {}",
            param.name(),
            value.type_name()
        ))
    }
}

/// The text of a value where Go's escaping functions print one.
pub(super) fn printed(values: &[Value]) -> String {
    if let [Value::Str(text)] = values {
        return text.to_string();
    }
    let values: Vec<Value> = values
        .iter()
        .map(|value| match value {
            Value::Invalid | Value::NilInterface => {
                let mut text = String::new();
                display(&mut text, value);
                Value::text(text)
            }
            other => other.clone(),
        })
        .collect();
    super::format::sprint(&values)
}
