//! Trees to instructions of an automaton.

use super::syntax::{Assert, Node, Set, Tree, holds, is_word};

/// What to do at a place in the text.
#[derive(Clone, Copy)]
pub(super) enum Inst {
    /// This byte, and on.
    Byte(u8),
    /// A byte of this set, and on.
    Set(usize),
    /// Either way, the first is liked better.
    Split(usize, usize),
    /// As `Split`, at the end of what may repeat without eating anything: not
    /// twice at one place.
    Loop(usize, usize, usize),
    /// To another instruction.
    Jump(usize),
    /// Keep the place in a slot.
    Save(usize),
    /// On, if it is so.
    Assert(Assert),
    /// What the group matched, once more.
    Back(usize),
    /// Done.
    Match,
}

/// An expression as instructions.
pub(super) struct Program {
    pub code: Vec<Inst>,
    pub sets: Vec<Set>,
    /// How many loops need their last place.
    pub loops: usize,
    /// Places of starts and ends of groups.
    pub slots: usize,
    /// Whether a group is referred to.
    pub refers: bool,
    /// Whether references may match in another case.
    pub icase: bool,
    /// Matches start at the start of the text only.
    pub anchored: bool,
    /// Whether any place is asked for what is around it.
    pub asserts: bool,
    /// Bytes that no instruction tells apart have one class.
    pub classes: [u8; 256],
    /// How many classes there are.
    pub count: usize,
    /// A byte of each class.
    pub sample: [u8; 256],
}

/// Above it a pattern is refused.
const LARGEST: usize = 1 << 17;

/// Makes the instructions of a tree. Lines end in `end`.
pub(super) fn compile(tree: Tree, end: u8, icase: bool) -> Result<Program, &'static str> {
    let mut program = Program {
        code: Vec::new(),
        sets: tree.sets,
        loops: 0,
        slots: tree.groups * 2 + 2,
        refers: tree.refers,
        icase,
        anchored: false,
        asserts: false,
        classes: [0; 256],
        count: 0,
        sample: [0; 256],
    };
    program.node(&tree.root)?;
    program.push(Inst::Match)?;
    program.classify(end);
    Ok(program)
}

impl Program {
    fn push(&mut self, inst: Inst) -> Result<usize, &'static str> {
        if self.code.len() >= LARGEST {
            return Err("Regular expression too big");
        }
        self.code.push(inst);
        Ok(self.code.len() - 1)
    }

    fn put(&mut self, at: usize, inst: Inst) {
        if let Some(place) = self.code.get_mut(at) {
            *place = inst;
        }
    }

    fn node(&mut self, node: &Node) -> Result<(), &'static str> {
        match node {
            Node::Empty => return Ok(()),
            Node::Byte(byte) => self.push(Inst::Byte(*byte))?,
            Node::Set(set) => self.push(Inst::Set(*set))?,
            Node::Assert(assert) => {
                self.asserts = true;
                self.push(Inst::Assert(*assert))?
            }
            Node::Group(number, node) => {
                self.push(Inst::Save(number * 2))?;
                self.node(node)?;
                self.push(Inst::Save(number * 2 + 1))?
            }
            Node::Cat(list) => return list.iter().try_for_each(|node| self.node(node)),
            Node::Alt(list) => return self.alternatives(list),
            Node::Repeat(node, least, most) => return self.repeat(node, *least, *most),
            Node::Back(number) => self.push(Inst::Back(*number))?,
        };
        Ok(())
    }

    fn alternatives(&mut self, list: &[Node]) -> Result<(), &'static str> {
        let mut ends = Vec::new();
        for (n, node) in list.iter().enumerate() {
            if n + 1 == list.len() {
                self.node(node)?;
                break;
            }
            let split = self.push(Inst::Match)?;
            self.node(node)?;
            ends.push(self.push(Inst::Match)?);
            self.put(split, Inst::Split(split + 1, self.code.len()));
        }
        for end in ends {
            self.put(end, Inst::Jump(self.code.len()));
        }
        Ok(())
    }

    fn repeat(&mut self, node: &Node, least: u32, most: Option<u32>) -> Result<(), &'static str> {
        // What makes no instructions is not made so often as somebody says.
        if is_void(node) {
            return Ok(());
        }
        let Some(most) = most else {
            for _ in 1..least {
                self.node(node)?;
            }
            // (x+)? for x*: so a group that matches nothing has a place
            let skip = if least == 0 { Some(self.push(Inst::Match)?) } else { None };
            let start = self.code.len();
            self.node(node)?;
            let end = self.code.len() + 1;
            if is_nullable(node) {
                self.push(Inst::Loop(self.loops, start, end))?;
                self.loops += 1;
            } else {
                self.push(Inst::Split(start, end))?;
            }
            if let Some(skip) = skip {
                self.put(skip, Inst::Split(start, end));
            }
            return Ok(());
        };
        for _ in 0..least {
            self.node(node)?;
        }
        let mut skips = Vec::new();
        for _ in least..most {
            skips.push(self.push(Inst::Match)?);
            self.node(node)?;
        }
        for skip in skips {
            self.put(skip, Inst::Split(skip + 1, self.code.len()));
        }
        Ok(())
    }

    /// Finds the classes of bytes.
    fn classify(&mut self, end: u8) {
        let mut alone: Set = [0; 4];
        super::syntax::insert(&mut alone, end);
        if self.asserts {
            super::syntax::insert(&mut alone, b'\n');
            let mut words: Set = [0; 4];
            for byte in (0..=255).filter(|b| is_word(*b)) {
                super::syntax::insert(&mut words, byte);
            }
            self.refine(&words);
        }
        for at in 0..self.code.len() {
            if let Some(Inst::Byte(byte)) = self.code.get(at) {
                super::syntax::insert(&mut alone, *byte);
            }
        }
        for at in 0..self.sets.len() {
            if let Some(set) = self.sets.get(at).copied() {
                self.refine(&set);
            }
        }
        for byte in (0..=255).filter(|b| holds(&alone, *b)) {
            let mut one: Set = [0; 4];
            super::syntax::insert(&mut one, byte);
            self.refine(&one);
        }
        for byte in (0..=255u8).rev() {
            let class = self.class(byte);
            self.count = self.count.max(usize::from(class) + 1);
            if let Some(sample) = self.sample.get_mut(usize::from(class)) {
                *sample = byte;
            }
        }
    }

    /// The class of a byte.
    pub fn class(&self, byte: u8) -> u8 {
        self.classes.get(usize::from(byte)).copied().unwrap_or(0)
    }

    /// Parts every class into what is in the set and what is not.
    fn refine(&mut self, set: &Set) {
        let mut fresh = [(false, 0u8); 512];
        let mut next = 0u8;
        for byte in 0..=255u8 {
            let key = usize::from(self.class(byte)) * 2 + usize::from(holds(set, byte));
            let Some((known, class)) = fresh.get_mut(key) else { continue };
            if !*known {
                (*known, *class) = (true, next);
                next = next.wrapping_add(1);
            }
            if let Some(place) = self.classes.get_mut(usize::from(byte)) {
                *place = *class;
            }
        }
    }
}

/// Whether there are no instructions for it at all.
fn is_void(node: &Node) -> bool {
    match node {
        Node::Empty | Node::Repeat(_, _, Some(0)) => true,
        Node::Cat(list) => list.iter().all(is_void),
        Node::Repeat(node, ..) => is_void(node),
        _ => false,
    }
}

/// Whether it can match without eating a byte. Deeper than the parser nests
/// it cannot go.
pub(super) fn is_nullable(node: &Node) -> bool {
    match node {
        Node::Empty | Node::Assert(_) | Node::Back(_) => true,
        Node::Byte(_) | Node::Set(_) => false,
        Node::Group(_, node) => is_nullable(node),
        Node::Cat(list) => list.iter().all(is_nullable),
        Node::Alt(list) => list.iter().any(is_nullable),
        Node::Repeat(node, least, _) => *least == 0 || is_nullable(node),
    }
}
