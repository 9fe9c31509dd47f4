//! The shell's lexer and parser: any text is a program or a syntax error.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = rescuebox::shell::parser::parse(data);
});
