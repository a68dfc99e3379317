/* SPDX-License-Identifier: MIT */
/*
 * ringlog: a log of records in a ring of memory, with an index of their ids and a file interface.
 * Written for klp-reach's samples: small enough to read, and built the way a kernel is.
 */
#ifndef RINGLOG_H
#define RINGLOG_H

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long ulong;

#define NULL ((void *)0)

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define noinline __attribute__((noinline))
#define __cold __attribute__((cold))
#define notrace __attribute__((no_instrument_function))
#define __init __attribute__((section(".init.text"))) __cold

/* As in the kernel: what is declared inline is never traced, even where the compiler keeps it out of line. */
#define inline inline notrace

enum { RL_EIO = 5, RL_EINVAL = 22, RL_ENOSPC = 28 };
enum { RL_NOSUM = 1 };

struct record {
	u32 len; /* bytes of payload, which follows the header */
	u32 id;
	u32 sum;
	u32 level; /* 0 is the most urgent */
};

struct index_node {
	struct index_node *left, *right;
	u32 id;
	u32 offset;
};

struct ring {
	u8 *data;
	u32 size; /* bytes at data */
	u32 head; /* offset of the oldest record */
	u32 used; /* bytes in use, from head on */
	u32 lost; /* records evicted to make room */
	u32 evictions; /* times that room had to be made */
	struct index_node *index;
};

struct attribute {
	const char *name;
	long (*show)(const struct ring *ring, char *buf);
};

/* Registers at the entry of a system call, in the order of its arguments. */
struct regs {
	ulong arg[3];
};

static inline u32 record_bytes(const struct record *rec)
{
	return sizeof(*rec) + ((rec->len + 3) & ~3u);
}

/* The mistake that fix.patch mends: the header of the record is not counted. */
static inline int record_fits(const struct ring *ring, const struct record *rec)
{
	return rec->len <= ring->size;
}

#define SYSCALL_DEFINE2(name, t1, a1, t2, a2)                             \
	static inline long __do_sys_##name(t1 a1, t2 a2);                 \
	static long __se_sys_##name(ulong a1, ulong a2)                   \
	{                                                                 \
		return __do_sys_##name((t1)a1, (t2)a2);                   \
	}                                                                 \
	long __x64_sys_##name(const struct regs *regs);                   \
	long __x64_sys_##name(const struct regs *regs)                    \
	{                                                                 \
		return __se_sys_##name(regs->arg[0], regs->arg[1]);       \
	}                                                                 \
	static inline long __do_sys_##name(t1 a1, t2 a2)

/* core/ring.c */
int ring_append(struct ring *ring, const struct record *rec);
int ring_resize(struct ring *ring, u32 size);
long ring_read(const struct ring *ring, u8 *to, u32 room, u32 flags);
u32 ring_drain(struct ring *ring, u32 flags);
u32 ring_select(const struct ring *ring, int (*want)(const struct ring *ring, const struct record *rec));

/* core/checksum.c */
u32 checksum_record(const struct record *rec);
u32 checksum_name(const char *name, u32 salt);

/* core/index.c */
void index_insert(struct index_node **root, struct index_node *node);
u32 index_count(const struct index_node *node);
const struct index_node *index_find(const struct index_node *node, u32 id);

/* core/state.c */
extern const struct attribute ring_attributes[];
void ring_evicting(struct ring *ring);
void __cold ring_corrupt(struct ring *ring);
u32 ring_space_left(const struct ring *ring);
u32 ring_room_for(const struct ring *ring);

/* init/main.c */
int __init ringlog_init(void);
int ringlog_main(void);

/* fs/file.c */
extern struct ring the_ring;
extern const struct attribute file_attributes[];
long __x64_sys_ringlog_write(const struct regs *regs);
long __x64_sys_ringlog_read(const struct regs *regs);
long ringlog_show(const struct attribute *attr, char *buf);

#endif
