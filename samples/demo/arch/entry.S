/* SPDX-License-Identifier: MIT */
/* Where the program starts, and what every traceable function calls first. */
	.text

	.globl	_start
	.type	_start, @function
_start:
	xorl	%ebp, %ebp
	andq	$-16, %rsp
	call	ringlog_main
	movl	%eax, %edi
	movl	$60, %eax	/* exit(2) */
	syscall
	.size	_start, . - _start

	.globl	__fentry__
	.type	__fentry__, @function
__fentry__:
	ret
	.size	__fentry__, . - __fentry__

	.section .note.GNU-stack, "", @progbits
