# POSIX.1-2024 XCU, 2 14 patterns. See mod.rs for the format.
## stars and question marks
for p in 'a*' '?b*' '*c' 'a?c' 'abc' '*' '????' ''; do case abc in $p) echo "$p";; esac; done
-->
a*
?b*
*c
a?c
abc
*
## brackets
for p in '[a-c]bc' '[!x]bc' '[abc][abc][abc]' '[]a]bc' '[x]bc' '[a-]bc'; do case abc in $p) echo "$p";; esac; done
-->
[a-c]bc
[!x]bc
[abc][abc][abc]
[]a]bc
[a-]bc
## classes
for c in alpha digit upper lower space punct alnum xdigit blank; do for t in a A 1 ' ' . g; do case $t in [[:$c:]]) printf '%s ' "$c:$t";; esac; done; done; echo
-->
alpha:a alpha:A alpha:g digit:1 upper:A lower:a lower:g space:  punct:. alnum:a alnum:A alnum:1 alnum:g xdigit:a xdigit:A xdigit:1 blank:  
## a bracket that does not close
case '[a' in [a) echo yes;; esac; case '[' in [) echo yes;; esac
-->
yes
yes
## quoted characters
case 'a*' in a\*) echo 1;; esac; case ab in a'*') echo 2;; a"b") echo 3;; esac; x='[b]'; case b in $x) echo 4;; esac; case '[b]' in "$x") echo 5;; esac
-->
1
3
4
5
## ranges that are quoted
case b in [a'-'c]) echo no;; *) echo yes;; esac; case - in [a\-c]) echo yes;; esac
-->
yes
yes
## hidden files need their dot
touch .a b; echo *; echo .[a-z]; echo [.]a
-->
b
.a
[.]a
## slashes are matched by themselves
mkdir d; touch d/f; echo d?f d*f d[/]f
-->
d?f d*f d[/]f
