# POSIX.1-2024 XCU, and beyond it. See mod.rs for the format.
##! local
f() { local x=1 y; y=2; g; echo $x$y; }; g() { echo in $x; x=5; }; x=0; y=0; f; echo $x$y
-->
in 1
52
00
##! local unsets a name without a value, once
x=a; f() { local x; echo "[${x-unset}]"; x=b; local x; echo $x; }; f; echo $x
-->
[unset]
b
a
##! local - brings the options back
f() { local -; set -f; echo *; }; touch z; f; echo *
-->
*
z
##! source
echo 'echo $1' >f; source ./f a
-->
a
##! an applet goes before PATH, a path-first shell asks PATH
mkdir d; printf '#!/bin/sh\necho mine\n' >d/uname; chmod +x d/uname; PATH=$PWD/d:$PATH; test "$(uname)" = Linux && echo applet; set -o path-first; uname
-->
applet
mine
##! applets need no PATH
PATH=/nonexistent; uname >/dev/null && echo ok
-->
ok
##! nesting has a limit and a message
x=$(printf '%0500d' 0 | sed 's/0/(/g'); eval "$x" 2>&1 | sed 's/.*: //'
-->
commands nest too deep
##! calls have a limit
f() { f; }; f 2>/dev/null; echo no
--> 2
##! messages name script and line
printf 'echo a\nif true\nfi\n' >s; $SH s 2>&1
--> 2
a
s: line 3: syntax error: unexpected "fi" (expecting "then")
##! messages name the line of a command
printf '\n\nnonexistent\n' >s; $SH s 2>&1
--> 127
s: line 3: nonexistent: not found
##! random numbers
x=$RANDOM; case $x in *[!0-9]*|'') echo no;; *) echo yes;; esac
-->
yes
##! the options of sh by name
$SH -o noglob -c 'echo *'; $SH -e -c 'false; echo no'; echo $?; echo 'echo $1' | $SH -s a
-->
*
1
a
##! a script is read from a pipe no further than it is executed
printf 'read x\nline\necho got $x\n' | $SH
-->
got line
##! and from a file
printf 'read x\nline\necho got $x\n' >f; $SH <f
-->
got line
##! command substitution without process leaves nothing behind
x=$(cd / && echo a; y=5; echo b); echo "$x" ${y-unset}; pwd >/dev/null; z=$(echo ${q:=set}); echo ${q-unset} $z
-->
a
b unset
unset set
##! filters at the end of a pipeline without a process
x=a=b; echo "$(echo $x | cut -d= -f2)" "$(echo a-b | tr - _)" "$(printf 'a\nb\n' | wc -l)" "$(printf 'a b\n' | wc)" "$(printf ab | base64)"
-->
b a_b 2       1       2       4 YWI=
##! they read their files all the same
echo file >f; echo pipe | cut -c1-2 f; echo pipe | cut -c1-2 - f; echo pipe | cut -c1-2 - -
-->
fi
pi
fi
pi
##! what comes out of a substitution in their arguments had its own input
echo a-b | tr $(echo - | tr - -) $(printf _ | cut -c1)
-->
a_b
##! a function of this name
tr() { echo "mine $(cat)"; }; echo a | tr a b
-->
mine a
##! cat in a substitution writes to nothing else
echo a >f; echo b >g; x=$(cat f g); echo "[$x]"; (cat f) >h; cat h; exec 3>i; y=$(cat f >&3); echo "[$y]"; cat i; cat f | tr a c
-->
[a
b]
a
[]
a
c
##! a trap on ERR, which POSIX lacks
trap 'echo "failed $?"' ERR; false; (exit 3); if false; then :; fi; ! true; false || true; f() { false; }; f; echo $(false; echo a); trap; set -e; (exit 4); echo no
--> 4
failed 1
failed 3
failed 1
a
trap -- 'echo "failed $?"' ERR
failed 4
##! the time
x=$EPOCHSECONDS; [ "$x" -gt 1700000000 ] && echo yes; EPOCHSECONDS=5; echo $EPOCHSECONDS
-->
yes
5
##! process substitution
cat <(echo a) <(echo b); while read x; do echo "r $x"; done < <(echo 1; echo 2)
f() { cat "$1" "$2"; }; f <(echo c) <(cat <(echo deep)); wc -l < <(seq 5); sh -c 'cat "$1"' x <(echo ext)
-->
a
b
r 1
r 2
c
deep
5
ext
##! process substitution that is written to
echo hi > >(cat >f); echo x | tee >(cat >g) >(cat >h) >/dev/null; sleep 0.3; cat f g h
x=$(echo a > >(sed s/a/b/); sleep 0.3); echo "[$x]"
-->
hi
x
x
[b]
##! pipes of process substitutions are closed
ls /proc/self/fd | cat >before; i=0; while [ $i -lt 100 ]; do read x < <(echo $i); i=$((i+1)); done; echo $x
ls /proc/self/fd | cmp - before && echo closed
-->
99
closed
##! process substitution is part of a word, or none
x=a<(:); case $x in a/dev/fd/*) echo in a word; esac; echo "<(echo q)" '>(x)' $((1<(2)))
-->
in a word
<(echo q) >(x) 1
##! test -v
x=abc; [ -v x ]; echo $?; x=; [ -v x ]; echo $?; unset x; [[ -v x ]]; echo $?; [ ! -v x -a -v PATH ]; echo $?
set -- a; [ -v 1 ]; echo $?; [ -v 2 ]; echo $?; [ -v ]; echo $?
-->
0
0
1
0
0
1
0
##! printf -v
printf -v x '%03d' 7; echo $x; printf '-v\n'
-->
007
-v
##! ulimit knows the letters of the other shells
for l in a c d e f i l m n p q r s t u v w x; do ulimit -$l >/dev/null || echo no $l; done; kill -l EXIT
-->
0
##! quotes in the text of a replacement, between double quotes, too
v=abc; r='R S'; echo "${v/b/'q q'}" "${v/b/\/}" "${v/b/"$r"}" ${v/b/$r} "${v/b/\}}" "${v/b/$'\t'}" | cat -A; HOME=/h; echo "${v/b/~}"
-->
aq qc a/c aR Sc aR Sc a}c a^Ic$
a/hc
##! a slash as what is replaced everywhere
v=a/b/c; echo "${v////_}" "${v////}" "${v///}" ${v///b} "${v//\//-}" "${v//'/'/+}" ${v//b/}
-->
a_b_c abc abc a/c a-b-c a+b+c a//c
##! an operand of [[ ]] that makes no sense is status 2
r='('; [[ 1 -eq 'a b' ]]; echo $?; [[ ! x =~ '(' && x =~ $r ]]; echo $?; ! [[ 1 -lt '*' ]]; echo $?; [[ a == a || 1 -eq '1 1' ]]; echo $?
-->
2
2
0
0
##! typeset is local in a function, an assignment elsewhere
typeset x=1 y="a b"; f() { typeset x=2; echo $x; }; f; echo $x "$y"
-->
2
1 a b
##! += appends
a=x; a+=b; a+="c d"; echo "$a"; unset n; n+=1; n+=$((2+3)); echo $n; set -u; HOME=/h; unset p; p+=~/a:~; echo $p; r+=1 env | grep ^r=; export e+=1; export e+=2; env | grep ^e=; x+ 2>/dev/null; f() { local a+=z; echo "$a"; }; f
-->
xbc d
15
/h/a:/h
r=1
e=12
xbc dz
##! += and what is no name
1+=2 2>/dev/null; echo $?; a+b=c 2>/dev/null; echo $?; readonly r=1; (r+=2) 2>/dev/null; echo $?; "a"+=1 2>/dev/null; echo $?
-->
127
127
2
127
##! FUNCNAME is the function that runs
f() { echo "$FUNCNAME"; g; echo ${FUNCNAME%x}; }; g() { (echo $FUNCNAME); }; f; echo "${FUNCNAME-none}"
-->
f
g
f
none
##! HOSTNAME is the machine's
[ "$HOSTNAME" = "$(uname -n)" ] && echo yes; HOSTNAME=a; echo $HOSTNAME
-->
yes
a
##! read -t ends while bytes come without a line
read -t 0.1 x </dev/zero; test $? -gt 128 && echo late
-->
late
##! characters are those of the locale
x=aéb日c; echo ${#x} ${#1}; LC_ALL=C.UTF-8; echo ${#x}; (LC_ALL=C; echo ${#x}); unset LC_ALL; echo ${#x}; LANG=de_DE.utf8@euro; echo ${#x}
-->
8 0
5
8
8
5
##! patterns and substrings in a locale with UTF-8
LC_CTYPE=C.UTF-8; x=aéb日c; echo "${x#??} ${x%??} ${x:1:1} ${x: -2} ${x:1:-2} ${x/?/_} ${x//?/_} ${x/[é-ü]/e}"
case é in ??) echo two;; [!a-z]) echo one;; esac; case É in [[:lower:]]) echo lower;; [[:upper:]]) echo upper;; esac
touch é ab; echo ? ??; IFS=é; set -- a b; echo "$*"; LC_ALL=C; echo ? ??
-->
b日c aéb é 日c éb _éb日c _____ aeb日c
one
upper
é ab
aéb
? ab é
##! bytes that are no characters count one each
LC_ALL=C.UTF-8; x=$(printf 'a\303\377\303\251'); echo ${#x} ${x#???}; case $x in ????) echo four;; esac
-->
4 é
four
##! read -n takes characters
LC_ALL=C.UTF-8; echo éa日b | { read -n 3 x; echo "$x"; read y; echo $y; }
-->
éa日
b
##! a character beyond ASCII in brackets, and ASCII
LC_ALL=C.UTF-8; case . in [[.é.]]) echo bad;; esac; case '[' in [[=é=]]) echo bad;; esac; x=.=[]; echo ${x//[[.é.]]/_} ${x#[[=é=]]} ${x%[é]}
-->
.=[] .=[] .=[]
##! a long value is replaced at once
x=$(printf '%0100000d' 0); x=${x//?/_}; echo ${#x}; x=${x//[_]/ab}; echo ${#x}; x=${x//ab}; echo ${#x}
-->
100000
200000
0
## a script whose last line has no newline reads what it adds to itself
printf 'printf "\necho b\n" >> s' > s; $SH s; printf %s 'echo "echo d" >> s; echo c' > s; $SH s
-->
b
c
d
##! a script reads what it adds to itself
echo 'echo one; echo "echo two" >> $0' > s; $SH s; cat s; cp s t; echo 'echo "echo three" > s' >> t; mv t s; $SH s
-->
one
two
echo one; echo "echo two" >> $0
echo two
one
two
