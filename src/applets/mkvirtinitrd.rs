//! mkvirtinitrd: the command of that name in osbuild/initrd, with its options:
//! an initramfs of one binary and the modules to mount virtiofs, in a flat
//! folder, numbered in the order in which they have to be loaded.
//!
//! Deliberate deviations: virtio_pci, without which no virtiofs device is
//! seen, is taken along where it is a module; a module that is part of the
//! kernel is no reason for a warning; the archive is written without cpio, and
//! the same input gives the same bytes.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::compress::Format;
use crate::image::{Builder, output};
use crate::kmod::{Tree, conf::Conf, tree};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "mkvirtinitrd",
    summary: "write an initramfs for virtiofs, as osbuild/initrd's mkvirtinitrd",
    usage: "[--module NAME]... BINARY MODULES-DIR OUTPUT\n\
            \x20 --module NAME  this module, too, with what it depends on (repeat)\n\
            BINARY is /init in the image; MODULES-DIR is .../lib/modules/VERSION.",
    kind: Kind::Exec, // reads and packs for as long as that takes
    run,
};

/// The modules without which there is no virtiofs.
const NEEDED: [&[u8]; 2] = [b"virtio_pci", b"virtiofs"];

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx.parse("-m:module")?;
    let mut names: Vec<Vec<u8>> = Vec::new();
    while options.next().is_some() {
        names.push(options.bytes());
    }
    let operands = options.operands;
    let [binary, modules, out] = operands.as_slice() else {
        return Err(Error::usage("BINARY, MODULES-DIR and OUTPUT are wanted"));
    };
    let tree = Tree::open(Path::new(modules)).map_err(Error::msg)?;
    let wanted: Vec<&[u8]> = NEEDED.into_iter().chain(names.iter().map(Vec::as_slice)).collect();
    let closure = tree.closure(&wanted, &Conf::default());
    if let Some(problem) = closure.problems.first() {
        return Err(Error::msg(problem));
    }
    for missing in &closure.missing {
        // A kernel with a part of this built in and no list of such parts.
        let text = format!("warning: {}: not in {}", show_bytes(&missing.name), show(modules));
        crate::applet::complain(cx.stderr, cx.name, &text);
    }
    let mut builder = Builder::new(PathBuf::from(binary));
    for (n, found) in closure.modules.iter().enumerate() {
        let bytes = tree::read_module(&found.path).map_err(Error::msg)?;
        let name = format!("/usr/lib/modules/{:03}-{}.ko", n + 1, show_bytes(&found.name));
        builder.file(&name, 0o644, bytes)?;
        if wanted.get(NEEDED.len()..).is_some_and(|extra| extra.contains(&found.name.as_slice())) {
            let line = format!("additional module: {}\n", show_bytes(&found.name));
            cx.out.write_all(line.as_bytes()).map_err(|e| Error::os("standard output", e))?;
        }
    }
    let image = builder.build(Format::None)?;
    let path = Path::new(out);
    output::save(path, &image.bytes).map_err(|e| Error::os(show(path), e))?;
    Ok(Status::OK)
}
