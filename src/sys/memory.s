# memmove, which is memcpy too, memset and memcmp for x86-64. Short ones are most:
# pieces of lines, names, matches of a decoder. musl has `rep movsq` for all of
# them, which takes some thirty cycles to begin, and compares byte by byte.
# No more is used than SSE2, which every such processor has.
# %rdi: to, %rsi: from, %rdx: how many. All is read before anything is written,
# up to 128 bytes; longer ones go in the direction in which overlaps do no harm.
	.section .text.rescuebox_memory,"ax",@progbits
	.globl rescuebox_memmove
	.type rescuebox_memmove,@function
rescuebox_memmove:
	movq %rdi, %rax
	cmpq $16, %rdx
	jb .Lbelow_16
	movups (%rsi), %xmm0
	movups -16(%rsi,%rdx), %xmm1
	cmpq $32, %rdx
	ja .Labove_32
	movups %xmm0, (%rdi)
	movups %xmm1, -16(%rdi,%rdx)
	ret
.Labove_32:
	movups 16(%rsi), %xmm2
	movups -32(%rsi,%rdx), %xmm3
	cmpq $64, %rdx
	ja .Labove_64
	movups %xmm0, (%rdi)
	movups %xmm2, 16(%rdi)
	movups %xmm3, -32(%rdi,%rdx)
	movups %xmm1, -16(%rdi,%rdx)
	ret
.Labove_64:
	movups 32(%rsi), %xmm4
	movups 48(%rsi), %xmm5
	movups -48(%rsi,%rdx), %xmm6
	movups -64(%rsi,%rdx), %xmm7
	cmpq $128, %rdx
	ja .Labove_128
	movups %xmm0, (%rdi)
	movups %xmm2, 16(%rdi)
	movups %xmm4, 32(%rdi)
	movups %xmm5, 48(%rdi)
.Llast_64:
	movups %xmm7, -64(%rdi,%rdx)
	movups %xmm6, -48(%rdi,%rdx)
	movups %xmm3, -32(%rdi,%rdx)
	movups %xmm1, -16(%rdi,%rdx)
	ret
.Labove_128:
	movq %rdi, %rcx
	subq %rsi, %rcx
	cmpq %rdx, %rcx
	jb .Lbackward
	cmpq $2048, %rdx
	jae .Llong
	# The last 64 bytes are in registers, in front of them 64 at a time.
.Lforward:
	leaq -64(%rdi,%rdx), %r8
	movq %rdi, %r9
	subq %rsi, %r9
	subq %r9, %r8
	movq %rdi, %rcx
.Lnext:
	movups (%rsi), %xmm0
	movups 16(%rsi), %xmm2
	movups 32(%rsi), %xmm4
	movups 48(%rsi), %xmm5
	movups %xmm0, (%rcx)
	movups %xmm2, 16(%rcx)
	movups %xmm4, 32(%rcx)
	movups %xmm5, 48(%rcx)
	addq $64, %rsi
	addq $64, %rcx
	cmpq %r8, %rsi
	jb .Lnext
	jmp .Llast_64
.Llong:
	# Near overlaps make rep slow.
	negq %rcx
	cmpq %rdx, %rcx
	jb .Lforward
	movq %rdx, %rcx
	movups %xmm1, -16(%rdi,%rdx)
	shrq $3, %rcx
	rep movsq
	ret
.Lbackward:
	# The first 64 bytes are in registers but for what comes from the end.
	leaq (%rsi,%rdx), %r8
	leaq (%rdi,%rdx), %rcx
	leaq 64(%rsi), %r9
.Lprevious:
	movups -16(%r8), %xmm1
	movups -32(%r8), %xmm3
	movups -48(%r8), %xmm6
	movups -64(%r8), %xmm7
	movups %xmm1, -16(%rcx)
	movups %xmm3, -32(%rcx)
	movups %xmm6, -48(%rcx)
	movups %xmm7, -64(%rcx)
	subq $64, %r8
	subq $64, %rcx
	cmpq %r9, %r8
	ja .Lprevious
	movups %xmm0, (%rdi)
	movups %xmm2, 16(%rdi)
	movups %xmm4, 32(%rdi)
	movups %xmm5, 48(%rdi)
	ret
.Lbelow_16:
	cmpl $8, %edx
	jae .Lfrom_8
	cmpl $4, %edx
	jae .Lfrom_4
	testl %edx, %edx
	jz .Ldone
	movzbl (%rsi), %ecx
	movzbl -1(%rsi,%rdx), %r8d
	movl %edx, %r9d
	shrl $1, %r9d
	movzbl (%rsi,%r9), %r10d
	movb %cl, (%rdi)
	movb %r10b, (%rdi,%r9)
	movb %r8b, -1(%rdi,%rdx)
.Ldone:
	ret
.Lfrom_8:
	movq (%rsi), %rcx
	movq -8(%rsi,%rdx), %r8
	movq %rcx, (%rdi)
	movq %r8, -8(%rdi,%rdx)
	ret
.Lfrom_4:
	movl (%rsi), %ecx
	movl -4(%rsi,%rdx), %r8d
	movl %ecx, (%rdi)
	movl %r8d, -4(%rdi,%rdx)
	ret
	.size rescuebox_memmove, .-rescuebox_memmove

	.globl rescuebox_memset
	.type rescuebox_memset,@function
rescuebox_memset:
	movq %rdi, %rax
	movzbl %sil, %ecx
	imull $0x01010101, %ecx, %ecx
	movd %ecx, %xmm0
	pshufd $0, %xmm0, %xmm0
	cmpq $16, %rdx
	jb .Lset_few
	movups %xmm0, (%rdi)
	movups %xmm0, -16(%rdi,%rdx)
	cmpq $1024, %rdx
	ja .Lset_long
	leaq -16(%rdi,%rdx), %r8
.Lset_next:
	addq $16, %rdi
	cmpq %r8, %rdi
	jae .Lset_done
	movups %xmm0, (%rdi)
	jmp .Lset_next
.Lset_long:
	movq %rdi, %r8
	movq %xmm0, %rax
	movq %rdx, %rcx
	shrq $3, %rcx
	rep stosq
	movq %r8, %rax
.Lset_done:
	ret
.Lset_few:
	cmpl $8, %edx
	jae .Lset_8
	cmpl $4, %edx
	jae .Lset_4
	testl %edx, %edx
	jz .Lset_done
	movl %edx, %r8d
	shrl $1, %r8d
	movb %cl, (%rdi)
	movb %cl, (%rdi,%r8)
	movb %cl, -1(%rdi,%rdx)
	ret
.Lset_8:
	movq %xmm0, (%rdi)
	movq %xmm0, -8(%rdi,%rdx)
	ret
.Lset_4:
	movl %ecx, (%rdi)
	movl %ecx, -4(%rdi,%rdx)
	ret
	.size rescuebox_memset, .-rescuebox_memset

	.globl rescuebox_memcmp
	.type rescuebox_memcmp,@function
rescuebox_memcmp:
	cmpq $16, %rdx
	jb .Lfew
.Lcompare:
	movups (%rdi), %xmm0
	movups (%rsi), %xmm1
	pcmpeqb %xmm1, %xmm0
	pmovmskb %xmm0, %ecx
	xorl $0xffff, %ecx
	jnz .Lfound
	addq $16, %rdi
	addq $16, %rsi
	subq $16, %rdx
	jz .Lequal
	cmpq $16, %rdx
	jae .Lcompare
	# Again some that are equal, so that it is 16.
	leaq -16(%rdi,%rdx), %rdi
	leaq -16(%rsi,%rdx), %rsi
	movl $16, %edx
	jmp .Lcompare
.Lfound:
	bsfl %ecx, %ecx
	movzbl (%rdi,%rcx), %eax
	movzbl (%rsi,%rcx), %edx
	subl %edx, %eax
	ret
.Lfew:
	cmpl $8, %edx
	jae .Lcompare_8
	cmpl $4, %edx
	jae .Lcompare_4
	testl %edx, %edx
	jz .Lequal
	xorl %r8d, %r8d
.Lbyte:
	movzbl (%rdi,%r8), %eax
	movzbl (%rsi,%r8), %ecx
	subl %ecx, %eax
	jnz .Lout
	incl %r8d
	cmpl %edx, %r8d
	jb .Lbyte
.Lequal:
	xorl %eax, %eax
.Lout:
	ret
.Lcompare_8:
	movq (%rdi), %rax
	movq (%rsi), %rcx
	cmpq %rcx, %rax
	jne .Lorder
	movq -8(%rdi,%rdx), %rax
	movq -8(%rsi,%rdx), %rcx
	jmp .Lwords
.Lcompare_4:
	movl (%rdi), %eax
	movl (%rsi), %ecx
	cmpl %ecx, %eax
	jne .Lorder
	movl -4(%rdi,%rdx), %eax
	movl -4(%rsi,%rdx), %ecx
.Lwords:
	cmpq %rcx, %rax
	je .Lequal
.Lorder:
	# The byte that comes first in memory counts most.
	bswapq %rax
	bswapq %rcx
	cmpq %rcx, %rax
	sbbl %eax, %eax
	orl $1, %eax
	ret
	.size rescuebox_memcmp, .-rescuebox_memcmp
