// SPDX-License-Identifier: MIT
/* The file interface: two system calls and the attributes of the open file. */
#include <ringlog.h>

static u8 the_memory[4096] __attribute__((aligned(16)));

struct ring the_ring = { .data = the_memory, .size = sizeof(the_memory) };

/* Its address is taken, so the compiler keeps it out of line; being inline, it cannot be traced. */
static inline int record_urgent(const struct ring *ring, const struct record *rec)
{
	return record_fits(ring, rec) && rec->level < 3;
}

static long put_flag(char *buf, char flag)
{
	buf[0] = flag;
	buf[1] = '\n';
	return 2;
}

/* core/state.c has another state_show(). */
static long state_show(const struct ring *ring, char *buf)
{
	return put_flag(buf, ring_select(ring, record_urgent) ? '!' : '-');
}

const struct attribute file_attributes[] = {
	{ "state", state_show },
	{ NULL, NULL },
};

/* __do_sys_ringlog_write is inlined into __se_sys_ringlog_write, and that into __x64_sys_ringlog_write. */
SYSCALL_DEFINE2(ringlog_write, struct record *, rec, u32, len)
{
	if (len < sizeof(*rec) || !record_fits(&the_ring, rec))
		return -RL_EINVAL;
	if (len - sizeof(*rec) != rec->len)
		return -RL_EINVAL;
	rec->sum = checksum_record(rec);
	return ring_append(&the_ring, rec);
}

SYSCALL_DEFINE2(ringlog_read, u8 *, to, u32, room)
{
	return ring_read(&the_ring, to, room, 0);
}

long ringlog_show(const struct attribute *attr, char *buf)
{
	return attr->show(&the_ring, buf);
}
