//! The shell's arithmetic: any text is a number or an error, and ends.

#![no_main]

use rescuebox::shell::arith::{Error, Scope, eval, parse};
use rescuebox::shell::ast::Name;
use rescuebox::shell::room::Room;
use rescuebox_fuzz::within;

/// Every variable holds the text itself, the worst that it can hold.
struct Same<'a>(&'a [u8], u32);

impl Scope for Same<'_> {
    fn get(&mut self, _: &Name, text: &mut Vec<u8>) -> Result<bool, Error> {
        self.1 += 1;
        if self.1 > 1000 {
            return Err(Error::TooDeep);
        }
        text.extend_from_slice(self.0);
        Ok(true)
    }

    fn set(&mut self, _: &Name, _: i64) -> Result<(), Error> {
        Ok(())
    }
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let room = Room::of(1 << 20);
    if let Ok(expr) = within(64, data, || parse(data, 0, room)) {
        let _ = eval(&expr, &[], &mut Same(data, 0), room);
    }
});
