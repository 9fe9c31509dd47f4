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
echo a 2>/dev/null >&7; test $? -ne 0 && echo failed
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
