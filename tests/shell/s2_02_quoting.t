# POSIX.1-2024 XCU, 2 02 quoting. See mod.rs for the format.
## a backslash quotes the next character
echo \a \$x \\ \' \" a\ b
-->
a $x \ ' " a b
## single quotes keep everything
echo 'a\b$x`y`"z'
-->
a\b$x`y`"z
## double quotes expand and keep blanks
x='a  b'; echo "$x" "\$x" "\a" "\\" "a'b"
-->
a  b $x \a \ a'b
## a backslash and a newline join lines
echo a\
b "c\
d"; ec\
ho e
-->
ab cd
e
## not between single quotes
echo 'a\
b'
-->
a\
b
## quotes within a word
echo a'b c'"d e"f\ g
-->
ab cd ef g
## empty quotes are a field
set -- '' "" a''; echo $#
-->
3
## a newline in quotes
echo 'a
b' "c
d"
-->
a
b c
d
## backslashes before what needs none, in double quotes
printf '%s\n' "\q\n\`\'"
-->
\q\n`\'
##! dollar-single-quotes
printf '%s|' $'a\tb\n\x41\101\'\\' $'\e' | od -An -c | tr -s ' '
-->
 a \t b \n A A ' \ | 033 |
##! dollar-single-quotes in double quotes are letters
echo "$'a'"
-->
$'a'
##! control characters and code points
printf '%s' $'\cA\u00e9' | od -An -tx1
-->
 01 c3 a9
## a backslash before every letter
printf '%s\n' \a\b\c\\ \" \' \$ \` \* \? \[ \~ \# \& \; \| \< \> \( \)
-->
abc\
"
'
$
`
*
?
[
~
#
&
;
|
<
>
(
)
## a backslash at the end of a line joins words
ec\
ho a\
b "c\
d" 'e\
f'
-->
ab cd e\
f
## single quotes keep everything
printf '%s\n' 'a"b' '$x' '`x`' '\' '\n' 'a
b'
-->
a"b
$x
`x`
\
\n
a
b
## double quotes and backslashes
printf '%s\n' "\a" "\\" "\"" "\$x" "\`" "a\
b" "\'"
-->
\a
\
"
$x
`
ab
\'
## adjoining quotes are one word
x=v; printf '<%s>' a'b'"c"$x"$x"'$x'\$x; echo
-->
<abcvv$x$x>
## empty quotes are words
set -- '' "" ''"" a''; echo $#
-->
4
## a quoted reserved word is a command
"if" 2>/dev/null || echo $?
\if 2>/dev/null || echo $?
-->
127
127
## quotes in patterns of case
case '*' in '*') echo star;; esac
case a in '*') echo star;; *) echo other;; esac
case '?' in \?) echo q;; esac
-->
star
other
q
## quotes within substitutions within quotes
echo "$(echo "a  b" 'c  "d"')"
-->
a  b c  "d"
## dollar at the end and before others
echo $ a$ "$" "$ " $% "a$"
-->
$ a$ $ $  $% a$
## hash within and before a word
echo a#b #c
echo '#' \# "#"
-->
a#b
# # #
## comments end at the line
echo a # b \
echo c
-->
a
c
## quoted newlines in arguments
printf '[%s]\n' "a
b"
-->
[a
b]
## dollar-single-quotes
printf '%s|' $'a\tb' $'\x41\102' $'it\'s' $'\e' | od -An -c | tr -s ' '; echo
-->
 a \t b | A B | i t ' s | 033 |

## no parameter expansion in dollar-single-quotes
x=1; echo $'$x' "$'a'"
-->
$x $'a'
