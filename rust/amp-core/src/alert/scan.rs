//! A JSON scanner with the grammar, the depth limit and the error texts of Go's `encoding/json`.

/// A syntax error: Go's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Syntax(pub(crate) String);

/// The kinds of JSON values, as Go names them in type errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Number,
    Text,
    Array,
    Object,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Number => "number",
            Self::Text => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

const MAX_DEPTH: usize = 10_000;

/// Walks over the bytes of one JSON value.
pub(crate) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            depth: 0,
        }
    }

    /// The first byte of the value, `None` when there is nothing but white space.
    pub(crate) fn start(&mut self) -> Option<u8> {
        self.space();
        self.bytes.get(self.at).copied()
    }

    /// Where the scanner stands.
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Result<u8, Syntax> {
        match self.bytes.get(self.at) {
            Some(&byte) if byte > b' ' => Ok(byte),
            _ => {
                self.space();
                self.bytes.get(self.at).copied().ok_or_else(end)
            }
        }
    }

    fn fail<T>(&self, context: &str) -> Result<T, Syntax> {
        match self.bytes.get(self.at) {
            Some(&byte) => Err(Syntax(format!(
                "invalid character {} {context}",
                quote(byte)
            ))),
            None => Err(end()),
        }
    }

    /// The first byte of a value; it is not consumed.
    pub(crate) fn value_start(&mut self) -> Result<u8, Syntax> {
        match self.peek()? {
            byte @ (b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => Ok(byte),
            _ => self.fail("looking for beginning of value"),
        }
    }

    /// Where the next value begins.
    pub(crate) fn value_offset(&mut self) -> Result<usize, Syntax> {
        self.value_start()?;
        Ok(self.at)
    }

    /// Steps into the array or object whose first byte is next.
    pub(crate) fn open(&mut self) -> Result<(), Syntax> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.fail("exceeded max depth");
        }
        self.at += 1;
        Ok(())
    }

    /// Whether an array or object that was just opened ends at once.
    pub(crate) fn closes(&mut self, closer: u8) -> Result<bool, Syntax> {
        if self.peek()? == closer {
            self.at += 1;
            self.depth -= 1;
            return Ok(true);
        }
        Ok(false)
    }

    /// After an element: whether another follows.
    pub(crate) fn next_element(&mut self) -> Result<bool, Syntax> {
        self.next(b']', "after array element")
    }

    /// After a member: whether another follows.
    pub(crate) fn next_member(&mut self) -> Result<bool, Syntax> {
        self.next(b'}', "after object key:value pair")
    }

    fn next(&mut self, closer: u8, context: &str) -> Result<bool, Syntax> {
        let byte = self.peek()?;
        if byte == b',' {
            self.at += 1;
            Ok(true)
        } else if byte == closer {
            self.at += 1;
            self.depth -= 1;
            Ok(false)
        } else {
            self.fail(context)
        }
    }

    /// Checks that a key is next; it is not consumed.
    pub(crate) fn key_start(&mut self) -> Result<(), Syntax> {
        if self.peek()? == b'"' {
            return Ok(());
        }
        self.fail("looking for beginning of object key string")
    }

    /// Steps over the colon behind a key.
    pub(crate) fn colon(&mut self) -> Result<(), Syntax> {
        if self.peek()? == b':' {
            self.at += 1;
            return Ok(());
        }
        self.fail("after object key")
    }

    /// Steps over the string whose quote is next: where its inside begins and ends, and whether it has escapes.
    pub(crate) fn string(&mut self) -> Result<(usize, usize, bool), Syntax> {
        let from = self.at + 1;
        self.at = from;
        let mut escaped = false;
        loop {
            self.at = special(self.bytes, self.at);
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok((from, self.at - 1, escaped));
                }
                Some(b'\\') => {
                    escaped = true;
                    self.at += 1;
                    self.escape()?;
                }
                _ => return self.fail("in string literal"),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Syntax> {
        match self.bytes.get(self.at) {
            Some(b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.bytes.get(self.at).is_some_and(u8::is_ascii_hexdigit) {
                        return self.fail("in \\u hexadecimal character escape");
                    }
                    self.at += 1;
                }
            }
            _ => return self.fail("in string escape code"),
        }
        Ok(())
    }

    /// Steps over any value.
    pub(crate) fn skip_value(&mut self) -> Result<(), Syntax> {
        self.skip_kind().map(|_| ())
    }

    /// Steps over any value, without recursion, and tells its kind.
    pub(crate) fn skip_kind(&mut self) -> Result<Kind, Syntax> {
        let mut kind = None;
        // Which of the open values are objects, innermost last.
        let mut open: Vec<bool> = Vec::new();
        loop {
            let opened = match self.value_start()? {
                b'{' => Kind::Object,
                b'[' => Kind::Array,
                b'"' => {
                    self.string()?;
                    Kind::Text
                }
                b't' => self.literal("true", Kind::Bool)?,
                b'f' => self.literal("false", Kind::Bool)?,
                b'n' => self.literal("null", Kind::Null)?,
                _ => {
                    self.number()?;
                    Kind::Number
                }
            };
            kind.get_or_insert(opened);
            if matches!(opened, Kind::Object | Kind::Array) {
                let object = opened == Kind::Object;
                self.open()?;
                if !self.closes(if object { b'}' } else { b']' })? {
                    if object {
                        self.skip_key()?;
                    }
                    open.push(object);
                    continue;
                }
            }
            while let Some(&object) = open.last() {
                let more = if object {
                    self.next_member()?
                } else {
                    self.next_element()?
                };
                if more {
                    if object {
                        self.skip_key()?;
                    }
                    break;
                }
                open.pop();
            }
            if open.is_empty() {
                return Ok(kind.unwrap_or(opened));
            }
        }
    }

    fn skip_key(&mut self) -> Result<(), Syntax> {
        self.key_start()?;
        self.string()?;
        self.colon()
    }

    fn literal(&mut self, word: &str, kind: Kind) -> Result<Kind, Syntax> {
        for wanted in word.chars() {
            if self.bytes.get(self.at).copied().map(char::from) != Some(wanted) {
                return self.fail(&format!("in literal {word} (expecting '{wanted}')"));
            }
            self.at += 1;
        }
        Ok(kind)
    }

    fn number(&mut self) -> Result<(), Syntax> {
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
        } else {
            self.digits("in numeric literal")?;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits("after decimal point in numeric literal")?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.digits("in exponent of numeric literal")?;
        }
        Ok(())
    }

    /// At least one digit.
    fn digits(&mut self, context: &str) -> Result<(), Syntax> {
        if !self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            return self.fail(context);
        }
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        Ok(())
    }
}

/// The offset of the first quote, backslash or control character; the length when there is none.
#[inline]
fn special(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    const fn zeros(word: u64) -> u64 {
        word.wrapping_sub(ONES) & !word & HIGH
    }
    while let Some(chunk) = bytes.get(at..at + 8) {
        let Ok(chunk) = <[u8; 8]>::try_from(chunk) else {
            break;
        };
        let word = u64::from_le_bytes(chunk);
        let below_space = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let found = zeros(word ^ (ONES * 0x22)) | zeros(word ^ (ONES * 0x5C)) | below_space;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while bytes
        .get(at)
        .is_some_and(|&byte| byte >= 0x20 && byte != b'"' && byte != b'\\')
    {
        at += 1;
    }
    at
}

fn end() -> Syntax {
    Syntax("unexpected EOF".to_owned())
}

/// A byte as Go's scanner quotes it.
fn quote(byte: u8) -> String {
    match byte {
        b'\'' => "'\\''".to_owned(),
        b'\\' => "'\\\\'".to_owned(),
        0x07 => "'\\a'".to_owned(),
        0x08 => "'\\b'".to_owned(),
        0x0B => "'\\v'".to_owned(),
        0x0C => "'\\f'".to_owned(),
        b'\n' => "'\\n'".to_owned(),
        b'\r' => "'\\r'".to_owned(),
        b'\t' => "'\\t'".to_owned(),
        0x00..0x20 | 0x7F => format!("'\\x{byte:02x}'"),
        0x80..=0xA0 | 0xAD => format!("'\\u00{byte:02x}'"),
        _ => format!("'{}'", char::from(byte)),
    }
}
