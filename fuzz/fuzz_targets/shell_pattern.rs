//! The shell's patterns: the first line is the pattern, the rest the text.

#![no_main]

use rescuebox::shell::pattern;
use rescuebox_fuzz::within;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let at = data.iter().position(|b| *b == b'\n').unwrap_or(data.len());
    let (first, rest) = data.split_at(at);
    let text = rest.get(1..).unwrap_or_default();
    if within(64, data, || pattern::matches(first, text)) {
        assert!(pattern::prefix(first, text, false).is_some());
        assert_eq!(pattern::prefix(first, text, true), Some(text.len()));
        assert_eq!(pattern::suffix(first, text, true), Some(0));
    }
    for longest in [false, true] {
        if let Some(end) = pattern::prefix(first, text, longest) {
            assert!(pattern::matches(first, &text[..end]));
        }
        if let Some(start) = pattern::suffix(first, text, longest) {
            assert!(pattern::matches(first, &text[start..]));
        }
    }
    let mut escaped = Vec::new();
    pattern::escape_into(&mut escaped, text);
    assert!(pattern::matches(&escaped, text));
});
