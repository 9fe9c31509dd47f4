#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some((pattern, text)) = data.split_first().and_then(|(n, rest)| rest.split_at_checked(usize::from(*n))) {
        let _ = rescuebox::kmod::alias::matches(pattern, text);
        let _ = rescuebox::kmod::alias::module_of_path(text);
    }
});
