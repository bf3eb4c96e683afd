//! The function `title`. Upstream: golang.org/x/text `cases.Title`.

use std::sync::LazyLock;

use regex::Regex;

/// What does not end a word though it is no letter: digits, marks, `_` and its like, invisible and
/// modifying signs.
static INSIDE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^[\p{Nd}\p{M}\p{Pc}\p{Cf}\u{202f}\u{2c2}-\u{2ff}\u{55a}-\u{55c}\u{55e}\u{58a}\u{5f3}\u{66b}",
        r"\u{a708}-\u{a721}\u{a789}\u{a78a}\u{ab5b}\u{1f3fb}-\u{1f3ff}--\u{200b}]"
    ))
    .ok()
});

/// Letters of scripts that are written without spaces: each is a word of its own.
static ALONE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^[[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Myanmar}\p{Khmer}\p{Tai_Le}",
        r"\p{New_Tai_Lue}\p{Tai_Tham}\p{Tai_Viet}\p{Ahom}\p{Tangut}\p{Nushu}\u{30fc}\u{ff70}",
        r"&&\p{L}]\u{3006}\u{3007}\u{3021}-\u{3029}\u{3031}-\u{3035}\u{3038}-\u{303a}--\u{3005}]"
    ))
    .ok()
});

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Cased,
    Inside,
    /// Joins two parts of a word, but not twice in a row.
    Joint,
    Break,
}

/// Each word with a capital first letter and small others.
pub(super) fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut started, mut joint) = (false, false);
    for (at, c) in text.char_indices() {
        let kind = kind(c);
        if joint && kind == Kind::Joint {
            started = false;
        }
        joint = kind == Kind::Joint;
        match kind {
            Kind::Cased if !started => {
                push_title(&mut out, c);
                started = true;
            }
            Kind::Cased if c == 'Σ' => out.push(sigma(&text[at + c.len_utf8()..])),
            Kind::Cased => out.extend(c.to_lowercase()),
            Kind::Inside | Kind::Joint => out.push(c),
            Kind::Break => {
                out.push(c);
                started = false;
            }
        }
    }
    out
}

fn kind(c: char) -> Kind {
    match c {
        _ if c.is_lowercase() || c.is_uppercase() || matches!(c, 'ǅ' | 'ǈ' | 'ǋ' | 'ǲ') => {
            Kind::Cased
        }
        '\'' | '.' | ':' | '·' | '\u{387}' | '\u{55f}' | '\u{5f4}' | '‘' | '’' | '․' | '‧'
        | '\u{fe13}' | '\u{fe52}' | '\u{fe55}' | '\u{ff07}' | '\u{ff0e}' | '\u{ff1a}' => {
            Kind::Joint
        }
        _ if c.is_ascii() => match c {
            '_' | '0'..='9' => Kind::Inside,
            _ => Kind::Break,
        },
        _ if is(&ALONE, c) => Kind::Break,
        _ if c.is_alphabetic() || is(&INSIDE, c) => Kind::Inside,
        _ => Kind::Break,
    }
}

fn is(class: &LazyLock<Option<Regex>>, c: char) -> bool {
    let mut bytes = [0; 4];
    class
        .as_ref()
        .is_some_and(|class| class.is_match(c.encode_utf8(&mut bytes)))
}

/// The small sigma within a word, before `rest`: at a word's end it has another form.
fn sigma(rest: &str) -> char {
    let next = rest.chars().map(kind).find(|kind| *kind != Kind::Joint);
    if next == Some(Kind::Cased) {
        'σ'
    } else {
        'ς'
    }
}

fn push_title(out: &mut String, c: char) {
    match c {
        'Ǆ' | 'ǅ' | 'ǆ' => out.push('ǅ'),
        'Ǉ' | 'ǈ' | 'ǉ' => out.push('ǈ'),
        'Ǌ' | 'ǋ' | 'ǌ' => out.push('ǋ'),
        'Ǳ' | 'ǲ' | 'ǳ' => out.push('ǲ'),
        'ŉ' => out.push_str("ʼN"),
        c => {
            let mut upper = c.to_uppercase();
            out.extend(upper.next());
            out.extend(upper.flat_map(char::to_lowercase));
        }
    }
}
