# POSIX.1-2024 XCU, 2 05 parameters. See mod.rs for the format.
## positional parameters of several digits
set -- 1 2 3 4 5 6 7 8 9 ten eleven; echo $10 ${10} ${11} $#
-->
10 ten eleven 11
## "$@" keeps fields
set -- 'a b' c ''; for x in "$@"; do echo "[$x]"; done
-->
[a b]
[c]
[]
## $@ without quotes splits them
set -- 'a b' c ''; for x in $@; do echo "[$x]"; done
-->
[a]
[b]
[c]
## "$*" joins them
set -- 'a b' c ''; echo "[$*]"
-->
[a b c ]
## "$*" joins by the first letter of IFS
IFS=-+; set -- a b c; echo "$*"
-->
a-b-c
## "$*" with an empty IFS
IFS=; set -- a b c; echo "$*"
-->
abc
## "$*" without IFS
unset IFS; set -- a b c; echo "$*"
-->
a b c
## "$@" of none is nothing
set --; set -- "$@" x; echo $#; set --; set -- "a$@"; echo "$# $1"
-->
1
1 a
## text beside "$@"
set -- 1 2 3; for x in "a$@b"; do echo "$x"; done
-->
a1
2
3b
## "$@" in the middle twice
set -- 1 2; for x in "$@$@"; do echo "$x"; done
-->
1
21
2
## an assignment joins $*
IFS=-; set -- a b c; x=$*; IFS=' '; echo "$x"
-->
a-b-c
## for without in
set -- a 'b c'; for x do echo "[$x]"; done
-->
[a]
[b c]
## $? of the last command
false; echo $?; true; echo $?; (exit 42); echo $?
-->
1
0
42
## $$ is the same in a subshell
x=$$; (test $$ = $x && echo same); test $(echo $$) = $x && echo same
-->
same
same
## $! is the last background process
: & x=$!; wait $x; echo $?; test -n "$x" && echo set
-->
0
set
## $- has the options
set -u -f; case $- in *f*) echo f;; esac; case $- in *u*) echo u;; esac
-->
f
u
## $0 and arguments of -c
$SH -c 'echo $0 $1 $#' name a b
-->
name a 2
##! LINENO
echo $LINENO
echo $LINENO
f() {
	echo $LINENO
}
f
-->
1
2
4
## PPID is a number
case $PPID in *[!0-9]*|'') echo no;; *) echo yes;; esac
-->
yes
## IFS is not taken from the environment
IFS=x $SH -c 'v=axb; echo $v'
-->
axb
## PWD
cd /usr; echo $PWD; cd bin; echo $PWD $OLDPWD
-->
/usr
/usr/bin /usr
## $? beside a command substitution
true; echo $(exit 3)$?; false; echo "$(true)$?"
-->
0
1
## special parameters
set -- a b c; echo $# $1 $3 "$*" "$@"
-->
3 a c a b c a b c
## ten and more need braces
set -- 1 2 3 4 5 6 7 8 9 x y; echo $10 ${10} ${11} $#
-->
10 x y 11
## $0 is what the shell was called by, or the argument
$SH -c 'echo $0' name
-->
name
## $? of many commands
true; echo $?; false; echo $?; (exit 7); echo $?; ! true; echo $?
-->
0
1
7
1
## $! and wait
(exit 5) & wait $!; echo $?
-->
5
## $$ is the same in a subshell
a=$$; b=$(echo $$); c=$( (echo $$) ); test $a = $b && test $b = $c && echo same
-->
same
## $- has the options
set -f; case $- in *f*) echo f;; esac; set +f; case $- in *f*) echo f;; *) echo none;; esac
-->
f
none
## "$@" keeps words apart
set -- 'a b' '' c; for i in "$@"; do echo "<$i>"; done
-->
<a b>
<>
<c>
## $@ is split
set -- 'a b' '' c; for i in $@; do echo "<$i>"; done
-->
<a>
<b>
<c>
## "$*" joins by the first of IFS
set -- a b c; IFS=-+; echo "$*"; IFS=; echo "$*"; unset IFS; echo "$*"
-->
a-b-c
abc
a b c
## $* unquoted with another IFS
set -- 'a-b' c; IFS=-; echo $*; for i in $*; do echo "<$i>"; done
-->
a b c
<a>
<b>
<c>
## "$@" with text around
set -- a b; for i in "x$@y"; do echo "<$i>"; done
-->
<xa>
<by>
## "$@" with text around and no parameters
set --; for i in "x$@y"; do echo "<$i>"; done; for i in "$@"; do echo no; done; echo end
-->
<xy>
end
## shift
set -- a b c d; shift; echo $*; shift 2; echo $*; shift 0; echo $*; shift; echo "[$*]"
-->
b c d
d
d
[]
## set changes all
set a b; echo $2; set -- -x; echo $1; set --; echo $#
-->
b
-x
0
## IFS is not from the environment
IFS=x $SH -c 'set -- axb; for i in $1; do echo $i; done'
-->
axb
## PWD and OLDPWD
mkdir d; cd d; case $PWD in */d) echo ok;; esac; cd ..; case $OLDPWD in */d) echo ok;; esac
-->
ok
ok
## LINENO
echo $LINENO
echo $LINENO

echo $LINENO
-->
1
2
4
## PPID is a number
case $PPID in *[!0-9]*) echo no;; *) echo yes;; esac
-->
yes
## assignment with nothing
a=; echo "[$a]" ${a+set} ${b+set}
-->
[] set
## several assignments from left to right
a=1 b=$a c=$b$b; echo $a $b $c
-->
1 1 11
## assignments before a command
a=1; a=2 eval 'echo $a'; a=3 env | grep '^a='; echo $a
-->
2
a=3
2
## assignments before a function
f() { echo $a; }; a=1; a=2 f
-->
2
## no splitting and no pathnames in assignments
touch f1 f2; a=* b='x  y'; c=$b; echo "$a" "$c"
-->
* x  y
## tilde in assignments
HOME=/h; a=~; b=~/x:~/y; c=x:~; echo $a $b $c
-->
/h /h/x:/h/y x:/h
## unset
a=1; unset a; echo ${a-none}; unset a b; echo $?
-->
none
0
## readonly
readonly a=1; (a=2) 2>/dev/null || echo no; echo $a
-->
no
1
## readonly stays in subshells
readonly a=1; (unset a) 2>/dev/null || echo no; echo $a
-->
no
1
## export goes to commands
a=1; export a; $SH -c 'echo $a'; export b=2; $SH -c 'echo $b'; c=3; $SH -c 'echo ${c-none}'
-->
1
2
none
## unset ends export
export a=1; unset a; a=2; $SH -c 'echo ${a-none}'
-->
none
## parameters of a function
f() { echo $# $1; }; set -- x y; f a b c; echo $# $1
-->
3 a
2 x
## a function's set is its own
f() { set -- q; echo $1; }; set -- x; f; echo $1
-->
q
x
## a very long name and value
n=$(printf '%0200d' 1); eval v$n=5; eval echo \$v$n; x=$(printf '%05000d' 2); echo ${#x}
-->
5
5000
