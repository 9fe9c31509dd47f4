# POSIX.1-2024 XCU, 3 utilities. See mod.rs for the format.
## cd
cd /usr/bin; cd ..; pwd; cd - ; cd /; cd usr; pwd
-->
/usr
/usr/bin
/usr
## cd without HOME's folder
HOME=/usr; cd; pwd; cd /nonexistent 2>/dev/null; test $? -ne 0 && pwd
-->
/usr
/usr
## cd and links
mkdir real; ln -s real link; cd link; case $PWD in */link) echo link;; esac; cd -P .; case $PWD in */real) echo real;; esac; cd ..
-->
link
real
## CDPATH
mkdir -p a/b; CDPATH=$PWD/a; cd b >/dev/null; case $PWD in */a/b) echo yes;; esac
-->
yes
## command
echo() { printf 'no\n'; }; command echo a; command -v cd; command -v nonexistent; test $? -ne 0 && printf 'none\n'
-->
a
cd
none
## command -v of an alias and a function
alias e='echo a'; command -v e; f() { :; }; command -v f; command -v if
-->
alias e='echo a'
f
if
## echo
echo; echo a  b; echo -n c; echo d; echo 'e  f'
-->

a b
cd
e  f
## false and true
true a b; echo $?; false a; echo $?
-->
0
1
## getopts
while getopts ab:c o -a -b x -c y; do echo "$o $OPTARG"; done; echo $OPTIND
-->
a 
b x
c 
5
## getopts with clusters
while getopts ab:c o -ab x -cbz rest; do echo "$o $OPTARG"; done; echo $OPTIND
-->
a 
b x
c 
b z
4
## getopts in silence
while getopts :ab: o -a -z -b; do echo "$o $OPTARG"; done; echo $o
-->
a 
? z
: b
?
## getopts and its messages
getopts a o -x 2>/dev/null; echo $o $?; OPTIND=1; getopts a o b; echo $?; OPTIND=1; getopts a o --; echo $? $OPTIND
-->
? 0
1
1 2
## getopts again
f() { OPTIND=1; while getopts ab o; do echo $o; done; }; f -a; f -b -a
-->
a
b
a
## printf
printf '%s\n' a b; printf '%d %s\n' 1 x 2 y; printf '%5s|%-5s|%05d|%x|%o\n' ab cd 42 255 8; printf '%b' 'a\tb\n'; printf '%%\n'; printf 'a\n' b
-->
a
b
1 x
2 y
   ab|cd   |00042|ff|10
a	b
%
a
## printf and numbers
printf '%d %d %d\n' 010 0x10 "'A"; printf '%d\n' abc 2>/dev/null; echo $?; printf '%+d % d %.3d\n' 1 2 3
-->
8 16 65
0
1
+1  2 003
## printf without arguments
printf '[%s][%d]\n'
-->
[][0]
## printf of floating point
printf '%.2f %e %g\n' 3.14159 12345.678 0.5
-->
3.14 1.234568e+04 0.5
## printf stops at \c
printf '%b' 'a\cb' c; echo; printf '\101\102\n'
-->
a
AB
## pwd
cd /usr/lib; pwd; pwd -P
-->
/usr/lib
/usr/lib
## read
printf 'a b c\n' | { read x y; echo "[$x][$y]"; }; printf '  a  \n' | { read x; echo "[$x]"; }
-->
[a][b c]
[a]
## read and IFS
printf 'a:b::c\n' | { IFS=: read x y z; echo "[$x][$y][$z]"; }; printf ' a : b \n' | { IFS=: read x y; echo "[$x][$y]"; }
-->
[a][b][:c]
[ a ][ b ]
## read and the delimiter at the end
printf 'a:\n' | { IFS=: read x; echo "[$x]"; }; printf 'a:b:\n' | { IFS=: read x y; echo "[$x][$y]"; }
-->
[a]
[a][b]
## read and backslashes
printf 'a\\b\\\nc\n' | { read x; echo "[$x]"; }; printf 'a\\b\n' | { read -r x; echo "[$x]"; }; printf 'a\\ b c\n' | { read x y; echo "[$x][$y]"; }
-->
[abc]
[a\b]
[a b][c]
## read at the end
printf 'a' | { read x; echo "$? $x"; }; read x </dev/null; echo "$? [$x]"
-->
1 a
1 []
## read takes one line only
printf '1\n2\n3\n' >f; { read a; read b; cat; echo $a $b; } <f; printf '1\n2\n' | { read a; cat; }
-->
3
1 2
2
## read of lines in a loop
printf 'a b\nc\n' | while read x y; do echo "$y-$x"; done
-->
b-a
-c
##! read's options
printf 'abcdef' | { read -n 3 x; echo $x; }; printf 'a;b' | { read -d ';' x; echo $x; }; echo q >f; exec 3<f; read -u 3 x; echo $x; sleep 1 | { read -t 0.05 x; test $? -gt 128 && echo late; }
-->
abc
a
q
late
## test of texts
[ a = a ] && echo 1; [ a != b ] && echo 2; [ -n a ] && echo 3; [ -z '' ] && echo 4; [ '' ] || echo 5; [ ] || echo 6; [ ! '' ] && echo 7
-->
1
2
3
4
5
6
7
## test of numbers
[ 1 -eq 01 ] && echo 1; [ 2 -gt 1 ] && echo 2; [ -1 -lt 0 ] && echo 3; [ 1 -ne 2 ] && echo 4; [ 2 -ge 2 ] && echo 5; [ 2 -le 2 ] && echo 6
-->
1
2
3
4
5
6
## test of files
touch f; mkdir d; ln -s f l; [ -f f ] && [ -d d ] && [ -L l ] && [ -h l ] && [ -e l ] && [ ! -e x ] && [ ! -s f ] && [ -r f ] && [ ! -x f ] && [ -c /dev/null ] && echo all
-->
all
## test combines
[ a -a '' ] || echo 1; [ '' -o a ] && echo 2; [ ! -f /dev/null -a -e /dev/null ] && echo 3; [ \( a = a \) ] && echo 4
-->
1
2
3
4
## test and operands like operators
[ -f = -f ] && echo 1; [ '(' = '(' ] && echo 2; [ ! = ! ] && echo 3; [ -n = ] && echo 4
-->
1
2
3
4
## test's errors
[ a -eq 1 ] 2>/dev/null; echo $?; [ 1 -eq 2>/dev/null; echo $?
-->
2
2
## ages and identities
touch -d 2020-01-01 old; touch new; ln new same; [ new -nt old ] && [ old -ot new ] && [ new -ef same ] && echo yes
-->
yes
## type
f() { :; }; type f >/dev/null; echo $?; type nonexistent >/dev/null 2>&1; test $? -ne 0 && echo none
-->
0
none
## ulimit
ulimit -n 64; ulimit -n; ulimit -c 0; ulimit -c
-->
64
0
## umask
umask 027; umask; umask -S; touch f; mkdir d; umask u=rwx,g=rx,o=; umask; umask g+w; umask
-->
0027
u=rwx,g=rx,o=
0027
0007
## unalias
alias a=b c=d; unalias -a; alias
-->
## wait of nothing
wait; echo $?
-->
0
##! let
let x=1+2; echo $x $?; let 'x-3'; echo $?; let a=1 b=2; echo $a$b
-->
3 0
1
12
## read
printf 'a b c\n' >f; read x y <f; echo "$x|$y"; read x <f; echo "$x"; read x y z w <f; echo "$x$y$z[$w]"
-->
a|b c
a b c
abc[]
## read and backslashes
printf 'a\\ b c\nd\\\ne\n' | { read x y; echo "$x|$y"; read z; echo "$z"; }
-->
a b|c
de
## read -r
printf 'a\\ b\\\n' | { read -r x y; echo "$x|$y"; }
-->
a\|b\
## read and IFS
printf 'a:b:c:d\n' | { IFS=: read x y z; echo "$x|$y|$z"; }; printf ' a : b \n' | { IFS=: read x y; echo "$x|$y|"; }
-->
a|b|c:d
 a | b |
## read trims blanks
printf '  a  b  \n' | { read x; echo "[$x]"; }; printf '  a  \n' | { IFS= read x; echo "[$x]"; }
-->
[a  b]
[  a  ]
## read at the end
printf 'no newline' | { read x; echo "$? $x"; }; read x </dev/null; echo $?
-->
1 no newline
1
## read empties what is left
x=1 y=2; printf 'a\n' | { read x y; echo "$x[$y]"; }
-->
a[]
## read line by line
printf '1\n2\n3\n' | while read i; do echo $((i*2)); done
-->
2
4
6
## read leaves the rest
printf 'a\nb\nc\n' >f; { read x; cat; } <f
-->
b
c
## read a trailing separator
printf 'a:b:\n' | { IFS=: read x y; echo "$x|$y"; }; printf 'a:b:c:\n' | { IFS=: read x y; echo "$x|$y"; }
-->
a|b
a|b:c:
## cd
mkdir -p a/b; cd a/b; pwd | sed 's,.*/a,/a,'; cd ../..; cd - >/dev/null; pwd | sed 's,.*/a,/a,'
-->
/a/b
/a/b
## cd to HOME and with CDPATH
mkdir h c c/d; HOME=$PWD/h; (cd; pwd | sed 's,.*/,,'); CDPATH=$PWD/c; cd d >/dev/null; pwd | sed 's,.*/,,'
-->
h
d
## cd -P and links
mkdir r; ln -s r l; (cd l; pwd | sed 's,.*/,,'; pwd -P | sed 's,.*/,,'); cd -P l; pwd | sed 's,.*/,,'
-->
l
r
r
## command -v
command -v echo cd >/dev/null; echo $?; f() { :; }; command -v f; command -v nonexistent-x; echo $?; command -v if
-->
0
f
127
if
## command runs no functions
cd() { echo mine; }; command cd /; pwd
-->
/
## command -p
PATH=; command -p true; echo $?
-->
0
## type
type nonexistent-x >/dev/null 2>&1 || echo none; type echo >/dev/null && echo some
-->
none
some
## getopts
while getopts ab:c o -a -b x -cb y z; do echo $o $OPTARG; done; echo $OPTIND
-->
a
b x
c
b y
6
## getopts and errors
while getopts :ab: o -x -b; do echo "$o $OPTARG"; done
-->
? x
: b
## getopts of the positional parameters
set -- -a -- -b; while getopts ab o; do echo $o; done; shift $((OPTIND-1)); echo $*
-->
a
-b
## getopts again
f() { OPTIND=1; while getopts xy o; do printf "$o "; done; echo; }; f -x -y; f -yx
-->
x y 
y x 
## printf
printf '%s %s\n' a b c; printf '%d %i\n' 12 -7; printf '%5s|%-5s|%05d\n' a b 42; printf '%c%c\n' abc d
printf '%x %X %o %u\n' 255 255 8 7; printf '%%\n'; printf 'a\tb\\\n'; printf '%b\n' 'a\tb\0101'
printf '%.2s|%.3d|%+d\n' abc 5 3; printf '%s\n'; printf '[%s]\n' ''
-->
a b
c 
12 -7
    a|b    |00042
ad
ff FF 10 7
%
a	b\
a	bA
ab|005|+3

[]
## printf of numbers in other forms
printf '%d %d %d %d\n' 0x10 010 "'a" '"b'; printf '%d\n' 2>/dev/null
-->
16 8 97 98
0
## printf floats
printf '%.2f %e %g %.0f\n' 3.14159 12345.678 0.0001 2.5
-->
3.14 1.234568e+04 0.0001 2
## printf stars
printf '%*d|%-*d|%.*s\n' 5 1 4 2 2 abc
-->
    1|2   |ab
## printf errors
printf '%d\n' abc 2>/dev/null; echo $?; printf '%d\n' 3x 2>/dev/null; echo $?
-->
0
1
3
1
## test strings
test a = a && test a != b && test -n a && test -z '' && test a && echo all; test '' || echo empty
-->
all
empty
## test numbers
test 1 -eq 01 && test 2 -gt 1 && test 1 -lt 2 && test 1 -le 1 && test 1 -ge 1 && test 1 -ne 2 && echo all
-->
all
## test files
: >f; echo x >g; mkdir d; ln -s f l; test -e f && test -f f && test -d d && test -L l && test -s g && test ! -s f && test -r f && test -w f && test ! -x f && echo all
-->
all
## test with few arguments
test; echo $?; test ''; echo $?; test -f; echo $?; test !; echo $?; test ! ''; echo $?; test '(' x ')'; echo $?
-->
1
1
0
0
0
0
## test of operators as operands
test = = =; echo $?; test ! = !; echo $?; test -n = -n; echo $?; test '(' = '('; echo $?
-->
0
0
0
0
## test -nt and -ef
: >a; touch -d 2001-01-01 b; test a -nt b && test b -ot a && test a -ef ./a && echo all
-->
all
## brackets need an end
[ a = a; echo $?
[ a = a ] && echo y
-->
2
y
## umask
umask 027; umask; umask -S; : >f; ls -l f | cut -c1-10; umask u=rwx,g=rx,o=; umask; (umask 0); umask
-->
0027
u=rwx,g=rx,o=
-rw-r-----
0027
0027
## ulimit
ulimit -n >/dev/null && echo n; (ulimit -c 0; ulimit -c); ulimit -f
-->
n
0
unlimited
## alias shows
alias a='b c'; alias a | tr -d "'"; unalias a; alias a 2>/dev/null || echo none; unalias -a; alias
-->
a=b c
none
## hash
hash -r; cat /dev/null; hash | grep -c cat; hash nonexistent-x 2>/dev/null || echo none
-->
0
none
## kill by name
sleep 5 & kill -s TERM $!; wait $! 2>/dev/null; echo $?; sleep 5 & kill -9 $!; wait $! 2>/dev/null; echo $?
-->
143
137
## echo
echo a  b "c  d"; echo; echo ''; echo -n a; echo b
-->
a b c  d


ab
## true and false
true a b; echo $?; false a; echo $?
-->
0
1
## pwd
cd /; pwd; cd /usr/..; pwd; pwd -P
-->
/
/
/
## sh -c and its arguments
$SH -c 'echo $0 $1 $#' a b c; echo 'echo $1 $#' | $SH -s x y
-->
a b 2
x 2
## sh with a file
echo 'echo $0 $1' >s; $SH s a; $SH ./s b; $SH nonexistent-x 2>/dev/null; echo $?
-->
s a
./s b
127
## sh options
$SH -ec 'false; echo no'; echo $?; $SH -u -c 'echo $x' 2>/dev/null || echo failed; $SH -o noglob -c 'echo *'
-->
1
failed
*
## sh reads commands as it goes
printf 'read x\ndata\necho $x\n' | $SH
-->
data
## cd goes on from where it went, not from PWD
cd /; PWD=/nosuch; cd usr; pwd
-->
/usr
## kill -l 0
kill -l 0
-->
EXIT
## an unknown signal
kill -s nosuch $$ 2>/dev/null; echo $?
-->
1
## what a name is that is nothing
command -V nosuch_x 2>/dev/null; echo $?; type if
-->
nosuch_x: not found
127
if is a shell keyword
## getopts says what is wrong
getopts ab: x -z 2>&1; OPTIND=1; getopts ab: x -b 2>&1
-->
Illegal option -z
No arg for -b option
## umask takes no mode that looks like an option
umask 0; umask -w 2>/dev/null; umask; umask -- -w; umask
-->
0000
0222
## printf knows no negative zero
printf '%d %d %+d\n' - -0 -00 2>/dev/null
-->
0 0 +0
--> 1
##! a field that is too wide
printf '%*d|\n' 9223372036854775807 1 2>/dev/null; [ $? -ne 0 ] && echo error
-->
1|
error
## umask takes bits that masks do not have
umask 1022; umask; umask -S
-->
0022
u=rwx,g=rx,o=rx
## a command that is gone from where it was found is looked for again
mkdir p q
echo 'echo in p' >p/wanders
echo 'echo in q' >q/wanders
chmod +x p/wanders q/wanders
PATH=$PWD/p:$PWD/q:$PATH
wanders
rm p/wanders
wanders
-->
in p
in q
## type takes --
type -- cd >/dev/null; echo $?
-->
0
## cd exports PWD and OLDPWD
unset PWD OLDPWD
cd /usr
cd /
$SH -c 'echo $PWD $OLDPWD'
env | grep -c PWD=
-->
/ /usr
2
## umask: X in a mask means execution if anybody may execute
umask 077; umask o+X; umask
umask 177; umask o+X; umask
-->
0076
0177
