//! Entities in attribute values, as far as they can move a reader of scripts, styles and addresses on.

/// The names of ASCII characters that are no letters or digits.
const NAMES: [(&[u8], u8); 45] = [
    (b"Tab", b'\t'),
    (b"NewLine", b'\n'),
    (b"excl", b'!'),
    (b"quot", b'"'),
    (b"QUOT", b'"'),
    (b"num", b'#'),
    (b"dollar", b'$'),
    (b"percnt", b'%'),
    (b"amp", b'&'),
    (b"AMP", b'&'),
    (b"apos", b'\''),
    (b"lpar", b'('),
    (b"rpar", b')'),
    (b"ast", b'*'),
    (b"midast", b'*'),
    (b"plus", b'+'),
    (b"comma", b','),
    (b"period", b'.'),
    (b"sol", b'/'),
    (b"colon", b':'),
    (b"semi", b';'),
    (b"lt", b'<'),
    (b"LT", b'<'),
    (b"equals", b'='),
    (b"gt", b'>'),
    (b"GT", b'>'),
    (b"quest", b'?'),
    (b"commat", b'@'),
    (b"lsqb", b'['),
    (b"lbrack", b'['),
    (b"bsol", b'\\'),
    (b"rsqb", b']'),
    (b"rbrack", b']'),
    (b"Hat", b'^'),
    (b"lowbar", b'_'),
    (b"UnderBar", b'_'),
    (b"grave", b'`'),
    (b"DiacriticalGrave", b'`'),
    (b"lcub", b'{'),
    (b"lbrace", b'{'),
    (b"verbar", b'|'),
    (b"vert", b'|'),
    (b"VerticalLine", b'|'),
    (b"rcub", b'}'),
    (b"rbrace", b'}'),
];

/// Names that count without their semicolon.
const BARE: [&[u8]; 8] = [b"quot", b"QUOT", b"amp", b"AMP", b"lt", b"LT", b"gt", b"GT"];

/// The text with its entities resolved; names of other characters stay as they are.
pub(super) fn decode(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let found = (*byte == b'&').then(|| entity(&text[at + 1..])).flatten();
        if let Some((character, length)) = found {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            at += 1 + length;
        } else {
            out.push(*byte);
            at += 1;
        }
    }
    out
}

/// The character that a text behind an ampersand names, and the name's length.
fn entity(text: &[u8]) -> Option<(char, usize)> {
    if let Some(number) = text.strip_prefix(b"#") {
        let (character, length) = numbered(number)?;
        return Some((character, length + 1));
    }
    let length = text
        .iter()
        .take_while(|b| b.is_ascii_alphanumeric())
        .count();
    let name = &text[..length];
    if text.get(length) == Some(&b';') {
        let (_, byte) = NAMES.iter().find(|(known, _)| *known == name)?;
        return Some((char::from(*byte), length + 1));
    }
    let bare = BARE.iter().find(|known| name.starts_with(known))?;
    let (_, byte) = NAMES.iter().find(|(known, _)| known == bare)?;
    Some((char::from(*byte), bare.len()))
}

fn numbered(text: &[u8]) -> Option<(char, usize)> {
    let (radix, start) = match text.first()? {
        b'x' | b'X' => (16, 1),
        _ => (10, 0),
    };
    let digits = text[start..]
        .iter()
        .map_while(|b| char::from(*b).to_digit(radix));
    let (mut value, mut end) = (0u32, start);
    for digit in digits {
        value = value.saturating_mul(radix).saturating_add(digit);
        end += 1;
    }
    if end == start {
        return None;
    }
    let length = end + usize::from(text.get(end) == Some(&b';'));
    let character = char::from_u32(value).filter(|c| *c != '\0');
    Some((character.unwrap_or(char::REPLACEMENT_CHARACTER), length))
}
