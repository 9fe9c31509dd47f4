//! pstree: processes as a tree. psmisc's drawing, and busybox's options.

use crate::applet::{Applet, Ctx, Error, Kind, Status, show, show_bytes};
use crate::characters::Characters;
use crate::fsutil::users::Users;
use crate::order::sort_by;
use crate::proc::{self, Process};
use crate::sys::terminal;

/// See the module.
pub(super) static APPLET: Applet = Applet {
    name: "pstree",
    summary: "show processes as a tree",
    usage: "[-acglnpstuATUh] [PID | USER]\n\
            \x20 -p, -g  with ids, with ids of process groups      -a  with arguments\n\
            \x20 -c  equal ones one by one      -n  by id, not by name      -T  without threads\n\
            \x20 -u  where the user changes     -s  those above it as well  -l  lines of any length\n\
            \x20 -A, -U  drawn with ASCII, with UTF-8",
    kind: Kind::NoFork, // reads /proc
    run,
};

/// A process or thread in the tree.
struct Node {
    pid: u32,
    pgrp: u32,
    uid: u32,
    name: Vec<u8>,
    arguments: Vec<Vec<u8>>,
    thread: bool,
    children: Vec<usize>,
}

/// Lines of the tree: behind a name the first, the only one; before others.
struct Signs {
    single: &'static str,
    first: &'static str,
    branch: &'static str,
    last: &'static str,
    through: &'static str,
    nothing: &'static str,
}

const ASCII: Signs =
    Signs { single: "---", first: "-+-", branch: "|-", last: "`-", through: "| ", nothing: "  " };
const LINES: Signs =
    Signs {
        single: "───", first: "─┬─", branch: "├─", last: "└─", through: "│ ", nothing: "  "
    };

/// Processes can be nested deeper than any screen.
const DEEPEST: usize = 100;

struct Tree {
    nodes: Vec<Node>,
    signs: &'static Signs,
    ids: bool,
    groups: bool,
    changes: bool,
    arguments: bool,
    compact: bool,
    width: usize,
    users: Users,
    out: Vec<u8>,
    /// Columns used in the line.
    used: usize,
    widths: Vec<usize>,
    more: Vec<bool>,
}

fn run(cx: &mut Ctx) -> Result<Status, Error> {
    let mut options = cx
        .parse(
            "a,arguments A,ascii c,compact-not|compact g,show-pgids G,vt100 h,highlight-all H:highlight-pid \
             l,long n,numeric-sort N: p,show-pids s,show-parents t,thread-names T,hide-threads \
             u,uid-changes U,unicode Z,security-context C:color S,ns-changes",
        )
        .map_err(|e| e.with(Status::FAILURE))?;
    options.at_most(1).map_err(|e| e.with(Status::FAILURE))?;
    let utf8 = cx.env.characters() == Characters::Utf8;
    let on_screen = terminal::is_terminal(cx.stdout);
    let mut tree = Tree {
        nodes: Vec::new(),
        signs: if utf8 && on_screen { &LINES } else { &ASCII },
        ids: false,
        groups: false,
        changes: false,
        arguments: false,
        compact: true,
        width: 132,
        users: Users::new(),
        out: Vec::new(),
        used: 0,
        widths: Vec::new(),
        more: Vec::new(),
    };
    if on_screen {
        tree.width = terminal::columns(cx.stdout).unwrap_or(80);
    }
    let (mut threads, mut by_id, mut above, mut names) = (true, false, false, false);
    while let Some(letter) = options.next() {
        match letter {
            b'a' => tree.arguments = true,
            b'A' => tree.signs = &ASCII,
            b'U' => tree.signs = &LINES,
            b'c' => tree.compact = false,
            b'g' => tree.groups = true,
            b'p' => (tree.ids, tree.compact) = (true, false),
            b'l' => tree.width = usize::MAX,
            b'n' => by_id = true,
            b's' => above = true,
            b't' => names = true,
            b'T' => threads = false,
            b'u' => tree.changes = true,
            _ => {}
        }
    }
    tree.read(threads, names, by_id)?;
    let find = |tree: &Tree, pid: u32| tree.nodes.iter().position(|node| node.pid == pid);
    let Some(word) = options.operands.first() else {
        let top = find(&tree, 1).or_else(|| (!tree.nodes.is_empty()).then_some(0));
        return tree.show(cx, top.as_slice());
    };
    if let Some(pid) = crate::options::number(word) {
        let pid = u32::try_from(pid).ok();
        let Some(at) = pid.and_then(|pid| find(&tree, pid)) else {
            // psmisc: no tree, no message
            return Ok(Status::OK);
        };
        if above {
            return tree.with_parents(cx, at);
        }
        return tree.show(cx, &[at]);
    }
    let user = tree.users.uid(word.as_encoded_bytes()).filter(|(_, group)| group.is_some());
    let Some((uid, _)) = user else {
        return Err(Error::msg(format_args!("No such user name: {}", show(word))));
    };
    // the topmost of the user's
    let mut tops = Vec::new();
    for (at, node) in tree.nodes.iter().enumerate() {
        let parent = tree.nodes.iter().find(|other| other.children.contains(&at));
        if node.uid == uid && !node.thread && parent.is_none_or(|parent| parent.uid != uid) {
            tops.push(at);
        }
    }
    if tops.is_empty() {
        return Err(Error::msg("No processes found."));
    }
    tree.show(cx, &tops)
}

impl Tree {
    fn read(&mut self, threads: bool, names: bool, by_id: bool) -> Result<(), Error> {
        let list = proc::all(threads)?;
        let mut parents = Vec::new();
        for process in &list {
            self.add(process, names);
            parents.push(if process.lwp != process.stat.pid {
                process.stat.pid
            } else {
                process.stat.ppid
            });
        }
        for (at, parent) in parents.iter().enumerate() {
            let own = self.nodes.get(at).is_some_and(|node| node.pid == *parent);
            let above = self.nodes.iter().position(|node| node.pid == *parent && !own);
            if let Some(node) = above.and_then(|above| self.nodes.get_mut(above)) {
                node.children.push(at);
            }
        }
        for at in 0..self.nodes.len() {
            let mut children = self
                .nodes
                .get_mut(at)
                .map(|node| std::mem::take(&mut node.children))
                .unwrap_or_default();
            sort_by(&mut children, |a, b| {
                let (Some(a), Some(b)) = (self.nodes.get(*a), self.nodes.get(*b)) else {
                    return std::cmp::Ordering::Equal;
                };
                let name = if by_id { std::cmp::Ordering::Equal } else { a.name.cmp(&b.name) };
                let uid = if by_id { std::cmp::Ordering::Equal } else { a.uid.cmp(&b.uid) };
                name.then(uid).then(a.pid.cmp(&b.pid))
            });
            if let Some(node) = self.nodes.get_mut(at) {
                node.children = children;
            }
        }
        Ok(())
    }

    fn add(&mut self, process: &Process, names: bool) {
        let thread = process.lwp != process.stat.pid;
        let mut name = process.stat.comm.clone();
        if thread {
            // all threads are called as their process unless asked for
            let main = self.nodes.iter().find(|node| node.pid == process.stat.pid);
            if !names && let Some(main) = main {
                name = main.name.clone();
            }
            name = [b"{", name.as_slice(), b"}"].concat();
        }
        let mut arguments: Vec<Vec<u8>> =
            process.arguments.split(|&b| b == 0).map(<[u8]>::to_vec).collect();
        arguments.pop();
        if thread || arguments.is_empty() {
            arguments.clear();
        } else {
            arguments.remove(0);
        }
        self.nodes.push(Node {
            pid: process.lwp,
            pgrp: process.stat.pgrp,
            uid: process.euid,
            name: show_bytes(&name).to_string().into_bytes(),
            arguments,
            thread,
            children: Vec::new(),
        });
    }

    fn show(&mut self, cx: &mut Ctx, tops: &[usize]) -> Result<Status, Error> {
        for (i, &top) in tops.iter().enumerate() {
            if i > 0 {
                self.out.push(b'\n');
            }
            self.dump(top, 0, 1, true, true, 0, 0);
        }
        cx.put(&self.out)?;
        Ok(Status::from_bool(!tops.is_empty()))
    }

    /// -s: only the way down to one process, and what is below it.
    fn with_parents(&mut self, cx: &mut Ctx, at: usize) -> Result<Status, Error> {
        let mut top = at;
        for _ in 0..DEEPEST {
            let above = self.nodes.iter().position(|node| node.children.contains(&top));
            let Some(above) =
                above.filter(|&above| self.nodes.get(above).is_some_and(|n| n.pid > 0))
            else {
                break;
            };
            if let Some(node) = self.nodes.get_mut(above) {
                node.children = vec![top];
            }
            top = above;
        }
        self.show(cx, &[top])
    }

    fn put(&mut self, text: &[u8]) {
        for chunk in text.utf8_chunks() {
            for c in chunk.valid().chars() {
                self.used += 1;
                if self.used <= self.width {
                    self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
        }
    }

    fn end_line(&mut self) {
        if self.used > self.width {
            // the last character says that more is missing
            while let Some(byte) = self.out.pop() {
                if byte & 0xc0 != 0x80 {
                    break;
                }
            }
            self.out.push(b'+');
        }
        self.out.push(b'\n');
        self.used = 0;
    }

    /// Whether two processes look the same with all below them.
    fn is_same(&self, a: usize, b: usize, depth: usize) -> bool {
        let (Some(x), Some(y)) = (self.nodes.get(a), self.nodes.get(b)) else { return false };
        depth < DEEPEST
            && x.name == y.name
            && (!self.changes || x.uid == y.uid)
            && (!self.groups || x.pgrp == y.pgrp)
            && x.children.len() == y.children.len()
            && x.children.iter().zip(&y.children).all(|(&a, &b)| self.is_same(a, b, depth + 1))
    }

    /// Draws a process and what is below it. `count` of them look like it;
    /// `first`: it goes on in the line; `last` of its siblings; `open` brackets
    /// are to be closed.
    #[allow(clippy::too_many_arguments)] // the state of one place in the drawing
    fn dump(
        &mut self,
        at: usize,
        level: usize,
        count: usize,
        first: bool,
        last: bool,
        uid: u32,
        mut open: usize,
    ) {
        if level >= DEEPEST {
            self.end_line();
            return;
        }
        if !first {
            for above in 0..level {
                let blanks = self.widths.get(above).copied().unwrap_or(0) + 1;
                self.put(" ".repeat(blanks).as_bytes());
                let sign = if above + 1 == level {
                    if last { self.signs.last } else { self.signs.branch }
                } else if self.more.get(above + 1).copied().unwrap_or(false) {
                    self.signs.through
                } else {
                    self.signs.nothing
                };
                self.put(sign.as_bytes());
            }
        }
        let Some(node) = self.nodes.get(at) else { return };
        let mut text = Vec::new();
        if count > 1 {
            text.extend_from_slice(format!("{count}*[").as_bytes());
        }
        text.extend_from_slice(&node.name);
        let mut notes = Vec::new();
        if self.ids {
            notes.push(node.pid.to_string());
        }
        if self.groups {
            notes.push(node.pgrp.to_string());
        }
        let own = node.uid;
        let children = node.children.clone();
        let arguments = node.arguments.clone();
        if self.changes && own != uid {
            notes.push(String::from_utf8_lossy(self.users.name_of(own)).into_owned());
        }
        let notes = notes.join(",");
        if !notes.is_empty() && self.arguments {
            text.extend_from_slice(format!(",{notes}").as_bytes());
        } else if !notes.is_empty() {
            text.extend_from_slice(format!("({notes})").as_bytes());
        }
        let before = self.used;
        self.put(&text);
        let width = self.used - before;
        if self.arguments {
            for argument in &arguments {
                self.put(b" ");
                self.put(show_bytes(argument).to_string().as_bytes());
            }
        }
        if self.arguments || children.is_empty() {
            self.put("]".repeat(open).as_bytes());
            open = 0;
            self.end_line();
        }
        self.widths.resize(level, 0);
        self.widths.push(if self.arguments { 1 } else { width });
        self.more.resize(level, false);
        self.more.push(!last);
        if !self.arguments && self.used >= self.width && !children.is_empty() {
            self.put(self.signs.first.as_bytes());
            self.put(b"+");
            self.end_line();
            return;
        }
        // equal ones are drawn once
        let mut groups: Vec<(usize, usize)> = Vec::new();
        for &child in &children {
            let thread = self.nodes.get(child).is_some_and(|node| node.thread);
            let merged = self.compact && (!self.arguments || thread);
            let same =
                groups.iter().position(|&(other, _)| merged && self.is_same(other, child, 0));
            match same.and_then(|same| groups.get_mut(same)) {
                Some((_, count)) => *count += 1,
                None => groups.push((child, 1)),
            }
        }
        let many = groups.len();
        for (i, (child, count)) in groups.into_iter().enumerate() {
            if i == 0 && !self.arguments {
                let sign = if many > 1 { self.signs.first } else { self.signs.single };
                self.put(sign.as_bytes());
            }
            let open = if self.arguments { 0 } else { open } + usize::from(count > 1);
            let inline = i == 0 && !self.arguments;
            self.dump(child, level + 1, count, inline, i + 1 == many, own, open);
        }
    }
}
