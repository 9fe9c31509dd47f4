//! ascii: the table of ASCII. busybox's.

use crate::applet::{Applet, Ctx, Error, Kind, Status};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "ascii",
    summary: "print the table of ASCII",
    usage: "",
    kind: Kind::NoFork, // only prints
    run,
};

/// Three letters of each control character.
const NAMES: &str = "NULSOHSTXETXEOTENQACKBELBS HT NL VT FF CR SO SI \
                     DLEDC1DC2DC3DC4NAKSYNETBCANEM SUBESCFS GS RS US ";

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    cx.put(b"Dec Hex    Dec Hex    Dec Hex  Dec Hex  Dec Hex  Dec Hex   Dec Hex   Dec Hex\n")?;
    for row in 0..16u8 {
        for column in 0..8u8 {
            let code = column * 16 + row;
            let wide = if matches!(column, 0 | 1 | 2 | 6 | 7) { 3 } else { 2 };
            let name = usize::from(code) * 3;
            let text = match code {
                0..32 => NAMES.get(name..name + 3).unwrap_or_default().to_string(),
                127 => "DEL".to_string(),
                _ => char::from(code).to_string(),
            };
            let text = if column == 7 { text.trim_end().to_string() } else { text };
            cx.print(format_args!("{code:wide$} {code:02x} {text}"))?;
            if column < 7 {
                cx.put(if column < 2 { b" " } else { b"  " })?;
            }
        }
        cx.put(b"\n")?;
    }
    Ok(Status::OK)
}
