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
