//! The lines of an interactive shell. POSIX.1-2024 XCU 3 sh (Command History
//! List, Command Line Editing).

use nix::errno::Errno;

use crate::applet::write_all;
use crate::sys::{self, descriptor};

use super::Shell;

/// Reads lines of a person.
pub struct Editor {}

impl Editor {
    /// An editor for this shell.
    pub fn new(_shell: &Shell) -> Editor {
        Editor {}
    }

    /// Shows the prompt and appends the next line to `text`. False at the end
    /// of the input, and when the line was interrupted, which is noted as
    /// SIGINT.
    pub fn read_line(&mut self, shell: &mut Shell, prompt: &[u8], text: &mut Vec<u8>) -> bool {
        let _ = write_all(sys::fd::stderr(), prompt);
        let start = text.len();
        let mut byte = [0];
        loop {
            match descriptor::read(0, &mut byte) {
                Err(Errno::EINTR) if shell.interrupted() => {
                    let _ = write_all(sys::fd::stderr(), b"\n");
                    return false;
                }
                Err(Errno::EINTR) => {
                    let _ = shell.run_traps();
                }
                Ok(0) | Err(_) => return text.len() > start,
                Ok(_) => {
                    text.extend_from_slice(&byte);
                    if byte == *b"\n" {
                        return true;
                    }
                }
            }
        }
    }
}
