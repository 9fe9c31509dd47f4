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
