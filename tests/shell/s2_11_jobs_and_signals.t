# POSIX.1-2024 XCU, 2 11 jobs and signals. See mod.rs for the format.
## wait gives statuses
(exit 5) & wait $!; echo $?; wait; echo $?; wait 99999 2>/dev/null; echo $?
-->
5
0
127
## several in the background
(exit 1) & a=$!; (exit 2) & b=$!; wait $b; echo $?; wait $a; echo $?
-->
2
1
## kill
sleep 10 & kill $!; wait $! 2>/dev/null; echo $?; kill -0 $$; echo $?
-->
143
0
## kill -l
kill -l 9; kill -l 137; kill -l 15
-->
KILL
KILL
TERM
## trap on EXIT
trap 'echo bye $?' EXIT; exit 3
--> 3
bye 3
## the EXIT trap at the end
trap 'echo bye' 0; echo a
-->
a
bye
## exit in the EXIT trap
trap 'exit 5' EXIT; exit 3
--> 5
## a trapped signal
trap 'echo caught' USR1; kill -USR1 $$; echo after
-->
caught
after
## an ignored one
trap '' TERM; kill -TERM $$; echo alive; $SH -c 'kill -TERM $$; echo child'
-->
alive
child
## reset
trap 'echo no' TERM; trap - TERM; (trap; exit 0); $SH -c 'kill -TERM $$; echo no'; echo $?
-->
143
## a subshell does not inherit what is run
trap 'echo no' USR1; (kill -USR1 $($SH -c 'echo $PPID'); echo no) 2>/dev/null; echo on
-->
on
## traps are shown
trap 'echo "a b"' INT TERM; trap
-->
trap -- 'echo "a b"' INT
trap -- 'echo "a b"' TERM
## a trap does not change the status
trap 'false' USR1; true; kill -USR1 $$; echo $?
-->
0
## a trap in a loop
i=0; trap 'i=9' USR1; while [ $i -lt 5 ]; do i=$((i+1)); [ $i = 2 ] && kill -USR1 $$; done; echo $i
-->
9
## wait is interrupted by a trap
trap 'echo t' USR1; (sleep 0.2; kill -USR1 $$) & sleep 3 & wait $!; test $? -gt 128 && echo interrupted; kill $! 
-->
t
interrupted
## EXIT in a subshell
(trap 'echo sub' EXIT; echo a); echo b
-->
a
sub
b
## EXIT in a command substitution
echo $(trap 'echo x' EXIT; echo a)
-->
a x
## a signal kills the shell
$SH -c 'kill -HUP $$; echo no'; echo $?
-->
129
## a background command ignores interrupts
$SH -c 'trap "" INT; kill -INT $$; echo alive'
-->
alive
## numbers and names
trap 'echo 10' 10; kill -s USR1 $$; trap 10; echo end
-->
10
end
##! jobs in a pipeline and in a substitution
sleep 1 & test -n "$(jobs)" && echo listed; test "$(jobs -p)" = $! && echo same; jobs | grep -c sleep; kill $!
-->
listed
same
1
## wait without jobs
wait; echo $?
-->
0
## wait for several
(exit 1) & a=$!; (exit 2) & b=$!; wait $b; echo $?; wait $a; echo $?
-->
2
1
## wait for all
{ sleep 0.1; echo a >f; } & { echo b >g; } & wait; cat f g; echo $?
-->
a
b
0
## wait for what is none
wait 99999999 2>/dev/null; echo $?
-->
127
## wait remembers a status
(exit 7) & p=$!; sleep 0.1; wait $p; echo $?
-->
7
## a job's signal
sleep 10 & kill $!; wait $! 2>/dev/null; echo $?
sleep 10 & kill -KILL $!; wait $! 2>/dev/null; echo $?
-->
143
137
## traps of signals
trap 'echo usr1' USR1; kill -USR1 $$; echo end
-->
usr1
end
## traps at the exit
$SH -c 'trap "echo bye" EXIT; echo a'; $SH -c 'trap "echo bye" 0; exit 3'; echo $?
-->
a
bye
bye
3
## the status in a trap
$SH -c 'trap "echo \$?" EXIT; exit 4'; echo $?; $SH -c 'trap "exit 5" EXIT; exit 4'; echo $?
-->
4
4
5
## a trap does not change the status
trap 'false' USR1; kill -USR1 $$; echo $?
-->
0
## ignoring
trap '' TERM; kill -TERM $$; echo alive; trap - TERM
-->
alive
## ignored in commands, trapped not
trap '' USR1; $SH -c 'kill -USR1 $$; echo alive'; trap : USR2; $SH -c 'kill -USR2 $$; echo no'; echo $?
-->
alive
140
## resetting
trap 'echo no' USR1; trap - USR1; $SH -c 'trap "echo t" USR1; trap - USR1; kill -USR1 $$; echo no'; echo $?
-->
138
## traps are reset in subshells
trap 'echo t' EXIT; (echo sub); echo main; trap - EXIT
-->
sub
main
## traps of a subshell
(trap 'echo sub' EXIT; echo in); echo out
-->
in
sub
out
## trap lists
trap 'echo "a b"' USR1; trap
-->
trap -- 'echo "a b"' USR1
## trap -p
trap 'echo x' USR2; trap -p USR2
-->
trap -- 'echo x' USR2
## a list of signals
trap 'echo s' USR1 USR2; kill -USR1 $$; kill -USR2 $$
-->
s
s
## numbers and names
trap 'echo ten' 10; kill -10 $$; kill -s USR1 $$; trap - 10
-->
ten
ten
## traps wait for the command in front
trap 'echo trapped' USR1; { sleep 0.1; kill -USR1 $$; } & sleep 0.3; echo after
-->
trapped
after
## wait is interrupted by a trap
trap 'echo trapped' USR1; { sleep 0.1; kill -USR1 $$; } & sleep 1 & wait $!; test $? -gt 128 && echo interrupted
-->
trapped
interrupted
## traps in functions
f() { trap 'echo f' USR1; }; f; kill -USR1 $$
-->
f
## kill -l
kill -l 9; kill -l TERM 2>/dev/null >/dev/null; kill -l $((128+15))
-->
KILL
TERM
## kill 0 signal asks
kill -0 $$ && echo here; kill -0 99999999 2>/dev/null || echo gone
-->
here
gone
##! wait -n waits for one of several
(sleep 0.3; exit 3) & (sleep 0.1; exit 4) & wait -n; echo $?; wait -n; echo $?; wait -n; echo $?; wait -n nosuch; echo $?
-->
4
3
127
127
