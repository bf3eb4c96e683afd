//! Small things that all languages inside HTML need.

/// Where one of some bytes stands first.
pub(super) fn find_any(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.iter().position(|byte| wanted.contains(byte))
}

/// Where a run of bytes stands first.
pub(super) fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

/// Where the line of a script ends.
pub(super) fn find_line_end(text: &[u8]) -> Option<usize> {
    text.iter().enumerate().position(|(at, byte)| match byte {
        b'\n' | b'\r' => true,
        0xe2 => matches!(text.get(at..at + 3), Some([_, 0x80, 0xa8 | 0xa9])),
        _ => false,
    })
}

/// The white space of HTML.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\x0c' | b'\r')
}

/// How many bytes of white space begin a text.
pub(super) fn leading_space(text: &[u8]) -> usize {
    text.iter().take_while(|byte| is_space(**byte)).count()
}

/// A text as messages quote it.
pub(super) fn quoted(text: &[u8]) -> String {
    crate::quote::quote(&String::from_utf8_lossy(text))
}

/// The first 32 characters of a text as messages quote them.
pub(super) fn quoted_start(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let start: String = text.chars().take(32).collect();
    crate::quote::quote(&start)
}
