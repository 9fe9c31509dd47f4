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
## unknown commands
nonexistent-command 2>/dev/null; echo $?; ./nonexistent 2>/dev/null; echo $?
-->
127
127
## not executable
: >f; ./f 2>/dev/null; echo $?; mkdir d; ./d 2>/dev/null; echo $?
-->
126
126
## syntax errors end a script
$SH -c 'echo a
fi
echo b' 2>/dev/null || echo failed
-->
a
failed
## syntax errors in eval
$SH -c 'eval "fi"; echo no' 2>/dev/null || echo failed
-->
failed
## errors of special utilities end a script
$SH -c 'set -Z; echo no' 2>/dev/null || echo failed
$SH -c '. /nonexistent/file; echo no' 2>/dev/null || echo failed
-->
failed
failed
## errors of regular utilities do not
cd /nonexistent/x 2>/dev/null; echo go on; test 1 -eq x 2>/dev/null; echo go on
-->
go on
go on
## expansion errors end a script
$SH -c 'echo ${u?}; echo no' 2>/dev/null || echo failed
-->
failed
## assignments to read-only variables end a script
$SH -c 'readonly a=1; a=2; echo no' 2>/dev/null || echo failed
-->
failed
## division by zero
(echo $((1/0))) 2>/dev/null || echo failed; (echo $((1%0))) 2>/dev/null || echo failed
-->
failed
failed
## errors in a subshell end the subshell
(echo ${u?}; echo no) 2>/dev/null; echo outside
-->
outside
## redirection errors of special utilities end a script
$SH -c ': </nonexistent/x; echo no' 2>/dev/null || echo failed
-->
failed
## and of others do not
echo </nonexistent/x 2>/dev/null; echo yes
-->
yes
## the status of a signal
$SH -c 'kill -TERM $$' 2>/dev/null; echo $?; (kill -KILL $(exec $SH -c 'echo $PPID')) 2>/dev/null; echo $?
-->
143
137
## set -e ends at a failure
$SH -c 'set -e; false; echo no'; echo $?
-->
1
## set -e and conditions
$SH -c 'set -e; if false; then :; fi; false || :; false && :; ! true; while false; do :; done; until true; do :; done; echo yes'
-->
yes
## set -e in functions called as conditions
$SH -c 'set -e; f() { false; echo in; }; if f; then echo a; fi; f || :; f && echo b; f; echo no'; echo $?
-->
in
a
in
in
b
1
## set -e in subshells
$SH -c 'set -e; (false; echo no); echo no'; echo $?; $SH -c 'set -e; (false) || echo or; echo on'
-->
1
or
on
## set -e and command substitution
$SH -c 'set -e; echo $(false); echo on; x=$(false); echo no'; echo $?
-->

on
1
## set -e and pipelines
$SH -c 'set -e; false | true; echo on; true | false; echo no'; echo $?
-->
on
1
## set -e and ! 
$SH -c 'set -e; ! false; ! true; echo on'
-->
on
## set -e and case, groups
$SH -c 'set -e; case x in x) false;; esac; echo no'; echo $?; $SH -c 'set -e; { false; }; echo no'; echo $?
-->
1
1
## set -e with and-or lists in groups
$SH -c 'set -e; { true && false; }; echo on'
--> 1
## set -u
$SH -c 'set -u; echo ${a-ok}; echo $a; echo no' 2>/dev/null || echo failed; $SH -c 'set -u; set --; echo "$@" $* $#; echo on'
-->
ok
failed
0
on
## but not with command
$SH -c 'command . /nonexistent/file; echo yes' 2>/dev/null
$SH -c 'command set -Z; echo yes' 2>/dev/null
$SH -c 'command shift 5; echo yes' 2>/dev/null
-->
yes
yes
yes
##! messages name the script, the utility and the line
printf 'cd /nosuch\n\ncat <nosuch\n: ${x?is missing}\n' >s; $SH s 2>&1
--> 2
s: cd: line 1: can't cd to /nosuch: No such file or directory
s: line 3: can't open nosuch: no such file
s: line 4: x: is missing
##! and what was expected
for x in 'if true' '(echo' '{ echo' 'case a in a' 'for i in a; echo' 'fi' 'echo a | | b'; do $SH -c "$x" 2>&1; done
--> 2
sh: line 1: syntax error: unexpected end of file (expecting "then")
sh: line 1: syntax error: unexpected end of file (expecting ")")
sh: line 1: syntax error: unexpected end of file (expecting "}")
sh: line 1: syntax error: unexpected end of file (expecting ")")
sh: line 1: syntax error: unexpected "echo" (expecting "do")
sh: line 1: syntax error: unexpected "fi"
sh: line 1: syntax error: unexpected "|"
## a syntax error below command eval and command . ends nothing
command eval 'if'; echo $?; echo fi >x; command . ./x; echo $?; if command eval 'echo a
)'; then echo y; else echo n; fi
-->
2
2
a
n
## but below eval it does, also within another
(eval 'fi'; echo no); (command eval 'eval fi; echo no'); echo $?
-->
2
##! and any other error does, too
(command eval ': ${u?}; echo in'; echo no); echo $?
-->
2
