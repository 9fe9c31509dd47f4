# POSIX.1-2024 XCU, 2 09 commands. See mod.rs for the format.
## assignments of a command hold for it
x=a; x=b $SH -c 'echo $x'; echo $x
-->
b
a
## and are not seen in its words
x=a; x=b echo $x
-->
a
## of a special utility they stay
x=a; x=b :; echo $x
-->
b
## assignments in order
a=1 b=$a; echo $b; a=2 b=$a$a; echo $b
-->
1
22
## pipelines
echo a | cat | tr a b; echo $?; false | true; echo $?; true | false; echo $?
-->
b
0
0
1
## negation
! false; echo $?; ! true; echo $?; ! false | false; echo $?
-->
0
1
0
## a pipeline's parts are subshells
x=1; x=2 | x=3; echo $x; echo a | read x; echo $x
-->
1
1
## lists
true && echo a || echo b; false && echo c || echo d; false || false || echo e; true || echo f && echo g
-->
a
d
e
g
## background
echo a & wait; true & false; echo $?
-->
a
1
## background reads nothing
echo x | { cat & wait; }; echo done
-->
done
## subshells and groups
x=1; (x=2; echo $x); echo $x; { x=3; }; echo $x; (exit 5); echo $?
-->
2
1
3
5
## nested ones
( ( echo a ); { { echo b; }; }; )
-->
a
b
## cd in a subshell
cd /usr; (cd /; pwd); pwd
-->
/
/usr
## for
for i in a "b c" $(echo d e); do echo "[$i]"; done; for i in; do echo no; done; echo $?
-->
[a]
[b c]
[d]
[e]
0
## for and newlines
for i in 1 2
do
	echo $i
done
-->
1
2
## case
case abc in a) echo 1;; a*|b) echo 2;; *) echo 3;; esac; case x in (y) echo 4;; (x) echo 5;; esac
-->
2
5
## case of nothing
case x in y) ;; esac; echo $?; case x in esac; echo $?; false; case x in x) ;; esac; echo $?
-->
0
0
0
## case expands its word once
x='a  b'; case $x in 'a  b') echo same;; esac; case "$(echo c)" in c) echo c;; esac
-->
same
c
## case patterns that are quoted
case '*' in '*') echo 1;; esac; case a in '*') echo 2;; \*) echo 3;; *) echo 4;; esac
-->
1
4
## the last branch without ;;
case a in b) echo 1;; a) echo 2
esac
-->
2
## if
if true; then echo a; fi; if false; then echo b; elif true; then echo c; else echo d; fi; if false; then :; else echo e; fi
-->
a
c
e
## if without a branch taken
false; if false; then :; fi; echo $?
-->
0
## while and until
i=0; while [ $i -lt 3 ]; do i=$((i+1)); echo $i; done; until [ $i -eq 0 ]; do i=$((i-1)); done; echo $i
-->
1
2
3
0
## the status of loops
while false; do :; done; echo $?; i=0; while [ $i -lt 1 ]; do i=1; (exit 3); done; echo $?; until true; do :; done; echo $?
-->
0
3
0
## break and continue
for i in 1 2 3 4; do [ $i = 2 ] && continue; [ $i = 4 ] && break; echo $i; done; echo $?
-->
1
3
0
## of outer loops
for i in a b; do for j in 1 2; do [ $j = 2 ] && continue 2; echo $i$j; done; done; for i in a b; do for j in 1 2; do break 2; done; done; echo $i$j
-->
a1
b1
a1
## more levels than there are
for i in 1 2; do break 5; done; echo $i
-->
1
## in a while's condition
while :; do while break 2; do :; done; done; echo out
-->
out
## functions
f() { echo $1 $#; shift; echo $1; return 7; }; set -- x; f a b; echo $? $1
-->
a 2
b
7 x
## a function's body may be any compound command
f() ( x=9; echo $x ); x=1; f; echo $x; g() for i in 1 2; do echo $i; done; g; h() if true; then echo h; fi; h
-->
9
1
1
2
h
## functions see and set variables
f() { x=$x$x; }; x=a; f; f; echo $x
-->
aaaa
## recursion
f() { [ $1 -gt 0 ] && { echo $1; f $(($1-1)); }; }; f 3; echo $?
-->
3
2
1
1
## deep recursion
f() { if [ $1 -gt 0 ]; then f $(($1-1)); else echo bottom; fi; }; f 500
-->
bottom
## redefinition and unset
f() { echo 1; }; f; f() { echo 2; }; f; unset -f f; f 2>/dev/null; echo $?
-->
1
2
127
## a function goes before a utility
echo() { printf 'mine %s\n' "$1"; }; echo a; unset -f echo; echo b
-->
mine a
b
## return's status
f() { false; return; }; f; echo $?; g() { return 3; }; g || echo $?
-->
1
3
## set -e
set -e; false || echo a; if false; then :; fi; ! true; while false; do :; done; echo b; false; echo no
--> 1
a
b
## set -e in functions and lists
set -e; f() { false; echo seen; }; f || echo no; if f; then echo yes; fi; f; echo no
--> 1
seen
seen
yes
## set -e and subshells
set -e; (false; echo no); echo no
--> 1
## set -e and substitutions
set -e; echo $(false) a; x=$(false); echo no
--> 1
a
## set -e and the last of an and-or list
set -e; true && false || true; echo a; false && true; echo b; true && false; echo no
--> 1
a
b
## set -e and negation
set -e; ! false; ! true; echo a; (! true); echo no
--> 1
a
## set -e and pipelines
set -e; false | true; echo a; true | false; echo no
--> 1
a
##! falling through
case a in a) echo 1;& b) echo 2;; c) echo 3;; esac
-->
1
2
##! function as a reserved word
function f { echo a; }; f; function g() { echo b; }; g
-->
a
b
##! double brackets
[[ abc == a* ]] && echo 1; [[ abc == "a*" ]] || echo 2; [[ a < b && ! -e nonexistent ]] && echo 3; x='a b'; [[ $x = 'a b' ]] && echo 4; [[ -z $nothing || a ]] && echo 5
-->
1
2
3
4
5
##! double brackets and regular expressions
[[ abc123 =~ ^[a-c]+[0-9]+$ ]] && echo 1; [[ abc =~ (b|x)c ]] && echo 2; [[ a.c =~ a"."c ]] && echo 3; [[ abc =~ a"."c ]] || echo 4
-->
1
2
3
4
##! pipefail
set -o pipefail; false | true; echo $?; true | true; echo $?; (exit 3) | (exit 4) | true; echo $?
-->
1
0
4
## the status that else sees
if (exit 3); then :; else echo $?; fi; if (exit 4); then :; elif echo $?; then echo x; fi
-->
3
4
x
## the status before is seen in for, case and eval
f() { false; for i in 1; do echo $?; done; }; f
false; case x in x) echo $?;; esac
false; eval 'echo $?'
false; eval ''; echo $?
(false; for i in 1; do exit; done); echo $?
-->
1
1
1
0
1
## a line break in a substitution does not begin a here-document outside
cat <<E; echo $(
echo in
)
out
E
-->
out
in
## no positional parameters in the word of an operator
c() { echo $#; }
set --
c "${u:-$@}" "${u:-$@}"; c "$@" "$@"; c ''"$@"; c "$@"''; c ${u:-"$@"}; c ${1+"$@"}
-->
2
0
1
1
0
0
## the smallest number
n=-9223372036854775808
echo $((n)) $((n+1))
-->
-9223372036854775808 -9223372036854775807
## pipelines give their subshells what the command before wrote
echo a b c | { read x y; echo "$y-$x"; }; echo "${x-unset}"
x=root=/dev/sda1; echo $(echo $x | cut -d= -f2)
printf '%s\n' b a c | sort | while read l; do printf "$l "; n=1; done; echo "${n-unset}"
false | true; echo $?; true | false; echo $?
printf 'x\ny\n' | grep -q z; echo $?
echo "$(printf 'a\nb\n' | sed 's/a/z/' | tr z y)"
-->
b c-a
unset
/dev/sda1
a b c unset
0
1
1
y
b
## a pipeline that nobody reads to the end ends
cat /dev/zero | head -c 3 | tr '\0' x; echo
head -c 5 /dev/zero | tr '\0' y; echo
-->
xxx
yyyyy
## lists
true && echo a || echo b; false && echo a || echo b; false || true && echo c
-->
a
b
c
## and-or is left to right
true || echo no && echo yes; false && echo no || echo yes && echo also
-->
yes
yes
also
## a pipeline's status is the last's
true | false; echo $?; false | true; echo $?; (exit 3) | (exit 4); echo $?
-->
1
0
4
## negation
! true; echo $?; ! false; echo $?; ! true | false; echo $?
-->
1
0
0
## pipelines of several
echo abc | tr a x | tr b y | tr c z
-->
xyz
## pipelines over lines
echo a |

tr a b
-->
b
## asynchronous lists
{ echo a >f; } & wait; cat f; (exit 3) & wait $!; echo $?
-->
a
3
## stdin of asynchronous lists is empty
echo a | { cat & wait; echo end; }
-->
end
## if
if true; then echo a; fi; if false; then echo b; else echo c; fi; if false; then :; elif true; then echo d; else echo e; fi
-->
a
c
d
## the status of if
if false; then :; fi; echo $?; if true; then false; fi; echo $?
-->
0
1
## if with lists
if false; true; then echo last; fi; if ! false && true; then echo and; fi
-->
last
and
## for
for i in a 'b c' $(echo d e); do echo "<$i>"; done; for i in; do echo no; done; echo $? "$i"
-->
<a>
<b c>
<d>
<e>
0 e
## for without in
set -- x 'y z'; for i do echo $i; done; for i; do echo $i; done
for i
do echo $i; done
-->
x
y z
x
y z
x
y z
## for and its variable afterwards
for i in 1 2 3; do :; done; echo $i
-->
3
## while and until
i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done; until [ $i -eq 0 ]; do i=$((i-1)); done; echo $i
-->
0
1
2
0
## the status of loops
while false; do :; done; echo $?; i=0; while [ $i -lt 1 ]; do i=1; (exit 3); done; echo $?
-->
0
3
## break and continue
for i in 1 2 3 4; do if [ $i = 2 ]; then continue; fi; if [ $i = 4 ]; then break; fi; echo $i; done
-->
1
3
## break out of two
for i in 1 2; do for j in a b; do if [ $j = b ]; then break 2; fi; echo $i$j; done; done; echo end
-->
1a
end
## continue of the outer
for i in 1 2; do for j in a b; do continue 2; done; echo no; done; echo $i$j
-->
2a
## break of more than there are
for i in 1 2; do break 9; done; echo $i
-->
1
## break in a case in a loop
while :; do case x in x) break;; esac; done; echo out
-->
out
## break status
while :; do false; break; done; echo $?; for i in 1; do break; done; echo $?
-->
0
0
## case
case abc in a*) echo 1;; abc) echo 2;; esac; case b in a|b|c) echo 3;; esac; case z in a) ;; esac; echo $?
-->
1
3
0
## case with parentheses and an empty list
case a in (a) ;; (*) echo no;; esac; echo $?
-->
0
## case without the last ;;
case a in a) echo y
esac
-->
y
## case words are not split
x='a b'; case $x in 'a b') echo y;; esac; case "" in '') echo empty;; esac
-->
y
empty
## case expands patterns in order
x=1; case 2 in $((x=2))) echo $x;; esac
-->
2
## case of nothing
case x in esac; echo $?
-->
0
## falling through
case a in a) echo a;& b) echo b;; c) echo c;; esac
-->
a
b
## subshells
x=1; (x=2; cd /; echo $x); echo $x; (exit 4); echo $?
-->
2
1
4
## nested subshells
( (echo a) ; (exit 2) ); echo $?
-->
a
2
## groups
{ echo a; echo b; } | tr ab xy; { false; }; echo $?
-->
x
y
1
## functions
f() { echo "f $1 $#"; return 3; }; f a b; echo $?
-->
f a 2
3
## a function's status is its last command's
f() { false; }; f; echo $?; g() { return; }; false; g; echo $?
-->
1
1
## functions with other compound commands
f() (x=2; echo $x); x=1; f; echo $x; g() if true; then echo g; fi; g; h() for i in 1 2; do echo $i; done; h
-->
2
1
g
1
2
## recursion
f() { [ $1 -le 1 ] && echo 1 && return; echo $(($1 * $(f $(($1 - 1))))); }; f 6
-->
720
## functions define functions
f() { g() { echo inner; }; }; f; g
-->
inner
## functions change variables
f() { x=2; }; x=1; f; echo $x
-->
2
## redefinition while running
f() { f() { echo new; }; echo old; }; f; f
-->
old
new
## functions before utilities
echo_() { :; }; true() { echo mine; }; true; command true; unset -f true; true && echo real
-->
mine
real
## return leaves loops
f() { for i in 1 2 3; do return $i; done; }; f; echo $?
-->
1
## return in a subshell
f() { (return 5); echo $?; return 6; }; f; echo $?
-->
5
6
## a function's redirections are done at each call
f() { cat; } <<E
$x
E
x=1; f; x=2; f
-->
1
2
## names like variables
f() { echo fun; }; f=var; echo $f; f
-->
var
fun
## empty lines and comments in compound commands
if # c
true # c

then # c

echo a # c

fi
for i in 1 2 # c
do # c
echo $i
done
-->
a
1
2
## reserved words after others
if { true; } then echo a; fi; while ! { false; } do break; done; echo b
-->
a
b
## a command from expansion is no reserved word
x=if; $x 2>/dev/null || echo $?
-->
127
## an empty command is none
x=; $x; echo $?; $x echo a; false; $x; echo $?
-->
0
a
0
## assignments only, and the status
x=$(false); echo $?; x=$(false) y=1; echo $?; x=1; echo $?
-->
1
1
0
## words that look like assignments
echo a=b; env a=1 sh -c 'echo $a'; 1a=2 2>/dev/null || echo $?
-->
a=b
1
127
## long lists
true && true && true && true && echo a; false || false || false || echo b
-->
a
b
## commands by path
/bin/echo a; PATH=; /bin/echo b; echo c
-->
a
b
c
## searching PATH
mkdir d; printf '#!/bin/sh\necho mine $1\n' >d/cmd1; chmod +x d/cmd1; PATH=$PWD/d:$PATH; cmd1 x
-->
mine x
## a script without a first line
printf 'echo script $1\n' >s; chmod +x s; ./s a
-->
script a
## the body of a function may be a simple command
f() echo a $1
f b
-->
a b
## special utilities are no names of functions
export() { echo a; }; export b
--> 2
## break in a subshell ends that
for i in 1 2; do (break; echo x); echo $i; done; for i in 1; do x=$(continue; echo y); echo "[$x]"; done
-->
1
2
[]
