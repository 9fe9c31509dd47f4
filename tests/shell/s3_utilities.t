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
