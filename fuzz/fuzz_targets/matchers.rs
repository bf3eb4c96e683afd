//! Any text: the matcher grammars never panic, and what one reads is read back alike.
#![no_main]

use amp_core::matcher::{Mode, format_matchers};
use amp_core::parse;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for mode in [Mode::Fallback, Mode::Classic, Mode::Utf8] {
        let _ = parse::matcher(text, mode);
        let _ = parse::matchers(text, mode);
    }
    if let Ok(parsed) = parse::matchers(text, Mode::Utf8) {
        // Upstream writes an empty name without quotes, which nothing reads.
        if parsed.matchers.iter().all(|matcher| !matcher.name().is_empty()) {
            let written = format_matchers(&parsed.matchers);
            let again = parse::matchers(&written, Mode::Utf8).map(|again| again.matchers);
            assert_eq!(again, Ok(parsed.matchers), "{written}");
        }
    }
});
