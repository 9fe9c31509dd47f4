//! What text an expression must have in it: found with a fast search before
//! the automaton has a look, or instead of it.

use super::syntax::{Assert, Node};

/// What is known without matching.
#[derive(Default)]
pub(super) struct Literal {
    /// The expression is nothing but `start`.
    pub whole: bool,
    /// Every match starts with it.
    pub start: Vec<u8>,
    /// Every match has it inside; the longest such text.
    pub inner: Vec<u8>,
    /// Every match starts at the start of the text or, with `newline`, a line.
    pub anchored: bool,
}

struct Walk {
    found: Literal,
    run: Vec<u8>,
    /// Nothing but what is in `run` is behind us.
    at_start: bool,
}

/// Looks through a tree.
pub(super) fn analyse(root: &Node) -> Literal {
    let mut walk = Walk { found: Literal::default(), run: Vec::new(), at_start: true };
    walk.found.whole = true;
    walk.node(root);
    walk.end();
    let Walk { mut found, .. } = walk;
    found.whole = found.whole && !found.inner.is_empty();
    found
}

impl Walk {
    fn node(&mut self, node: &Node) {
        match node {
            Node::Empty => {}
            Node::Byte(byte) => self.run.push(*byte),
            Node::Group(_, node) => self.node(node),
            Node::Cat(list) => list.iter().for_each(|node| self.node(node)),
            Node::Assert(assert) => {
                self.found.whole = false;
                if self.at_start
                    && self.run.is_empty()
                    && matches!(assert, Assert::LineStart | Assert::TextStart)
                {
                    self.found.anchored = true;
                }
            }
            Node::Repeat(node, least, _) => {
                self.found.whole = false;
                if *least > 0 {
                    self.end_unless_first();
                    self.node(node);
                }
                self.end();
            }
            Node::Set(_) | Node::Alt(_) | Node::Back(_) => {
                self.found.whole = false;
                self.end();
            }
        }
    }

    /// What is repeated may start the expression, but joins nothing before it.
    fn end_unless_first(&mut self) {
        if !self.run.is_empty() {
            self.end();
        }
    }

    /// The text goes on with something unknown.
    fn end(&mut self) {
        if self.at_start {
            self.found.start.clone_from(&self.run);
            self.at_start = false;
        }
        if self.run.len() > self.found.inner.len() {
            self.found.inner.clone_from(&self.run);
        }
        self.run.clear();
    }
}
