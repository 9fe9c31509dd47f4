# POSIX.1-2024 XCU, 2 07 redirection. See mod.rs for the format.
## writing and reading
echo a >f; cat <f; echo b >>f; cat f; echo c >|f; cat f
-->
a
a
b
c
## before and between words
>f echo a b; cat f; echo >f c d; cat f; <f cat
-->
a b
c d
c d
## several
echo a >f >g; cat f g
-->
a
## standard error
{ echo out; echo err >&2; } 2>&1 | sort; { echo x >&2; } 2>f; cat f
-->
err
out
x
## order counts
{ echo x 2>&1 >/dev/null; echo y >&2; } 2>f; cat f
-->
y
## descriptors by number
exec 3>f; echo hi >&3; exec 3>&-; cat f; exec 4<f; read x <&4; echo $x
-->
hi
hi
## copies
exec 5>&1; (echo a >&5) >/dev/null; exec 5>&-
-->
a
## reading and writing
echo abc >f; exec 3<>f; read x <&3; echo def >&3; cat f
-->
abc
def
## a closed descriptor
exec 7>&-; echo a 2>/dev/null >&7; test $? -ne 0 && echo failed
-->
failed
## noclobber
set -C; echo a >f; echo b 2>/dev/null >f; test $? -ne 0 && echo kept; cat f; echo c >|f; cat f; echo d >/dev/null
-->
kept
a
c
## a file that is not there
cat 2>/dev/null <nonexistent; test $? -ne 0 && echo failed; echo on
-->
failed
on
## of a group, a loop and a function
{ echo a; echo b; } >f; cat f; for i in 1 2; do echo $i; done >g; cat g; fn() { echo f; } >h; fn; cat h
-->
a
b
1
2
f
## here-documents
x=1; cat <<E
a $x $((x+1)) $(echo b) `echo c` \$x \\ "q" 'r' ${x:-d}
E
-->
a 1 2 b c $x \ "q" 'r' 1
## a quoted delimiter
cat <<'E'; cat <<\F; cat <<"G H"
a $x \\ `b`
E
$y
F
$z
G H
-->
a $x \\ `b`
$y
$z
## tabs are stripped
cat <<-E
	a
		b
	E
echo c
-->
a
b
c
## two on a line
cat <<A; cat <<B
1
A
2
B
-->
1
2
## into a pipeline
cat <<E | tr a-z A-Z
hello
E
-->
HELLO
## in a command substitution
x=$(cat <<E
in
E
); echo $x
-->
in
## in a function and a loop
f() { cat <<E
$1
E
}
f a; for i in 1 2; do cat <<E; done
i=$i
E
-->
a
i=1
i=2
## a continued line
cat <<E
a\
b
E
-->
ab
## an empty one
cat <<E
E
echo done
-->
done
## a long one
i=0; x=; while [ $i -lt 500 ]; do x="$x 0123456789"; i=$((i+1)); done
cat <<E | wc -c
$x
$x
E
-->
11002
## to another descriptor
cat 3<<E <&3
x
E
-->
x
## a name with blanks from a variable
x='a b'; echo hi >$x; cat "a b"
-->
hi
## redirection of an assignment alone
x=$(echo a) >f; echo $x; test -e f && echo made
-->
a
made
## of a built-in utility, undone afterwards
echo a >f; echo b; : >g; test -e g && echo g
-->
b
g
##! here-strings
cat <<<'a b'; x=1; cat <<< "$x c"
-->
a b
1 c
##! both outputs
{ echo a; echo b >&2; } &>f; cat f; { echo c; echo d >&2; } >&g; cat g; echo e &>>f; cat f
-->
a
b
c
d
a
b
e
## output, appending, input
echo a >f; echo b >>f; cat <f; cat f - </dev/null
-->
a
b
a
b
## redirections before and between words
>f echo a b; cat f; echo >f c d; cat <f
-->
a b
c d
## a redirection alone
>f; test -f f && echo made; <f && echo read
-->
made
read
## descriptors by number
echo a 3>f 1>&3; cat f; { echo e >&2; } 2>g; cat g
-->
a
e
## order of redirections
{ echo o; echo e >&2; } 2>&1 >/dev/null; { echo o; echo e >&2; } >/dev/null 2>&1; echo end
-->
e
end
## closing
exec 3>f; echo a >&3; exec 3>&-; { echo b >&3; } 2>/dev/null || echo closed; cat f
-->
closed
a
## reading and writing
echo abc >f; { echo x; } 1<>f; cat f
-->
x
c
## exec keeps redirections
(exec >f; echo a; echo b); cat f
-->
a
b
## exec of input
printf 'a\nb\n' >f; exec <f; read x; read y; echo $x$y
-->
ab
## a here-document
cat <<E
a
  b
E
-->
a
  b
## a here-document with expansions
x=v; cat <<E
$x ${x} $(echo c) `echo d` $((1+1)) \$x \\ "q" 'q'
E
-->
v v c d 2 $x \ "q" 'q'
## a quoted here-document
x=v; cat <<'E'
$x $(echo c) \$x \\
E
cat <<"E"
$x
E
cat <<\E
$x
E
-->
$x $(echo c) \$x \\
$x
$x
## tabs are stripped
cat <<-E
	a
		b
	 c
	E
-->
a
b
 c
## tabs of a quoted one
cat <<-'E'
	$x
	E
-->
$x
## two on a line
cat <<A; cat <<B
a
A
b
B
-->
a
b
## two for a command, the last counts
cat <<A <<B
a
A
b
B
-->
b
## in a loop
for i in 1 2; do cat <<E
$i
E
done
-->
1
2
## in a function
f() { cat <<E
$1
E
}; f a; f b
-->
a
b
## in a pipeline
cat <<E | tr a b
aa
E
-->
bb
## to another descriptor
cat 3<<E <&3
three
E
-->
three
## a delimiter of many letters
cat <<'a b c'
x
a b c
-->
x
## a long here-document
x=$(printf '%05000d' 0); cat <<E | wc -c | tr -d ' '
$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x$x
E
-->
80001
## a joined line in a here-document
cat <<E
a\
b
E
-->
ab
## lines like the delimiter
cat <<E
 E
E 
EE
E
-->
 E
E 
EE
## parameter words with quotes in a here-document
cat <<E
${u-"a"} ${u-'b'} "${u-c}"
E
-->
a 'b' "c"
## noclobber
set -C; echo a >f; (echo b >f) 2>/dev/null || echo kept; echo c >|f; cat f; echo d >>f; cat f
-->
kept
c
c
d
## noclobber and devices
set -C; echo a >/dev/null && echo ok
-->
ok
## redirection of compound commands
{ echo a; echo b; } >f; while read x; do echo "<$x>"; done <f; if true; then echo c; fi >g; cat g
-->
<a>
<b>
c
## redirection of a function
f() { echo a; } >f; f; cat f
-->
a
## a failing redirection does not run the command
echo no </nonexistent/x 2>/dev/null || echo failed
{ echo no; } </nonexistent/x 2>/dev/null || echo failed
-->
failed
failed
## the name is expanded
x=f; echo a >$x; cat "$x"; echo b >"$x y"; cat f\ y
-->
a
b
## copies from variables
n=2; { echo a >&$n; } 2>f; cat f
-->
a
## redirections end with the command
echo a >f; echo b; : >f; echo c
-->
b
c
## output to the same file
{ echo a; echo b >&2; } >f 2>&1; cat f
-->
a
b
## descriptors above the first
exec 5>f 6>&5; echo a >&6; exec 5>&-; echo b >&6; exec 6>&-; cat f
-->
a
b
## a subshell has the descriptors
exec 4>f; (echo a >&4); exec 4>&-; cat f
-->
a
## empty here-documents
cat <<E
E
echo $?
-->
0
## tabs behind a continued line stay
cat <<-EOF
	a\
	b
	EOF
-->
a	b
## command exec keeps redirections
command exec 3>f; echo a >&3; cat f
-->
a
