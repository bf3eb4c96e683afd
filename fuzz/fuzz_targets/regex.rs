//! Any pattern: refused with a text, or compiled and matched without a panic.
#![no_main]

use amp_core::regex::Pattern;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    if let Ok(pattern) = Pattern::anchored(input.0) {
        let _ = pattern.matches(input.1);
    }
});
