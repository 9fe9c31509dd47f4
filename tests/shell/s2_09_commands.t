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
