# POSIX.1-2024 XCU, 2 08 errors. See mod.rs for the format.
## a syntax error ends the shell
eval 'if' 2>/dev/null; echo no
--> 2
## a special utility's redirection error ends the shell
: 2>/dev/null <nonexistent; echo no
--> 2
## a regular utility's does not
echo a 2>/dev/null <nonexistent; echo on
-->
on
## an assignment to a read-only variable ends the shell
readonly r=1; (r=2; echo no) 2>/dev/null; test $? -ne 0 && echo ended; r=3 2>/dev/null; echo no
--> 2
ended
## an expansion error ends the shell
(echo ${x?why}; echo no) 2>/dev/null; test $? -ne 0 && echo ended
-->
ended
## a special utility's error ends the shell
(set -o nonexistent; echo no) 2>/dev/null; test $? -ne 0 && echo ended
-->
ended
## not behind command
(command set -o nonexistent; echo on) 2>/dev/null
-->
on
## not found is 127, not executable 126
nonexistent 2>/dev/null; echo $?; ./nonexistent 2>/dev/null; echo $?; echo x >f; ./f 2>/dev/null; echo $?; /tmp 2>/dev/null; echo $?
-->
127
127
126
126
## a signal is 128 and more
$SH -c 'kill -9 $$'; echo $?; $SH -c 'kill -TERM $$'; echo $?
-->
137
143
## set -u
(set -u; echo $x; echo no) 2>/dev/null; test $? -ne 0 && echo ended; set -u; echo ${x-a} "$@" $#
-->
ended
a 0
## set -u and positional parameters
(set -u; set -- a; echo $2; echo no) 2>/dev/null; test $? -ne 0 && echo ended
-->
ended
## division by zero
(echo $((1/0)); echo no) 2>/dev/null; test $? -ne 0 && echo ended
-->
ended
## dot without its file ends the shell
(. ./nonexistent; echo no) 2>/dev/null; test $? -ne 0 && echo ended
-->
ended
## exec of nothing ends the shell
(exec nonexistent; echo no) 2>/dev/null; echo $?
-->
127
## unset of a read-only variable
readonly r=1; (unset r; echo no) 2>/dev/null; test $? -ne 0 && echo ended
-->
ended
