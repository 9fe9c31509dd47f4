//! The shell's lexer and parser: any text is a program or a syntax error, in
//! memory that the text's length limits: 64 bytes for each where it looks like a
//! script, more where every second byte is a command of its own (`a&a&a&`).

#![no_main]

use rescuebox_fuzz::within;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let ends = data.iter().filter(|byte| b"&|;<\n ".contains(byte)).count();
    let times = if ends * 8 > data.len() { 320 } else { 64 };
    within(times, data, || {
        let _ = rescuebox::shell::parser::parse(data);
    });
});
