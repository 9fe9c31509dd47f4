//! modinfo: what a kernel module says about itself. Linux, as in kmod.
//!
//! Deviation: of a signature only that it is there is shown (`sig_id`), not
//! what is in it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::applet::{Applet, Ctx, Error, Kind, Status, show_bytes};
use crate::kmod::alias::fold;
use crate::kmod::tree::{Target, check_module, read_module};
use crate::kmod::{self, Cause, Tree, modinfo};

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "modinfo",
    summary: "show what a kernel module says about itself",
    usage: "[-0] [-F FIELD|-a|-d|-l|-p|-n] [-k VERSION] [-b DIR] MODULE|FILE...\n\
            \x20      -F, --field FIELD   only the values of this field\n\
            \x20      -a, -d, -l, -p, -n   author, description, license, parm, filename\n\
            \x20      -0, --null     end each entry with NUL\n\
            \x20      -k, --set-version VERSION   instead of the running kernel's\n\
            \x20      -b, --basedir DIR   modules are in DIR/lib/modules",
    kind: Kind::Fork, // may read every module
    run,
};

fn run(cx: &mut Ctx<'_>) -> Result<Status, Error> {
    let (mut field, mut end) = (None::<Vec<u8>>, b'\n');
    let (mut base, mut version) = (None::<OsString>, None::<OsString>);
    let mut options = cx.parse(
        "F:field a,author d,description l,license p,parameters n,filename 0,null \
        k:set-version b:basedir",
    )?;
    while let Some(letter) = options.next() {
        match letter {
            b'F' => field = Some(options.bytes()),
            b'a' => field = Some(b"author".to_vec()),
            b'd' => field = Some(b"description".to_vec()),
            b'l' => field = Some(b"license".to_vec()),
            b'p' => field = Some(b"parm".to_vec()),
            b'n' => field = Some(b"filename".to_vec()),
            b'0' => end = 0,
            b'k' => version = Some(options.value()),
            b'b' => base = Some(options.value()),
            _ => {}
        }
    }
    let names = options.operands;
    if names.is_empty() {
        return Err(Error::usage("no module named"));
    }
    let dir = super::modprobe::modules_dir(
        base.as_deref().map(Path::new),
        version.as_deref().map(OsStrExt::as_bytes),
    );
    let tree = Tree::open(&dir).ok();
    for name in names {
        if let Err(error) = of_name(cx, tree.as_ref(), &name, field.as_deref(), end) {
            if error.is_closed_pipe() {
                return Err(error);
            }
            cx.warn(error);
        }
    }
    Ok(cx.status())
}

fn of_name(
    cx: &mut Ctx<'_>,
    tree: Option<&Tree>,
    name: &OsString,
    field: Option<&[u8]>,
    end: u8,
) -> Result<(), Error> {
    for subject in subjects(tree, name)? {
        show(cx, &subject, field, end)?;
    }
    Ok(())
}

/// Whose entries are to be shown.
enum Subject {
    File(PathBuf),
    Builtin(Vec<u8>, Vec<(Vec<u8>, Vec<u8>)>),
}

/// What a file name, module name or alias stands for.
fn subjects(tree: Option<&Tree>, name: &OsString) -> Result<Vec<Subject>, Error> {
    let bytes = name.as_bytes();
    if bytes.contains(&b'/') || Path::new(name).is_file() {
        return Ok(vec![Subject::File(PathBuf::from(name))]);
    }
    let not_found = || kmod::Error::new(bytes, Cause::NotFound).into();
    let Some(tree) = tree else { return Err(not_found()) };
    let folded = fold(bytes);
    let modules = match tree.target(&folded) {
        Target::Module(module) => vec![module],
        Target::Aliased(modules) => modules,
        Target::Builtin(module) => {
            let entries = tree.builtin_info(&module);
            return Ok(vec![Subject::Builtin(module, entries)]);
        }
        Target::Unknown => return Err(not_found()),
    };
    let mut list = Vec::new();
    for module in modules {
        list.extend(tree.file(&module).map(Subject::File));
    }
    Ok(list)
}

fn show(cx: &mut Ctx<'_>, subject: &Subject, field: Option<&[u8]>, end: u8) -> Result<(), Error> {
    let mut entries: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut add = |key: &[u8], value: &[u8]| entries.push((key.to_vec(), value.to_vec()));
    match subject {
        Subject::File(path) => {
            let bytes = read_module(path)?;
            let elf = check_module(path.as_os_str().as_bytes(), &bytes)?;
            let full = std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            add(b"filename", full.as_os_str().as_bytes());
            for (key, value) in modinfo::fields(elf.section(b".modinfo").unwrap_or_default()) {
                add(key, value);
            }
            if modinfo::unsigned_length(&bytes) < bytes.len() {
                add(b"sig_id", b"PKCS#7");
            }
        }
        Subject::Builtin(name, list) => {
            add(b"name", name);
            add(b"filename", b"(builtin)");
            for (key, value) in list {
                add(key, value);
            }
        }
    }
    let mut out = Vec::new();
    for (key, value) in &entries {
        match (field, key.as_slice()) {
            // Parameters are shown together with their types, at the end.
            (None, b"parm" | b"parmtype") | (Some(b"parm"), b"parmtype") => {}
            (Some(wanted), key) if wanted != key || wanted == b"parm" => {}
            (_, key) => put(&mut out, field, key, value, end),
        }
    }
    if field.is_none_or(|f| f == b"parm") {
        for value in parameters(&entries) {
            put(&mut out, field, b"parm", &value, end);
        }
    }
    cx.put(&out)
}

fn put(out: &mut Vec<u8>, field: Option<&[u8]>, key: &[u8], value: &[u8], end: u8) {
    if field.is_none() {
        out.extend_from_slice(key);
        out.push(b':');
        let width = if end == 0 { 0 } else { 16 };
        let pad = usize::saturating_sub(width, key.len() + 1);
        out.resize(out.len() + pad, b' ');
    }
    if end == 0 {
        out.extend_from_slice(value);
    } else {
        // What a file says about itself is not to move the cursor.
        out.extend_from_slice(show_text(value).as_bytes());
    }
    out.push(end);
}

/// Text with line ends and tabs left alone.
fn show_text(value: &[u8]) -> String {
    let mut text = String::new();
    for part in value.split_inclusive(|b| matches!(b, b'\n' | b'\t')) {
        match part.split_last() {
            Some((last @ (b'\n' | b'\t'), rest)) => {
                text.push_str(&show_bytes(rest).to_string());
                text.push(char::from(*last));
            }
            _ => text.push_str(&show_bytes(part).to_string()),
        }
    }
    text
}

/// `name:description (type)` for each parameter, those without a description
/// behind the others.
fn parameters(entries: &[(Vec<u8>, Vec<u8>)]) -> Vec<Vec<u8>> {
    let name_of = |value: &[u8]| value.split(|&b| b == b':').next().unwrap_or_default().to_vec();
    let of = |wanted: &'static [u8]| entries.iter().filter(move |(key, _)| key == wanted);
    let mut list: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for (_, value) in of(b"parm") {
        list.push((name_of(value), value.clone()));
    }
    for (_, value) in of(b"parmtype") {
        let name = name_of(value);
        let kind = value.get(name.len() + 1..).unwrap_or_default();
        let suffix = [b" (", kind, b")"].concat();
        match list.iter_mut().find(|(other, _)| *other == name) {
            Some((_, text)) => text.extend_from_slice(&suffix),
            None => {
                let text = [&name, &b":"[..], kind].concat();
                list.push((name, text));
            }
        }
    }
    list.into_iter().map(|(_, text)| text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_with_types() {
        let entry = |key: &str, value: &str| (key.as_bytes().to_vec(), value.as_bytes().to_vec());
        let entries = [
            entry("parmtype", "a:int"),
            entry("parm", "a:what it is"),
            entry("parmtype", "b:array of bool"),
            entry("parm", "c:no type"),
        ];
        let list = parameters(&entries);
        assert_eq!(list, [&b"a:what it is (int)"[..], b"c:no type", b"b:array of bool"]);
    }
}
