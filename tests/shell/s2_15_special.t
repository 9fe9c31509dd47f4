# POSIX.1-2024 XCU, 2 15 special. See mod.rs for the format.
## colon
: a b; echo $?; x=1 : ; echo $x
-->
0
1
## dot
echo 'echo in $x; y=2; return 3; echo no' >f; x=1; . ./f; echo $? $y
-->
in 1
3 2
## dot looks in PATH
mkdir d; echo 'echo found' >d/lib.sh; PATH=$PWD/d:$PATH; . lib.sh
-->
found
## eval
eval 'echo a; echo "b c"' d; eval; echo $?; eval "x=1
y=2"; echo $x$y; eval 'false'; echo $?
-->
a
b c d
0
12
1
## eval sees break
for i in 1 2 3; do eval 'break'; done; echo $i
-->
1
## exec replaces the shell
exec echo a; echo no
-->
a
## exec redirects
exec >f; echo a; exec >&2; cat f >/dev/null
-->
## exit
(exit 3); echo $?; (exit); echo $?; false; (exit); echo $?; exit 300
--> 44
3
0
1
## export
export A=1 B; $SH -c 'echo $A-$B'; B=2; $SH -c 'echo $B'; A=3; $SH -c 'echo $A'
-->
1-
2
3
## export -p can be read again
export A="x 'y'"; eval "$(export -p | grep ' A=')"; echo "$A"
-->
x 'y'
## readonly
readonly A=1; readonly -p | grep ' A='; (A=2) 2>/dev/null; echo $A
-->
readonly A='1'
1
## export does not split and knows tildes
x='a b'; export y=$x z=~/q; echo "$y" $z
-->
a b /home/u/q
## return ends a dot script
echo 'echo a; return; echo no' >f; . ./f; echo b
-->
a
b
## set and shift
set -- a b c; echo $#; shift; echo $1; shift 2; echo $#; set --; echo $#; set x -a; echo $2
-->
3
b
0
0
-a
## set keeps parameters with options only
set -- a b; set -f; echo $#; set +f; echo "$@"; set - c; echo "$@"
-->
2
a b
c
## set prints variables that can be read again
x="a 'b' c"; eval "$(set | grep '^x=')"; echo "$x"
-->
a 'b' c
## set +o can be read again
set -u; x=$(set +o); set +u; eval "$x"; case $- in *u*) echo u;; esac
-->
u
## set -a
set -a; x=1; $SH -c 'echo $x'; set +a; y=2; $SH -c 'echo $y'
-->
1

## set -n only reads
$SH -n -c 'echo no'; echo $?
-->
0
## set -v and -x write to standard error
set -x; echo a 2>/dev/null; { set +x; } 2>/dev/null; echo b
-->
a
b
## times
times | wc -l
-->
2
## unset
x=1; unset x; echo ${x-unset}; f() { :; }; unset -f f; f 2>/dev/null; echo $?; unset nothing; echo $?
-->
unset
127
0
## dot
echo 'x=1; echo in $1' >f; set -- a; . ./f; echo $x
-->
in a
1
## dot searches PATH
mkdir d; echo 'echo dotted' >d/f; PATH=$PWD/d:$PATH; . f
-->
dotted
## return in dot
echo 'return 3; echo no' >f; . ./f; echo $?
-->
3
## eval
x='echo a b'; eval $x; eval "y='c  d'"; echo "$y"; eval eval eval echo deep
-->
a b
c  d
deep
## eval and status
eval false; echo $?; eval; echo $?; eval 'exit 3' | cat; (eval 'exit 4'); echo $?
-->
1
0
4
## exec replaces
(exec echo a; echo no); (exec nonexistent-x 2>/dev/null; echo no); echo $?
-->
a
127
## exit
(exit); echo $?; (false; exit); echo $?; (exit 300); echo $?; (exit 0); echo $?
-->
0
1
44
0
## export shows
export a=1 b; export -p | grep -E '^export (a=|b$)' | tr -d "\"'"
-->
export a=1
export b
## readonly shows
readonly r=1; readonly -p | grep 'r=' | tr -d "\"'"
-->
readonly r=1
## a shift that is too far fails and changes nothing
set -- a; shift 2 2>/dev/null; [ $? -ne 0 ] && echo failed; echo $#; $SH -c 'shift x; echo no' 2>/dev/null || echo ended
-->
failed
1
ended
## times has two lines
times | wc -l | tr -d ' '
-->
2
## set shows variables
aaa=1; set | grep '^aaa=' | tr -d "'"
-->
aaa=1
## set -o
set -o noglob; case $- in *f*) echo on;; esac; set +o noglob; set -o | grep -c noglob
-->
on
1
## set +o is commands
set -f; x=$(set +o); set +f; eval "$x"; case $- in *f*) echo again;; esac
-->
again
## set -a
set -a; x=exported; $SH -c 'echo $x'
-->
exported
## set -x
$SH -c 'set -x; echo a "b c"' 2>&1 >/dev/null | grep -c '^+ echo'
-->
1
## set -v
$SH -c 'set -v
echo a' 2>&1 | grep -c 'echo a'
--> 1
0
## set -n
$SH -n -c 'echo no'; echo $?
-->
0
## set -- and options
set -- -a -b; echo $*; set -f -- x; echo $* $#; set +f
-->
-a -b
x 1
## trap with names and numbers
trap 'echo a' INT; trap - 2; trap; echo none
-->
none
## unset -v and -f
f() { echo fun; }; f=var; unset -v f; f; echo ${f-gone}; f=v; unset -f f; f 2>/dev/null || echo $f
-->
fun
gone
v
## colon
: a b $(echo c >f); cat f; : && echo ok
-->
c
ok
## special utilities keep assignments
a=1; a=2 :; echo $a; b=3 export c; echo $b
-->
2
3
## break and continue with bad numbers
$SH -c 'for i in 1; do break 0; done; echo no' 2>/dev/null || echo failed
-->
failed
## the redirections of an asynchronous group hold for its trap
{ trap 'echo t' EXIT; exit; } >f & wait; echo "[$(cat f)]"; { trap 'echo u' EXIT; } >f & wait; cat f
-->
[t]
u
## set -v shows a script as it is read
printf 'echo a\nset -v\n# b\nif :\nthen echo c; fi\n. ./t\n' >s; echo 'echo d' >t; $SH s 2>&1; $SH -v -c 'echo e' 2>&1
-->
a
# b
if :
then echo c; fi
c
. ./t
echo d
d
e
## the same when the interpreter is missing
printf '#!/nosuch/sh\n' >f; chmod +x f; (trap 'echo left $?' EXIT; trap : TERM; exec ./f 2>/dev/null; echo no); echo $?
-->
left 127
127
## a subshell in which exec fails does not run the traps of the shell
printf '#!/nosuch/sh\n' >f; chmod +x f; exec 2>/dev/null; trap 'echo bye' EXIT; (exec ./f); echo mid $?
(exec /etc/passwd); exec ./f | cat; echo "[$(exec ./f)]"; (echo a; exec ./f) & wait; trap '' TERM; (exec ./f); echo $?
-->
mid 127
[]
a
127
bye
##! an interactive shell stays when exec fails, and so do its traps
echo >g; cat >f <<'END'
exec ./g
echo still $?
trap 'echo usr' USR1; exec ./g
kill -USR1 $$; kill -TERM $$; (exec ./g); echo on
trap 'echo end' EXIT; exec ./g
echo last
END
$SH -i <f
-->
still 126
usr
on
last
end
## an exec that fails ends the shell, which runs its EXIT trap
trap 'echo left $?' EXIT
exec nosuchcommand
-->
left 127
--> 127
## the same with a file that is no program
trap 'echo left $?' EXIT
: >file
exec ./file
-->
left 126
--> 126
