//! The shell's lexer and parser: any text is a program or a syntax error, in
//! memory that the text's length limits: scripts of people take less than 64
//! bytes for each of theirs, the worst there is (`a&a&a&`, each a command of its
//! own) less than 320.

#![no_main]

use rescuebox_fuzz::within;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    within(320, data, || {
        let _ = rescuebox::shell::parser::parse(data);
    });
});
