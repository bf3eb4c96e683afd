//! Any template, plain and html: refused with a text, or rendered without a panic.
#![no_main]

use std::sync::Arc;

use amp_core::template::{Data, Templates};
use amp_core::time::Time;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(templates) = Templates::new(&[]) else {
        return;
    };
    let data = Arc::new(Data::default());
    let _ = templates.render(text, &data, Time::from_unix_ns(0), false);
    let _ = templates.render(text, &data, Time::from_unix_ns(0), true);
});
