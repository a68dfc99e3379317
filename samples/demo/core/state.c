// SPDX-License-Identifier: MIT
/* What the ring says about itself. */
#include <ringlog.h>

static long put_number(char *buf, u32 number)
{
	char digits[10];
	long count = 0, i;

	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	for (i = 0; i < count; i++)
		buf[i] = digits[count - 1 - i];
	buf[count] = '\n';
	return count + 1;
}

void ring_evicting(struct ring *ring)
{
	ring->evictions++;
}

void __cold ring_corrupt(struct ring *ring)
{
	ring->lost += ring->used / sizeof(struct record);
	ring->used = 0;
	ring->head = 0;
}

/* Two functions with one body: the compiler folds them (-fipa-icf). */
u32 ring_space_left(const struct ring *ring)
{
	u32 left = ring->size - ring->used;

	if (left < sizeof(struct record))
		return 0;
	return (left - (u32)sizeof(struct record)) & ~3u;
}

u32 ring_room_for(const struct ring *ring)
{
	u32 left = ring->size - ring->used;

	if (left < sizeof(struct record))
		return 0;
	return (left - (u32)sizeof(struct record)) & ~3u;
}

static u32 percent_used(const struct ring *ring)
{
	return ring->size ? ring->used * 100 / ring->size : 0;
}

/* fs/file.c has another state_show(). */
static long state_show(const struct ring *ring, char *buf)
{
	return put_number(buf, percent_used(ring));
}

static long lost_show(const struct ring *ring, char *buf)
{
	return put_number(buf, ring->lost);
}

const struct attribute ring_attributes[] = {
	{ "state", state_show },
	{ "lost", lost_show },
	{ NULL, NULL },
};
