//! The shell's lexer and parser: any text is a program or a syntax error, in at
//! most 64 times the text's length of memory.

#![no_main]

use rescuebox_fuzz::within;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    within(64, data, || {
        let _ = rescuebox::shell::parser::parse(data);
    });
});
