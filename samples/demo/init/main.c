// SPDX-License-Identifier: MIT
/* Setting the log up, and the program that uses it. */
#include <ringlog.h>

static struct index_node nodes[4];

/* In .init.text: a kernel frees that after boot, so no livepatch can redirect it. */
static int __init ringlog_replay(struct ring *ring, struct record *rec)
{
	if (!record_fits(ring, rec))
		return -RL_EINVAL;
	rec->sum = checksum_record(rec);
	return ring_append(ring, rec);
}

int __init ringlog_init(void)
{
	static struct {
		struct record rec;
		char text[8];
	} boot = { { .len = 8, .id = 1, .level = 2 }, "booting" };

	for (u32 i = 0; i < 4; i++) {
		nodes[i].id = (i * 7) % 4;
		index_insert(&the_ring.index, &nodes[i]);
	}
	return ringlog_replay(&the_ring, &boot.rec);
}

int ringlog_main(void)
{
	struct {
		struct record rec;
		char text[8];
	} hello = { { .len = 8, .id = checksum_name("main", 1), .level = 3 }, "running" };
	struct regs write = { { (ulong)&hello, sizeof(hello), 0 } };
	u8 text[64];
	struct regs read = { { (ulong)text, sizeof(text), 0 } };

	if (ringlog_init() || index_count(the_ring.index) != 4 || !index_find(the_ring.index, 3))
		return 1;
	if (__x64_sys_ringlog_write(&write) || __x64_sys_ringlog_read(&read) != 16)
		return 2;
	if (ringlog_show(&ring_attributes[0], (char *)text) != 2 || ringlog_show(&file_attributes[0], (char *)text) != 2)
		return 3;
	if (ring_space_left(&the_ring) != ring_room_for(&the_ring) || ring_resize(&the_ring, 1024))
		return 4;
	return ring_drain(&the_ring, 0) == 2 ? 0 : 5;
}
