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
## stars
for s in '' a ab abc; do case $s in *) printf 'y ';; esac; case $s in a*) printf 'a ';; *) printf 'n ';; esac; case $s in *c) echo c;; *) echo n;; esac; done
-->
y n n
y a n
y a n
y a c
## questions
for s in '' a ab; do case $s in ?) echo one;; ??) echo two;; *) echo other;; esac; done
-->
other
one
two
## sets
for s in a b c - ] ^ '!'; do case $s in [ab]) echo 1;; [!c^!-]) echo 2;; [-]) echo 3;; *) echo 4;; esac; done
-->
1
1
4
3
2
4
4
## ranges
for s in a m z A 5; do case $s in [a-m]) echo low;; [n-z]) echo high;; [0-9]) echo digit;; *) echo none;; esac; done
-->
low
low
high
none
digit
## classes
for s in a A 5 ' ' . _; do case $s in [[:upper:]]) echo U;; [[:lower:]]) echo L;; [[:digit:]]) echo D;; [[:space:]]) echo S;; [[:punct:]]) echo P;; esac; done
-->
L
U
D
S
P
P
## several classes in a set
for s in a 5 - x; do case $s in [[:digit:]a-]) echo y;; *) echo n;; esac; done
-->
y
y
y
n
## quoted specials
for s in '*' '?' '[a]' a; do case $s in \*) echo star;; '?') echo quest;; "[a]") echo set;; *) echo other;; esac; done
-->
star
quest
set
other
## escapes in sets
case ] in [\]]) echo y;; esac; case '\' in ['\']) echo y;; esac; case a in [\a]) echo y;; esac
-->
y
y
y
## a set that is none
case '[a' in [a) echo y;; esac; case 'a]' in a]) echo y;; esac
-->
y
y
## patterns from variables are patterns
p='a*'; case abc in $p) echo y;; esac; case 'a*' in "$p") echo y;; esac; case abc in "$p") echo n;; *) echo quoted;; esac
-->
y
y
quoted
## slashes are nothing special in case
case a/b in a*b) echo y;; esac; case a/b in a?b) echo y;; esac; case /.x in *.x) echo y;; esac
-->
y
y
y
## names with a period at the start
touch .a a; echo *; echo .a*; echo [.]a; echo ?a
-->
a
.a
[.]a
?a
## slashes in pathname patterns
mkdir -p a/b; touch a/b/c; echo a/*/c; echo */*/*; echo a*c
-->
a/b/c
a/b/c
a*c
## sorting
touch b a C 1 _; echo *
-->
1 C _ a b
## folders only
mkdir d; touch f; echo */; echo */.
-->
d/
d/.
## brackets in names
touch '[x]' x; echo [x]; echo \[x]; echo '[x]'
-->
x
[x]
[x]
## negated sets and pathnames
touch a b c; echo [!ab]; echo [!a-c]
-->
c
[!a-c]
## patterns in removals
x=aXbXc; echo ${x#*X} ${x##*X} ${x%X*} ${x%%X*} ${x#?} ${x%[a-c]} ${x#[!a]}
-->
bXc c aXb a XbXc aXbX aXbXc
## long patterns end
x=aaaaaaaaaaaaaa; case $x in *a*a*a*a*a*a*a*a*b) echo no;; *) echo none;; esac
-->
none
